/** One article, written beside what readers will see of it: saved as a draft, published, taken back. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { property, query, state } from "lit/decorators.js";
import type { DeskModel } from "../desk/desk-model.js";
import { feedbackStyle } from "../desk/feedback-style.js";
import { now } from "../shared/clock.js";
import { icon } from "../shared/icons.js";
import { momentInWords, momentOrDate } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { ArticleConflict } from "./article-conflict.js";
import { articleHash } from "./article-place.js";
import { publishWords, stateWords, unpublishWords } from "./article-words.js";
import type { ConfirmDialog } from "./confirm-dialog.js";
import { difference } from "./difference.js";
import { Editing } from "./editing.js";
import { LONGEST } from "./fields.js";
import type { Place } from "./following.js";
import type { MarkdownField } from "./markdown-field.js";
import { slugOf } from "./slug.js";
import { ALL, NEW } from "./studio.js";
import { studioStyle } from "./studio-style.js";

/** Problems of these are said at their field, below. */
const IN_FORM = ["slug", "category", "subcategory", "author", "excerpt", "tags"];

export class ArticleEditor extends LitElement {
  static define(tag = "desk-article-editor"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, studioStyle, css`
    :host { display: block; container-type: inline-size; }
    .bar { position: sticky; z-index: 4; top: 0; display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 8px 16px; margin: 0 -4px 12px; padding: 8px 4px; background: var(--bg); border-bottom: 1px solid var(--border); }
    .said { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; min-width: 0; color: var(--text-2); font-size: 12.5px; }
    .title { display: block; width: 100%; min-height: 48px; padding: 8px 12px; border: 1px solid var(--border-strong); border-radius: var(--radius); background: var(--bg); font-size: 20px; font-weight: 650; letter-spacing: -.01em; }
    .title[aria-invalid="true"] { border-color: var(--danger); }
    .wrong { margin-top: 4px; color: var(--danger-text); font-size: 12.5px; }
    .both { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; margin-top: 12px; }
    .both > * { height: min(60vh, 640px); min-height: 360px; }
    @container (min-width: 820px) { .both { grid-template-columns: repeat(2, minmax(0, 1fr)); } .both > * { height: max(420px, calc(100vh - 300px)); } }
    @container (max-width: 480px) { .bar .actions { flex: 1 0 100%; } .bar .actions .button { padding: 0 9px; } .bar .actions button { flex: 1; } }
    h2 { margin-top: 28px; }
    .more-actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 28px; padding-top: 16px; border-top: 1px solid var(--border); }
  `];

  @property({ attribute: false }) model!: DeskModel;
  /** The article, or NEW. */
  @property({ attribute: false }) articleId = NEW;
  @state() private revision = 0;
  @state() private place: Place | null = null;
  @query("desk-confirm") private readonly confirm!: ConfirmDialog;
  @query("desk-markdown") private readonly text!: MarkdownField | null;
  @query("desk-article-conflict") private readonly conflict!: ArticleConflict | null;
  #editing: Editing | null = null;
  /** Whether the address still follows the title. */
  #follows = false;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.#keydown); // wherever the focus is
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#keydown);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("articleId") && this.#editing?.articleId !== (this.articleId === NEW ? null : this.articleId)) this.#begin();
    else if (this.#editing === null) this.#begin();
  }

  #begin(): void {
    const { studio, api } = this.model;
    const editing = new Editing(api.articles, studio, { changed: () => (this.revision += 1), lostSession: this.#lostSession, mark: this.model.newMark }, this.articleId);
    this.#editing = editing;
    this.place = null;
    studio.opened = this.articleId === NEW ? null : this.articleId;
    void editing.read().then(() => (this.#follows = editing.articleId === null && editing.written.slug === slugOf(editing.written.title)));
    if (studio.categories.length === 0) void this.#readCategories();
  }

  override render(): TemplateResult {
    const editing = this.#editing;
    if (editing === null) return html``;
    const { detail, problem, written } = editing;
    const url = detail?.article.url ?? null;
    if (detail === null && editing.articleId !== null) {
      return problem === null ? html`<p class="nothing" role="status">Reading the article…</p>`
        : html`<div class="problem" role="alert"><span>${problem.message}</span><button type="button" class="button" @click=${() => void editing.read()}>Try again</button></div>`;
    }
    const wrong = problem?.field ?? null;
    const above = problem !== null && (wrong === null || !["title", "content", ...IN_FORM].includes(wrong));
    return html`${this.#bar(editing)}
      ${above ? html`<div class="problem" role="alert" data-testid="desk-article-problem"><span>${problem.message}</span></div>` : nothing}
      <desk-article-conflict .editing=${editing} .revision=${this.revision} @studio-settled=${() => this.text?.focus()}></desk-article-conflict>
      <label><span class="visually-hidden">Title</span><input class="title" dir="auto" maxlength=${LONGEST.title} placeholder="Title" aria-required="true" autocomplete="off" aria-invalid=${wrong === "title" ? "true" : "false"} .value=${live(written.title)} data-testid="desk-article-title" @input=${this.#titled}></label>
      ${wrong === "title" || wrong === "content" ? html`<p class="wrong" role="alert">${problem?.message}</p>` : nothing}
      <div class="both"><desk-markdown .value=${written.content} .wrong=${wrong === "content"} @studio-text=${(e: CustomEvent<string>) => editing.write({ content: e.detail })} @studio-place=${(e: CustomEvent<Place>) => (this.place = e.detail)}></desk-markdown>
        <desk-article-preview .make=${this.model.api.articles.preview} .lostSession=${this.#lostSession} .heading=${written.title} .excerpt=${written.excerpt} .content=${written.content} .place=${this.place}></desk-article-preview></div>
      <h2>About this article</h2>
      <desk-article-form .fields=${written} .write=${this.#write} .problem=${problem} .categories=${this.model.studio.categories} .titles=${editing.titles} .own=${editing.articleId} .known=${url === null ? null : (detail?.article.fields.slug ?? null)}
        .suggest=${this.model.api.articles.suggest} .lostSession=${this.#lostSession}></desk-article-form>
      ${this.#more(editing)}
      <desk-confirm></desk-confirm>`;
  }

  #bar(editing: Editing): TemplateResult {
    const { detail, unsaved, task } = editing;
    const saved = detail?.draft ?? null;
    const state = detail === null ? { words: "Not saved yet", tone: "draft" } : stateWords({ status: detail.article.status, has_draft: saved !== null });
    const url = detail?.article.url ?? null;
    const publishable = unsaved || saved !== null || detail?.article.status === "draft";
    return html`<div class="bar" role="group" aria-label="Save and publish"><p class="said" role="status"><span class="state ${state.tone}" data-testid="desk-article-state">${state.words}</span>${unsaved && detail !== null ? html`<span class="state unsaved" data-testid="desk-article-unsaved">Not saved</span>` : nothing}
        ${detail === null ? nothing : html`<span class="foreign">${saved === null ? html`Version ${detail.article.version}, ${momentOrDate(detail.article.updated_at, now())}${detail.article.edited_by === "" ? nothing : html` by <bdi>${detail.article.edited_by}</bdi>`}` : html`Draft saved ${momentInWords(saved.at, now())} by <bdi>${saved.by}</bdi>`}</span>`}</p>
      <div class="actions">${url === null ? nothing : html`<a class="button quiet" href=${url} target="_blank" rel="noopener" data-testid="desk-article-public">Public page${icon("external", 14)}<span class="visually-hidden"> (opens in a new tab)</span></a>`}
        ${detail === null ? nothing : html`<a class="button quiet" href=${articleHash({ kind: "history", id: detail.article.id, version: null })} data-testid="desk-article-history-link">History</a>`}
        ${this.#button("desk-article-save", task === "saving" ? "Saving…" : "Save draft", unsaved && editing.conflict === null, () => void this.#save(editing))}
        ${this.#button("desk-article-publish", task === "publishing" ? "Publishing…" : "Publish…", publishable && editing.conflict === null, () => void this.#publish(editing), true)}</div></div>`;
  }

  /** One that has nothing to do stays in reach of the keyboard: the focus does not fall off it. */
  #button(id: string, words: string, usable: boolean, action: () => void, primary = false): TemplateResult {
    const off = !usable || this.#editing?.task !== null;
    return html`<button type="button" class="button ${primary ? "primary" : ""}" aria-disabled=${off ? "true" : "false"} data-testid=${id} @click=${() => off || action()}>${words}</button>`;
  }

  #more(editing: Editing): TemplateResult | typeof nothing {
    const { detail, unsaved } = editing;
    const draft = detail?.draft ?? null;
    const discardable = unsaved || draft !== null;
    const published = detail?.article.status === "published";
    const deletable = detail?.article.deletable === true;
    if (!discardable && !published && !deletable) return nothing;
    return html`<div class="more-actions">${discardable ? this.#button("desk-article-discard", draft === null ? "Undo all changes…" : "Discard draft…", true, () => void this.#discard(editing)) : nothing}
      ${published ? this.#button("desk-article-unpublish", "Unpublish…", true, () => void this.#unpublish(editing)) : nothing}
      ${deletable ? this.#button("desk-article-delete", "Delete article…", true, () => void this.#delete(editing)) : nothing}</div>`;
  }

  #lostSession = (error: unknown): boolean => this.model.session.lost(error);

  #write = (change: Parameters<Editing["write"]>[0]): void => {
    if ("slug" in change) this.#follows = false;
    this.#editing?.write(change);
  };

  #titled = (event: Event): void => {
    const title = (event.target as HTMLInputElement).value;
    this.#editing?.write({ title, ...(this.#follows ? { slug: slugOf(title) } : {}) });
  };

  #keydown = (event: KeyboardEvent): void => {
    const editing = this.#editing;
    if (editing === null || event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (editing.unsaved && editing.conflict === null) void this.#save(editing);
  };

  async #save(editing: Editing): Promise<void> {
    await editing.save();
    this.#named(editing);
    await this.#settle(editing);
  }

  async #publish(editing: Editing): Promise<void> {
    const { detail, written } = editing;
    const article = detail?.article;
    const shown = article?.status === "published" ? article.fields : null;
    const behind = shown === null ? {} : { behind: { name: "See what changes", content: difference(shown, written, { titles: editing.titles }) } };
    if (!(await this.confirm.ask({ title: shown === null ? "Publish this article?" : "Publish these changes?", words: publishWords(shown, written), action: "Publish", ...behind }))) return;
    if ((await editing.publish()) && editing.conflict === null) this.model.toast("Published.", "info");
    this.#named(editing); // kept as a draft, though it may not be published
    await this.#settle(editing);
  }

  async #discard(editing: Editing): Promise<void> {
    const { detail } = editing;
    const published = detail?.article.status === "published";
    const words = detail === null ? "What is written here is gone." : published ? "What is written here is gone. Readers notice nothing: they go on reading what is published." : "What was written since the last version is gone.";
    if (!(await this.confirm.ask({ title: (detail?.draft ?? null) === null ? "Undo all changes?" : "Discard the draft?", words: [words], action: "Discard" }))) return;
    if (detail === null) {
      editing.forget();
      location.hash = articleHash({ kind: "list" });
    } else if (await editing.discard()) this.model.toast("Discarded.", "info");
    await this.#settle(editing);
  }

  async #delete(editing: Editing): Promise<void> {
    if (!(await this.confirm.ask({ title: "Delete this article?", words: ["No reader ever saw it. What is written here is gone for good, for everybody who edits articles."], action: "Delete" }))) return;
    if (await editing.delete()) {
      this.model.toast("Deleted.", "info");
      if (!this.#shows(editing)) return;
      this.model.studio.opened = null;
      location.hash = articleHash({ kind: "list" });
    } else await this.#settle(editing);
  }

  async #unpublish(editing: Editing): Promise<void> {
    const fields = editing.detail?.article.fields;
    if (fields === undefined) return;
    if (!(await this.confirm.ask({ title: "Unpublish this article?", words: [unpublishWords(fields), "It stays here as a draft, with its history, and can be published again."], action: "Unpublish" }))) return;
    if (await editing.unpublish()) this.model.toast("Unpublished: nobody finds it any more.", "info");
    await this.#settle(editing);
  }

  /** Whether one is still at what is edited here, and has not gone on before an answer came. */
  #shows(editing: Editing): boolean {
    return this.isConnected && editing === this.#editing;
  }

  /** An article that was new, or is in the place of one that was deleted, has an address of its own from now on. */
  #named(editing: Editing): void {
    const id = editing.articleId;
    if (id === null || id === this.articleId || !this.#shows(editing)) return;
    this.articleId = id;
    this.#follows = false;
    history.replaceState(null, "", articleHash({ kind: "article", id }));
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  }

  /** Leads to what went wrong: a colleague's change, or a field. */
  async #settle(editing: Editing): Promise<void> {
    await this.updateComplete;
    if (!this.#shows(editing)) return;
    if (editing.conflict !== null) {
      await this.conflict?.updateComplete;
      this.conflict?.focus();
    } else if (editing.problem?.field === "content") this.text?.focus();
    else if (editing.problem?.field === "title") this.renderRoot.querySelector<HTMLElement>(".title")?.focus();
    else if (editing.problem !== null && IN_FORM.includes(editing.problem.field ?? "")) this.renderRoot.querySelector("desk-article-form")?.shadowRoot?.querySelector<HTMLElement>(`[data-testid="desk-article-${editing.problem.field}"]`)?.focus();
  }

  async #readCategories(): Promise<void> {
    try {
      this.model.studio.categories = (await this.model.api.articles.list(ALL, { limit: 1, categories: true })).categories ?? [];
      this.revision += 1;
    } catch (error) {
      this.model.session.lost(error); // suggestions alone are missing
    }
  }
}
