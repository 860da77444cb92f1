/** Finds an article and inserts it. The arrow keys go through what was found. Emits `desk-insert` with text, and `desk-search-close`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { Opened } from "../shared/clicks.js";
import { messageOf } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { markedPieces, passageText, safeUrl } from "../shared/passage.js";
import type { ArticleHit, ArticlesFound } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";

const WAIT_MS = 250;
/** Characters of a passage that fit before its first mark in the two lines that a result has. */
const BEFORE = 90;

export class ArticleSearch extends LitElement {
  static define(tag = "desk-article-search"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: flex; flex-direction: column; max-height: min(420px, 50vh); border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); box-shadow: var(--shadow); font-size: 13px; line-height: 1.45; overflow: hidden; }
    .top { display: flex; align-items: center; gap: 8px; padding: 6px 6px 6px 12px; border-bottom: 1px solid var(--border); color: var(--text-3); }
    input { flex: 1; min-width: 0; height: 32px; border: 0; background: transparent; font-size: 14px; color: var(--text); }
    input:focus { outline: none; }
    .top:focus-within { box-shadow: inset 0 -2px 0 var(--accent); }
    input::placeholder { color: var(--text-3); opacity: 1; }
    input::-webkit-search-cancel-button { display: none; }
    .results { overflow-y: auto; padding: 6px; }
    li { padding: 10px; border-radius: var(--radius-s); }
    li + li { border-top: 1px solid var(--border); border-radius: 0; }
    .title { display: flex; gap: 8px; align-items: baseline; }
    .title a { color: var(--text); font-weight: 600; font-size: 14px; text-decoration: none; overflow-wrap: anywhere; }
    .title a:hover { text-decoration: underline; }
    .tag { flex: none; padding: 0 6px; border-radius: 4px; background: var(--warn-soft); color: var(--warn-text); font-size: 11px; font-weight: 600; }
    .passage { margin-top: 2px; color: var(--text-2); display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; overflow-wrap: anywhere; }
    .actions { display: flex; gap: 6px; margin-top: 8px; flex-wrap: wrap; align-items: center; color: var(--text-2); }
    .actions .button { min-height: 26px; padding: 0 9px; font-size: 12px; }
    .say { padding: 20px; text-align: center; color: var(--text-2); }
    .problem { color: var(--danger-text); }
  `];

  @property({ attribute: false }) search!: (q: string, signal: AbortSignal) => Promise<ArticlesFound>;
  /** Notes that a result was of use: opened or inserted. */
  @property({ attribute: false }) opened!: (opened: Opened) => void;
  /** Internal articles go into notes only. */
  @property() mode: "reply" | "note" = "reply";
  @state() private found: ArticlesFound | null = null;
  @state() private problem: string | null = null;
  @state() private asked = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #told: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#keydown);
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("keydown", this.#keydown);
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  override render(): TemplateResult {
    return html`<div class="top">${icon("search", 16)}
        <input type="search" aria-label="Search articles" placeholder="Search articles to insert…" data-testid="desk-search" @input=${this.#input}>
        <button type="button" class="icon-button" aria-label="Close the article search" @click=${() => this.#emit("desk-search-close", null)}>${icon("close", 16)}</button></div>
      <div class="results" role="region" aria-label="Articles found" tabindex="0">${this.#results()}</div>`;
  }

  #results(): TemplateResult {
    if (this.problem !== null) return html`<p class="say problem" role="alert">${this.problem}</p>`;
    if (this.found === null) return html`<p class="say">${this.asked === "" ? "Type what the customer asks." : "Searching…"}</p>`;
    if (this.found.results.length === 0) return html`<p class="say" role="status">No article found for “${this.asked}”.</p>`;
    return html`<ul>${this.found.results.map((hit) => this.#hit(hit))}</ul>`;
  }

  #hit(hit: ArticleHit): TemplateResult {
    const url = safeUrl(hit.url, location.origin);
    const text = passageText(hit.html);
    const kept = hit.visibility === "internal" && this.mode === "reply";
    return html`<li data-testid="desk-search-hit">
      <p class="title">${url === null ? html`<strong dir="auto">${hit.title}</strong>` : html`<a href=${url} target="_blank" rel="noopener" dir="auto" @click=${() => this.#used(hit)}>${hit.title}</a>`}
        ${hit.visibility === "internal" ? html`<span class="tag">internal</span>` : nothing}</p>
      <p class="passage" dir="auto">${hit.heading ? `${hit.heading} · ` : ""}${markedPieces(hit.html, BEFORE).map(({ text: piece, marks }) => (marks === 0 ? piece : html`<mark class=${marks === 2 ? "word" : nothing}>${piece}</mark>`))}</p>
      <p class="actions">${kept ? "For agents only. Switch to an internal note to insert it." : html`
        ${url === null ? nothing : html`<button type="button" class="button" data-testid="desk-insert-link" @click=${() => this.#insert(hit, `${hit.title}: ${url}`)}>Insert link</button>`}
        <button type="button" class="button" data-testid="desk-insert-passage" @click=${() => this.#insert(hit, url === null ? text : `${text}\n${url}`)}>Insert passage</button>`}</p>
    </li>`;
  }

  #input = (event: Event): void => {
    const q = (event.target as HTMLInputElement).value.trim();
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.asked = q;
    this.problem = null;
    this.found = null;
    if (q !== "") this.#timer = setTimeout(() => void this.#run(q), WAIT_MS);
  };

  async #run(q: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const found = await this.search(q, abort.signal);
      if (!abort.signal.aborted) this.found = found;
    } catch (error) {
      if (!abort.signal.aborted) this.problem = messageOf(error);
    }
  }

  #insert(hit: ArticleHit, text: string): void {
    this.#used(hit);
    this.#emit("desk-insert", text);
  }

  /** Told once for a search; the service keeps the first. */
  #used(hit: ArticleHit): void {
    const searchId = this.found?.search_id ?? null;
    if (searchId === null || searchId === this.#told) return;
    this.#told = searchId;
    this.opened({ searchId, articleId: hit.article_id });
  }

  #keydown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#emit("desk-search-close", null);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      event.stopPropagation();
      this.#move(event.key === "ArrowDown" ? 1 : -1);
    }
  };

  /** From the field to the first result's first button, from result to result, and back up to the field. */
  #move(by: 1 | -1): void {
    const hits = [...this.renderRoot.querySelectorAll<HTMLElement>("li")];
    const focused = this.shadowRoot?.activeElement ?? null;
    const to = hits.findIndex((hit) => hit.contains(focused)) + by;
    const hit = to < 0 ? null : hits[Math.min(to, hits.length - 1)];
    const target = to < 0 ? this.renderRoot.querySelector("input") : (hit?.querySelector("button") ?? hit?.querySelector("a"));
    target?.focus();
    hit?.scrollIntoView({ block: "nearest" });
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
