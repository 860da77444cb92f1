import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backoffMs } from "../shared/backoff.js";
import { ChatConnection } from "../shared/chat-connection.js";
import { ACK_MS } from "../shared/outbox.js";
import { conversation, FakeService, FakeSockets, message, RecordingSink, refusal } from "./fakes.js";

let service: FakeService;
let sockets: FakeSockets;
let sink: RecordingSink;
let token: string | null;
let line: ChatConnection;

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const event = (id: number) => ({ type: "event", id, event: "message", data: { message: message(id) } });

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T14:45:00Z") });
  service = new FakeService();
  sockets = new FakeSockets();
  sink = new RecordingSink();
  token = null;
  service.on("POST", "/api/chat/sessions", () => ({ body: { token: "tk_1", conversation: conversation(), messages: [message(1)] } }));
  line = new ChatConnection({
    base: "https://service.test", fetch: service.fetch, socket: sockets.open, tokens: { read: () => token, write: (t) => (token = t) }, random: () => 0.5,
    page: () => ({ url: "https://shop.test/cart", title: "Cart" }),
  }, sink);
});
afterEach(() => {
  line.stop();
  vi.useRealTimers();
});

async function online(): Promise<void> {
  await line.start(null);
  sockets.last.opens();
  sockets.last.says({ type: "resumed", conversation: conversation() });
}

async function refuseSockets(): Promise<void> {
  await line.start(null);
  for (let i = 0; i < 2; i += 1) {
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(2_000);
  }
}

describe("opening", () => {
  test("a session is opened with the page, and its token is kept", async () => {
    await line.start("a.b.c");
    expect(service.to("/api/chat/sessions")[0]?.body).toEqual({ token: null, identity: "a.b.c", page: { url: "https://shop.test/cart", title: "Cart" } });
    expect(token).toBe("tk_1");
    expect(sink.snapshots).toHaveLength(1);
  });

  test("the first frame says hello with the token and the last event of the session", async () => {
    await line.start(null);
    expect(sockets.last.url).toBe("wss://service.test/api/chat/socket");
    sockets.last.opens();
    expect(sockets.last.sent).toEqual([{ type: "hello", token: "tk_1", after: 10 }]);
    expect(line.state).toBe("connecting");
    sockets.last.says({ type: "resumed", conversation: conversation() });
    expect(line.state).toBe("online");
  });

  test("a refused identity is told, and the customer goes on as a guest", async () => {
    service.on("POST", "/api/chat/sessions", (call) =>
      (call.body as { identity: string | null }).identity === null ? { body: { token: "tk_2", conversation: conversation(), messages: [] } } : { status: 401, body: refusal("unauthenticated", "The identity has expired.") });
    await line.start("a.b.c");
    await settle();
    expect(sink.identityProblem?.message).toBe("The identity has expired.");
    expect(token).toBe("tk_2");
  });

  test("another customer whose session cannot be opened at once does not go on in the conversation of the one before", async () => {
    await online();
    token = null; // the token store gives another customer no token
    service.on("POST", "/api/chat/sessions", { status: 503, body: refusal("unavailable", "Try again.") });
    await line.start("another.customers.jwt");
    const opened = sockets.all.length;
    service.on("POST", "/api/chat/sessions", { body: { token: "tk_2", conversation: conversation({ id: "cv_2" }), messages: [] } });
    await vi.advanceTimersByTimeAsync(1_000);
    sockets.last.opens();
    expect(sockets.all).toHaveLength(opened + 1);
    expect(sockets.last.sent).toEqual([{ type: "hello", token: "tk_2", after: 10 }]);
  });

  test("a site that may not embed the chat is told so and not tried again", async () => {
    service.on("POST", "/api/chat/sessions", { status: 403, body: refusal("forbidden", "This site may not embed the chat.") });
    await line.start(null);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(line.state).toBe("refused");
    expect(sink.problem?.message).toBe("This site may not embed the chat.");
    expect(service.to("/api/chat/sessions")).toHaveLength(1);
  });

  test("an unreachable service is tried again until it is there", async () => {
    service.on("POST", "/api/chat/sessions", "unreachable");
    await line.start(null);
    expect(line.state).toBe("offline");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(service.to("/api/chat/sessions").length).toBeGreaterThan(2);
    service.on("POST", "/api/chat/sessions", { body: { token: "tk_1", conversation: conversation(), messages: [] } });
    await vi.advanceTimersByTimeAsync(8_000);
    expect(sockets.all).toHaveLength(1);
  });
});

describe("resuming", () => {
  test("after a drop the line resumes from the last event it saw and takes each event once", async () => {
    await online();
    sockets.last.says(event(11));
    sockets.last.says(event(12));
    sockets.last.drops();
    expect(line.state).toBe("offline");
    await vi.advanceTimersByTimeAsync(backoffMs(0, 0.5));
    expect(sockets.all).toHaveLength(2);
    sockets.last.opens();
    expect(sockets.last.sent[0]).toEqual({ type: "hello", token: "tk_1", after: 12 });
    sockets.last.says({ type: "resumed", conversation: conversation({ last_event: 14 }) });
    for (const id of [12, 13, 14, 14]) sockets.last.says(event(id));
    expect(sink.events.map((e) => e.id)).toEqual([11, 12, 13, 14]);
  });

  test("a snapshot replaces what was known and moves the place to resume from", async () => {
    await online();
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(1_000);
    sockets.last.opens();
    sockets.last.says({ type: "snapshot", conversation: conversation({ last_event: 900 }), messages: [message(200)] });
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(1_000);
    sockets.last.opens();
    expect(sockets.last.sent[0]).toMatchObject({ after: 900 });
    expect(sink.snapshots.at(-1)?.[0]?.seq).toBe(200);
  });

  test("frames of a socket that was given up are ignored", async () => {
    await online();
    const old = sockets.last;
    old.drops();
    await vi.advanceTimersByTimeAsync(1_000);
    old.says(event(11));
    expect(sink.events).toEqual([]);
  });

  test("a token that the service no longer knows opens a new session", async () => {
    await online();
    service.on("POST", "/api/chat/sessions", { body: { token: "tk_new", conversation: conversation({ id: "cv_2" }), messages: [] } });
    sockets.last.says({ type: "error", client_id: null, ...refusal("unauthenticated", "Unknown token.") });
    await settle();
    expect(token).toBe("tk_new");
    sockets.last.opens();
    expect(sockets.last.sent[0]).toMatchObject({ type: "hello", token: "tk_new" });
  });

  test("a silent line is given up ten seconds after an unanswered ping", async () => {
    await online();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(sockets.last.of("ping")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(line.state).toBe("online");
    await vi.advanceTimersByTimeAsync(1);
    expect(line.state).toBe("offline");
  });

  test("an answered ping keeps the line", async () => {
    await online();
    for (let i = 0; i < 4; i += 1) {
      await vi.advanceTimersByTimeAsync(25_000);
      sockets.last.says({ type: "pong" });
    }
    await vi.advanceTimersByTimeAsync(9_000);
    expect(line.state).toBe("online");
    expect(sockets.all).toHaveLength(1);
  });

  test("when the network returns the backoff is not waited out", async () => {
    await online();
    sockets.last.drops();
    line.hurry();
    await settle();
    expect(sockets.all).toHaveLength(2);
  });
});

describe("sending", () => {
  const frame = { type: "message", client_id: "c1", text: "hello" } as const;

  test("what is not acknowledged is sent again under the same client_id after a reconnection", async () => {
    await online();
    line.send(frame);
    expect(sockets.last.of("message")).toEqual([frame]);
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(1_000);
    sockets.last.opens();
    expect(sockets.last.of("message")).toEqual([]);
    sockets.last.says({ type: "resumed", conversation: conversation() });
    expect(sockets.last.of("message")).toEqual([frame]);
  });

  test("what is acknowledged is not sent again", async () => {
    await online();
    line.send(frame);
    sockets.last.says({ type: "ack", client_id: "c1", message: message(11, { client_id: "c1" }) });
    sockets.last.drops();
    await vi.advanceTimersByTimeAsync(1_000);
    sockets.last.opens();
    sockets.last.says({ type: "resumed", conversation: conversation() });
    expect(sockets.last.of("message")).toEqual([]);
    expect(sink.acks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(ACK_MS);
    expect(sink.failures).toEqual([]);
  });

  test("what is said before the line is up is sent once it is", async () => {
    void line.start(null);
    line.send(frame);
    await settle();
    sockets.last.opens();
    sockets.last.says({ type: "resumed", conversation: conversation() });
    expect(sockets.last.of("message")).toEqual([frame]);
  });

  test("what was meant for one conversation is not sent in another: it fails", async () => {
    await online();
    line.send(frame);
    sockets.last.drops();
    service.on("POST", "/api/chat/sessions", { body: { token: "tk_2", conversation: conversation({ id: "cv_2" }), messages: [] } });
    await line.start("an.other.customer");
    expect(sink.failures.map((f) => f.clientId)).toEqual(["c1"]);
    sockets.last.opens();
    sockets.last.says({ type: "resumed", conversation: conversation({ id: "cv_2" }) });
    expect(sockets.last.of("message")).toEqual([]);
  });

  test("an identity that joins the conversation takes what is unsent along", async () => {
    await online();
    sockets.last.drops();
    line.send(frame);
    await line.start("a.b.c");
    sockets.last.opens();
    sockets.last.says({ type: "resumed", conversation: conversation() });
    expect(sockets.last.of("message")).toEqual([frame]);
    expect(sink.failures).toEqual([]);
  });

  test("twenty seconds without an ack are a failure, told once", async () => {
    await online();
    line.send(frame);
    await vi.advanceTimersByTimeAsync(ACK_MS - 1);
    expect(sink.failures).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sink.failures.map((f) => f.clientId)).toEqual(["c1"]);
    await vi.advanceTimersByTimeAsync(ACK_MS);
    expect(sink.failures).toHaveLength(1);
  });

  test("a refusal is told with the service's words", async () => {
    await online();
    line.send(frame);
    sockets.last.says({ type: "error", client_id: "c1", ...refusal("rate_limited", "Too many messages. Wait a moment.") });
    expect(sink.failures[0]?.problem.message).toBe("Too many messages. Wait a moment.");
    expect(line.state).toBe("online");
  });
});

describe("where sockets are blocked", () => {
  const polled = (over: object = {}) => ({ body: { events: [], live: [], conversation: conversation(), ...over } });

  test("two failed sockets lead to long polling from the last event, at first without waiting", async () => {
    service.on("GET", "/api/chat/events", (call) => (call.url.includes("wait=25") ? "never" : polled({ events: [event(11)] })));
    await refuseSockets();
    const polls = service.to("/api/chat/events");
    expect(polls[0]?.url).toBe("https://service.test/api/chat/events?after=10&wait=0");
    expect(polls[0]?.headers.Authorization).toBe("Bearer tk_1");
    expect(polls[1]?.url).toBe("https://service.test/api/chat/events?after=11&wait=25");
    expect(line.state).toBe("online");
    expect(line.transport).toBe("polling");
    expect(sink.events.map((e) => e.id)).toEqual([11]);
  });

  test("frames are posted and acknowledged by the answer", async () => {
    service.on("GET", "/api/chat/events", (call) => (call.url.includes("wait=25") ? "never" : polled()));
    service.on("POST", "/api/chat/frames", (call) => ({ body: { type: "ack", client_id: (call.body as { client_id: string }).client_id, message: null } }));
    await refuseSockets();
    line.send({ type: "person", client_id: "p1" });
    await settle();
    expect(service.to("/api/chat/frames")[0]?.body).toEqual({ type: "person", client_id: "p1" });
    expect(sink.acks[0]?.client_id).toBe("p1");
  });

  test("a frame that could not be posted goes out again after the next poll", async () => {
    let answerSecond: (answer: ReturnType<typeof polled>) => void = () => undefined;
    const second = new Promise<ReturnType<typeof polled>>((resolve) => (answerSecond = resolve));
    let polls = 0;
    service.on("GET", "/api/chat/events", () => ((polls += 1) === 1 ? polled() : polls === 2 ? second : "never"));
    service.on("POST", "/api/chat/frames", "unreachable");
    await refuseSockets();
    line.send({ type: "message", client_id: "m1", text: "hi" });
    await settle();
    expect(sink.acks).toEqual([]);
    service.on("POST", "/api/chat/frames", { body: { type: "ack", client_id: "m1", message: null } });
    answerSecond(polled());
    await settle();
    expect(service.to("/api/chat/frames").map((call) => (call.body as { client_id: string }).client_id)).toEqual(["m1", "m1"]);
    expect(sink.acks.map((ack) => ack.client_id)).toEqual(["m1"]);
    expect(sink.failures).toEqual([]);
  });

  test("a refused frame is a failure with the service's words", async () => {
    service.on("GET", "/api/chat/events", (call) => (call.url.includes("wait=25") ? "never" : polled()));
    service.on("POST", "/api/chat/frames", { status: 400, body: refusal("invalid", "That does not look like an e-mail address.") });
    await refuseSockets();
    line.send({ type: "email", client_id: "e1", email: "x" });
    await settle();
    expect(sink.failures[0]).toMatchObject({ clientId: "e1", problem: { code: "invalid" } });
  });
});

describe("backoff", () => {
  test("it doubles from half a second and never passes thirty", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 50].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });
  test("jitter takes away at most half", () => {
    expect(backoffMs(3, 0)).toBe(2000);
    expect(backoffMs(3, 0.5)).toBe(3000);
  });
});
