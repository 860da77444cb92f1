/** The agent's side of docs/protocol.md, as types. Nothing here runs. */
import type { Author, AuthorKind, Message, Owner } from "./protocol.js";

export type Role = "agent" | "lead" | "content" | "admin";
export interface Staff {
  id: string;
  name: string;
  email: string;
  role: Role;
  capacity?: number;
  /** The password is one that somebody else gave; one of their own has to be chosen first. */
  password_once?: boolean;
}
export type View = "queue" | "mine" | "colleagues" | "bot" | "resolved";
export type Priority = "urgent" | "high" | "normal" | "low";

export interface Clock {
  metric: "first_response" | "next_response" | "resolution";
  state: "running" | "paused" | "met" | "breached" | "cancelled";
  started_at: string;
  due_at: string | null;
  warn_at: string | null;
  met_at: string | null;
  breached_at: string | null;
  target_minutes: number;
  remaining_seconds: number | null;
}

export interface Row {
  id: string;
  number: string | null;
  subject: string | null;
  customer: { name: string | null; plan: string | null };
  /** Tells those without a name apart, the same in all conversations of one. */
  visitor?: string | null;
  /** What they look at: the page's title, else its address. */
  page?: string | null;
  owner: Owner;
  epoch: number;
  agent: { id: string; name: string } | null;
  priority: Priority | null;
  category: string | null;
  team?: string | null;
  tags: string[];
  reason: string | null;
  last_message: { text: string; author_kind: AuthorKind; at: string } | null;
  unanswered: boolean;
  clock: Clock | null;
  updated_at: string;
}

export type Counts = Partial<Record<View, number>>;
export interface RowList { conversations: Row[]; counts: Counts; event?: number }

export interface Override { field: string; old: string | null; new: string | null; by: string; at: string }

export interface Ticket {
  id: string;
  number: string;
  subject: string;
  status: string;
  category: string | null;
  priority: Priority;
  team: string | null;
  tags: string[];
  reasons: string[];
  created_at: string;
  resolved_at: string | null;
  overrides: Override[];
}

export interface Package {
  version: number;
  reason: { code: string; words: string; rule?: string | null };
  summary: string[];
  /** From version 2 on; how things stood at the handoff. */
  transcript?: { conversation_id: string; epoch: number; first_seq: number | null; last_seq: number | null; messages: number };
  account?: { plan: string | null; mrr: number | null; currency: string } | null;
  health?: Health | null;
  entities: { entity: string; value: string; text: string; message_id: string | null }[];
  intents: { message_id: string | null; text: string; intent: string | null; confidence: number | null; /** From version 3 on. */ also?: { intent: string; confidence: number; text: string }[] }[];
  /** Packages of before signals were kept have none, and no language. */
  signals?: { name: string; score: number; words: string[]; message_id: string | null }[];
  language?: string | null;
  articles: { article_id: string; title: string; url: string; shown_at: string | null; opened: boolean; vote: "helpful" | "not_helpful" | null }[];
  attempted: string[];
  handed_over_at: string;
}

export interface Health {
  score: number;
  band: "healthy" | "at_risk" | "critical";
  signals: { name: string; score: number; weight: number; detail: string | null }[];
}

export interface Customer {
  id: string | null;
  name: string | null;
  email: string | null;
  known: boolean;
  plan: string | null;
  mrr: number | null;
  currency: string | null;
  since: string | null;
  company: string | null;
  seats: number | null;
  health: Health | null;
  tickets: { number: string; subject: string; status: string; priority: Priority; created_at: string; resolved_at: string | null }[];
  page: { url: string | null; title: string | null } | null;
}

export interface Detail {
  row: Row;
  messages: Message[];
  ticket: Ticket | null;
  package: Package | null;
  clocks: Clock[];
  customer: Customer;
  /** The newest one that the customer gave. */
  rating: { score: number; comment: string | null } | null;
}

export interface ArticleHit {
  article_id: string;
  slug: string;
  title: string;
  heading: string | null;
  url: string;
  html: string;
  score: number;
  visibility: "public" | "authenticated" | "internal";
}

/** What a desk search found; `search_id` is null where it was not logged. */
export interface ArticlesFound { search_id: string | null; results: ArticleHit[] }

/** When somebody works, as the service writes a calendar. */
export interface Hours { zone: string; windows: Record<string, string[]>; holidays?: string[] }

/** An account, as leads and admins see it. */
export interface Member {
  id: string;
  name: string;
  email: string;
  role: Role;
  active: boolean;
  teams: string[];
  skills: string[];
  languages: string[];
  capacity: number;
  hours: Hours | null;
  password_once: boolean;
}

/** `password` was made up, and is told only once. */
export interface Hired { member: Member; password: string | null }

export type Assignment = "manual" | "automatic";
export interface Team { name: string; title: string; assignment: Assignment | null; hours: Hours | null; waiting: number; members: number; online: number }
export interface Person { id: string; name: string; role: Role; state: "online" | "away" | "offline"; on_shift: boolean; load: number; capacity: number; teams: string[] }

/** Teams and people as they are now; `assignment` is the way of teams that do not say. */
export interface FloorNow { assignment: Assignment; teams: Team[]; people: Person[] }

export type DeliveryState = "pending" | "delivered" | "dead";
/** One message for one endpoint; `webhook_id` is what the receiver knows it by. */
export interface Delivery {
  id: string; webhook_id: string; endpoint_id: string; url: string; kind: string; state: DeliveryState; attempts: number; next_at: string | null;
  last_status: number | null; last_error: string | null; created_at: string; settled_at: string | null;
}
export interface Deliveries { deliveries: Delivery[]; counts: { pending: number; dead: number } }
export interface Endpoint { id: string; url: string; description: string; kinds: string[]; active: boolean; disabled_reason: string | null; created_at: string }
/** `kinds` are all that there are, with their meaning. */
export interface Endpoints { endpoints: Endpoint[]; kinds: Record<string, string> }

/** One thing that an agent was told. */
export interface Told { id: string; conversation_id: string | null; words: string; at: string; read_at: string | null }
export interface NotificationList { unread: number; notifications: Told[] }

/** Somebody who came, went, or chose to be away. */
export interface Colleague { id: string; name: string; state: "online" | "away" | "offline" }

export type DeskEvent = { type: "event" } & (
  /** `removed`: it went where this agent may not look; its row then tells only where. */
  | { event: "conversation"; data: { row: Row; removed: boolean } }
  | { event: "message"; data: { conversation_id: string; message: Message } }
  | { event: "typing"; data: { conversation_id: string; author: Author; on: boolean } }
  | { event: "clock"; data: { conversation_id: string; clock: Clock } }
  | { event: "escalation"; data: { conversation_id: string; rule: string; words: string; to: string[] } }
  | { event: "notified"; data: { conversation_id: string; words: string; to: string[] } }
  | { event: "presence"; data: { agents: Colleague[] } }
  | { event: "counts"; data: Counts }
  | { event: "reread"; data: Record<string, never> }
);
