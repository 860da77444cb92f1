/** The pages beside the conversations: webhooks that could not be delivered, and the SLA rules with what is written and not saved. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ClockHistoryDialog } from "../desk/clock-history.js";
import { RulesPage } from "../desk/rules-page.js";
import { WebhooksPage } from "../desk/webhooks-page.js";
import type { Delivery } from "../shared/desk-protocol.js";
import { app, model, open, service, settle, useDesk } from "./desk-page.js";
import { allById, byId, type } from "./dom.js";
import { refusal } from "./fakes.js";

useDesk({ id: "st_root", name: "Root", email: "root@fernhill.example", role: "admin" });
ClockHistoryDialog.define();
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

test("webhooks that could not be read say so, and are not read for ever", async () => {
  for (const path of ["/api/webhooks", "/api/deliveries"]) service.on("GET", path, { status: 503, body: refusal("unavailable", "The database is away.") });
  await openPage("webhooks");
  expect(byId(app, "desk-webhooks-page").textContent).toContain("The database is away.");
  expect(byId(app, "desk-webhooks-page").textContent).not.toContain("Reading…");
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
  expect((byId(app, "desk-rules-discard") as HTMLButtonElement).disabled).toBe(true);
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

describe("rules that are written and not saved", () => {
  const rules = (version: number, text: string): object => ({ version, newest: version, text, warnings: [], versions: [] });
  const expired = { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") };
  const field = (id: string): HTMLInputElement => byId(app, id) as HTMLInputElement;
  const leavingIsAsked = (): boolean => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));

  async function signIn(id: string): Promise<void> {
    service.on("POST", "/api/staff/session", { body: { staff: { id, name: "Root", email: "root@fernhill.example", role: "admin" } } });
    await model.session.signIn("root@fernhill.example", "a password");
    await settle();
    await settle();
  }

  beforeEach(async () => {
    service.on("GET", "/api/sla/policies", { body: rules(4, "a: 1") });
    service.on("POST", "/api/sla/policies/check", { body: { problem: null, warnings: [] } });
    await openPage("rules");
    type(byId(app, "desk-rules-text"), "a: 2");
    type(byId(app, "desk-rules-note"), "the new contract");
    byId(app, "desk-rules-open").click();
  });

  test("are there again after another page, with note and tick, and follow the version that they were begun on", async () => {
    await openPage("webhooks");
    service.on("GET", "/api/sla/policies", { body: rules(5, "a: 7") });
    await openPage("rules");
    expect([field("desk-rules-text").value, field("desk-rules-note").value, field("desk-rules-open").checked]).toEqual(["a: 2", "the new contract", true]);
    expect(service.to("/api/sla/policies/check").at(-1)?.body).toEqual({ text: "a: 2" });
    byId(app, "desk-rules-save").click();
    await settle();
    expect(service.calls.findLast((call) => call.method === "PUT")?.body).toEqual({ base: 4, text: "a: 2", note: "the new contract", for_open_tickets: true });
  });

  test("have the browser ask before the tab is closed, from whatever page, until they are saved", async () => {
    await openPage("webhooks");
    expect(leavingIsAsked()).toBe(true);
    await openPage("rules");
    service.on("PUT", "/api/sla/policies", { body: rules(5, "a: 2") });
    byId(app, "desk-rules-save").click();
    await settle();
    expect(leavingIsAsked()).toBe(false);
    expect([field("desk-rules-note").value, field("desk-rules-open").checked]).toEqual(["", false]);
  });

  test("show the versions anew when somebody else has saved meanwhile, and stay as they are", async () => {
    const versions = [5, 4].map((version) => ({ version, author: "Amara", note: "", at: null, for_open_tickets: false, applied_at: null }));
    service.on("PUT", "/api/sla/policies", { status: 409, body: refusal("conflict", "Amara saved version 5 meanwhile.") });
    service.on("GET", "/api/sla/policies", { body: { ...rules(5, "a: 7"), versions } });
    byId(app, "desk-rules-save").click();
    await settle();
    expect(byId(app, "desk-rules-versions").textContent).toContain("Version 5");
    expect(byId(app, "desk-rules-page").textContent).toContain("Amara saved version 5 meanwhile.");
    expect(field("desk-rules-text").value).toBe("a: 2");
    byId(app, "desk-rules-save").click();
    await settle();
    expect(service.calls.findLast((call) => call.method === "PUT")?.body).toMatchObject({ base: 4, text: "a: 2" });
  });

  test("are gone when they are discarded, and then there is nothing to discard", async () => {
    const discard = byId(app, "desk-rules-discard") as HTMLButtonElement;
    expect(discard.disabled).toBe(false);
    discard.click();
    await settle();
    expect(discard.disabled).toBe(true);
    expect([field("desk-rules-text").value, field("desk-rules-note").value, leavingIsAsked()]).toEqual(["a: 1", "", false]);
  });

  test.each([
    ["saved", (): void => { service.on("PUT", "/api/sla/policies", expired); byId(app, "desk-rules-save").click(); }],
    ["checked", (): void => { service.on("POST", "/api/sla/policies/check", expired); type(byId(app, "desk-rules-text"), "a: 2"); }],
  ])("outlast a session that has ended when they are %s, for who wrote them", async (_, end) => {
    end();
    await vi.advanceTimersByTimeAsync(500);
    await settle();
    expect(app.renderRoot.querySelector("desk-sign-in")).not.toBeNull();
    service.on("POST", "/api/sla/policies/check", { body: { problem: null, warnings: [] } });
    await signIn("st_root");
    expect([field("desk-rules-text").value, field("desk-rules-note").value]).toEqual(["a: 2", "the new contract"]);
  });

  test("are not shown to somebody else who signs in", async () => {
    model.session.ended();
    await settle();
    await signIn("st_other");
    expect([field("desk-rules-text").value, field("desk-rules-note").value, leavingIsAsked()]).toEqual(["a: 1", "", false]);
  });
});

test("a session that has ended shows the sign-in page when the clocks of a ticket are asked for, and keeps what was being written", async () => {
  await open("a");
  model.setDraft("a", { mode: "note", reply: "", note: "half a note" });
  service.on("GET", "/api/sla/tickets/tk_1", { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") });
  byId(app, "desk-how").click();
  await settle();
  expect(app.renderRoot.querySelector("desk-sign-in")).not.toBeNull();
  service.on("POST", "/api/staff/session", { body: { staff: { id: "st_root", name: "Root", email: "root@fernhill.example", role: "admin" } } });
  await model.session.signIn("root@fernhill.example", "a password");
  await settle();
  await settle();
  expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("half a note");
});
