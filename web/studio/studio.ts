/** What the desk keeps of articles beside their page: what is written and not saved, for who wrote it, and what the list was narrowed to. */
import type { ArticleCategory, ArticleFields, ArticleQuery } from "./article-types.js";

/** What was written in place of one's own, or of a colleague's, and set aside: nothing is lost by a choice. */
export interface Aside { whose: string; fields: ArticleFields }
/** `version` and `revision` are the article's and its draft's when the writing began, `base` what they said; `sentAs` the id that a new article was sent with. */
export interface Kept { version: number; revision: number; base: ArticleFields; written: ArticleFields; asides: readonly Aside[]; sentAs: string | null }

/** What the writing needs of the desk around it. */
export interface EditingDesk {
  changed(): void;
  /** Tells whether the error says that the session has ended, and sees to it. */
  lostSession(error: unknown): boolean;
  /** A mark that nothing else has. */
  mark(): string;
}

/** The article that is not there yet. */
export const NEW = "";
export const ALL: ArticleQuery = { q: "", category: null, status: "", audience: "" };

export class Studio {
  query: ArticleQuery = ALL;
  /** The article that was opened last: the list comes back to its row. */
  opened: string | null = null;
  /** The categories that there are, as last read. */
  categories: readonly ArticleCategory[] = [];
  readonly #kept = new Map<string, Kept>();
  #author: string | null = null;

  /** Somebody has signed in: what another wrote is not theirs. */
  authorIs(id: string): void {
    if (this.#author !== id) this.#forgetAll();
    this.#author = id;
  }

  /** Who signed out themselves leaves nothing; who was signed out finds what they wrote again. */
  forget(byThem: boolean): void {
    if (byThem) this.#forgetAll();
  }

  kept(id: string): Kept | null {
    return this.#kept.get(id) ?? null;
  }

  keep(id: string, kept: Kept | null): void {
    if (kept === null) this.#kept.delete(id);
    else this.#kept.set(id, kept);
  }

  /** Whether closing the tab would lose something. */
  get unsaved(): boolean {
    return this.#kept.size > 0;
  }

  showAll(): void {
    this.query = ALL;
  }

  #forgetAll(): void {
    this.#kept.clear();
    this.query = ALL;
    this.opened = null;
    this.categories = [];
  }
}

/** Keeps what one writing of an article has, until one has come back to the article while an answer was on its way: what is written since is not this one's to change. */
export class Keeper {
  #kept: Kept | null = null;

  constructor(private readonly studio: Studio, private id: string) {}

  /** Goes on from what is kept, which is this one's to change from now on. */
  takeOver(): Kept | null {
    return (this.#kept = this.studio.kept(this.id));
  }

  keep(kept: Kept | null): void {
    if (this.studio.kept(this.id) !== this.#kept) return;
    this.#kept = kept;
    this.studio.keep(this.id, kept);
  }

  /** What was new has an id now. */
  named(id: string): void {
    this.keep(null);
    this.id = id;
    this.takeOver();
  }
}
