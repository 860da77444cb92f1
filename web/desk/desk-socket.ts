/** The desk's socket: events in, typing out. It reconnects for ever; what was missed is read again by its owner. */
import { backoffMs } from "../shared/backoff.js";
import type { SocketLike } from "../shared/chat-ports.js";
import type { DeskEvent, View } from "../shared/desk-protocol.js";
import { Heartbeat, hangUp } from "../shared/live-socket.js";
import type { ErrorFrame } from "../shared/protocol.js";

export interface DeskSocketSink {
  connected(): void;
  disconnected(): void;
  event(event: DeskEvent): void;
  /** From here on the service tells what happens in what is shown; what happened just before it did not. */
  watching(conversationId: string | null): void;
  /** The session is over; nothing connects again before `start`. */
  ended(): void;
}

export class DeskSocket {
  readonly #open: () => SocketLike;
  readonly #sink: DeskSocketSink;
  readonly #random: () => number;
  #socket: SocketLike | null = null;
  #attempt = 0;
  #wanted = false;
  #presence: "online" | "away" | undefined;
  #watched: { view: View; conversation_id: string | null } = { view: "queue", conversation_id: null };
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #heartbeat = new Heartbeat(() => this.#write({ type: "ping", state: this.#presence }), () => this.#lost());

  constructor(open: () => SocketLike, sink: DeskSocketSink, random: () => number = Math.random) {
    this.#open = open;
    this.#sink = sink;
    this.#random = random;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#connect();
  }

  stop(): void {
    this.#wanted = false;
    this.#drop();
  }

  /** The network is back: try now. */
  hurry(): void {
    if (!this.#wanted || this.#socket !== null) return;
    this.#attempt = 0;
    clearTimeout(this.#retry);
    this.#connect();
  }

  typing(conversationId: string, on: boolean): void {
    this.#write({ type: "typing", conversation_id: conversationId, on });
  }

  /** Says what is shown, because the service sends only what is. Repeating it costs nothing. */
  watch(view: View, conversationId: string | null): void {
    if (this.#watched.view === view && this.#watched.conversation_id === conversationId) return;
    this.#watched = { view, conversation_id: conversationId };
    this.#write({ type: "watch", ...this.#watched });
  }

  /** Said on the socket too, because its pings keep the presence alive that it last heard. */
  presence(state: "online" | "away"): void {
    this.#presence = state;
    this.#write({ type: "presence", state });
  }

  #connect(): void {
    const socket = this.#open();
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#heartbeat.start();
      this.#write({ type: "watch", ...this.#watched });
      this.#sink.connected();
    };
    socket.onmessage = (message) => {
      this.#heartbeat.heard();
      const frame = parse(message.data);
      if (frame?.type === "watching") this.#sink.watching((frame as { conversation_id?: string | null }).conversation_id ?? null);
      if (frame?.type === "event") this.#sink.event(frame as DeskEvent);
      if (frame?.type === "error" && (frame as ErrorFrame).error.code === "unauthenticated") {
        this.stop();
        this.#sink.ended();
      }
    };
    socket.onclose = () => this.#lost();
  }

  #lost(): void {
    this.#drop();
    if (!this.#wanted) return;
    this.#sink.disconnected();
    this.#retry = setTimeout(() => this.#connect(), backoffMs(this.#attempt, this.#random()));
    this.#attempt += 1;
  }

  #drop(): void {
    clearTimeout(this.#retry);
    this.#heartbeat.stop();
    hangUp(this.#socket);
    this.#socket = null;
  }

  #write(frame: unknown): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }
}

function parse(data: string): { type: string } | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && "type" in value ? (value as { type: string }) : null;
  } catch {
    return null;
  }
}
