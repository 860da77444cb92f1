/** What the desk keeps of reviews beside their page: how many wait, and the notes that are written and not sent. */
import type { DeskApi } from "./desk-api.js";

export class ReviewTasks {
  /** How many articles wait for a review; null until that is known. */
  open: number | null = null;
  readonly #notes = new Map<string, string>();
  readonly #api: DeskApi;
  readonly #changed: () => void;
  #author: string | null = null;

  constructor(api: DeskApi, changed: () => void) {
    this.#api = api;
    this.#changed = changed;
  }

  /** Somebody has signed in: what another wrote is not theirs. */
  authorIs(id: string): void {
    if (this.#author !== id) this.#notes.clear();
    this.#author = id;
  }

  /** Counts what waits. A failure changes nothing: the page itself says what went wrong. */
  async count(): Promise<void> {
    const found = await this.#api.reviews("open", { limit: 1 }).catch(() => null);
    if (found !== null) this.are(found.counts.open);
  }

  are(open: number): void {
    if (open === this.open) return;
    this.open = open;
    this.#changed();
  }

  note(id: string): string {
    return this.#notes.get(id) ?? "";
  }

  keepNote(id: string, note: string): void {
    if (note === "") this.#notes.delete(id);
    else this.#notes.set(id, note);
  }

  /** Who signed out themselves leaves nothing; who was signed out finds their notes again. */
  forget(byThem: boolean): void {
    this.open = null;
    if (byThem) this.#notes.clear();
  }
}
