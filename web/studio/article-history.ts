/** An article's versions: who made each, when and what of it; what one says beside the present one; and the way back to it. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { DeskModel } from "../desk/desk-model.js";
import { feedbackStyle } from "../desk/feedback-style.js";
import { now } from "../shared/clock.js";
import { messageOf } from "../shared/errors.js";
import { momentOrDate } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { articleHash } from "./article-place.js";
import type { ArticleDetail, ArticleVersion, ArticleVersionDetail } from "./article-types.js";
import { restoreWords } from "./article-words.js";
import type { ConfirmDialog } from "./confirm-dialog.js";
import { difference, differenceStyle } from "./difference.js";
import { changedNames, sameFields } from "./fields.js";
import { studioStyle } from "./studio-style.js";

type Shown = "since" | "reads";

export class ArticleHistory extends LitElement {
  static define(tag = "desk-article-history"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, studioStyle, differenceStyle, css`
    :host { display: block; container-type: inline-size; }
    .columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 20px; margin-top: 16px; align-items: start; }
    @container (min-width: 760px) { .columns { grid-template-columns: 290px minmax(0, 1fr); } .versions { max-height: calc(100vh - 190px); overflow-y: auto; } .lines { max-height: calc(100vh - 330px) !important; } }
    @container (max-width: 759px) { .versions { max-height: 38vh; overflow-y: auto; } }
    .versions li { padding: 0 !important; } .versions a { display: grid; gap: 1px; padding: 10px 14px; color: var(--text); text-decoration: none !important; overflow-wrap: anywhere; }
    .versions a:hover { background: var(--surface); } .versions a[aria-current="true"] { background: var(--accent-soft); color: var(--accent-text); } .versions a:focus-visible { outline-offset: -2px; }
    .versions b { font-weight: 600; font-size: 13.5px; } .versions a[aria-current="true"] .more { color: inherit; }
    .of { font-size: 15px; font-weight: 600; }
    .one { min-width: 0; } .one h2 { flex: 1 1 220px; }
    .ways { display: flex; gap: 4px; margin: 12px 0; } .ways button { min-height: 32px; padding: 0 12px; border: 1px solid transparent; border-radius: var(--radius-s); background: none; color: var(--text-2); font-size: 13px; font-weight: 550; }
    .ways button:hover { background: var(--sunken); } .ways button[aria-pressed="true"] { border-color: var(--accent); background: var(--accent-soft); color: var(--accent-text); }
    desk-article-preview { height: max(360px, calc(100vh - 330px)); }
    .older { margin-top: 8px; }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ attribute: false }) articleId = "";
  @property({ attribute: false }) version: number | null = null;
  @state() private detail: ArticleDetail | null = null;
  @state() private versions: readonly ArticleVersion[] = [];
  @state() private next: number | null = null;
  @state() private one: ArticleVersionDetail | null = null;
  @state() private shown: Shown = "since";
  @state() private problem: string | null = null;
  @state() private busy = false;
  @query("desk-confirm") private readonly confirm!: ConfirmDialog;

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("articleId") || changed.has("version")) this.one = null;
    if (changed.has("articleId")) this.detail = null;
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("articleId")) void this.#read();
    else if (changed.has("version")) void this.#readOne();
  }

  override render(): TemplateResult {
    const { detail, problem, versions, next } = this;
    return html`${problem === null ? nothing : html`<div class="problem" role="alert"><span>${problem}</span><button type="button" class="button" @click=${() => void this.#read()}>Try again</button></div>`}
      ${detail === null ? (problem === null ? html`<p class="nothing" role="status">Reading the history…</p>` : nothing) : html`
      <p class="of foreign" dir="auto">${detail.article.fields.title}</p>
      <div class="columns"><div><ol class="rows versions" aria-label="Versions, the newest first" reversed>${repeat(versions, ({ number }) => number, (one) => this.#version(one, detail.article.version))}</ol>
        ${next === null ? nothing : html`<button type="button" class="button older" data-testid="desk-versions-older" @click=${() => void this.#readOlder(next)}>Show older</button>`}</div>
        <section class="one" aria-labelledby="one">${this.#one(detail)}</section></div>`}
      <desk-confirm></desk-confirm>`;
  }

  #version({ number, by, at, changed, status }: ArticleVersion, present: number): TemplateResult {
    const what = number === 1 ? "The first" : changedNames(changed) || (changed.includes("status") ? (status === "published" ? "Published" : "Unpublished") : "Nothing of its words");
    return html`<li data-testid="desk-version" data-number=${number}><a href=${articleHash({ kind: "history", id: this.articleId, version: number })} aria-current=${number === this.version ? "true" : "false"}>
      <b>Version ${number}${number === present ? ", now" : ""}</b><span class="more"><bdi>${by || "Somebody"}</bdi>${at === null ? "" : `, ${momentOrDate(at, now())}`}</span><span class="more">${what}${status === "draft" ? " · not published" : ""}</span></a></li>`;
  }

  #one(detail: ArticleDetail): TemplateResult {
    const { one, shown } = this;
    const { article } = detail;
    if (this.version === null) return html`<h2 id="one">${article.version === 1 ? "This is its first version" : "Choose a version"}</h2><p class="more">${article.version === 1 ? "Each time it is published, or taken back, what it said before is kept here." : "It is shown beside what the article says now, and can be brought back."}</p>`;
    if (one === null) return html`<h2 id="one">Version ${this.version}</h2>${this.problem === null ? html`<p role="status">Reading…</p>` : nothing}`;
    const present = one.number === article.version;
    const restorable = !present && !sameFields(one.fields, article.fields);
    return html`<div class="head"><h2 id="one" tabindex="-1">Version ${one.number}${present ? ", which counts now" : ""}</h2>
        ${restorable ? html`<button type="button" class="button primary" aria-disabled=${this.busy ? "true" : "false"} data-testid="desk-version-restore" @click=${() => void this.#restore(detail, one)}>${this.busy ? "Bringing it back…" : "Bring it back…"}</button>` : nothing}</div>
      ${present ? nothing : html`<div class="ways" role="group" aria-label="How to look at it">${this.#way("since", "What changed since")}${this.#way("reads", "How it read")}</div>`}
      ${present || shown === "reads" ? html`<desk-article-preview .make=${this.model.api.articles.preview} .lostSession=${(error: unknown) => this.model.session.lost(error)} .heading=${one.fields.title} .excerpt=${one.fields.excerpt} .content=${one.fields.content}></desk-article-preview>`
        : html`<p class="more">From version ${one.number} to version ${article.version}, which counts now.</p><div class="since">${difference(one.fields, article.fields, { titles: new Map((detail.related ?? []).map(({ id, title }) => [id, title])) })}</div>`}`;
  }

  #way(way: Shown, name: string): TemplateResult {
    return html`<button type="button" aria-pressed=${way === this.shown ? "true" : "false"} data-testid="desk-version-${way}" @click=${() => (this.shown = way)}>${name}</button>`;
  }

  async #read(): Promise<void> {
    const id = this.articleId;
    const read = await this.#try(async () => {
      const [detail, { versions, next }] = await Promise.all([this.model.api.articles.article(id), this.model.api.articles.versions(id)]);
      if (id !== this.articleId) return; // another was opened meanwhile
      this.detail = detail;
      this.versions = versions;
      this.next = next ?? null;
      this.model.studio.opened = id;
    });
    if (read && id === this.articleId) await this.#readOne(); // else the problem would be gone with the next attempt
  }

  async #readOlder(before: number): Promise<void> {
    const id = this.articleId;
    await this.#try(async () => {
      const { versions, next } = await this.model.api.articles.versions(id, before);
      if (id !== this.articleId || before !== this.next) return; // another article was opened meanwhile, or it was pressed twice
      this.versions = [...this.versions, ...versions];
      this.next = next ?? null;
    });
  }

  async #readOne(): Promise<void> {
    const { version, articleId: id } = this;
    this.one = null;
    if (version === null) return;
    await this.#try(async () => {
      const one = await this.model.api.articles.version(id, version);
      if (id === this.articleId && version === this.version) this.one = one; // another was chosen meanwhile
    });
  }

  async #restore(detail: ArticleDetail, one: ArticleVersionDetail): Promise<void> {
    if (this.busy) return;
    const { article, draft } = detail;
    const { id } = article;
    const words = restoreWords(one.number, article.version + 1, article.status, one.fields);
    const waiting = draft === null ? [] : [`The draft of ${draft.by} stays, and has to be put together with this before it can be published.`];
    if (!(await this.confirm.ask({ title: `Bring version ${one.number} back?`, words: [...words, ...waiting], action: "Bring it back" }))) return;
    this.busy = true;
    const done = await this.#try(async () => {
      const restored = await this.model.api.articles.restore(id, one.number, article.version);
      this.model.toast(`Version ${one.number} counts again, as version ${restored.article.version}.`, "info");
      if (this.#shows(id)) location.hash = articleHash({ kind: "history", id, version: restored.article.version });
    });
    this.busy = false;
    if (!done || !this.#shows(id)) return;
    await this.#read();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("#one")?.focus();
  }

  /** Whether one is still at the history of this article, and has not gone on before an answer came. */
  #shows(id: string): boolean {
    return this.isConnected && id === this.articleId;
  }

  /** Does something whose failure is a sentence above; tells whether it was done. */
  async #try(action: () => Promise<void>): Promise<boolean> {
    this.problem = null;
    try {
      await action();
      return true;
    } catch (error) {
      if (!this.model.session.lost(error)) this.problem = messageOf(error);
      return false;
    }
  }
}
