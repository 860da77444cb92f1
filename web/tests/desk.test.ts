import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import { ArticleSearch } from "../desk/article-search.js";
import { ConversationView } from "../desk/conversation-view.js";
import { Countdown } from "../desk/countdown.js";
import { DeskApi } from "../desk/desk-api.js";
import { DeskApp } from "../desk/desk-app.js";
import { DeskModel } from "../desk/desk-model.js";
import { DeskSocket } from "../desk/desk-socket.js";
import { PackagePanel } from "../desk/package-panel.js";
import { hashOf, placeOf } from "../desk/place.js";
import { ReplyComposer } from "../desk/reply-composer.js";
import { RowListView } from "../desk/row-list.js";
import { noticeWords } from "../desk/notice-words.js";
import { belongsTo, clocksInOrder, inOrder } from "../desk/row-order.js";
import { SignIn } from "../desk/sign-in.js";
import { Transcript } from "../desk/transcript.js";
import { tickingListeners } from "../shared/clock.js";
import type { Clock, Detail, Row } from "../shared/protocol.js";
import { allById, byId, preparePage, press, rendered, type } from "./dom.js";
import { FakeService, FakeSockets, message, refusal } from "./fakes.js";

preparePage();
for (const element of [AnswerCard, ArticleSearch, ConversationView, Countdown, DeskApp, PackagePanel, ReplyComposer, RowListView, SignIn, Transcript]) element.define();

const NOW = Date.parse("2026-11-23T14:45:00Z");
const MAYA = { id: "st_maya", name: "Maya Ortiz", email: "maya@fernhill.example", role: "agent" } as const;

function due(minutes: number): Clock {
  return {
    metric: "first_response", state: minutes < 0 ? "breached" : "running", started_at: "2026-11-23T14:00:00Z", due_at: new Date(NOW + minutes * 60_000).toISOString(), warn_at: null, met_at: null,
    breached_at: null, target_minutes: 60, remaining_seconds: minutes * 60,
  };
}

function row(id: string, over: Partial<Row> = {}): Row {
  return {
    id, number: `FH-${id}`, subject: `Subject ${id}`, customer: { name: `Customer ${id}`, plan: "Business" }, owner: "queue", epoch: 2, agent: null, priority: "high", category: "billing", tags: [],
    reason: "asked", last_message: { text: "hi", author_kind: "customer", at: "2026-11-23T14:41:00Z" }, unanswered: true, clock: due(20), updated_at: "2026-11-23T14:41:00Z", ...over,
  };
}
const mine = (id: string, epoch = 3): Row => row(id, { owner: "agent", agent: { id: MAYA.id, name: MAYA.name }, epoch });

function detail(of: Row, over: Partial<Detail> = {}): Detail {
  return {
    row: of, rating: null, clocks: of.clock ? [of.clock] : [],
    messages: [message(1, { author: { kind: "customer", name: "Dana" }, text: "<b>hi</b>" }), message(2, { kind: "notice", author: { kind: "system", name: "" }, notice: { type: "queued", reason: "asked" }, text: "Passed on." })],
    ticket: { id: "tk_1", number: "FH-1", subject: "S", status: "open", category: "billing", priority: "high", team: null, tags: [], reasons: ["Revenue of 5,000 a month or more raises the priority."], created_at: "2026-11-23T14:00:00Z", resolved_at: null, overrides: [] },
    package: { version: 1, reason: { code: "asked", words: "The customer asked for a person." }, summary: [], entities: [], intents: [], articles: [], attempted: [], handed_over_at: "2026-11-23T14:00:00Z" },
    customer: { id: null, name: "Dana", email: null, known: false, plan: null, mrr: null, currency: null, since: null, company: null, seats: null, health: null, tickets: [], page: null },
    ...over,
  };
}

let service: FakeService;
let sockets: FakeSockets;
let model: DeskModel;
let app: DeskApp;
let rows: Row[];
const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
  await rendered(app);
  await vi.advanceTimersByTimeAsync(0);
  await rendered(app);
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  location.hash = "";
  service = new FakeService();
  sockets = new FakeSockets();
  rows = [row("b", { clock: due(90) }), row("a", { clock: due(-12) })];
  service.on("GET", "/api/staff/session", { body: { staff: MAYA } });
  service.on("PUT", "/api/desk/presence", { body: {} });
  service.on("GET", "/api/desk/conversations", () => ({ body: { conversations: rows, counts: { queue: rows.length, mine: 0, bot: 7 } } }));
  service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(rows.find((r) => r.id === "a") ?? row("a")) }));
  let ids = 0;
  model = new DeskModel(new DeskApi(service.fetch), () => `id${(ids += 1)}`);
  app = new DeskApp();
  app.model = model;
  app.socket = new DeskSocket(() => sockets.open(""), { connected: () => model.lineIs(true), disconnected: () => model.lineIs(false), event: (e) => model.take(e), watching: (id) => model.watching(id), ended: () => model.session.ended() }, () => 0.5);
  document.body.append(app);
});
afterEach(() => {
  app.socket.stop();
  app.remove();
  vi.useRealTimers();
});

async function open(id: string): Promise<void> {
  await settle();
  location.hash = `#/queue/${id}`;
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
}

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
    rows = [mine("a")];
    await open("a");
    model.setDraft("a", { mode: "note", reply: "half a reply", note: "half a note" });
    service.on("POST", "/api/desk/conversations/a/replies", expired);
    await model.send("reply", "What took me an hour.");
    await settle();
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
    rows = [];
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

describe("claiming", () => {
  test("c claims the open conversation with the epoch that was read, and leads to the reply", async () => {
    await open("a");
    service.on("POST", "/api/desk/conversations/a/claim", () => {
      rows = [mine("a"), row("b")];
      return { body: detail(mine("a")) };
    });
    press(document.body, "c");
    await settle();
    expect(service.to("/api/desk/conversations/a/claim").map((c) => c.body)).toEqual([{ epoch: 2 }]);
    expect(allById(app, "desk-composer")).toHaveLength(1);
    expect(allById(app, "desk-claim")).toEqual([]);
    // The event that tells of it later is no news, and the same words stand once.
    model.take({ type: "event", event: "conversation", data: { row: mine("a"), removed: false } });
    model.toast("It is yours. The customer has been told.", "info");
    await settle();
    expect(model.toasts.map((toast) => toast.text)).toEqual(["It is yours. The customer has been told."]);
  });

  test("one that was lost to a colleague tells the kind message and reads everything again", async () => {
    await open("a");
    service.on("POST", "/api/desk/conversations/a/claim", () => {
      rows = [row("a", { owner: "agent", agent: { id: "st_ben", name: "Ben Adeyemi" }, epoch: 3 }), row("b")];
      return { status: 409, body: refusal("stale_epoch", "Ben Adeyemi has already taken this conversation.") };
    });
    byId(app, "desk-claim").click();
    await settle();
    expect(byId(app, "desk-toast").textContent).toContain("Ben Adeyemi has already taken this conversation.");
    expect(app.shadowRoot?.querySelector("desk-conversation")?.shadowRoot?.textContent).not.toContain("Waiting in the queue");
    expect(model.detail?.row.agent?.name).toBe("Ben Adeyemi");
  });
});

describe("replying", () => {
  beforeEach(() => {
    rows = [mine("a")];
  });

  test("Ctrl+Enter sends the reply under the epoch, plain Enter does not", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { body: { message: message(3, { author: { kind: "agent", name: MAYA.name }, client_id: "id1", text: "On it." }) } });
    await open("a");
    press(document.body, "r");
    await settle();
    const field = byId(app, "desk-composer");
    expect((field.getRootNode() as ShadowRoot).activeElement).toBe(field);
    type(field, "On it.");
    press(field, "Enter");
    expect(service.to("/api/desk/conversations/a/replies")).toEqual([]);
    press(field, "Enter", { ctrlKey: true });
    await settle();
    expect(service.to("/api/desk/conversations/a/replies")[0]?.body).toEqual({ epoch: 3, client_id: "id1", text: "On it." });
    expect(allById(app, "message").at(-1)?.textContent).toContain("On it.");
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("");
  });

  test("a reply changes the clocks, so the conversation is read again once the burst is over", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { body: { message: message(3, { author: { kind: "agent", name: MAYA.name }, client_id: "id1" }) } });
    await open("a");
    const reads = service.to("/api/desk/conversations/a").length;
    await model.send("reply", "On it.");
    model.take({ type: "event", event: "message", data: { conversation_id: "a", message: message(4, { author: { kind: "customer", name: "Dana" } }) } });
    expect(service.to("/api/desk/conversations/a").length).toBe(reads);
    await vi.advanceTimersByTimeAsync(800);
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
  });

  test("a reply that came too late is kept, with the reason, and can be taken back into the field", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { status: 409, body: refusal("stale_epoch", "Ben Adeyemi has taken this conversation over.") });
    await open("a");
    await model.send("reply", "On it.");
    await settle();
    const failed = allById(app, "message").at(-1)!;
    expect(failed.dataset.state).toBe("failed");
    expect(failed.textContent).toContain("Ben Adeyemi has taken this conversation over.");
    [...failed.querySelectorAll("button")].find((b) => b.textContent === "Edit")?.click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("On it.");
  });

  test("a failed reply is tried again under the same client_id", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", "unreachable");
    await open("a");
    await model.send("reply", "On it.");
    await model.retry("id1");
    expect(service.to("/api/desk/conversations/a/replies").map((c) => (c.body as { client_id: string }).client_id)).toEqual(["id1", "id1"]);
  });

  test("a note goes to the notes and never to the customer", async () => {
    service.on("POST", "/api/desk/conversations/a/notes", { body: { message: message(3, { kind: "note", author: { kind: "agent", name: MAYA.name }, client_id: "id1" }) } });
    await open("a");
    press(document.body, "n");
    await settle();
    type(byId(app, "desk-composer"), "Checked with billing.");
    await settle();
    byId(app, "desk-send").click();
    await settle();
    expect(service.to("/api/desk/conversations/a/notes")).toHaveLength(1);
    expect(service.to("/api/desk/conversations/a/replies")).toEqual([]);
  });

  test("reply and note keep drafts of their own", async () => {
    await open("a");
    type(byId(app, "desk-composer"), "to the customer");
    byId(app, "desk-mode-note").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("");
    byId(app, "desk-mode-reply").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("to the customer");
  });

  test("an article found is inserted as a link; an internal one only into a note", async () => {
    const hit = { article_id: "x", slug: "invoices", title: "Invoices", heading: null, url: "/help/invoices", html: "<p>Open <b>Billing</b>.</p>", score: 1, visibility: "public" };
    service.on("GET", "/api/desk/search", { body: { results: [hit, { ...hit, title: "Refund limits", visibility: "internal" }] } });
    await open("a");
    press(document.body, "/");
    await settle();
    type(byId(app, "desk-search"), "invoice");
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    expect(allById(app, "desk-search-hit")).toHaveLength(2);
    expect(allById(app, "desk-insert-link")).toHaveLength(1);
    byId(app, "desk-insert-link").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe(`Invoices: ${location.origin}/help/invoices`);
  });

  test("the article search is gone through with the arrow keys, tells what was inserted, and closes when the reply is sent", async () => {
    const hit = { article_id: "x", slug: "invoices", title: "Invoices", heading: null, url: "/help/invoices", html: "<p>Open.</p>", score: 1, visibility: "public" };
    service.on("GET", "/api/desk/search", { body: { search_id: "se_1", results: [hit, { ...hit, article_id: "y", title: "Receipts" }] } });
    service.on("POST", "/api/searches/se_1/clicks", { body: {} });
    service.on("POST", "/api/desk/conversations/a/replies", "never");
    await open("a");
    press(document.body, "/");
    await settle();
    type(byId(app, "desk-search"), "invoice");
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    const focused = (): HTMLElement => {
      let at = document.activeElement as HTMLElement;
      while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement as HTMLElement;
      return at;
    };
    press(focused(), "ArrowDown");
    press(focused(), "ArrowDown");
    expect(focused().closest("li")?.textContent).toContain("Receipts");
    press(focused(), "ArrowUp");
    press(focused(), "ArrowUp");
    expect(focused()).toBe(byId(app, "desk-search"));
    press(focused(), "ArrowDown");
    focused().click();
    await settle();
    expect(service.to("/api/searches/se_1/clicks").map((call) => call.body)).toEqual([{ article_id: "x" }]);
    byId(app, "desk-articles").click();
    await settle();
    byId(app, "desk-send").click();
    await settle();
    expect(allById(app, "desk-search")).toEqual([]);
  });

  test("after resolving, the focus goes on in the list, to the row that took the place of the resolved one", async () => {
    rows = [mine("a"), { ...mine("b"), clock: due(90) }];
    service.on("POST", "/api/desk/conversations/a/resolve", () => {
      rows = rows.slice(1);
      return { body: {} };
    });
    location.hash = "#/mine/a";
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    await settle();
    byId(app, "desk-resolve").click();
    byId(app, "desk-resolve-confirm").click();
    await settle();
    await settle();
    const list = app.shadowRoot?.querySelector("desk-list");
    expect(app.shadowRoot?.activeElement).toBe(list);
    expect((list?.shadowRoot?.activeElement as HTMLElement).dataset.id).toBe("b");
  });

  test("resolving sends the note with the epoch", async () => {
    service.on("POST", "/api/desk/conversations/a/resolve", { body: {} });
    await open("a");
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(service.to("/api/desk/conversations/a/resolve")[0]?.body).toEqual({ epoch: 3, note: "Added as billing contact." });
  });
});

describe("the conversation", () => {
  test("shows foreign text as text and a divider where it was handed over", async () => {
    await open("a");
    expect(allById(app, "message")[0]?.textContent).toContain("<b>hi</b>");
    expect(byId(app, "desk-handoff").textContent).toContain("Handed over to people · Asked for a person");
  });
  test("says that the health of a known customer is not known yet, and nothing of a stranger's", async () => {
    const { customer } = detail(row("a"));
    service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(row("a"), { customer: { ...customer, id: "cu_1", known: true } }) }));
    await open("a");
    expect(byId(app, "desk-health").textContent).toContain("Health not known yet");
    expect(byId(app, "desk-customer").textContent).not.toContain("Critical");
  });

  test("says in words why a person is needed and why this priority", async () => {
    await open("a");
    expect(byId(app, "desk-why").textContent).toContain("The customer asked for a person.");
    expect(byId(app, "desk-why-priority").textContent).toContain("Revenue of 5,000 a month or more raises the priority.");
    expect(byId(app, "desk-clock").dataset.metric).toBe("first_response");
  });
  test("an override is sent and what the service made of it is read again", async () => {
    service.on("PATCH", "/api/desk/tickets/tk_1", { body: {} });
    await open("a");
    const reads = service.to("/api/desk/conversations/a").length;
    const select = byId(app, "desk-priority") as HTMLSelectElement;
    select.value = "urgent";
    select.dispatchEvent(new Event("change"));
    await settle();
    expect(service.to("/api/desk/tickets/tk_1")[0]?.body).toEqual({ priority: "urgent" });
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
  });
  test("an answer that comes late for another conversation is not shown", async () => {
    await open("a");
    let late: (value: { body: Detail }) => void = () => undefined;
    service.on("GET", "/api/desk/conversations/b", () => new Promise((resolve) => (late = resolve)));
    const first = model.open("b");
    await model.open("a");
    late({ body: detail(row("b")) });
    await first;
    expect(model.detail?.row.id).toBe("a");
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
    rows = [mine("a")];
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

describe("order and place", () => {
  test("rows without a running clock come last, the oldest first", () => {
    const later = row("x", { clock: null, updated_at: "2026-11-23T14:00:00Z" });
    const older = row("y", { clock: null, updated_at: "2026-11-23T13:00:00Z" });
    expect(inOrder([later, row("b", { clock: due(9) }), older, row("a", { clock: due(-9) })]).map((r) => r.id)).toEqual(["a", "b", "y", "x"]);
  });
  test("a row is mine when I own it", () => {
    expect(belongsTo(mine("a"), "mine", MAYA.id)).toBe(true);
    expect(belongsTo(mine("a"), "mine", "st_ben")).toBe(false);
    expect(belongsTo(mine("a"), "queue", MAYA.id)).toBe(false);
  });
  test("the address holds the place, and a strange one leads to the queue", () => {
    expect(placeOf(hashOf({ view: "mine", id: "cv/1 ä" }))).toEqual({ view: "mine", id: "cv/1 ä" });
    expect(placeOf("#/nonsense/x")).toEqual({ view: "queue", id: null });
    expect(placeOf("#/mine/%E0%A4%A")).toEqual({ view: "mine", id: null });
  });
});

describe("what happened, for agents", () => {
  const words = (notice: object): string => noticeWords({ text: "as the customer reads it", notice: notice as never });
  test.each([
    [{ type: "email_saved", email: "dana@x.example" }, "Customer left dana@x.example"],
    [{ type: "bot_unavailable" }, "The assistant could not answer"],
    [{ type: "rated", score: 4 }, "Customer rated the help 4 of 5"],
    [{ type: "claimed", agent: "Maya Ortiz" }, "Maya Ortiz claimed the conversation"],
    [{ type: "released" }, "An agent gave the conversation back to the queue"],
    [{ type: "resolved", agent: "Maya Ortiz" }, "Maya Ortiz resolved the conversation"],
    [{ type: "some_new_one" }, "as the customer reads it"],
  ])("%j is told as %s", (notice, told) => {
    expect(words(notice)).toBe(told);
  });
});

describe("clocks and answers owed", () => {
  test("the clock that is due first stands first, those that have ended last", () => {
    const met: Clock = { ...due(5), state: "met" };
    const resolution: Clock = { ...due(600), metric: "resolution" };
    expect(clocksInOrder([met, resolution, due(20)])).toEqual([due(20), resolution, met]);
  });
  test("a team's list has that team's, and colleagues' what others have", () => {
    expect(belongsTo(row("a", { team: "billing" }), "queue", "st_maya", "billing")).toBe(true);
    expect(belongsTo(row("a", { team: "support" }), "queue", "st_maya", "billing")).toBe(false);
    expect(belongsTo(mine("a"), "colleagues", "st_amara")).toBe(true);
    expect(belongsTo(mine("a"), "colleagues", "st_maya")).toBe(false);
  });
});
