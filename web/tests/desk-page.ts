/** A desk on a page with a service behind it that answers as a test says. */
import { afterEach, beforeEach, vi } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import { ArticleSearch } from "../desk/article-search.js";
import { ConversationView } from "../desk/conversation-view.js";
import { Countdown } from "../desk/countdown.js";
import { DeskApi } from "../desk/desk-api.js";
import { DeskApp } from "../desk/desk-app.js";
import { DeskModel } from "../desk/desk-model.js";
import { DeskSocket } from "../desk/desk-socket.js";
import { NoteField } from "../desk/note-field.js";
import { PackagePanel } from "../desk/package-panel.js";
import { ReplyComposer } from "../desk/reply-composer.js";
import { ResolveDialog } from "../desk/resolve-dialog.js";
import { RowListView } from "../desk/row-list.js";
import { SignIn } from "../desk/sign-in.js";
import { Transcript } from "../desk/transcript.js";
import { preparePage, rendered } from "./dom.js";
import { FakeService, FakeSockets, message } from "./fakes.js";
import type { Clock, Detail, Row, Staff } from "../shared/desk-protocol.js";

const ELEMENTS = [AnswerCard, ArticleSearch, ConversationView, Countdown, DeskApp, NoteField, PackagePanel, ReplyComposer, ResolveDialog, RowListView, SignIn, Transcript];

export const NOW = Date.parse("2026-11-23T14:45:00Z");
export const MAYA = { id: "st_maya", name: "Maya Ortiz", email: "maya@fernhill.example", role: "agent" } as const;

export function due(minutes: number): Clock {
  return {
    metric: "first_response", state: minutes < 0 ? "breached" : "running", started_at: "2026-11-23T14:00:00Z", due_at: new Date(NOW + minutes * 60_000).toISOString(), warn_at: null, met_at: null,
    breached_at: null, target_minutes: 60, remaining_seconds: minutes * 60,
  };
}

export function row(id: string, over: Partial<Row> = {}): Row {
  return {
    id, number: `FH-${id}`, subject: `Subject ${id}`, customer: { name: `Customer ${id}`, plan: "Business" }, owner: "queue", epoch: 2, agent: null, priority: "high", category: "billing", tags: [],
    reason: "asked", last_message: { text: "hi", author_kind: "customer", at: "2026-11-23T14:41:00Z" }, unanswered: true, clock: due(20), updated_at: "2026-11-23T14:41:00Z", ...over,
  };
}
export const mine = (id: string, epoch = 3): Row => row(id, { owner: "agent", agent: { id: MAYA.id, name: MAYA.name }, epoch });

export function detail(of: Row, over: Partial<Detail> = {}): Detail {
  return {
    row: of, rating: null, clocks: of.clock ? [of.clock] : [],
    messages: [message(1, { author: { kind: "customer", name: "Dana" }, text: "<b>hi</b>" }), message(2, { kind: "notice", author: { kind: "system", name: "" }, notice: { type: "queued", reason: "asked" }, text: "Passed on." })],
    ticket: { id: "tk_1", number: "FH-1", subject: "S", status: "open", category: "billing", priority: "high", team: null, tags: [], reasons: ["Revenue of 5,000 a month or more raises the priority."], created_at: "2026-11-23T14:00:00Z", resolved_at: null, overrides: [] },
    package: { version: 1, reason: { code: "asked", words: "The customer asked for a person." }, summary: [], entities: [], intents: [], articles: [], attempted: [], handed_over_at: "2026-11-23T14:00:00Z" },
    customer: { id: null, name: "Dana", email: null, known: false, plan: null, mrr: null, currency: null, since: null, company: null, seats: null, health: null, tickets: [], page: null },
    ...over,
  };
}

export let service: FakeService;
export let sockets: FakeSockets;
export let model: DeskModel;
export let app: DeskApp;
/** What the service has in the queue; a test may put others there. */
export const given: { rows: Row[] } = { rows: [] };
export const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
  await rendered(app);
  await vi.advanceTimersByTimeAsync(0);
  await rendered(app);
};

/** Opens a desk of its own on the page before each test of a file, at the same moment of the same day, for who has signed in. */
export function useDesk(staff: Staff = MAYA): void {
  preparePage();
  for (const element of ELEMENTS) element.define();
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW, toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    location.hash = "";
    service = new FakeService();
    sockets = new FakeSockets();
    given.rows = [row("b", { clock: due(90) }), row("a", { clock: due(-12) })];
    service.on("GET", "/api/staff/session", { body: { staff } });
    service.on("PUT", "/api/desk/presence", { body: {} });
    service.on("GET", "/api/desk/conversations", () => ({ body: { conversations: given.rows, counts: { queue: given.rows.length, mine: 0, bot: 7 } } }));
    service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(given.rows.find((r) => r.id === "a") ?? row("a")) }));
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
}

export async function open(id: string): Promise<void> {
  await settle();
  location.hash = `#/queue/${id}`;
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
}
