/** Writes web/dist: the widget (one file), the desk (single page under /desk/), the help centre's script and style, and the demo's pages. */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { resolve } from "node:path";
import { build, type InlineConfig } from "vite";

const here = import.meta.dirname;
const dist = resolve(here, "dist");

const common: InlineConfig = { configFile: false, logLevel: "warn", esbuild: { target: "es2022", legalComments: "none" } };

await rm(dist, { recursive: true, force: true });
await mkdir(resolve(dist, "demo"), { recursive: true });

await build({
  ...common,
  root: here,
  publicDir: false,
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: dist,
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: resolve(here, "widget/main.ts"), formats: ["iife"], name: "BatonWidget", fileName: () => "widget.js" },
  },
});

await build({
  ...common,
  root: resolve(here, "desk"),
  base: "/desk/",
  publicDir: false,
  build: { outDir: resolve(dist, "desk"), emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
});

await build({
  ...common,
  root: here,
  publicDir: false,
  build: {
    outDir: resolve(dist, "help"),
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: resolve(here, "help/main.ts"), formats: ["es"], fileName: () => "help.js" },
  },
});
await cp(resolve(here, "help/help.css"), resolve(dist, "help/help.css"));

const shared = await readFile(resolve(here, "demo/demo.css"), "utf8");
for (const page of ["index.html", "billing.html"]) {
  const html = await readFile(resolve(here, "demo", page), "utf8");
  await writeFile(resolve(dist, "demo", page), html.replace("/* demo.css */", () => shared));
}

const widget = await readFile(resolve(dist, "widget.js"));
console.log(`dist/widget.js ${(widget.length / 1000).toFixed(1)} kB, ${(gzipSync(widget).length / 1000).toFixed(1)} kB gzipped`);
