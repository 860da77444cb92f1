/** What the customer's line stands on and whom it tells: the ports of ChatConnection, so that a test can stand in for each. */
import type { Fetch } from "./http.js";
import type { AckFrame, Conversation, ErrorBody, EventFrame, LiveFrame, Message } from "./protocol.js";

export type LinkState = "idle" | "connecting" | "online" | "offline" | "refused";

/** What the connection tells its owner. */
export interface ChatSink {
  link(state: LinkState, problem?: ErrorBody): void;
  /** A whole conversation: replaces what is known. */
  snapshot(conversation: Conversation, messages: Message[]): void;
  /** The conversation without its messages, as of now or as of a replayed event. */
  conversationIs(conversation: Conversation): void;
  event(frame: EventFrame): void;
  live(frame: LiveFrame): void;
  acked(frame: AckFrame): void;
  failed(clientId: string, problem: ErrorBody): void;
  identityRefused(problem: ErrorBody): void;
}

/** The part of WebSocket that is used. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface TokenStore { read(): string | null; write(token: string): void }

export interface ChatPorts {
  base: string;
  fetch: Fetch;
  socket: (url: string) => SocketLike;
  tokens: TokenStore;
  random: () => number;
  page: () => { url: string; title: string };
}
