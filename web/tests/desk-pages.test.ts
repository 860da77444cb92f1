/** The pages beside the conversations: webhooks that could not be delivered, and the SLA rules with what is written and not saved. */
import { beforeEach, expect, test, vi } from "vitest";
import { RulesPage } from "../desk/rules-page.js";
import { WebhooksPage } from "../desk/webhooks-page.js";
import type { Delivery } from "../shared/desk-protocol.js";
import { app, service, settle, useDesk } from "./desk-page.js";
import { allById, byId, type } from "./dom.js";

useDesk({ id: "st_root", name: "Root", email: "root@fernhill.example", role: "admin" });
RulesPage.define();
WebhooksPage.define();

const FAILED: Delivery = {
  id: "de_1", webhook_id: "wh_1", endpoint_id: "we_1", kind: "ping", url: "https://desk.example.com/baton", state: "pending", attempts: 1, last_status: 500, last_error: "The receiver answered 500.",
  created_at: "2026-11-23T14:44:00Z", next_at: "2026-11-23T14:46:00Z", settled_at: null,
};

/** What has the focus, inside of whatever shadow root. */
function focused(): Element | null {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found;
}

async function openPage(page: string): Promise<void> {
  await settle(); // signed in
  location.hash = `#/${page}`;
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
  await settle();
}

beforeEach(() => {
  service.on("GET", "/api/webhooks", { body: { endpoints: [], kinds: { ping: "a test" } } });
});

test("what became of a delivery shows without anybody's doing, and what is pressed away leaves the focus on the page", async () => {
  let deliveries = [FAILED];
  service.on("GET", "/api/deliveries", () => ({ body: { deliveries, counts: { dead: 0, pending: deliveries.length } } }));
  service.on("POST", "/api/deliveries/de_1/resend", () => {
    deliveries = [];
    return { body: {} };
  });
  await openPage("webhooks");
  expect(byId(app, "desk-delivery").textContent).toContain("1 attempt ·");
  deliveries = [{ ...FAILED, attempts: 2 }];
  await vi.advanceTimersByTimeAsync(5_000);
  await settle();
  expect(byId(app, "desk-delivery").textContent).toContain("2 attempts ·");
  byId(app, "desk-resend").focus();
  byId(app, "desk-resend").click();
  await settle();
  expect(allById(app, "desk-delivery")).toHaveLength(0);
  expect(focused()?.textContent).toBe("Webhooks");
});

test("what waits for an endpoint that is off names no time of a next try", async () => {
  const endpoint = { id: "we_1", url: FAILED.url, description: "", kinds: ["*"], active: false, disabled_reason: "The receiver answered 410 Gone.", created_at: "2026-11-23T14:00:00Z" };
  service.on("GET", "/api/webhooks", { body: { endpoints: [endpoint], kinds: {} } });
  service.on("GET", "/api/deliveries", { body: { deliveries: [FAILED], counts: { dead: 0, pending: 1 } } });
  await openPage("webhooks");
  expect(byId(app, "desk-delivery").textContent).toContain("waits until its endpoint is switched on");
  expect(byId(app, "desk-delivery").textContent).not.toContain("next try");
});

test("saved rules leave the focus in their text, since the button that saved them rests", async () => {
  const rules = (version: number, text: string): object => ({ version, newest: version, text, warnings: [], versions: [] });
  service.on("GET", "/api/sla/policies", { body: rules(1, "a: 1") });
  service.on("POST", "/api/sla/policies/check", { body: { problem: null, warnings: [] } });
  service.on("PUT", "/api/sla/policies", { body: rules(2, "a: 2") });
  await openPage("rules");
  type(byId(app, "desk-rules-text"), "a: 2");
  await vi.advanceTimersByTimeAsync(500);
  await settle();
  byId(app, "desk-rules-save").focus();
  byId(app, "desk-rules-save").click();
  await settle();
  expect(byId(app, "desk-rules-save").hasAttribute("disabled")).toBe(true);
  expect(focused()).toBe(byId(app, "desk-rules-text"));
});

test("another version takes the place of text that was not saved only when that was asked, and of saved text at once", async () => {
  const versions = [2, 1].map((version) => ({ version, author: "Root", note: "", at: null, for_open_tickets: false, applied_at: null }));
  service.on("GET", "/api/sla/policies", ({ url }) => {
    const version = url.endsWith("version=1") ? 1 : 2;
    return { body: { version, newest: 2, text: `a: ${version}`, warnings: [], versions } };
  });
  await openPage("rules");
  const text = (): string => (byId(app, "desk-rules-text") as HTMLTextAreaElement).value;
  const show = async (version: number): Promise<void> => {
    byId(app, "desk-rules-versions").querySelector<HTMLButtonElement>(`[aria-label="Show version ${version}"]`)!.click();
    await settle();
  };
  const read = (): number => service.to("/api/sla/policies").length;
  type(byId(app, "desk-rules-text"), "a: 3");
  await settle();
  const before = read();
  await show(1);
  byId(app, "desk-rules-keep").click();
  await settle();
  expect([text(), read()]).toEqual(["a: 3", before]);
  await show(1);
  byId(app, "desk-rules-show").click();
  await settle();
  expect(text()).toBe("a: 1");
  await show(2);
  expect(text()).toBe("a: 2");
});
