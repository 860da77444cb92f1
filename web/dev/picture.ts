/** Takes the README's picture from a running service with the demo: the widget on the left, the desk on the right.
 *  `BASE=http://127.0.0.1:8080 npm run picture` writes `docs/images/baton.png`; `OUT` names another file. */
import { chromium, type Page } from "playwright-core";

const BASE = process.env.BASE ?? "http://127.0.0.1:8080";
const OUT = process.env.OUT ?? "../docs/images/baton.png";
const SCALE = 1.33;
const HEIGHT = 800;
const browser = await chromium.launch({
  executablePath: process.env.BATON_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(width: number, height = HEIGHT): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: SCALE, locale: "en-GB" });
  return context.newPage();
}
async function say(page: Page, words: string): Promise<void> {
  await page.getByTestId("widget-input").fill(words);
  await page.getByTestId("widget-send").click();
}

const desk = await open(1310);
await desk.goto(`${BASE}/desk`);
await desk.getByTestId("desk-email").fill("maya@fernhill.example");
await desk.getByTestId("desk-password").fill("fernhill-demo");
await desk.getByTestId("desk-signin").click();
await desk.getByTestId("desk-view-queue").waitFor();

const widget = await open(400);
await widget.goto(`${BASE}/demo`);
await widget.getByTestId("widget-launcher").click();
await say(widget, "can I get my invoices as pdf?");
await widget.getByTestId("message-button").filter({ hasText: "Yes, that helped" }).click();
await widget.getByTestId("message-button").filter({ hasText: "Yes, that helped" }).and(widget.locator(":disabled")).first().waitFor();
await say(widget, "can fernhill print gantt charts on a plotter?");
await widget.getByTestId("message-button").filter({ hasText: "Talk to a person" }).last().waitFor();
await say(widget, "I want to talk to a human");
await widget.getByTestId("widget-queue").waitFor();

await desk.getByTestId("queue-row").filter({ hasText: "Dana Whitfield" }).first().click();
await desk.getByTestId("desk-claim").click();
await desk.getByTestId("desk-composer").fill(
  "Hello Dana, Maya here. Not yet, but the timeline exports as a PDF in A1, which a plotter prints well. Shall I show you where?",
);
await desk.getByTestId("desk-send").click();
await widget.getByText("Shall I show you where?").waitFor();
await say(widget, "Yes please!");
await desk.getByTestId("desk-log").getByText("Yes please!").waitFor();
await widget.getByTestId("widget-input").focus();
await desk.getByTestId("desk-composer").focus();
await desk.waitForTimeout(6_000); // what the desk says of a claim is gone by then

const shots = await Promise.all([widget, desk].map(async (page) => (await page.screenshot()).toString("base64")));
const picture = await open(1_800, HEIGHT + 50);
await picture.setContent(`<style>
  body { margin: 0; padding: 25px; display: flex; gap: 25px; background: #dfe6e1; width: max-content }
  img { height: ${HEIGHT}px; border-radius: 12px; box-shadow: 0 8px 24px #0002 }
</style>${shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join("")}`);
await picture.waitForFunction(() => [...document.images].every((image) => image.complete));
await picture.locator("body").screenshot({ path: OUT });
await browser.close();
