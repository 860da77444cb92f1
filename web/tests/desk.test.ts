/** The desk around a conversation: signing in, the list, the keyboard, the line. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { tickingListeners } from "../shared/clock.js";
import { allById, byId, press, rendered, type } from "./dom.js";
import { message, refusal } from "./fakes.js";
import { MAYA, due, row, mine, settle, open, service, sockets, model, app, given, useDesk } from "./desk-page.js";

useDesk();

describe("signing in", () => {
  test("a wrong password is told beside the form, and a right one opens the desk", async () => {
    app.remove();
    service.on("GET", "/api/staff/session", { status: 401, body: refusal("unauthenticated", "Sign in first.") });
    service.on("POST", "/api/staff/session", { status: 401, body: refusal("unauthenticated", "That e-mail address and password do not belong together.") });
    document.body.append(app);
    await settle();
    type(byId(app, "desk-email"), "maya@fernhill.example");
    type(byId(app, "desk-password"), "wrong");
    byId(app, "desk-signin").click();
    await settle();
    expect(byId(app, "desk-signin-problem").textContent).toBe("That e-mail address and password do not belong together.");
    service.on("POST", "/api/staff/session", { body: { staff: MAYA } });
    byId(app, "desk-signin").click();
    await settle();
    expect(allById(app, "queue-row")).toHaveLength(2);
    expect(app.shadowRoot?.activeElement?.shadowRoot?.activeElement).toBe(allById(app, "queue-row")[0]);
    const call = service.to("/api/staff/session").at(-1);
    expect(call?.headers["X-Baton"]).toBe("desk");
    expect(call?.body).toEqual({ email: "maya@fernhill.example", password: "wrong" });
  });

  test("a session that ended leads to the form with a word about it", async () => {
    await settle();
    service.on("GET", "/api/desk/conversations", { status: 401, body: refusal("unauthenticated", "Sign in first.") });
    await model.refresh();
    await settle();
    expect(allById(app, "desk-email")).toHaveLength(1);
    expect(byId(app, "desk-toast").textContent).toContain("signed out");
  });

  test("who could not be signed out is not told that they were", async () => {
    await settle();
    service.on("DELETE", "/api/staff/session", { status: 503, body: refusal("unavailable", "Try again in a minute.") });
    await model.session.signOut();
    await settle();
    expect(model.staff).not.toBeNull();
    expect(byId(app, "desk-toast").textContent).toContain("Try again in a minute.");
  });
});

describe("a session that ends while an agent writes", () => {
  const expired = { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") };
  const signInAs = async (staff: typeof MAYA | { id: string; name: string; email: string; role: "agent" }): Promise<void> => {
    service.on("POST", "/api/staff/session", { body: { staff } });
    await model.session.signIn(staff.email, "x");
    await model.open("a");
    await settle();
  };
  beforeEach(async () => {
    given.rows = [mine("a")];
    await open("a");
    model.setDraft("a", { mode: "note", reply: "half a reply", note: "half a note" });
    service.on("POST", "/api/desk/conversations/a/replies", expired);
    await model.send("reply", "What took me an hour.");
    await settle();
  });

  test("the note of what could not be done is there again too", async () => {
    await signInAs(MAYA);
    service.on("POST", "/api/desk/conversations/a/transfer", expired);
    await model.actions.transfer({ team: "billing" }, "Billing", "an hour's thoughts");
    expect(model.staff).toBeNull();
    await signInAs(MAYA);
    expect(model.draft("a").note).toBe("half a note\nan hour's thoughts");
  });

  test("draft and unsent reply are there again for whoever signs in as their author", async () => {
    expect(model.staff).toBeNull();
    await signInAs(MAYA);
    expect(model.draft("a").note).toBe("half a note");
    expect(model.pending).toMatchObject([{ text: "What took me an hour.", state: "failed" }]);
    service.on("POST", "/api/desk/conversations/a/replies", { body: { message: message(3, { client_id: "id1", text: "What took me an hour." }) } });
    await model.retry("id1");
    expect(model.pending).toEqual([]);
  });

  test("a colleague who signs in instead sees nothing of it", async () => {
    await signInAs({ id: "st_ben", name: "Ben", email: "ben@fernhill.example", role: "agent" });
    expect(model.pending).toEqual([]);
    expect(model.draft("a").note).toBe("");
  });

  test("who signs out leaves nothing behind", async () => {
    await signInAs(MAYA);
    service.on("DELETE", "/api/staff/session", { body: {} });
    await model.session.signOut();
    await signInAs(MAYA);
    expect(model.pending).toEqual([]);
    expect(model.draft("a").note).toBe("");
  });
});

describe("the list", () => {
  test("what is due first is on top, and an overdue row says how long", async () => {
    await settle();
    const shown = allById(app, "queue-row");
    expect(shown.map((r) => r.dataset.id)).toEqual(["a", "b"]);
    const clock = shown[0]?.querySelector("baton-countdown");
    expect(clock?.shadowRoot?.textContent).toContain("12:00 overdue");
    expect(shown[0]?.textContent).toContain("Asked for a person");
  });

  test("countdowns tick together on one timer", async () => {
    await settle();
    expect(tickingListeners()).toBe(3); // two rows and the list's ages
    const clock = allById(app, "queue-row")[1]!.querySelector("baton-countdown")!;
    expect(clock.shadowRoot?.textContent).toContain("1 h 30 m");
    await vi.advanceTimersByTimeAsync(31 * 60_000);
    await rendered(app);
    expect(clock.shadowRoot?.textContent).toContain("59:00");
  });

  test("an empty queue says what would appear there, and the title counts who waits", async () => {
    await settle();
    expect(document.title).toBe("(2) Baton desk");
    given.rows = [];
    await model.refresh();
    await settle();
    expect(byId(app, "desk-empty").textContent).toContain("Nobody is waiting");
    expect(document.title).toBe("Baton desk");
  });

  test("a list that cannot be read says so and can be tried again", async () => {
    service.on("GET", "/api/desk/conversations", "unreachable");
    await settle();
    expect(app.shadowRoot?.querySelector("desk-list")?.shadowRoot?.querySelector('[role="alert"]')?.textContent).toContain("cannot be reached");
  });

  test("a row that a colleague claims leaves the queue, and a new one is sorted in", async () => {
    await settle();
    model.take({ type: "event", event: "conversation", data: { row: row("a", { owner: "agent", agent: { id: "st_ben", name: "Ben" }, epoch: 3 }), removed: false } });
    model.take({ type: "event", event: "conversation", data: { row: row("c", { clock: due(5) }), removed: false } });
    await settle();
    expect(allById(app, "queue-row").map((r) => r.dataset.id)).toEqual(["c", "b"]);
  });

  test("a word that something was missed reads list and open conversation again", async () => {
    await open("a");
    const reads = service.to("/api/desk/conversations/a").length;
    const lists = service.to("/api/desk/conversations").length;
    model.take({ type: "event", event: "reread", data: {} });
    await settle();
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
    expect(service.to("/api/desk/conversations").length).toBe(lists + 1);
  });

  test("counts that the service tells are shown without reading the list again, and one's own are kept", async () => {
    await settle();
    const lists = service.to("/api/desk/conversations").length;
    model.take({ type: "event", event: "conversation", data: { row: mine("c"), removed: false } });
    model.take({ type: "event", event: "counts", data: { queue: 41, bot: 3 } });
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(["queue", "mine", "bot"].map((view) => byId(app, `desk-count-${view}`).textContent)).toEqual(["41", "1", "3"]);
    expect(service.to("/api/desk/conversations").length).toBe(lists);
  });

  test("the desk says what it shows, again after the line was down, and reads what a colleague has once it is told of it", async () => {
    await settle();
    const watched = (): unknown => sockets.last.sent.filter((frame) => (frame as { type: string }).type === "watch").at(-1);
    sockets.last.opens();
    await open("a");
    expect(watched()).toEqual({ type: "watch", view: "queue", conversation_id: "a" });
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(5_000);
    sockets.last.opens();
    expect(watched()).toEqual({ type: "watch", view: "queue", conversation_id: "a" });
    await settle();
    const reads = service.to("/api/desk/conversations/a").length;
    sockets.last.says({ type: "watching", conversation_id: "a" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(service.to("/api/desk/conversations/a").length).toBe(reads);
    model.take({ type: "event", event: "conversation", data: { row: row("a", { owner: "agent", agent: { id: "st_ben", name: "Ben" } }), removed: false } });
    sockets.last.says({ type: "watching", conversation_id: "a" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
  });
});

describe("the keyboard", () => {
  test("j and k move through the list, Enter opens what is in focus", async () => {
    await settle();
    const list = app.shadowRoot!.querySelector("desk-list")!.shadowRoot!;
    const focused = (): string | undefined => (list.activeElement as HTMLElement | null)?.dataset.id;
    press(document.body, "j");
    expect(focused()).toBe("a");
    press(list.activeElement!, "j");
    expect(focused()).toBe("b");
    press(list.activeElement!, "j");
    expect(focused()).toBe("b");
    press(list.activeElement!, "ArrowUp");
    expect(focused()).toBe("a");
    (list.activeElement as HTMLElement).click(); // what Enter does to a button
    expect(location.hash).toBe("#/queue/a");
  });
  test("letters typed into a field are letters", async () => {
    given.rows = [mine("a")];
    await open("a");
    const field = byId(app, "desk-composer");
    expect(press(field, "c").defaultPrevented).toBe(false);
    expect(press(field, "?").defaultPrevented).toBe(false);
  });
  test("shortcuts leave the browser's own alone", async () => {
    await open("a");
    expect(press(document.body, "c", { ctrlKey: true }).defaultPrevented).toBe(false);
    expect(service.to("/api/desk/conversations/a/claim")).toEqual([]);
  });
  test("no key acts behind an open dialog, wherever the focus is", async () => {
    given.rows = [mine("a")];
    await open("a");
    press(document.body, "e");
    const dialog = byId(app, "desk-resolve-confirm").closest("dialog");
    expect(dialog?.open).toBe(true);
    expect(press(document.body, "Escape").defaultPrevented).toBe(false);
    press(document.body, "?");
    expect(model.selected).toBe("a");
    expect(app.shadowRoot?.querySelector<HTMLDialogElement>("#shortcuts")?.open).toBe(false);
    dialog?.close();
    press(document.body, "Escape");
    await settle();
    expect(model.selected).toBeNull();
  });
  test("? shows the shortcuts", async () => {
    await settle();
    press(document.body, "?");
    expect(app.shadowRoot?.querySelector<HTMLDialogElement>("#shortcuts")?.open).toBe(true);
  });
});

describe("the line", () => {
  test("a drop is told, and the socket comes back with growing patience", async () => {
    await settle();
    expect(sockets.all).toHaveLength(1);
    sockets.last.opens();
    sockets.last.drops();
    await settle();
    expect(byId(app, "desk-offline").textContent).toContain("Reconnecting");
    await vi.advanceTimersByTimeAsync(375);
    expect(sockets.all).toHaveLength(2);
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(749);
    expect(sockets.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets.all).toHaveLength(3);
    sockets.last.opens();
    await settle();
    expect(allById(app, "desk-offline")).toEqual([]);
  });
  test("a session that has ended asks to sign in again and does not reconnect", async () => {
    await settle();
    sockets.last.opens();
    sockets.last.says({ type: "error", client_id: null, error: { code: "unauthenticated", message: "Sign in again." } });
    await settle();
    expect(byId(app, "desk-toast").textContent).toContain("signed out");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(1);
  });
  test("being away is told to the service on both ways, and with each ping", async () => {
    await settle();
    sockets.last.opens();
    byId(app, "desk-presence").click();
    await settle();
    expect(service.to("/api/desk/presence").at(-1)?.body).toEqual({ state: "away" });
    expect(sockets.last.sent.at(-1)).toEqual({ type: "presence", state: "away" });
    expect(byId(app, "desk-presence").getAttribute("aria-checked")).toBe("false");
    await vi.advanceTimersByTimeAsync(25_000);
    expect(sockets.last.sent.at(-1)).toEqual({ type: "ping", state: "away" });
  });
  test("a breach that happens while looking is told", async () => {
    await settle();
    model.take({ type: "event", event: "clock", data: { conversation_id: "a", clock: due(-1) } });
    await settle();
    expect(byId(app, "desk-toast").textContent).toContain("FH-a: first response is overdue.");
  });
});

test("where a list is empty nobody is asked to pick from it", async () => {
  given.rows = [];
  await settle();
  expect(app.renderRoot.querySelector("desk-conversation")?.shadowRoot?.textContent).toContain("Nothing to open here");
});
