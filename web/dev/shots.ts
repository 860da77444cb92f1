/** Takes screenshots of every state against the stand-in (or a real service) and runs axe on each. `npm run shots [-- filter]` */
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8090";
const OUT = process.env.OUT ?? "shots";
const only = process.argv[2] ?? "";
const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

await mkdir(OUT, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

interface Look { name: string; width: number; height: number; dark?: boolean; reduced?: boolean; run: (page: Page) => Promise<void>; token?: string }

const set = (body: object): Promise<Response> => fetch(`${BASE}/dev/set`, { method: "POST", body: JSON.stringify(body) });
const openWidget = async (page: Page, path = "/demo"): Promise<void> => {
  await page.goto(BASE + path);
  await page.getByTestId("widget-launcher").click();
  await page.getByTestId("widget-panel").waitFor();
  await page.waitForTimeout(500);
};
const openDesk = async (page: Page, hash: string): Promise<void> => {
  await page.goto(`${BASE}/desk/${hash}`);
  await page.getByTestId("desk-presence").or(page.getByTestId("desk-back")).first().waitFor({ state: "attached" });
  await page.waitForTimeout(600);
};

const openPage = async (page: Page, hash: string): Promise<void> => {
  await page.goto(`${BASE}/desk/${hash}`);
  await page.locator("h1[tabindex]").waitFor({ state: "attached" });
  await page.waitForTimeout(600);
};

const widgetScenes = ["welcome", "answer", "starting", "down", "queue", "away", "saved", "agent", "rating", "closed", "long"];
const looks: Look[] = [
  { name: "demo", width: 1440, height: 900, run: async (p) => { await p.goto(`${BASE}/demo`); } },
  { name: "demo-dark", width: 1440, height: 900, dark: true, run: async (p) => { await p.goto(`${BASE}/demo?guest=1`); } },
  { name: "demo-phone", width: 390, height: 844, run: async (p) => { await p.goto(`${BASE}/demo`); } },
  ...widgetScenes.map((scene): Look => ({ name: `widget-${scene}`, width: 900, height: 800, token: `dev:${scene}:l`, run: (p) => openWidget(p) })),
  ...["welcome", "answer", "away", "agent", "rating", "long"].map((scene): Look => ({ name: `widget-${scene}-dark`, width: 900, height: 800, dark: true, token: `dev:${scene}:d`, run: (p) => openWidget(p) })),
  ...["welcome", "answer", "away", "rating", "long"].map((scene): Look => ({ name: `widget-${scene}-phone`, width: 360, height: 740, token: `dev:${scene}:p`, run: (p) => openWidget(p) })),
  { name: "widget-unread", width: 900, height: 800, token: "dev:agent:u", run: async (p) => { await p.goto(`${BASE}/demo`); await p.waitForTimeout(800); } },
  { name: "widget-rated", width: 900, height: 800, token: "dev:rating:r", run: async (p) => { await openWidget(p); await p.getByTestId("rating-4").check({ force: true }); await p.waitForTimeout(300); } },
  { name: "widget-email-bad", width: 900, height: 800, token: "dev:away:e", run: async (p) => { await openWidget(p); await p.getByTestId("widget-email").fill("dana@"); await p.getByTestId("widget-email-save").click(); await p.waitForTimeout(200); } },
  { name: "widget-limit", width: 900, height: 800, token: "dev:answer:limit", run: async (p) => { await openWidget(p); await p.getByTestId("widget-input").fill("a long story ".repeat(640)); await p.waitForTimeout(200); } },
  { name: "widget-offline", width: 900, height: 800, token: "dev:answer:off", run: async (p) => {
    await openWidget(p); await set({ sockets: false, http: false }); await p.waitForTimeout(400);
    await p.getByTestId("widget-input").fill("Are you still there?"); await p.getByTestId("widget-send").click(); await p.waitForTimeout(1500); } },
  { name: "widget-failed", width: 900, height: 800, token: "dev:answer:fail", run: async (p) => {
    await openWidget(p); await set({ sockets: false, http: false }); await p.waitForTimeout(400);
    await p.getByTestId("widget-input").fill("Are you still there?"); await p.getByTestId("widget-send").click(); await p.waitForTimeout(21_000); } },
  ...([["", 1440, false], ["-dark", 1440, true], ["-phone", 360, false]] as const).map(([label, width, dark]): Look => ({ name: `desk-bell${label}`, width, height: 800, dark, run: async (p) => {
    await openDesk(p, "#/queue"); await p.getByTestId("desk-bell").click(); await p.waitForTimeout(400); } })),
  { name: "desk-signin", width: 1440, height: 900, run: async (p) => {
    await fetch(`${BASE}/api/staff/session`, { method: "DELETE" }); await p.goto(`${BASE}/desk/`); await p.getByTestId("desk-email").fill("maya@fernhill.example");
    await p.getByTestId("desk-password").fill("wrong"); await p.getByTestId("desk-signin").click(); await p.waitForTimeout(400); await fetch(`${BASE}/api/staff/session`, { method: "POST", body: "{}" }); } },
  { name: "desk-signin-phone", width: 390, height: 844, dark: true, run: async (p) => {
    await fetch(`${BASE}/api/staff/session`, { method: "DELETE" }); await p.goto(`${BASE}/desk/`); await p.getByTestId("desk-email").waitFor(); await fetch(`${BASE}/api/staff/session`, { method: "POST", body: "{}" }); } },
  ...([["1440", 1440, 900], ["1024", 1024, 768], ["390", 390, 844]] as const).flatMap(([label, width, height]): Look[] => [
    { name: `desk-list-${label}`, width, height, run: (p) => openDesk(p, "#/queue") },
    { name: `desk-queue-${label}`, width, height, run: (p) => openDesk(p, "#/queue/cv_r2") },
    { name: `desk-mine-${label}`, width, height, run: (p) => openDesk(p, "#/mine/cv_r5") },
    { name: `desk-long-${label}`, width, height, run: (p) => openDesk(p, "#/queue/cv_r3") },
  ]),
  { name: "desk-details-390", width: 390, height: 844, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.getByTestId("desk-details").click(); await p.waitForTimeout(200); } },
  { name: "desk-details-1024", width: 1024, height: 768, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.getByTestId("desk-details").click(); await p.waitForTimeout(200); } },
  { name: "desk-mine-dark", width: 1440, height: 900, dark: true, run: (p) => openDesk(p, "#/mine/cv_r5") },
  { name: "desk-queue-dark", width: 1440, height: 900, dark: true, run: (p) => openDesk(p, "#/queue/cv_r1") },
  ...([["1440", 1440, 900, false], ["900-dark", 900, 900, true], ["390", 390, 844, false]] as const).flatMap(([label, width, height, dark]): Look[] => [
    { name: `desk-team-${label}`, width, height, dark, run: async (p) => { await set({ role: "admin" }); await openDesk(p, "#/team"); } },
    { name: `desk-transfer-${label}`, width, height, dark, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.keyboard.press("t"); await p.waitForTimeout(300); } },
    { name: `desk-member-${label}`, width, height, dark, run: async (p) => { await set({ role: "admin" }); await openDesk(p, "#/team"); await p.getByTestId("desk-member-edit").nth(2).click(); await p.waitForTimeout(300); } },
    { name: `desk-lookin-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/colleagues/cv_r11"); } },
    { name: `desk-own-${label}`, width, height, dark, run: async (p) => { await openDesk(p, "#/queue"); await p.getByTestId("desk-own").click(); await p.waitForTimeout(300); } },
  ]),
  ...([["1440", 1440, 900, false], ["1440-dark", 1440, 900, true], ["390", 390, 844, true], ["320", 320, 700, false]] as const).flatMap(([label, width, height, dark]): Look[] => [
    { name: `desk-feedback-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/feedback"); } },
    { name: `desk-feedback-words-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/feedback"); await p.getByTestId("desk-review-words").last().click(); await p.waitForTimeout(300); await p.getByText("wordwithoutanend").last().scrollIntoViewIfNeeded(); } },
    { name: `desk-feedback-closed-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/feedback"); await p.getByTestId("desk-reviews-state").selectOption("closed"); await p.waitForTimeout(300); } },
    { name: `desk-feedback-close-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/feedback"); await p.getByTestId("desk-review-done").last().click(); await p.getByTestId("desk-review-confirm").click(); await p.waitForTimeout(300); } },
    { name: `desk-searches-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/feedback/searches"); } },
    { name: `desk-searches-open-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/feedback/searches"); await p.getByTestId("desk-question-open").nth(3).click(); await p.getByTestId("desk-question-open").nth(3).scrollIntoViewIfNeeded(); await p.waitForTimeout(200); } },
    { name: `desk-searches-none-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/feedback/searches"); await p.getByTestId("desk-searches-handed_over").click(); await p.waitForTimeout(300); } },
  ]),
  ...([["1440", 1440, 900, false], ["1440-dark", 1440, 900, true], ["390", 390, 844, true], ["320", 320, 700, false]] as const).flatMap(([label, width, height, dark]): Look[] => [
    { name: `articles-list-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles"); } },
    { name: `articles-none-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openPage(p, "#/articles"); await p.getByTestId("desk-articles-find").fill("nothing like it"); await p.getByTestId("desk-articles-none").waitFor(); } },
    { name: `articles-edit-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles/fh-1"); await p.getByText("Download one invoice").last().waitFor(); } },
    { name: `articles-fields-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles/fh-1"); await p.getByTestId("desk-related").fill("plan"); await p.getByTestId("desk-related-offer").first().waitFor(); await p.getByTestId("desk-article-unpublish").scrollIntoViewIfNeeded(); } },
    { name: `articles-hostile-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openPage(p, "#/articles/fh-6"); await p.waitForTimeout(300); } },
    { name: `articles-arabic-${label}`, width, height, dark, run: async (p) => { await set({ role: "lead" }); await openPage(p, "#/articles/fh-7"); await p.waitForTimeout(300); } },
    { name: `articles-publish-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles/fh-2"); await p.getByTestId("desk-article-publish").click(); await p.getByText("See what changes").click(); await p.waitForTimeout(200); } },
    { name: `articles-history-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles/fh-1/history/1"); await p.getByTestId("desk-difference").waitFor(); } },
    { name: `articles-conflict-${label}`, width, height, dark, run: async (p) => {
      await set({ role: "content" }); await openPage(p, "#/articles/fh-4"); await p.getByTestId("desk-article-content").fill("My own words."); await set({ colleague: "fh-4" }); await p.getByTestId("desk-article-save").click(); await p.getByTestId("desk-conflict-compare").click(); } },
    { name: `articles-aside-${label}`, width, height, dark, run: async (p) => {
      await set({ role: "content" }); await openPage(p, "#/articles/fh-4"); await p.getByTestId("desk-article-content").fill("My own words."); await set({ colleague: "fh-4" }); await p.getByTestId("desk-article-save").click(); await p.getByTestId("desk-conflict-theirs").click(); await p.waitForTimeout(500); } },
    { name: `articles-new-${label}`, width, height, dark, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/articles/new"); await p.getByTestId("desk-article-title").fill("Größe der Anhänge ändern"); await p.getByTestId("desk-article-save").click(); await p.waitForTimeout(300); } },
  ]),
  { name: "desk-content-390", width: 390, height: 844, run: async (p) => { await set({ role: "content" }); await openPage(p, "#/feedback"); await p.getByLabel("Back to the list").click(); await p.waitForTimeout(200); } },
  { name: "desk-team-agent", width: 1440, height: 900, run: (p) => openDesk(p, "#/team") },
  { name: "desk-takeover", width: 1440, height: 900, dark: true, run: async (p) => { await set({ role: "lead" }); await openDesk(p, "#/colleagues/cv_r11"); await p.keyboard.press("o"); await p.waitForTimeout(300); } },
  { name: "desk-hired", width: 1440, height: 900, run: async (p) => { await set({ role: "admin" }); await openDesk(p, "#/team"); await p.getByTestId("desk-member-add").click(); await p.getByTestId("desk-member-email").fill("nina@fernhill.example"); await p.getByTestId("desk-member-name").fill("Nina Aho"); await p.getByTestId("desk-member-save").click(); await p.waitForTimeout(400); } },
  { name: "desk-once", width: 390, height: 844, run: async (p) => { await set({ once: true }); await p.goto(`${BASE}/desk/`); await p.getByTestId("desk-password-new").waitFor(); } },
  { name: "desk-note", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.keyboard.press("n"); await p.keyboard.type("Checked with billing."); } },
  { name: "desk-search", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.keyboard.press("/"); await p.getByTestId("desk-search").fill("invoice"); await p.waitForTimeout(600); } },
  { name: "desk-resolve", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/mine/cv_r5"); await p.getByTestId("desk-resolve").click(); await p.waitForTimeout(200); } },
  { name: "desk-shortcuts", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/queue"); await p.keyboard.press("?"); await p.waitForTimeout(200); } },
  { name: "desk-lost-claim", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/queue/cv_r10"); await p.keyboard.press("c"); await p.waitForTimeout(600); } },
  { name: "desk-offline", width: 1440, height: 900, run: async (p) => { await openDesk(p, "#/queue"); await set({ sockets: false }); await p.waitForTimeout(600); } },
  { name: "desk-unknown", width: 1440, height: 900, run: (p) => openDesk(p, "#/queue/cv_r4") },
  { name: "desk-missing", width: 1440, height: 900, run: (p) => openDesk(p, "#/queue/nothing") },
  { name: "desk-bot", width: 1440, height: 900, run: (p) => openDesk(p, "#/bot/cv_r8") },
];

async function context(look: Look): Promise<BrowserContext> {
  const made = await browser.newContext({ viewport: { width: look.width, height: look.height }, colorScheme: look.dark ? "dark" : "light", locale: "en-GB", timezoneId: "Europe/Berlin", deviceScaleFactor: 1, bypassCSP: true });
  if (look.token) await made.addInitScript((token) => localStorage.setItem("baton.token", token), look.token);
  return made;
}

interface Violation { id: string; impact: string; help: string; nodes: { target: unknown; failureSummary: string }[] }
let broken = 0;
for (const look of looks.filter(({ name }) => name.includes(only))) {
  const made = await context(look);
  const page = await made.newPage();
  page.setDefaultTimeout(8_000);
  page.on("pageerror", (error) => { broken += 1; console.log(`${look.name}: page error ${error.message}`); });
  page.on("console", (line) => { if (line.type() === "error" && !/Failed to load resource|WebSocket/.test(line.text())) console.log(`${look.name}: console ${line.text()}`); });
  try {
    await look.run(page);
    await page.waitForTimeout(150);
    await page.screenshot({ path: `${OUT}/${look.name}.png` });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) { broken += 1; console.log(`${look.name}: ${overflow} px of horizontal overflow`); }
    await page.addScriptTag({ path: axePath });
    const violations = (await page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => r.violations)")) as unknown as Violation[];
    for (const v of violations) {
      broken += 1;
      console.log(`${look.name}: axe ${v.impact} ${v.id}: ${v.help}\n  ${v.nodes.slice(0, 3).map((n) => `${JSON.stringify(n.target)} ${n.failureSummary.split("\n")[1] ?? ""}`).join("\n  ")}`);
    }
  } catch (error) {
    broken += 1;
    console.log(`${look.name}: ${String(error).split("\n")[0]}`);
  }
  await made.close();
  await set({ sockets: true, http: true, role: "agent", once: false }).catch(() => undefined);
}
await browser.close();
console.log(broken === 0 ? "no problem found" : `${broken} problems`);
