/** Walks through a whole handoff against a real service: asks, is answered, asks for a person, is claimed, answered, resolved, rates.
 *  `BASE=http://127.0.0.1:8080 npx tsx dev/tour.ts` */
import { mkdir } from "node:fs/promises";
import { chromium, type Page } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8080";
const OUT = process.env.OUT ?? "shots/tour";
const PATH = process.env.GUEST ? "/demo?guest=1" : "/demo";
await mkdir(OUT, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const started = Date.now();
let steps = 0;

function watch(page: Page, who: string): Page {
  page.on("pageerror", (error) => console.log(`${who}: page error ${error.message}`));
  page.on("console", (line) => { if (line.type() === "error" || line.type() === "warning") console.log(`${who}: console ${line.text()}`); });
  page.on("websocket", (socket) => socket.on("framereceived", (frame) => { if (process.env.FRAMES) console.log(`${who} < ${String(frame.payload).slice(0, 400)}`); }));
  return page;
}
async function step(page: Page, words: string): Promise<void> {
  steps += 1;
  await page.waitForTimeout(250);
  await page.screenshot({ path: `${OUT}/${String(steps).padStart(2, "0")}-${words.replace(/\W+/g, "-")}.png` });
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s  ${words}`);
}

const customer = watch(await (await browser.newContext({ viewport: { width: 900, height: 800 }, locale: "en-GB" })).newPage(), "customer");
if (process.env.POLL) await customer.addInitScript(() => { window.WebSocket = function blocked() { throw new Error("blocked"); } as unknown as typeof WebSocket; });
const agent = watch(await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" })).newPage(), "agent");
try {
  await agent.goto(`${BASE}/desk/`);
  await agent.getByTestId("desk-email").fill("maya@fernhill.example");
  await agent.getByTestId("desk-password").fill("fernhill-demo");
  await agent.getByTestId("desk-signin").click();
  await agent.getByTestId("desk-presence").waitFor();
  await step(agent, "agent signed in");

  await customer.goto(BASE + PATH);
  await customer.getByTestId("widget-launcher").click();
  await customer.getByTestId("widget-input").fill("How do I import my boards from Trello?");
  await customer.getByTestId("widget-input").press("Enter");
  await customer.locator('[data-testid="message"][data-author="customer"]:not([data-state])').first().waitFor();
  await step(customer, "question stored");
  await customer.locator('[data-testid="message"][data-author="bot"], [data-testid="message"][data-author="system"]').first().waitFor({ timeout: 30_000 });
  await step(customer, "question answered");

  await customer.getByTestId("widget-person").click();
  await customer.getByTestId("widget-queue").waitFor();
  await step(customer, "waiting for a person");

  const row = agent.getByTestId("queue-row").last();
  await row.waitFor();
  await step(agent, "row in the queue");
  const id = await customer.evaluate(() => (document.querySelector("baton-widget") as unknown as { model: { conversation: { id: string } } }).model.conversation.id);
  await agent.locator(`[data-testid="queue-row"][data-id="${id}"]`).click();
  await agent.getByTestId("desk-package").waitFor();
  await step(agent, "conversation with package");
  await agent.keyboard.press("c");
  await agent.getByTestId("desk-composer").waitFor();
  await agent.getByTestId("desk-composer").fill("Hello, I am here. Which board is it?");
  await customer.getByTestId("widget-typing").getByText("typing").waitFor({ timeout: 5_000 }).catch(() => console.log("customer: no typing shown"));
  await step(customer, "agent is typing");
  await agent.keyboard.press("Control+Enter");
  await customer.getByText("Which board is it?").waitFor();
  await step(customer, "agent answered");
  await customer.getByTestId("widget-input").fill("The one called Spring launch.");
  await customer.getByTestId("widget-send").click();
  await agent.getByText("The one called Spring launch.").last().waitFor();
  await agent.keyboard.press("Escape");
  await step(agent, "customer replied");
  await customer.reload();
  await customer.waitForTimeout(1000);
  await customer.getByTestId("widget-launcher").click();
  await customer.getByText("Which board is it?").waitFor();
  await step(customer, "after a reload");
  await agent.getByTestId("desk-priority").selectOption("urgent");
  await agent.waitForTimeout(800);
  await agent.getByTestId("desk-articles").click();
  await agent.getByTestId("desk-search").fill("import from trello");
  await agent.getByTestId("desk-search-hit").first().waitFor();
  await step(agent, "articles found");
  await agent.getByTestId("desk-insert-link").first().click();
  await agent.getByTestId("desk-send").click();
  await agent.getByTestId("desk-resolve").click();
  await agent.getByTestId("desk-resolve-note").fill("Sent the import guide.");
  await agent.getByTestId("desk-resolve-confirm").click();
  await customer.getByTestId("widget-rating").waitFor();
  await step(agent, "resolved");
  await customer.getByTestId("rating-5").check({ force: true });
  await customer.getByTestId("rating-comment").fill("Quick and kind.");
  await step(customer, "rating");
  await customer.getByTestId("rating-send").click();
  await customer.getByTestId("widget-rating").waitFor({ state: "detached" });
  await step(customer, "rated");
  await agent.getByTestId("desk-view-resolved").click();
  await agent.waitForTimeout(600);
  await agent.getByTestId("queue-row").first().click();
  await agent.waitForTimeout(600);
  await step(agent, "resolved list");
  console.log("the whole way works");
} catch (error) {
  console.log(String(error).split("\n").slice(0, 6).join("\n"));
  await customer.screenshot({ path: `${OUT}/failed-customer.png` });
  await agent.screenshot({ path: `${OUT}/failed-agent.png` });
} finally {
  await browser.close();
}
