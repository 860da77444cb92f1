/** What an agent does with the open conversation: one thing at a time, and whatever comes of it, the service's word is read again. */
import { messageOf } from "../shared/errors.js";
import type { Detail, Priority, Row } from "../shared/desk-protocol.js";
import type { DeskApi } from "./desk-api.js";
import type { KeptNote } from "./writing.js";

const NOTE_WORDS: Record<KeptNote, string> = {
  draft: " Your note is kept under “Internal note”.",
  unsent: " Your note stands in the conversation as not sent.",
  stored: " Your note is in the conversation already.",
};

/** What the actions need of the desk around them. */
export interface ActingDesk {
  changed(): void;
  open(): Detail | null;
  took(detail: Detail): void;
  tell(text: string, tone: "info" | "problem"): void;
  lostSession(error: unknown): boolean;
  /** Sees to a note that it is not known to have gone out; tells where it is. */
  keepNote(conversationId: string, note: string): KeptNote;
  readAgain(): Promise<void>;
  /** `claimed`: it is this agent's now. `acted`: it may have left the list, so the focus can go on. */
  happened(what: "claimed" | "acted"): void;
}

export class Actions {
  /** What is under way. */
  busy: string | null = null;
  /** The conversation that something is done with, until what came of it has been read. */
  acting: string | null = null;
  readonly #api: DeskApi;
  readonly #desk: ActingDesk;

  constructor(api: DeskApi, desk: ActingDesk) {
    this.#api = api;
    this.#desk = desk;
  }

  async claim(): Promise<void> {
    await this.#act("claim", async (row) => {
      this.#desk.took(await this.#api.claim(row.id, row.epoch));
      this.#desk.tell("It is yours. The customer has been told.", "info");
      this.#desk.happened("claimed");
    });
  }

  /** Leads and admins: makes theirs what a colleague has. */
  async takeOver(): Promise<void> {
    await this.#act("takeover", async (row) => {
      this.#desk.took(await this.#api.claim(row.id, row.epoch));
      this.#desk.tell(`You took it over from ${row.agent?.name ?? "a colleague"}. The customer has been told.`, "info");
      this.#desk.happened("claimed");
    });
  }

  async transfer(to: { team: string } | { agent: string }, name: string, note: string): Promise<void> {
    await this.#act("transfer", async (row) => {
      await this.#api.transfer(row.id, row.epoch, to, note.trim());
      this.#desk.tell(`Passed to ${name}.`, "info");
    }, note);
  }

  async resolve(note: string): Promise<void> {
    await this.#act("resolve", async (row) => {
      await this.#api.resolve(row.id, row.epoch, note.trim());
      this.#desk.tell("Resolved. The customer is asked for a rating.", "info");
    }, note);
  }

  async returnToBot(): Promise<void> {
    await this.#act("return", async (row) => {
      await this.#api.returnToBot(row.id, row.epoch);
      this.#desk.tell("Given back to the bot. The ticket is resolved.", "info");
    });
  }

  async release(): Promise<void> {
    await this.#act("release", async (row) => {
      await this.#api.release(row.id, row.epoch);
      this.#desk.tell("Back in the queue.", "info");
    });
  }

  /** The ticket waits for the customer no longer. */
  async stopWaiting(): Promise<void> {
    await this.#act("wait", async (row) => {
      await this.#api.wait(row.id, row.epoch, false);
    });
  }

  async override(change: { priority?: Priority; category?: string }): Promise<void> {
    const ticket = this.#desk.open()?.ticket;
    if (!ticket) return;
    await this.#act("override", async () => {
      await this.#api.override(ticket.id, change);
    });
  }

  async #act(name: string, action: (row: Row) => Promise<void>, note = ""): Promise<void> {
    const row = this.#desk.open()?.row;
    if (!row || this.busy !== null) return;
    this.busy = name;
    this.acting = row.id;
    this.#desk.changed();
    let failed: unknown = null;
    try {
      await action(row);
    } catch (error) {
      failed = error;
    }
    this.busy = null;
    this.#desk.changed();
    await this.#desk.readAgain();
    // Of an answer that was lost the conversation, read again, tells whether the note went out all the same.
    if (failed !== null) this.#failed(row.id, failed, note.trim());
    if (this.acting === row.id) this.acting = null;
    if (name !== "override") this.#desk.happened("acted");
  }

  #failed(conversationId: string, error: unknown, note: string): void {
    const words = note === "" ? "" : NOTE_WORDS[this.#desk.keepNote(conversationId, note)];
    if (!this.#desk.lostSession(error)) this.#desk.tell(`${messageOf(error)}${words}`, "problem");
  }
}
