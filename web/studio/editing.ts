/** One article while it is written: what is saved, what is not, and what happens when a colleague was quicker. The editor renders it. */
import { ServiceError } from "../shared/errors.js";
import type { ArticleDetail, ArticleFields, ArticleTitle } from "./article-types.js";
import type { ArticlesApi } from "./articles-api.js";
import { type Conflict, conflictOf, newerDraft, type Problem, problemOf, type Task } from "./conflict.js";
import { EMPTY_FIELDS, merged, type Merged, sameFields, type ShownField, withField } from "./fields.js";
import { idOf } from "./slug.js";
import { type Aside, type EditingDesk, Keeper, type Kept, NEW, type Studio } from "./studio.js";

const ONCE_MORE = "The article has changed since you opened it, but these words have not. Nothing was written yet: press once more.";
const GONE = "This article has been deleted. What you have of it is still here: save it as a new article, or undo all changes.";

export class Editing {
  detail: ArticleDetail | null = null;
  written: ArticleFields = EMPTY_FIELDS;
  conflict: Conflict | null = null;
  asides: readonly Aside[] = [];
  problem: Problem | null = null;
  task: Task | null = null;
  readonly titles = new Map<string, string>();
  #base: ArticleFields = EMPTY_FIELDS;
  #version = 0;
  #revision = 0;
  /** The id that a new article was sent with: one whose answer was lost is not made a second time. */
  #sentAs: string | null = null;
  /** What the writing had gone on from when the service knew the article no more. */
  #gone: Pick<Kept, "version" | "revision" | "base"> | null = null;
  readonly #keeper: Keeper;

  constructor(private readonly api: ArticlesApi, studio: Studio, private readonly desk: EditingDesk, private id: string) {
    this.#keeper = new Keeper(studio, id);
  }

  /** The article's id; null while it has none, and once it was deleted. */
  get articleId(): string | null {
    return this.id === NEW || this.#gone !== null ? null : this.id;
  }

  get unsaved(): boolean {
    return !sameFields(this.#base, this.written);
  }

  /** Reads the article, and goes on with what was written before another page, or the end of the session, came between. */
  async read(): Promise<void> {
    if (this.id === NEW) {
      const kept = this.#keeper.takeOver();
      this.#begin(EMPTY_FIELDS, 0, 0);
      if (kept !== null) this.written = kept.written;
      this.#sentAs = kept?.sentAs ?? null;
      this.#keep();
      this.desk.changed();
      return;
    }
    await this.#do("reading", async () => {
      const detail = await this.api.article(this.id);
      const kept = this.#keeper.takeOver();
      this.#take(detail);
      if (kept === null) await this.#lookAtDraft(detail);
      else await this.#goOnWith(kept, detail);
    });
  }

  write(change: Partial<ArticleFields>): void {
    this.written = { ...this.written, ...change };
    if (this.problem !== null && this.problem.field !== null && this.problem.field in change) this.problem = null;
    this.#keep();
    this.desk.changed();
  }

  /** Keeps what is written where only editors see it; tells whether it is kept. A new article gets its id by that. */
  async save(): Promise<boolean> {
    return this.#do("saving", async () => this.#store());
  }

  /** Shows what is written to those who may see it; tells whether it is shown. */
  async publish(): Promise<boolean> {
    return this.#do("publishing", async () => {
      const { draft } = this.detail ?? {};
      if (this.unsaved || draft === undefined || (draft !== null && draft.based_on !== this.#version)) await this.#store();
      if (this.conflict !== null) return;
      const shown = this.#base;
      this.#saved(await this.api.publish(this.id, { based_on: this.#version, revision: this.#revision }), shown);
    });
  }

  /** Goes back to what is published: the draft and what is not saved are gone. */
  async discard(): Promise<boolean> {
    return this.#do("discarding", async () => {
      const detail = this.#revision === 0 ? await this.api.article(this.id) : await this.api.discardDraft(this.id, this.#revision);
      this.asides = [];
      this.#take(detail);
    });
  }

  /** Deletes an article that no reader ever saw, with all that is written of it. */
  async delete(): Promise<boolean> {
    return this.#do("deleting", async () => {
      await this.api.delete(this.id, { based_on: this.#present.version, revision: this.detail?.draft?.revision ?? 0 });
      this.forget();
    });
  }

  /** Forgets an article that was never saved, or is no more. */
  forget(): void {
    this.asides = [];
    this.#sentAs = null;
    this.#gone = null;
    this.#begin(EMPTY_FIELDS, 0, 0);
    this.desk.changed();
  }

  async unpublish(): Promise<boolean> {
    return this.#do("unpublishing", async () => this.#unpublished(await this.api.unpublish(this.id, this.#present.version)));
  }

  /** How one's own words and the colleague's would go together. */
  together(conflict: Conflict, prefer: "mine" | "theirs"): Merged {
    return merged(conflict.base, this.written, conflict.theirs, prefer);
  }

  /** Goes on from what the colleague wrote: with one's own words over it, or with theirs. The others are set aside. */
  goOn(prefer: "mine" | "theirs"): void {
    const { conflict } = this;
    if (conflict === null) return;
    const { fields, both } = this.together(conflict, prefer);
    const other: Aside = prefer === "mine" ? { whose: conflict.whose || "somebody else", fields: conflict.theirs } : { whose: "", fields: this.written };
    if (both.length > 0) this.asides = [...this.asides, other];
    this.#base = conflict.theirs;
    this.#version = conflict.version;
    this.#revision = conflict.revision;
    this.written = fields;
    this.conflict = null;
    this.problem = null;
    this.#keep();
    this.desk.changed();
  }

  /** Takes one field of what was set aside. */
  takeBack(field: ShownField, from: Aside): void {
    this.written = withField(this.written, field, from.fields);
    this.#keep();
    this.desk.changed();
  }

  dropAside(which: Aside): void {
    this.asides = this.asides.filter((one) => one !== which);
    this.#keep();
    this.desk.changed();
  }

  knows(articles: readonly ArticleTitle[]): void {
    for (const { id, title } of articles) this.titles.set(id, title);
  }

  get #present(): ArticleDetail["article"] {
    if (this.detail === null) throw new Error("no article was read");
    return this.detail.article;
  }

  async #store(): Promise<void> {
    if (this.detail === null) await this.#make();
    else await this.#saveDraft();
  }

  async #saveDraft(): Promise<void> {
    const sent = this.written;
    const saved = await this.api.saveDraft(this.id, { fields: sent, based_on: this.#version, revision: this.#revision });
    this.#saved(saved, sent);
    await this.#lookAtDraft(saved);
  }

  async #make(): Promise<void> {
    const sent = this.written;
    this.#sentAs ??= idOf(sent.slug, this.desk.mark());
    this.#keep();
    try {
      const made = await this.api.create(this.#sentAs, sent);
      this.#named(this.#sentAs);
      this.#saved(made, sent);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.body.field !== "id") throw error;
      await this.#goOnFrom(this.#sentAs); // it was made when an answer was lost; more has been written since
    }
  }

  async #goOnFrom(id: string): Promise<void> {
    const [detail, first] = await Promise.all([this.api.article(id), this.api.version(id, 1)]);
    this.#named(id);
    this.detail = detail;
    this.#base = first.fields;
    this.#version = first.number;
    this.#keep();
    await this.#saveDraft();
  }

  /** Its words are the same in both versions: what was begun on the one goes on from the other. */
  #unpublished(detail: ArticleDetail): void {
    if (this.#version === this.#present.version) this.#version = detail.article.version;
    this.detail = detail;
    this.problem = null;
    this.#keep();
  }

  #named(id: string): void {
    this.#keeper.named(id);
    this.id = id;
    this.#gone = null;
    this.#sentAs = null;
  }

  /** The service has `sent`; what was typed while it was on its way stays, and is not saved yet. */
  #saved(detail: ArticleDetail, sent: ArticleFields): void {
    const typed = this.written;
    const { asides } = this;
    const later = !sameFields(typed, sent);
    this.#take(detail);
    this.asides = asides;
    if (later) this.written = typed;
    this.#keep();
  }

  #take(detail: ArticleDetail): void {
    this.detail = detail;
    this.knows(detail.related ?? []);
    const { article, draft } = detail;
    this.#begin(draft?.fields ?? article.fields, draft?.based_on ?? article.version, draft?.revision ?? 0);
  }

  #begin(fields: ArticleFields, version: number, revision: number): void {
    this.#base = fields;
    this.written = fields;
    this.#version = version;
    this.#revision = revision;
    this.conflict = null;
    this.problem = null;
    this.#keep();
  }

  async #goOnWith({ version, revision, base, written, asides }: Kept, detail: ArticleDetail): Promise<void> {
    const moved = this.#revision !== revision || this.#version !== version;
    this.#base = base;
    this.written = written;
    this.#version = version;
    this.#revision = revision;
    this.asides = asides;
    this.#keep();
    if (moved) await this.#stop(detail);
    else await this.#lookAtDraft(detail);
  }

  /** A draft that was begun on a version which has been replaced since cannot be published: both are put beside each other. */
  async #lookAtDraft(detail: ArticleDetail): Promise<void> {
    if (detail.draft?.stale === true) await this.#stop(detail);
  }

  /** Stops for what a colleague did since the writing began; where they left the words as they were, the writing just goes on from there. */
  async #stop(detail: ArticleDetail): Promise<void> {
    const seen = { version: this.#version, revision: this.#revision };
    const newer = newerDraft(detail, seen);
    const base = newer !== null ? this.#base : (await this.api.version(this.id, seen.version)).fields;
    const conflict = conflictOf(detail, { seen, base, task: this.task ?? "saving" });
    if (newer === null && conflict.revision === seen.revision && sameFields(base, conflict.theirs)) {
      this.#version = conflict.version;
      this.#keep();
    } else this.conflict = conflict;
  }

  /** The article is no more: what was written of it, if anything, is what a new one would begin with. Should it be there after all, the next visit goes on as before. */
  #outlive(): void {
    const kept = this.task === "reading" ? this.#keeper.takeOver() : null;
    if (this.task === "reading" && kept === null) return;
    this.#gone = kept ?? { version: this.#version, revision: this.#revision, base: this.#base };
    this.written = kept?.written ?? this.written;
    this.asides = kept?.asides ?? this.asides;
    this.#sentAs = kept?.sentAs ?? this.#sentAs;
    this.detail = null;
    this.conflict = null;
    this.#base = EMPTY_FIELDS;
    this.#version = 0;
    this.#revision = 0;
    this.problem = { message: GONE, field: null };
    this.#keep();
  }

  #keep(): void {
    const nothing = !this.unsaved && this.asides.length === 0;
    const { version, revision, base } = this.#gone ?? { version: this.#version, revision: this.#revision, base: this.#base };
    this.#keeper.keep(nothing ? null : { version, revision, base, written: this.written, asides: this.asides, sentAs: this.#sentAs });
  }

  /** Does one thing at a time; its failure is a sentence beside the article, and somebody else's change one to decide on. */
  async #do(task: Task, action: () => Promise<void>): Promise<boolean> {
    if (this.task !== null) return false;
    this.task = task;
    this.problem = null;
    this.desk.changed();
    let done = false;
    try {
      await action();
      done = true;
    } catch (error) {
      done = await this.#failed(error);
    }
    this.task = null;
    this.desk.changed();
    return done;
  }

  /** Says what went wrong; tells whether it was done all the same, by a first time whose answer was lost. */
  async #failed(error: unknown): Promise<boolean> {
    if (this.desk.lostSession(error)) return false;
    this.problem = problemOf(error);
    if (!(error instanceof ServiceError)) return false;
    if (error.status === 404) this.#outlive();
    if (error.body.code !== "stale_version") return false;
    try {
      const detail = await this.api.article(this.id);
      if (this.#wasDone(detail)) return true;
      this.detail = detail;
      this.knows(detail.related ?? []);
      await this.#stop(detail);
      this.problem = this.conflict === null ? { message: ONCE_MORE, field: null } : null;
    } catch (again) {
      this.desk.lostSession(again); // what was refused is said already
    }
    return false;
  }

  /** Goes on from what a first time did; tells whether it did. */
  #wasDone(detail: ArticleDetail): boolean {
    const { article, draft } = detail;
    if (this.task === "publishing" && article.status === "published" && draft === null && sameFields(article.fields, this.written)) {
      this.#saved(detail, this.written);
      return true;
    }
    if (this.task !== "unpublishing" || article.status !== "draft" || !sameFields(article.fields, this.#present.fields)) return false;
    this.#unpublished(detail);
    return true;
  }
}
