/** An article, read in the widget in place of the conversation. Emits `baton-article-close` and `baton-article` to try again. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { icon } from "../shared/icons.js";
import { passageFragment, safeUrl } from "../shared/passage.js";
import { base } from "../shared/tokens.js";
import type { OpenArticle } from "./suggested-articles.js";

export class ArticleReader extends LitElement {
  static define(tag = "baton-article"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: flex; flex-direction: column; flex: 1; min-height: 0; font-size: 15px; line-height: 1.55; }
    .bar { display: flex; align-items: center; justify-content: space-between; gap: 8px; padding: 6px 8px; border-bottom: 1px solid var(--border); }
    .bar .button { min-height: 34px; }
    .scroll { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 20px 20px 28px; scrollbar-width: thin; scrollbar-color: var(--border-strong) transparent; }
    .scroll:focus-visible { outline-offset: -2px; }
    .where { font-size: 13px; color: var(--text-3); }
    h3 { margin-top: 2px; font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; text-wrap: balance; }
    .text { margin-top: 14px; overflow-wrap: anywhere; }
    .text p, .text ul, .text ol, .text pre, .text .wide, .text blockquote { margin: 0 0 12px; }
    .text ul, .text ol { padding-inline-start: 22px; list-style: revert; }
    .text li { margin: 4px 0; }
    .text a { color: var(--accent-text); text-underline-offset: 2px; }
    .text p > strong:only-child { font-size: 16px; }
    .text code { font-family: var(--mono); font-size: .88em; background: var(--sunken); border-radius: 4px; padding: 1px 4px; }
    .text pre { overflow-x: auto; background: var(--sunken); border-radius: var(--radius-s); padding: 10px 12px; }
    .text pre code { background: none; padding: 0; }
    .text .wide { overflow-x: auto; overflow-wrap: normal; }
    .text .wide:focus-visible, .text pre:focus-visible { outline-offset: -2px; }
    .text table { border-collapse: collapse; width: 100%; font-size: 14px; }
    .text th, .text td { border-bottom: 1px solid var(--border); padding: 6px 10px 6px 0; text-align: start; vertical-align: top; }
    .text blockquote { padding-inline-start: 10px; border-inline-start: 3px solid var(--border); color: var(--text-2); }
    .wait, .problem { margin-top: 16px; color: var(--text-2); }
    .problem { color: var(--danger-text); }
    .problem .button { margin-top: 10px; }
  `];

  @property({ attribute: false }) open: OpenArticle | null = null;
  @property() base = "";
  @query(".back") private readonly back!: HTMLButtonElement | null;

  override focus(): void {
    this.back?.focus();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.open === null) return nothing;
    const { title, article, problem } = this.open;
    const given = article?.url ?? null;
    const url = given === null ? null : safeUrl(given, this.base);
    return html`<div class="bar">
        <button type="button" class="button quiet back" data-testid="article-back" @click=${() => this.#emit("baton-article-close", null)}>${icon("back", 18)} Back</button>
        ${url === null ? nothing : html`<a class="button quiet" href=${url} target="_blank" rel="noopener" data-testid="article-link">Open in the help centre
          ${icon("external", 15)}<span class="visually-hidden">(opens in a new tab)</span></a>`}
      </div>
      <div class="scroll" tabindex="0" role="region" aria-labelledby="title" data-testid="article-reader">
        ${article === null || article.category === "" ? nothing : html`<p class="where" dir="auto">${article.category}</p>`}
        <h3 id="title" dir="auto">${title}</h3>
        ${article === null && problem === null ? html`<p class="wait" role="status">Loading…</p>` : nothing}
        ${problem === null ? nothing : html`<div class="problem" role="alert"><p>${problem}</p>
          <button type="button" class="button" @click=${() => this.#emit("baton-article", { slug: this.open?.slug, title, from: this.open?.from })}>Try again</button></div>`}
        <div class="text" dir="auto"></div>
      </div>`;
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has("open")) return;
    const shown = changed.get("open")?.article?.html;
    const wanted = this.open?.article?.html ?? "";
    if (shown !== wanted) this.renderRoot.querySelector(".text")?.replaceChildren(passageFragment(wanted, this.base));
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
