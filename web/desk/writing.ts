/** What one writes at the desk: a draft for each conversation and one of the rules, and what is on its way. Kept while the session is renewed, for who wrote it. */
import { ServiceError, messageOf } from "../shared/errors.js";
import { characters, MESSAGE_LIMIT } from "../shared/limits.js";
import type { Message } from "../shared/protocol.js";
import type { DeskApi } from "./desk-api.js";
import type { RulesDraft } from "./rules-draft.js";
import { type Failed, type Mode, TakenBack } from "./taken-back.js";

export interface PendingReply extends Failed { epoch: number; state: "sending" | "failed"; problem: string | null }
export interface Draft { mode: Mode; reply: string; note: string }

/** Where a note is that was written with something else: in the field, beside it as one that was not sent, or stored. */
export type KeptNote = "draft" | "unsent" | "stored";

const EMPTY_DRAFT: Draft = { mode: "reply", reply: "", note: "" };
const SIGNED_OUT = "You were signed out before it was sent. Try again.";
const NO_ROOM = "Not sent. With what is in the field already it is too long for one note.";
const SENT_AFTER_ALL = "What you took back to edit had been sent after all, and stands in the conversation.";
const NOT_SENT_BESIDE_IT = `Not sent. ${SENT_AFTER_ALL} Try again sends this one too.`;

/** What the writing needs of the desk around it. */
export interface WritingDesk {
  changed(): void;
  /** The epoch that is shown of a conversation, or null if another one is shown. */
  epochOf(conversationId: string): number | null;
  stored(conversationId: string, message: Message): void;
  tell(text: string, tone: "info" | "problem"): void;
  /** The conversation has changed hands since it was read. */
  stale(): void;
  /** Tells whether the error says that the session has ended, and sees to it. */
  lostSession(error: unknown): boolean;
}

export class Writing {
  pending: PendingReply[] = [];
  rules: RulesDraft | null = null;
  readonly #api: DeskApi;
  readonly #newId: () => string;
  readonly #desk: WritingDesk;
  readonly #drafts = new Map<string, Draft>();
  readonly #takenBack = new TakenBack();
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
    this.rules = null;
    this.#drafts.clear();
    this.#takenBack.clear();
  }

  draft(id: string): Draft {
    return this.#drafts.get(id) ?? EMPTY_DRAFT;
  }

  setDraft(id: string, draft: Draft): void {
    this.#drafts.set(id, draft);
    this.#desk.changed();
  }

  /** A note that was written elsewhere and could not go out, once; what is in the field already stays before it, as far as one note may be long. */
  keepNote(id: string, note: string): KeptNote {
    const draft = this.draft(id);
    if (`\n${draft.note}`.endsWith(`\n${note}`)) return "draft";
    const both = [draft.note, note].filter(Boolean).join("\n");
    if (characters(both) <= MESSAGE_LIMIT) {
      this.setDraft(id, { ...draft, note: both });
      return "draft";
    }
    if (!this.pending.some((one) => one.conversationId === id && one.mode === "note" && one.text === note)) {
      const failed: Failed = { clientId: this.#newId(), conversationId: id, mode: "note", text: note, wait: false, instead: [] };
      this.pending = [...this.pending, { ...failed, epoch: this.#desk.epochOf(id) ?? 0, state: "failed", problem: NO_ROOM }];
    }
    return "unsent";
  }

  async send(conversationId: string, epoch: number, mode: Mode, text: string, wait = false): Promise<void> {
    const identity = this.#takenBack.goesOut(conversationId, mode, text, wait, this.#newId);
    const pending: PendingReply = { ...identity, conversationId, epoch, mode, text, wait, state: "sending", problem: null };
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
    this.#drop(clientId);
    this.#takenBack.add(pending);
    const draft = this.draft(pending.conversationId);
    const text = [pending.text, draft[pending.mode]].filter(Boolean).join("\n");
    this.setDraft(pending.conversationId, { ...draft, mode: pending.mode, [pending.mode]: text });
  }

  /** The service has stored it; if it is in the field to be edited, that is said, and a text that was not touched is no draft any more. */
  settled(clientId: string): void {
    this.#drop(clientId);
    const taken = this.#takenBack.stored(clientId);
    if (taken === null) return;
    const draft = this.draft(taken.conversationId);
    const untouched = taken.clientId === clientId && draft[taken.mode].trim() === taken.text;
    if (untouched) this.setDraft(taken.conversationId, { ...draft, [taken.mode]: "" });
    this.#desk.tell(untouched ? SENT_AFTER_ALL : `${SENT_AFTER_ALL} What is in the field has not been sent.`, "problem");
  }

  #drop(clientId: string): void {
    this.pending = this.pending.filter((p) => p.clientId !== clientId);
  }

  async #deliver(pending: PendingReply): Promise<void> {
    const { clientId, conversationId, mode, text, wait } = pending;
    this.#is(clientId, { state: "sending", problem: null });
    try {
      if (await this.#replacedIsStored(pending)) {
        this.#is(clientId, { state: "failed", problem: NOT_SENT_BESIDE_IT, instead: [] });
        return;
      }
      this.#is(clientId, { instead: [] });
      const epoch = this.#desk.epochOf(conversationId) ?? pending.epoch;
      const message = mode === "reply" ? await this.#api.reply(conversationId, epoch, clientId, text, wait) : await this.#api.note(conversationId, clientId, text);
      this.settled(clientId);
      this.#desk.stored(conversationId, message);
    } catch (error) {
      const signedOut = this.#desk.lostSession(error);
      this.#is(clientId, { state: "failed", problem: signedOut ? SIGNED_OUT : messageOf(error) });
      if (error instanceof ServiceError && error.body.code === "stale_epoch") this.#desk.stale();
    }
    this.#desk.changed();
  }

  /** Looks whether one of those that this takes the place of has been stored although its answer did not come. */
  async #replacedIsStored({ conversationId, instead }: PendingReply): Promise<boolean> {
    if (instead.length === 0) return false;
    const { messages } = await this.#api.detail(conversationId);
    const stored = messages.filter((one) => one.client_id !== null && instead.includes(one.client_id));
    for (const one of stored) this.#desk.stored(conversationId, one);
    return stored.length > 0;
  }

  #is(clientId: string, change: Partial<PendingReply>): void {
    this.pending = this.pending.map((p) => (p.clientId === clientId ? { ...p, ...change } : p));
    this.#desk.changed();
  }
}
