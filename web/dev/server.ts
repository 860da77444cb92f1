/** A stand-in for the service: speaks docs/protocol.md from memory, so that the pages can be looked at without it.
 *
 * `npm run build && npm run dev`, then http://127.0.0.1:8090/demo and /desk/ (any password but "wrong").
 * A widget's scene is chosen by its token: `localStorage["baton.token"] = "dev:queue"` (see dev/scenarios.ts).
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer, type WebSocket } from "ws";
import type { ReviewOutcome, SearchKind } from "../desk/feedback-types.js";
import type { DeskEvent, Row } from "../shared/desk-protocol.js";
import type { AckFrame, ClientFrame, Conversation, EventFrame, LiveFrame, Message, Owner } from "../shared/protocol.js";
import { StandInArticles } from "./articles.js";
import { CLOSED, reviewDetail, REVIEWS, searchReport } from "./feedback.js";
import { FLOOR, MEMBERS } from "./floor.js";
import { answer, BOT, clock, DANA, detail, MAYA, ME, message, notice, PASSAGE, rows as seededRows, SCENES, type Scene } from "./scenarios.js";

const PORT = Number(process.env.PORT ?? "8090");
const dist = join(import.meta.dirname, "..", "dist");
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

interface Chat extends Scene { events: EventFrame[]; acks: Map<string, AckFrame>; sockets: Set<WebSocket> }
const chats = new Map<string, Chat>();
let rows: Row[] = seededRows();
const details = new Map(rows.map((row) => [row.id, detail(row)]));
const deskSockets = new Set<WebSocket>();
let signedIn = true;
const articles = new StandInArticles(ME.name);
const settings = { sockets: true, http: true, role: "agent", once: false };

function chatOf(token: string | null): { token: string; chat: Chat } {
  const key = token ?? `dev:welcome:${Math.random()}`;
  let chat = chats.get(key);
  if (!chat) {
    const build = SCENES[key.split(":")[1] ?? "welcome"] ?? SCENES.welcome;
    chat = { ...build!(), events: [], acks: new Map(), sockets: new Set() };
    chats.set(key, chat);
  }
  return { token: key, chat };
}

const send = (socket: WebSocket, value: unknown): void => socket.send(JSON.stringify(value));
const live = (chat: Chat, frame: LiveFrame): void => chat.sockets.forEach((socket) => send(socket, frame));

function emit(chat: Chat, body: Pick<EventFrame, "event" | "data">): void {
  chat.conversation = { ...chat.conversation, last_event: chat.conversation.last_event + 1 };
  if (body.event === "conversation") (body.data as { conversation: Conversation }).conversation = chat.conversation;
  const frame = { type: "event", id: chat.conversation.last_event, ...body } as EventFrame;
  chat.events.push(frame);
  for (const socket of chat.sockets) send(socket, frame);
}

function add(chat: Chat, build: (seq: number) => Message): Message {
  const made = { ...build((chat.messages.at(-1)?.seq ?? 0) + 1), at: new Date().toISOString(), epoch: chat.conversation.epoch };
  chat.messages.push(made);
  emit(chat, { event: "message", data: { message: made } });
  return made;
}

function own(chat: Chat, owner: Owner, extra: Partial<Conversation> = {}): void {
  chat.conversation = { ...chat.conversation, owner, epoch: chat.conversation.epoch + 1, queue: null, agent: null, ...extra };
  emit(chat, { event: "conversation", data: { conversation: chat.conversation } });
}

function queue(chat: Chat): void {
  own(chat, "queue", { queue: { position: 1, staffed: true, wait_minutes: 3, wait_is_estimate: true, reply_by: null } });
  add(chat, (seq) => notice(seq, { type: "queued", reason: "asked" }, "I've passed this conversation to our team. Everything you wrote is with them, so you won't have to repeat it."));
  setTimeout(() => {
    own(chat, "agent", { agent: { name: "Maya Ortiz" } });
    add(chat, (seq) => notice(seq, { type: "claimed", agent: "Maya Ortiz" }, "Maya Ortiz has joined the conversation."));
    live(chat, { type: "live", event: "typing", data: { author: MAYA, on: true } });
    setTimeout(() => add(chat, (seq) => message(seq, MAYA, "Hello, I have read what you wrote. Give me a moment.")), 2000);
  }, 6000);
}

function act(chat: Chat, frame: ClientFrame): AckFrame | null {
  if (frame.type === "hello" || frame.type === "ping" || frame.type === "typing") return null;
  const before = chat.acks.get(frame.client_id);
  if (before) return before;
  let made: Message | null = null;
  if (frame.type === "message") {
    made = add(chat, (seq) => message(seq, DANA, frame.text, { client_id: frame.client_id }));
    if (chat.conversation.owner === "bot" && chat.conversation.bot === "ready") {
      live(chat, { type: "live", event: "typing", data: { author: BOT, on: true } });
      setTimeout(() => add(chat, (seq) => answer(seq)), 1200);
    }
  } else if (frame.type === "press") {
    const on = chat.messages.find((m) => m.buttons.some((b) => b.id === frame.button));
    const button = on?.buttons.find((b) => b.id === frame.button);
    if (on && button) {
      button.used = true;
      live(chat, { type: "live", event: "button", data: { message_id: on.id, button_id: button.id } });
      made = add(chat, (seq) => message(seq, DANA, button.title, { client_id: frame.client_id }));
      if (button.title === "Talk to a person") queue(chat);
      else setTimeout(() => add(chat, (seq) => message(seq, BOT, "Glad to hear it.")), 600);
    }
  } else if (frame.type === "person") {
    queue(chat);
  } else if (frame.type === "withdraw") {
    add(chat, (seq) => notice(seq, { type: "withdrawn" }, "You are back with the assistant, and not in line any more. Ask away; you can have a person at any time."));
    chat.conversation = { ...chat.conversation, owner: "bot", epoch: chat.conversation.epoch + 1, queue: null };
    emit(chat, { event: "conversation", data: { conversation: chat.conversation } });
  } else if (frame.type === "email") {
    chat.conversation = { ...chat.conversation, email: frame.email };
    made = add(chat, (seq) => notice(seq, { type: "email_saved", email: frame.email }, `Thank you. The team can reach you at ${frame.email}.`));
    emit(chat, { event: "conversation", data: { conversation: chat.conversation } });
  } else {
    chat.conversation = { ...chat.conversation, rating: { requested: false, score: frame.score } };
    made = add(chat, (seq) => notice(seq, { type: "rated", score: frame.score }, "Thank you for your rating."));
    emit(chat, { event: "conversation", data: { conversation: chat.conversation } });
  }
  const ack: AckFrame = { type: "ack", client_id: frame.client_id, message: made };
  chat.acks.set(frame.client_id, ack);
  return ack;
}

// ---- HTTP ----------------------------------------------------------------------------------------------------------

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json", Date: new Date().toUTCString() }).end(JSON.stringify(value));
}
const refuse = (response: ServerResponse, status: number, code: string, words: string): void => json(response, status, { error: { code, message: words, field: null } });

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>);
}

function deskEvent(event: DeskEvent): void {
  for (const socket of deskSockets) send(socket, event);
}

function counts(): Record<string, number> {
  return { queue: rows.filter((r) => r.owner === "queue").length, mine: rows.filter((r) => r.agent?.id === ME.id).length, bot: rows.filter((r) => r.owner === "bot" && !r.tags.includes("resolved")).length };
}

function change(row: Row, to: Partial<Row>): void {
  const changed: Row = { ...row, epoch: row.epoch + 1, updated_at: new Date().toISOString(), ...to };
  rows = rows.map((r) => (r.id === row.id ? changed : r));
  const known = details.get(row.id)!;
  details.set(row.id, { ...known, row: changed });
  deskEvent({ type: "event", event: "conversation", data: { row: changed, removed: false } });
  deskEvent({ type: "event", event: "counts", data: counts() });
}

async function feedback(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const [, id, close] = /^\/api\/desk\/reviews\/([^/]+)(\/close)?$/.exec(url.pathname) ?? [];
  if (url.pathname === "/api/desk/reports/searches") return json(response, 200, process.env.EMPTY ? { ...searchReport("handed_over"), now: { searches: 0 }, suggested: [] } : searchReport((url.searchParams.get("kind") ?? "asked") as SearchKind));
  if (id === undefined) {
    const reviews = process.env.EMPTY ? [] : url.searchParams.get("state") === "closed" ? CLOSED : REVIEWS;
    return json(response, 200, { reviews, counts: { open: process.env.EMPTY ? 0 : REVIEWS.length, closed: process.env.EMPTY ? 0 : CLOSED.length } });
  }
  const place = REVIEWS.findIndex((one) => one.id === id);
  const known = REVIEWS[place] ?? CLOSED.find((one) => one.id === id) ?? CLOSED[0]!;
  if (close === undefined) return json(response, 200, reviewDetail(known));
  const { outcome, note } = (await bodyOf(request)) as { outcome: ReviewOutcome; note: string };
  if (id === "hostile") return refuse(response, 409, "conflict", "Cora Lindqvist has closed this review already.");
  REVIEWS.splice(place, 1);
  CLOSED.unshift({ ...known, closed: { at: new Date().toISOString(), by: ME.name, outcome, note, article_version: 4 } });
  return json(response, 200, reviewDetail(CLOSED[0]!));
}

async function desk(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const { method } = request;
  if (url.pathname === "/api/staff/session") {
    if (method === "DELETE") signedIn = false;
    if (method === "POST") {
      const body = await bodyOf(request);
      if (body.password === "wrong") return refuse(response, 401, "unauthenticated", "That e-mail address and password do not belong together.");
      signedIn = true;
    }
    return signedIn ? json(response, 200, { staff: { ...ME, role: settings.role, capacity: 3, password_once: settings.once } }) : refuse(response, 401, "unauthenticated", "Sign in first.");
  }
  if (!signedIn) return refuse(response, 401, "unauthenticated", "Sign in first.");
  if (/^\/api\/desk\/re(views|ports)/.test(url.pathname)) return feedback(request, response, url);
  if (url.pathname.startsWith("/api/desk/article")) {
    const { status, body } = articles.answer(method ?? "GET", url, await bodyOf(request));
    return json(response, status, body);
  }
  if (url.pathname === "/api/desk/conversations") {
    const view = url.searchParams.get("view");
    const list = rows.filter((r) => view === "queue" ? r.owner === "queue" : view === "mine" ? r.agent?.id === ME.id : view === "colleagues" ? r.owner === "agent" && r.agent?.id !== ME.id : view === "bot" ? r.owner === "bot" && !r.tags.includes("resolved") : r.tags.includes("resolved"));
    return json(response, 200, { conversations: process.env.EMPTY ? [] : list, counts: process.env.EMPTY ? { queue: 0, mine: 0, bot: 0 } : counts(), event: 1 });
  }
  if (url.pathname === "/api/desk/search") {
    const hit = { article_id: "fh-0019", slug: "download-invoices", title: "Download your invoices", heading: "Download one invoice", url: "/help/download-invoices", html: PASSAGE, score: 0.91, visibility: "public" };
    return json(response, 200, { search_id: "se_1", results: url.searchParams.get("q") === "nothing" ? [] : [hit, { ...hit, article_id: "fh-0100", title: "Refund limits for agents", heading: "Above 500 dollars", visibility: "internal", url: "/help/agent-refund-limits" }] });
  }
  if (url.pathname.startsWith("/api/desk/notifications")) {
    const minutes = (count: number): string => new Date(Date.now() - count * 60_000).toISOString();
    return json(response, 200, { unread: method === "POST" ? 0 : 2, notifications: [
      { id: "no_1", conversation_id: rows[0]!.id, words: "FH-1041: First response is overdue (Tell the leads).", at: minutes(3), read_at: null },
      { id: "no_2", conversation_id: rows[1]!.id, words: "Jonas Lindgren passed FH-1038 to you. They wait for the second invoice, and have asked twice; the refund was promised by phone.", at: minutes(40), read_at: null },
      { id: "no_3", conversation_id: null, words: "FH-1012 went back to the queue: its customer waited, and your desk had been silent.", at: minutes(300), read_at: minutes(200) },
    ] });
  }
  if (url.pathname === "/api/desk/floor") return json(response, 200, FLOOR);
  if (url.pathname === "/api/staff" && method === "GET") return json(response, 200, { staff: MEMBERS });
  if (url.pathname === "/api/staff") {
    const made = await bodyOf(request);
    if (made.email === "maya@fernhill.example") return refuse(response, 409, "conflict", "There is an account for maya@fernhill.example already. Change that one instead.");
    return json(response, 200, { member: { ...MEMBERS[0], ...made }, password: "k3Jr-8fWq_Tz1xYw" });
  }
  if (url.pathname.startsWith("/api/staff/") || url.pathname.startsWith("/api/teams/")) return json(response, 200, { member: MEMBERS[0], password: "k3Jr-8fWq_Tz1xYw", capacity: 3 });
  if (url.pathname === "/api/desk/presence") return json(response, 200, {});
  const body = await bodyOf(request);
  const ticket = /^\/api\/desk\/tickets\/tk_(.+)$/.exec(url.pathname);
  if (ticket) {
    const known = details.get(ticket[1]!)!;
    details.set(ticket[1]!, { ...known, ticket: { ...known.ticket!, ...body } });
    change(known.row, { ...body, epoch: known.row.epoch });
    return json(response, 200, {});
  }
  const match = /^\/api\/desk\/conversations\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname);
  const row = rows.find((r) => r.id === match?.[1]);
  if (!match || !row) return refuse(response, 404, "not_found", "There is no such conversation.");
  const known = details.get(row.id)!;
  const add = (made: Message): void => {
    details.set(row.id, { ...details.get(row.id)!, messages: [...details.get(row.id)!.messages, made] });
    deskEvent({ type: "event", event: "message", data: { conversation_id: row.id, message: made } });
  };
  const seq = (known.messages.at(-1)?.seq ?? 0) + 1;
  switch (match[2]) {
    case undefined:
      return json(response, 200, known);
    case "readers":
      return json(response, 200, { people: MEMBERS.map(({ id, name }) => ({ id, name })) });
    case "claim":
      if (row.id === "cv_r10") {
        change(row, { owner: "agent", agent: { id: "st_ben", name: "Ben Adeyemi" } });
        return refuse(response, 409, "stale_epoch", "Ben Adeyemi has already taken this conversation.");
      }
      change(row, { owner: "agent", agent: { id: ME.id, name: ME.name } });
      add(notice(seq, { type: "claimed", agent: ME.name }, `${ME.name} has joined the conversation.`));
      return json(response, 200, details.get(row.id));
    case "replies":
    case "notes": {
      const made = { ...message(seq, MAYA, String(body.text), { client_id: String(body.client_id), kind: match[2] === "notes" ? "note" : "text" }), at: new Date().toISOString() };
      add(made);
      if (match[2] === "replies") change(row, { epoch: row.epoch, unanswered: false });
      return json(response, 200, { message: made });
    }
    case "transfer":
      change(row, body.team ? { owner: "queue", agent: null } : { owner: "agent", agent: { id: String(body.agent), name: "Jonas Lindgren" } });
      return json(response, 200, details.get(row.id));
    case "resolve":
      change(row, { owner: "bot", agent: null, tags: ["resolved"], clock: null });
      add(notice(seq, { type: "resolved" }, "Maya Ortiz has marked this as resolved. If you have another question, just ask."));
      return json(response, 200, {});
    case "return":
      change(row, { owner: "bot", agent: null });
      return json(response, 200, {});
    case "release":
      change(row, { owner: "queue", agent: null, clock: clock("next_response", 20) });
      return json(response, 200, {});
    default:
      return refuse(response, 404, "not_found", "There is no such route.");
  }
}

async function chat(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (url.pathname === "/api/chat/sessions") {
    const body = await bodyOf(request);
    const { token, chat } = chatOf(typeof body.token === "string" ? body.token : null);
    return json(response, 200, { token, conversation: chat.conversation, messages: chat.messages });
  }
  const { chat } = chatOf((request.headers.authorization ?? "").replace("Bearer ", ""));
  if (url.pathname === "/api/chat/frames") return json(response, 200, act(chat, (await bodyOf(request)) as unknown as ClientFrame) ?? {});
  const after = Number(url.searchParams.get("after") ?? "0");
  const until = Date.now() + Number(url.searchParams.get("wait") ?? "0") * 1000;
  while (Date.now() < until && !chat.events.some((e) => e.id > after)) await new Promise((done) => setTimeout(done, 100));
  json(response, 200, { events: chat.events.filter((e) => e.id > after), live: [], conversation: chat.conversation });
}

async function file(response: ServerResponse, url: URL): Promise<void> {
  const path = url.pathname === "/demo" ? "/demo/index.html" : /^\/desk\/?$/.test(url.pathname) ? "/desk/index.html" : normalize(url.pathname);
  const content = await readFile(join(dist, path)).catch(() => null);
  if (content === null) {
    response.writeHead(404).end("not found");
    return;
  }
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const identity = url.searchParams.has("guest") ? "" : "eyJ.eyJ.dev";
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws:" });
  response.end(path === "/demo/index.html" ? content.toString("utf8").replace("__BATON_IDENTITY__", identity) : content);
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://dev");
  const handle = async (): Promise<void> => {
    if (url.pathname === "/dev/set") {
      const { colleague, ...changes } = await bodyOf(request);
      Object.assign(settings, changes);
      if (typeof colleague === "string") articles.colleagueWrites(colleague);
      if (!settings.sockets) for (const socket of [...deskSockets, ...[...chats.values()].flatMap((c) => [...c.sockets])]) socket.terminate();
      return json(response, 200, settings);
    }
    if (url.pathname.startsWith("/api/") && !settings.http) return void request.socket.destroy();
    if (url.pathname.startsWith("/api/chat/")) return chat(request, response, url);
    if (url.pathname.startsWith("/api/")) return desk(request, response, url);
    return file(response, url);
  };
  handle().catch((error: unknown) => refuse(response, 500, "internal", String(error)));
});

const sockets = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (!settings.sockets) return void socket.destroy();
  sockets.handleUpgrade(request, socket, head, (ws) => {
    if (request.url?.startsWith("/api/desk/")) {
      deskSockets.add(ws);
      ws.on("close", () => deskSockets.delete(ws));
      send(ws, { type: "event", event: "presence", data: { agents: [{ id: ME.id, name: ME.name, state: "online" }] } });
      return;
    }
    let mine: Chat | null = null;
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString("utf8")) as ClientFrame;
      if (frame.type === "hello") {
        mine = chatOf(frame.token).chat;
        mine.sockets.add(ws);
        send(ws, { type: "resumed", conversation: mine.conversation });
        for (const event of mine.events) if (event.id > (frame.after ?? 0)) send(ws, event);
      } else if (frame.type === "ping") {
        send(ws, { type: "pong" });
      } else if (mine) {
        const ack = act(mine, frame);
        if (ack) send(ws, ack);
      }
    });
    ws.on("close", () => mine?.sockets.delete(ws));
  });
});

server.listen(PORT, "127.0.0.1", () => console.log(`Stand-in for the service: http://127.0.0.1:${PORT}/demo and /desk/`));
