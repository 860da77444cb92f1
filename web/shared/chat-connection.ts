/** The customer's line to the service: a session, then one socket that resumes where it stopped, or long polling.
 *
 * What is sent as a DurableFrame is kept until the service acknowledges it and sent again after every reconnection; its
 * `client_id` is the idempotency key, so a repeat changes nothing.
 */
import { backoffMs } from "./backoff.js";
import { now } from "./clock.js";
import { NoConnection, ServiceError } from "./errors.js";
import { requestJson } from "./http.js";
import type { ChatPorts, ChatSink, LinkState, SocketLike } from "./chat-ports.js";
import { Heartbeat, hangUp } from "./live-socket.js";
import { Outbox, type Waiting } from "./outbox.js";
import type { AckFrame, ClientFrame, Conversation, DurableFrame, ErrorBody, EventFrame, Message, Poll, ServiceFrame, Session } from "./protocol.js";

const HELLO_MS = 10_000;
const SOCKET_FAILURES_BEFORE_POLLING = 2;
const POLLING_BEFORE_SOCKET_MS = 120_000;
const ANOTHER_CONVERSATION: ErrorBody = { code: "conflict", message: "Not sent: it was written in another conversation.", field: null };

export class ChatConnection {
  readonly #ports: ChatPorts;
  readonly #sink: ChatSink;
  readonly #outbox: Outbox;
  #state: LinkState = "idle";
  #identity: string | null = null;
  #token: string | null = null;
  #conversation: string | null = null;
  #after: number | null = null;
  #attempt = 0;
  #socketFailures = 0;
  /** Rises with every fresh start; whatever belongs to an older one is ignored. */
  #run = 0;
  #socket: SocketLike | null = null;
  #polling: AbortController | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #helloTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #heartbeat = new Heartbeat(() => this.#write({ type: "ping" }), () => this.#socketFailed());

  constructor(ports: ChatPorts, sink: ChatSink) {
    this.#ports = ports;
    this.#sink = sink;
    this.#outbox = new Outbox((clientId, problem) => this.#sink.failed(clientId, problem));
  }

  get state(): LinkState {
    return this.#state;
  }

  get transport(): "socket" | "polling" | null {
    return this.#polling ? "polling" : this.#state === "online" ? "socket" : null;
  }

  /** Opens a session (joining `identity` to it when given) and stays connected until `stop`. */
  async start(identity: string | null): Promise<void> {
    this.#identity = identity;
    this.#token = null; // a retry must not go on as whoever was here before
    this.#begin();
    await this.#openSession();
  }

  stop(): void {
    this.#begin();
    this.#outbox.clear();
    this.#become("idle");
  }

  /** The network came back, or the page was woken: do not wait out the backoff. */
  hurry(): void {
    if (this.#state === "offline" || (this.#state === "connecting" && this.#retryTimer !== undefined)) {
      this.#attempt = 0;
      this.#begin();
      void this.#resume();
    }
  }

  /** Stores and sends; the sink hears `acked` or `failed` under the frame's client_id. */
  send(frame: DurableFrame): void {
    const waiting = this.#outbox.keep(frame);
    if (this.#state === "online") this.#transmit(waiting);
  }

  typing(on: boolean): void {
    if (this.#state !== "online") return;
    if (this.#socket) this.#write({ type: "typing", on });
    else void this.#post({ type: "typing", on }).catch(() => undefined); // ephemeral: a lost one is no loss
  }

  // ---- starting over -----------------------------------------------------------------------------------------------

  #begin(): void {
    this.#run += 1;
    for (const timer of [this.#retryTimer, this.#helloTimer]) clearTimeout(timer);
    this.#retryTimer = undefined;
    this.#heartbeat.stop();
    hangUp(this.#socket);
    this.#socket = null;
    this.#polling?.abort();
    this.#polling = null;
    this.#outbox.lost();
  }

  #become(state: LinkState, problem?: ErrorBody): void {
    this.#state = state;
    this.#sink.link(state, problem);
  }

  async #resume(): Promise<void> {
    if (this.#token === null) await this.#openSession();
    else this.#connect();
  }

  #later(): void {
    this.#become("offline");
    const wait = backoffMs(this.#attempt, this.#ports.random());
    this.#attempt += 1;
    this.#begin();
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#resume();
    }, wait);
  }

  async #openSession(): Promise<void> {
    const run = this.#run;
    this.#become(this.#attempt === 0 ? "connecting" : "offline");
    const body = { token: this.#ports.tokens.read(), identity: this.#identity, page: this.#ports.page() };
    try {
      const session = (await requestJson(`${this.#ports.base}/api/chat/sessions`, { method: "POST", body }, this.#ports.fetch)) as Session;
      if (run !== this.#run) return;
      this.#token = session.token;
      this.#ports.tokens.write(session.token);
      this.#after = session.conversation.last_event;
      this.#snapshot(session.conversation, session.messages);
      this.#connect();
    } catch (error) {
      if (run !== this.#run) return;
      this.#sessionRefused(error);
    }
  }

  #snapshot(conversation: Conversation, messages: Message[]): void {
    // Another conversation is another customer's, as after a change of identity: nothing unsent may end up there.
    if (this.#conversation !== null && this.#conversation !== conversation.id) this.#outbox.giveUpAll(ANOTHER_CONVERSATION);
    this.#conversation = conversation.id;
    this.#sink.snapshot(conversation, messages);
  }

  #sessionRefused(error: unknown): void {
    if (error instanceof ServiceError && error.body.code === "unauthenticated" && this.#identity !== null) {
      this.#identity = null; // a broken or expired identity must not keep a customer from support
      this.#sink.identityRefused(error.body);
      void this.#openSession();
    } else if (error instanceof ServiceError && (error.body.code === "forbidden" || error.body.code === "invalid" || error.body.code === "not_found")) {
      this.#become("refused", error.body);
    } else {
      this.#later();
    }
  }

  #connect(): void {
    if (this.#socketFailures >= SOCKET_FAILURES_BEFORE_POLLING) void this.#poll();
    else this.#openSocket();
  }

  // ---- socket ------------------------------------------------------------------------------------------------------

  #openSocket(): void {
    if (this.#state !== "offline") this.#become("connecting");
    let socket: SocketLike;
    try {
      socket = this.#ports.socket(`${this.#ports.base.replace(/^http/, "ws")}/api/chat/socket`);
    } catch {
      this.#socketFailed(); // a page's policy may forbid sockets altogether
      return;
    }
    this.#socket = socket;
    this.#helloTimer = setTimeout(() => this.#socketFailed(), HELLO_MS);
    socket.onopen = () => this.#write({ type: "hello", token: this.#token ?? "", after: this.#after });
    socket.onmessage = (event) => this.#read(event.data);
    socket.onclose = () => this.#socketFailed();
  }

  #socketFailed(): void {
    if (this.#state === "online") {
      this.#attempt = 0;
    } else {
      this.#socketFailures += 1;
    }
    this.#later();
  }

  #write(frame: ClientFrame): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  #read(data: string): void {
    let frame: ServiceFrame;
    try {
      frame = JSON.parse(data) as ServiceFrame;
    } catch {
      return; // not ours: a proxy's noise
    }
    this.#heartbeat.heard();
    switch (frame.type) {
      case "snapshot":
        this.#after = frame.conversation.last_event;
        this.#snapshot(frame.conversation, frame.messages);
        this.#online();
        break;
      case "resumed":
        this.#sink.conversationIs(frame.conversation);
        this.#online();
        break;
      case "event":
        this.#take(frame);
        break;
      case "live":
        this.#sink.live(frame);
        break;
      case "ack":
        this.#outbox.settle(frame.client_id);
        this.#sink.acked(frame);
        break;
      case "error":
        this.#refused(frame.client_id, frame.error);
        break;
      case "pong":
        break;
    }
  }

  #take(frame: EventFrame): void {
    if (this.#after !== null && frame.id <= this.#after) return;
    this.#after = frame.id;
    this.#sink.event(frame);
  }

  #online(): void {
    clearTimeout(this.#helloTimer);
    this.#attempt = 0;
    if (this.#socket) {
      this.#socketFailures = 0;
      this.#heartbeat.start();
    }
    this.#become("online");
    for (const waiting of this.#outbox) this.#transmit(waiting);
  }

  #refused(clientId: string | null, problem: ErrorBody): void {
    if (problem.code === "unauthenticated") {
      this.#token = null;
      this.#begin();
      void this.#openSession();
    } else if (clientId !== null) {
      this.#outbox.giveUp(clientId, problem);
    }
  }

  // ---- what waits for its ack --------------------------------------------------------------------------------------

  #transmit(waiting: Waiting): void {
    if (this.#socket) {
      this.#write(waiting.frame);
      return;
    }
    if (waiting.inFlight) return;
    waiting.inFlight = true;
    void this.#post(waiting.frame)
      .then((answer) => {
        this.#outbox.settle(waiting.frame.client_id);
        this.#sink.acked(answer as AckFrame);
      })
      .catch((error: unknown) => {
        waiting.inFlight = false;
        if (error instanceof NoConnection || !(error instanceof ServiceError)) return; // sent again after the next poll
        this.#refused(waiting.frame.client_id, error.body);
      });
  }

  // ---- long polling ------------------------------------------------------------------------------------------------

  #post(frame: ClientFrame): Promise<unknown> {
    const headers = { Authorization: `Bearer ${this.#token ?? ""}` };
    return requestJson(`${this.#ports.base}/api/chat/frames`, { method: "POST", body: frame, headers }, this.#ports.fetch);
  }

  async #poll(): Promise<void> {
    const run = this.#run;
    const abort = new AbortController();
    this.#polling = abort;
    const socketDueAt = now() + POLLING_BEFORE_SOCKET_MS;
    let wait = 0; // the first answer must come at once: it says that we are online
    try {
      while (now() < socketDueAt) {
        const after = this.#after === null ? "" : `after=${this.#after}&`;
        const answer = (await requestJson(
          `${this.#ports.base}/api/chat/events?${after}wait=${wait}`,
          { headers: { Authorization: `Bearer ${this.#token ?? ""}` }, signal: abort.signal },
          this.#ports.fetch,
        )) as Poll;
        if (run !== this.#run) return;
        for (const frame of answer.events) this.#take(frame);
        this.#sink.conversationIs(answer.conversation);
        for (const frame of answer.live) this.#sink.live(frame);
        if (this.#state !== "online") this.#online();
        else for (const waiting of this.#outbox) this.#transmit(waiting);
        wait = 25;
      }
      this.#begin();
      this.#openSocket();
    } catch (error) {
      if (run !== this.#run) return;
      if (error instanceof ServiceError && error.body.code === "unauthenticated") {
        this.#refused(null, error.body);
      } else {
        this.#socketFailures = 0; // the whole service was away, perhaps: let the socket try first again
        this.#later();
      }
    }
  }
}
