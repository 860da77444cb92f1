/** What an agent writes: a draft for each conversation, and what is on its way. Kept while the session is renewed, for who wrote it. */
import { ServiceError, messageOf } from "../shared/errors.js";
import type { Message } from "../shared/protocol.js";
import type { DeskApi } from "./desk-api.js";

export interface PendingReply { clientId: string; conversationId: string; epoch: number; mode: "reply" | "note"; text: string; wait: boolean; state: "sending" | "failed"; problem: string | null }
export interface Draft { mode: "reply" | "note"; reply: string; note: string }

const EMPTY_DRAFT: Draft = { mode: "reply", reply: "", note: "" };
const SIGNED_OUT = "You were signed out before it was sent. Try again.";

/** What the writing needs of the desk around it. */
export interface WritingDesk {
  changed(): void;
  /** The epoch that is shown of a conversation, or null if another one is shown. */
  epochOf(conversationId: string): number | null;
  stored(conversationId: string, message: Message): void;
  /** The conversation has changed hands since it was read. */
  stale(): void;
  /** Tells whether the error says that the session has ended, and sees to it. */
  lostSession(error: unknown): boolean;
}

export class Writing {
  pending: PendingReply[] = [];
  readonly #api: DeskApi;
  readonly #newId: () => string;
  readonly #desk: WritingDesk;
  readonly #drafts = new Map<string, Draft>();
  #author: string | null = null;

  constructor(api: DeskApi, newId: () => string, desk: WritingDesk) {
    this.#api = api;
    this.#newId = newId;
    this.#desk = desk;
  }

  /** Somebody has signed in: what somebody else wrote is not theirs. */
  authorIs(staffId: string): void {
    if (this.#author !== null && this.#author !== staffId) this.clear();
    this.#author = staffId;
  }

  clear(): void {
    this.pending = [];
    this.#drafts.clear();
  }

  draft(id: string): Draft {
    return this.#drafts.get(id) ?? EMPTY_DRAFT;
  }

  setDraft(id: string, draft: Draft): void {
    this.#drafts.set(id, draft);
    this.#desk.changed();
  }

  async send(conversationId: string, epoch: number, mode: "reply" | "note", text: string, wait = false): Promise<void> {
    const pending: PendingReply = { clientId: this.#newId(), conversationId, epoch, mode, text, wait, state: "sending", problem: null };
    this.pending = [...this.pending, pending];
    this.setDraft(conversationId, { ...this.draft(conversationId), [mode]: "" });
    await this.#deliver(pending);
  }

  async retry(clientId: string): Promise<void> {
    const pending = this.pending.find((p) => p.clientId === clientId);
    if (pending) await this.#deliver(pending);
  }

  /** Takes a failed message back into the composer, to be changed or copied. */
  takeBack(clientId: string): void {
    const pending = this.pending.find((p) => p.clientId === clientId);
    if (!pending) return;
    this.settled(clientId);
    const draft = this.draft(pending.conversationId);
    const text = [pending.text, draft[pending.mode]].filter(Boolean).join("\n");
    this.setDraft(pending.conversationId, { ...draft, mode: pending.mode, [pending.mode]: text });
  }

  /** The service has stored it. */
  settled(clientId: string): void {
    this.pending = this.pending.filter((p) => p.clientId !== clientId);
  }

  async #deliver(pending: PendingReply): Promise<void> {
    const { clientId, conversationId, mode, text, wait } = pending;
    this.#is(clientId, "sending", null);
    const epoch = this.#desk.epochOf(conversationId) ?? pending.epoch;
    try {
      const message = mode === "reply" ? await this.#api.reply(conversationId, epoch, clientId, text, wait) : await this.#api.note(conversationId, clientId, text);
      this.settled(clientId);
      this.#desk.stored(conversationId, message);
    } catch (error) {
      const signedOut = this.#desk.lostSession(error);
      this.#is(clientId, "failed", signedOut ? SIGNED_OUT : messageOf(error));
      if (error instanceof ServiceError && error.body.code === "stale_epoch") this.#desk.stale();
    }
    this.#desk.changed();
  }

  #is(clientId: string, state: PendingReply["state"], problem: string | null): void {
    this.pending = this.pending.map((p) => (p.clientId === clientId ? { ...p, state, problem } : p));
    this.#desk.changed();
  }
}
