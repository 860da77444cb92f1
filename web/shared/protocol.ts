/** The customer's side of docs/protocol.md, as types, and what both sides have in common. Nothing here runs. */

export type ErrorCode =
  | "invalid" | "unauthenticated" | "forbidden" | "not_found" | "conflict" | "stale_epoch" | "stale_version"
  | "too_large" | "too_slow" | "rate_limited" | "unavailable" | "internal";

export interface ErrorBody {
  code: ErrorCode;
  message: string;
  field: string | null;
}

export type AuthorKind = "customer" | "bot" | "agent" | "system";
export interface Author { kind: AuthorKind; name: string }

export interface Answer {
  article_id: string;
  slug: string;
  title: string;
  heading: string | null;
  url: string;
  html: string;
  /** The search that found it, under which opening it is noted; null or missing where none was logged. */
  search_id?: string | null;
}

export interface Button { id: string; title: string; used: boolean }

export type NoticeType =
  | "queued" | "reopened" | "agent_gone" | "moved_to_team" | "moved_to_person" | "claimed" | "withdrawn" | "returned" | "released" | "resolved" | "bot_unavailable" | "email_saved" | "rated"
  | "ticket_opened" | "ticket_open_already" | "tickets_enough" | "mentions";

export interface Notice {
  type: NoticeType;
  reason?: string;
  agent?: string;
  team?: string;
  to?: string;
  email?: string;
  score?: number;
  /** A ticket's number, and by when its first answer is due. */
  ticket?: string;
  reply_by?: string | null;
  /** Of `mentions`, which an internal note carries: the colleagues whom it names. */
  names?: string[];
}

export interface Message {
  id: string;
  seq: number;
  kind: "text" | "answer" | "notice" | "note";
  author: Author;
  text: string;
  at: string;
  client_id: string | null;
  answer: Answer | null;
  buttons: Button[];
  notice: Notice | null;
  /** The epoch it was said in; its buttons are dead in any other. */
  epoch?: number;
}

export interface Queue {
  position: number | null;
  staffed: boolean;
  wait_minutes: number | null;
  wait_is_estimate?: boolean;
  reply_by: string | null;
  /** When somebody answers again, where the team's hours say that nobody does now. */
  opens_at?: string | null;
}

export type Owner = "bot" | "queue" | "agent" | "closed";
export type BotState = "ready" | "starting" | "down";
export interface Rating { requested: boolean; score: number | null }

export interface Conversation {
  id: string;
  owner: Owner;
  epoch: number;
  agent: { name: string } | null;
  bot: BotState;
  last_event: number;
  queue: Queue | null;
  rating: Rating | null;
  email: string | null;
  /** Who is signed in; `email` is the account's own, masked, or null where it has none. */
  customer: { name: string | null; email?: string | null } | null;
}

// ---- the customer's side -------------------------------------------------------------------------------------------

export interface Session { token: string; conversation: Conversation; messages: Message[] }

/** A frame that is stored by the service and therefore acknowledged and safe to repeat under its client_id. */
export type DurableFrame =
  | { type: "message"; client_id: string; text: string }
  | { type: "press"; client_id: string; button: string }
  | { type: "person"; client_id: string }
  | { type: "withdraw"; client_id: string }
  | { type: "email"; client_id: string; email: string }
  | { type: "rate"; client_id: string; score: number; comment: string };

export type ClientFrame =
  | DurableFrame
  | { type: "hello"; token: string; after: number | null }
  | { type: "typing"; on: boolean }
  | { type: "ping" };

export type EventFrame = { type: "event"; id: number } & (
  | { event: "message"; data: { message: Message } }
  | { event: "conversation"; data: { conversation: Conversation } }
);

export type LiveFrame = { type: "live" } & (
  | { event: "queue"; data: { queue: Queue | null } }
  | { event: "typing"; data: { author: Author; on: boolean } }
  | { event: "bot"; data: { bot: BotState } }
  | { event: "button"; data: { message_id: string; button_id: string } }
);

export interface AckFrame { type: "ack"; client_id: string; message: Message | null }
export interface ErrorFrame { type: "error"; client_id: string | null; error: ErrorBody }

export type ServiceFrame =
  | { type: "snapshot"; conversation: Conversation; messages: Message[] }
  | { type: "resumed"; conversation: Conversation }
  | AckFrame
  | ErrorFrame
  | { type: "pong" }
  | EventFrame
  | LiveFrame;

export interface Poll { events: EventFrame[]; more: boolean; live: LiveFrame[]; conversation: Conversation }

/** An article that may answer what brings somebody to a page. */
export interface SuggestedArticle { article_id: string; slug: string; title: string; snippet: string; url: string }

/** An article to read in the widget; `url` is null where it cannot be read without being signed in. */
export interface ReadArticle { article_id: string; slug: string; title: string; category: string; html: string; url: string | null; updated_at: string }
