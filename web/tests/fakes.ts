/** Stand-ins that behave: a socket that a test plays the service of, and fetch answered from a list of routes. */
import type { ChatSink, LinkState, SocketLike } from "../shared/chat-ports.js";
import type { AckFrame, ClientFrame, Conversation, ErrorBody, EventFrame, LiveFrame, Message } from "../shared/protocol.js";

export class FakeSocket implements SocketLike {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: ClientFrame[] = [];

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  says(frame: unknown): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }

  drops(): void {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close"));
  }

  of(type: ClientFrame["type"]): ClientFrame[] {
    return this.sent.filter((frame) => frame.type === type);
  }
}

export class FakeSockets {
  readonly all: FakeSocket[] = [];
  open = (url: string): FakeSocket => {
    const socket = new FakeSocket(url);
    this.all.push(socket);
    return socket;
  };
  get last(): FakeSocket {
    const socket = this.all.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }
}

export interface Call { method: string; url: string; body: unknown; headers: Record<string, string> }
type Reply = { status?: number; body: unknown } | "unreachable" | "never";
type Answer = Reply | Promise<Reply>;

export class FakeService {
  readonly calls: Call[] = [];
  #answers: { matches: (call: Call) => boolean; answer: (call: Call) => Answer }[] = [];

  on(method: string, path: string, answer: Answer | ((call: Call) => Answer)): void {
    this.#answers.unshift({
      matches: (call) => call.method === method && new URL(call.url, "https://service.test").pathname === path,
      answer: typeof answer === "function" ? answer : () => answer,
    });
  }

  /** Answers every method of every path that begins so. */
  onUnder(path: string, answer: (call: Call) => Answer): void {
    this.#answers.unshift({ matches: (call) => new URL(call.url, "https://service.test").pathname.startsWith(path), answer });
  }

  to(path: string): Call[] {
    return this.calls.filter((call) => new URL(call.url, "https://service.test").pathname === path);
  }

  fetch = (async (url: string, init: RequestInit = {}): Promise<Response> => {
    const call: Call = {
      method: init.method ?? "GET", url, headers: init.headers as Record<string, string>,
      body: typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined,
    };
    this.calls.push(call);
    const answer = (await this.#answers.find(({ matches }) => matches(call))?.answer(call)) ?? { status: 404, body: refusal("not_found", "no such route") };
    if (answer === "unreachable") throw new TypeError("Failed to fetch");
    if (answer === "never") {
      return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))));
    }
    return new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 });
  }) as typeof fetch;
}

export function refusal(code: ErrorBody["code"], message: string): { error: ErrorBody } {
  return { error: { code, message, field: null } };
}

export function conversation(over: Partial<Conversation> = {}): Conversation {
  return { id: "cv_1", owner: "bot", epoch: 1, agent: null, bot: "ready", last_event: 10, queue: null, rating: null, email: null, customer: null, ...over };
}

export function message(seq: number, over: Partial<Message> = {}): Message {
  return {
    id: `ms_${seq}`, seq, kind: "text", author: { kind: "bot", name: "Assistant" }, text: `message ${seq}`, at: "2026-11-23T14:45:00.000Z", client_id: null, answer: null,
    buttons: [], notice: null, ...over,
  };
}

export class RecordingSink implements ChatSink {
  states: LinkState[] = [];
  problem: ErrorBody | undefined;
  snapshots: Message[][] = [];
  conversations: Conversation[] = [];
  events: EventFrame[] = [];
  lives: LiveFrame[] = [];
  acks: AckFrame[] = [];
  failures: { clientId: string; problem: ErrorBody }[] = [];
  identityProblem: ErrorBody | null = null;

  link(state: LinkState, problem?: ErrorBody): void { this.states.push(state); this.problem = problem; }
  snapshot(_: Conversation, messages: Message[]): void { this.snapshots.push(messages); }
  conversationIs(c: Conversation): void { this.conversations.push(c); }
  event(frame: EventFrame): void { this.events.push(frame); }
  live(frame: LiveFrame): void { this.lives.push(frame); }
  acked(frame: AckFrame): void { this.acks.push(frame); }
  failed(clientId: string, problem: ErrorBody): void { this.failures.push({ clientId, problem }); }
  identityRefused(problem: ErrorBody): void { this.identityProblem = problem; }
}
