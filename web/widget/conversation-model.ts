/** What the widget knows of the conversation, and what a customer can do in it. Views render it; it renders nothing. */
import type { ChatSink, LinkState } from "../shared/chat-ports.js";
import { now } from "../shared/clock.js";
import { characters, MESSAGE_LIMIT } from "../shared/limits.js";
import type {
  AckFrame, Author, Button, Conversation, DurableFrame, ErrorBody, EventFrame, LiveFrame, Message,
} from "../shared/protocol.js";

export interface Sender { send(frame: DurableFrame): void; typing(on: boolean): void }

/** A message that the service has not acknowledged. */
export interface Pending { clientId: string; text: string; at: string; state: "sending" | "failed"; problem: string | null }

/** What happens to a request that is not a message: asking for a person, the e-mail address, the rating. */
export interface Request { state: "none" | "sending" | "failed"; problem: string | null }
const NONE: Request = { state: "none", problem: null };
type RequestName = "person" | "withdraw" | "email" | "rate" | "press";
const NO_REQUESTS: Record<RequestName, Request> = { person: NONE, withdraw: NONE, email: NONE, rate: NONE, press: NONE };

const TYPING_SHOWN_MS = 6_000;
/** Notices that mark a change of owner: buttons above them were offered by someone who no longer speaks. */
const OWNER_CHANGES = new Set(["queued", "claimed", "returned", "released", "withdrawn", "resolved"]);

/** Whether a button can still be pressed: unused, with no sibling used, and offered under the present epoch. */
export function buttonsAlive(message: Message, messages: readonly Message[], epoch: number): boolean {
  if (message.buttons.some((button) => button.used)) return false;
  if (message.epoch !== undefined) return message.epoch === epoch;
  return !messages.some((later) => later.seq > message.seq && later.notice !== null && OWNER_CHANGES.has(later.notice.type));
}

export class ConversationModel extends EventTarget implements ChatSink {
  conversation: Conversation | null = null;
  messages: Message[] = [];
  pending: Pending[] = [];
  requests = NO_REQUESTS;
  linkState: LinkState = "idle";
  linkProblem: string | null = null;
  typist: Author | null = null;
  pressedButton: string | null = null;
  ratingDismissed = false;
  seenSeq = 0;
  /** Messages that another conversation has taken the place of. Only their number is told: who reads on may be someone else. */
  unsent = 0;

  readonly #sender: Sender;
  readonly #newId: () => string;
  readonly #sent = new Map<string, DurableFrame>();
  #seenOf: string | null = null;
  #typistTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(sender: (model: ConversationModel) => Sender, newId: () => string) {
    super();
    this.#sender = sender(this);
    this.#newId = newId;
  }

  // ---- what a customer does ----------------------------------------------------------------------------------------

  say(text: string): boolean {
    const words = text.trim();
    if (words === "" || characters(words) > MESSAGE_LIMIT) return false;
    const clientId = this.#newId();
    this.unsent = 0;
    this.pending = [...this.pending, { clientId, text: words, at: new Date(now()).toISOString(), state: "sending", problem: null }];
    this.#send({ type: "message", client_id: clientId, text: words });
    return true;
  }

  /** Sends a failed message again under its own client_id, so that one that did arrive is not doubled. */
  retry(clientId: string): void {
    const frame = this.#sent.get(clientId);
    if (!frame) return;
    this.pending = this.pending.map((p) => (p.clientId === clientId ? { ...p, state: "sending", problem: null } : p));
    this.#send(frame);
  }

  discard(clientId: string): void {
    this.#sent.delete(clientId);
    this.pending = this.pending.filter((p) => p.clientId !== clientId);
    this.#changed();
  }

  press(button: Button): void {
    if (this.requests.press.state === "sending") return;
    this.pressedButton = button.id;
    this.#request("press", { type: "press", client_id: this.#newId(), button: button.id });
  }

  askForPerson(): void {
    if (this.requests.person.state === "sending") return;
    this.#request("person", { type: "person", client_id: this.#newId() });
  }

  /** Goes on with the bot instead of waiting for a person. */
  withdraw(): void {
    if (this.requests.withdraw.state === "sending") return;
    this.#request("withdraw", { type: "withdraw", client_id: this.#newId() });
  }

  saveEmail(email: string): void {
    this.#request("email", { type: "email", client_id: this.#newId(), email: email.trim() });
  }

  rate(score: number, comment: string): void {
    this.#request("rate", { type: "rate", client_id: this.#newId(), score, comment: comment.trim() });
  }

  dismissRating(): void {
    this.ratingDismissed = true;
    this.#changed();
  }

  typing(on: boolean): void {
    this.#sender.typing(on);
  }

  /** Everything up to now has been seen. */
  markSeen(): void {
    const last = this.messages.at(-1)?.seq ?? 0;
    if (last <= this.seenSeq) return;
    this.seenSeq = last;
    this.dispatchEvent(new Event("seen"));
    this.#changed();
  }

  /** What was seen, as `<conversation id>:<seq>`: kept over a reload and told to other tabs. */
  get seenMark(): string {
    return `${this.conversation?.id ?? this.#seenOf ?? ""}:${this.seenSeq}`;
  }

  /** Takes a mark that an earlier page or another tab wrote. One of another conversation says nothing about this one. */
  restoreSeen(mark: string | null): void {
    const [id, seq] = (mark ?? "").split(":");
    if (!id || !Number.isInteger(Number(seq)) || (this.conversation !== null && this.conversation.id !== id)) return;
    this.#seenOf = id;
    this.seenSeq = Math.max(this.seenSeq, Number(seq));
    this.#changed();
  }

  get unread(): number {
    return this.messages.filter((m) => m.seq > this.seenSeq && (m.author.kind === "bot" || m.author.kind === "agent")).length;
  }

  get ratingWanted(): boolean {
    const rating = this.conversation?.rating;
    return rating?.requested === true && rating.score === null && !this.ratingDismissed;
  }

  isAlive(message: Message): boolean {
    return this.conversation !== null && buttonsAlive(message, this.messages, this.conversation.epoch);
  }

  // ---- what the connection tells -----------------------------------------------------------------------------------

  link(state: LinkState, problem?: ErrorBody): void {
    this.linkState = state;
    this.linkProblem = problem?.message ?? null;
    if (state !== "online") this.typist = null;
    this.#changed();
  }

  snapshot(conversation: Conversation, messages: Message[]): void {
    if (this.conversation !== null && this.conversation.id !== conversation.id) {
      this.unsent = this.pending.length;
      this.pending = [];
      this.#sent.clear();
      this.requests = NO_REQUESTS;
      this.pressedButton = null;
      this.ratingDismissed = false;
    }
    if (this.#seenOf !== conversation.id) {
      this.#seenOf = conversation.id;
      this.seenSeq = 0;
    }
    this.conversation = conversation;
    this.messages = [...messages].sort((a, b) => a.seq - b.seq);
    for (const message of messages) this.#arrived(message);
    this.#changed();
  }

  conversationIs(conversation: Conversation): void {
    const before = this.conversation;
    // A resumed line replays old changes after telling the newest state: an older one must not undo it.
    if (before !== null && before.id === conversation.id && conversation.last_event < before.last_event) return;
    this.conversation = conversation;
    if (before?.owner !== conversation.owner) {
      this.typist = null;
      this.requests = { ...this.requests, person: NONE, withdraw: NONE, press: NONE };
      this.dispatchEvent(new CustomEvent("owner", { detail: { owner: conversation.owner, agent: conversation.agent } }));
    }
    if (conversation.rating?.requested && !before?.rating?.requested) this.ratingDismissed = false;
    this.#changed();
  }

  event(frame: EventFrame): void {
    if (frame.event === "message") this.#upsert(frame.data.message, true);
    else this.conversationIs(frame.data.conversation);
    this.#changed();
  }

  live(frame: LiveFrame): void {
    switch (frame.event) {
      case "queue":
        if (this.conversation?.owner === "queue") this.conversation = { ...this.conversation, queue: frame.data.queue };
        break;
      case "bot":
        if (this.conversation) this.conversation = { ...this.conversation, bot: frame.data.bot };
        break;
      case "button":
        this.#markUsed(frame.data.message_id, frame.data.button_id);
        break;
      case "typing":
        this.#typingIs(frame.data.author, frame.data.on);
        break;
    }
    this.#changed();
  }

  acked(frame: AckFrame): void {
    const sent = this.#sent.get(frame.client_id);
    this.#sent.delete(frame.client_id);
    this.pending = this.pending.filter((p) => p.clientId !== frame.client_id);
    if (frame.message) this.#upsert(frame.message, false);
    if (sent && sent.type !== "message") this.requests = { ...this.requests, [sent.type]: NONE };
    if (sent?.type === "press") {
      const owner = this.messages.find((m) => m.buttons.some((b) => b.id === sent.button));
      if (owner) this.#markUsed(owner.id, sent.button);
      this.pressedButton = null;
    }
    if (sent?.type === "rate" && this.conversation) {
      this.conversation = { ...this.conversation, rating: { requested: false, score: sent.score } };
    }
    if (sent?.type === "email" && this.conversation) this.conversation = { ...this.conversation, email: sent.email };
    this.#changed();
  }

  failed(clientId: string, problem: ErrorBody): void {
    const sent = this.#sent.get(clientId);
    if (!sent) return;
    if (sent.type === "message") {
      this.pending = this.pending.map((p) => (p.clientId === clientId ? { ...p, state: "failed", problem: problem.message } : p));
    } else {
      this.#sent.delete(clientId);
      if (sent.type === "press") this.pressedButton = null;
      this.requests = { ...this.requests, [sent.type]: { state: "failed", problem: problem.message } };
    }
    this.#changed();
  }

  identityRefused(problem: ErrorBody): void {
    this.dispatchEvent(new CustomEvent("identity-refused", { detail: problem }));
  }

  // ---- within ------------------------------------------------------------------------------------------------------

  #request(name: RequestName, frame: DurableFrame): void {
    this.requests = { ...this.requests, [name]: { state: "sending", problem: null } };
    this.#send(frame);
  }

  #send(frame: DurableFrame): void {
    this.#sent.set(frame.client_id, frame);
    this.#sender.send(frame);
    this.#changed();
  }

  #upsert(message: Message, announce: boolean): void {
    const known = this.messages.some((m) => m.id === message.id);
    this.messages = [...this.messages.filter((m) => m.id !== message.id), message].sort((a, b) => a.seq - b.seq);
    this.#arrived(message);
    if (this.typist?.kind === message.author.kind) this.typist = null;
    if (announce && !known) this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /** The stored message takes the place of the optimistic one, whichever way it came: ack, event or snapshot. */
  #arrived(message: Message): void {
    if (message.client_id === null) return;
    if (this.pending.some((p) => p.clientId === message.client_id)) {
      this.pending = this.pending.filter((p) => p.clientId !== message.client_id);
    }
  }

  #markUsed(messageId: string, buttonId: string): void {
    this.messages = this.messages.map((m) =>
      m.id === messageId ? { ...m, buttons: m.buttons.map((b) => (b.id === buttonId ? { ...b, used: true } : b)) } : m,
    );
  }

  #typingIs(author: Author, on: boolean): void {
    clearTimeout(this.#typistTimer);
    this.typist = on ? author : null;
    if (!on) return;
    this.#typistTimer = setTimeout(() => {
      this.typist = null;
      this.#changed();
    }, TYPING_SHOWN_MS);
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
