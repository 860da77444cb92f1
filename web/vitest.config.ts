import { defineConfig } from "vitest/config";

export default defineConfig({
  esbuild: { target: "es2022" },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"], restoreMocks: true, unstubGlobals: true, testTimeout: 30_000 },
});
