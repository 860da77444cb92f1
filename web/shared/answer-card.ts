/** An article's passage with its title and link: foreign markup, sanitised. Emits `baton-opened` once, when the article is opened. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { icon } from "./icons.js";
import { passageFragment, safeUrl } from "./passage.js";
import type { Answer } from "./protocol.js";
import { base } from "./tokens.js";

const FOLDED_PX = 220;

export class AnswerCard extends LitElement {
  static define(tag = "baton-answer"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; font-size: 14px; line-height: 1.5; }
    article { border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); box-shadow: var(--shadow-small); overflow: hidden; }
    .head { padding: 12px 14px 0; }
    .title {
      display: inline-flex; gap: 6px; align-items: flex-start; color: var(--accent-text); font-weight: 600; text-decoration: none; overflow-wrap: anywhere;
    }
    .title:hover { text-decoration: underline; text-underline-offset: 2px; }
    .title svg { margin-top: 3px; }
    .heading { color: var(--text-2); font-size: 13px; overflow-wrap: anywhere; }
    .passage { padding: 8px 14px 12px; overflow-wrap: anywhere; }
    .passage.folded { max-height: ${FOLDED_PX}px; overflow: hidden; mask-image: linear-gradient(#000 70%, transparent); }
    .passage > :first-child { margin-top: 0; }
    .passage p { margin: 0 0 8px; }
    .passage ul, .passage ol { margin: 0 0 8px; padding-inline-start: 20px; list-style: revert; }
    .passage li { margin: 2px 0; }
    .passage > :last-child { margin-bottom: 0; }
    .passage a { color: var(--accent-text); text-underline-offset: 2px; }
    .passage code { font-family: var(--mono); font-size: .9em; background: var(--sunken); border-radius: 4px; padding: 1px 4px; }
    .passage pre { overflow-x: auto; background: var(--sunken); border-radius: var(--radius-s); padding: 8px 10px; margin: 0 0 8px; }
    .passage pre code { background: none; padding: 0; }
    .passage .wide { overflow-x: auto; overflow-wrap: normal; margin: 0 0 8px; }
    .passage .wide:focus-visible, .passage pre:focus-visible { outline-offset: -2px; }
    .passage table { border-collapse: collapse; width: 100%; font-size: 13px; }
    .passage th, .passage td { border-bottom: 1px solid var(--border); padding: 4px 8px 4px 0; text-align: start; vertical-align: top; }
    .passage blockquote { margin: 0 0 8px; padding-inline-start: 10px; border-inline-start: 3px solid var(--border); color: var(--text-2); }
    .foot { display: flex; gap: 4px; align-items: center; border-top: 1px solid var(--border); padding: 4px 6px; background: var(--surface); }
    .link {
      display: inline-flex; align-items: center; gap: 6px; min-height: 28px; padding: 0 8px; border: 0; border-radius: var(--radius-s); background: none;
      color: var(--text-2); font-size: 12.5px; font-weight: 500; text-decoration: none;
    }
    .link:hover { background: var(--sunken); color: var(--text); }
  `];

  @property({ attribute: false }) answer: Answer | null = null;
  /** The service's base URL, against which relative links are resolved. */
  @property() base = "";
  /** Whoever shows the card can show the whole article as well: a plain click asks for it by `baton-article`. */
  @property({ type: Boolean }) reads = false;
  @state() private foldable = false;
  @state() private folded = true;
  #opened = false;

  override render(): TemplateResult | typeof nothing {
    const { answer } = this;
    if (answer === null) return nothing;
    const url = safeUrl(answer.url, this.base);
    const heading = answer.heading !== null && answer.heading !== "" && answer.heading !== answer.title ? answer.heading : null;
    return html`<article data-testid="answer-card" data-article=${answer.article_id}>
      <div class="head">
        ${url === null
          ? html`<span class="title">${icon("article", 16)}<span dir="auto">${answer.title}</span></span>`
          : html`<a class="title" href=${url} target="_blank" rel="noopener" data-testid="answer-link" @click=${this.#open} @auxclick=${this.#open}>${icon("article", 16)}<span dir="auto">${answer.title}</span>${this.reads ? nothing : html`<span
              class="visually-hidden">(opens in a new tab)</span>`}</a>`}
        ${heading === null ? nothing : html`<p class="heading" dir="auto">${heading}</p>`}
      </div>
      <div class="passage ${this.foldable && this.folded ? "folded" : ""}" dir="auto" id="passage"></div>
      ${url === null && !this.foldable ? nothing : html`<div class="foot">
        ${this.foldable ? html`<button type="button" class="link" aria-expanded=${this.folded ? "false" : "true"} aria-controls="passage"
          @click=${() => (this.folded = !this.folded)}>${this.folded ? "Show all" : "Show less"}</button>` : nothing}
        ${url === null ? nothing : html`<a class="link" href=${url} target="_blank" rel="noopener" tabindex="-1" aria-hidden="true" @click=${this.#open}
          @auxclick=${this.#open}>Read the article ${this.reads ? nothing : icon("external", 14)}</a>`}
      </div>`}
    </article>`;
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>("a.title")?.focus();
  }

  #open = (event: MouseEvent): void => {
    if (this.answer !== null && this.reads && event.type === "click" && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      const { slug, title } = this.answer;
      this.dispatchEvent(new CustomEvent("baton-article", { detail: { slug, title, from: "answer" }, bubbles: true, composed: true }));
    }
    const searchId = this.answer?.search_id ?? null;
    if (this.#opened || searchId === null || event.button === 2) return; // the right button opens a menu, not the article
    this.#opened = true;
    this.dispatchEvent(new CustomEvent("baton-opened", { detail: { searchId, articleId: this.answer?.article_id }, bubbles: true, composed: true }));
  };

  override updated(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("answer") || this.answer === null) return;
    const before = changed.get("answer") as Answer | null | undefined;
    if (before?.html === this.answer.html) return;
    const passage = this.renderRoot.querySelector(".passage");
    passage?.replaceChildren(passageFragment(this.answer.html, this.base));
    this.foldable = (passage?.scrollHeight ?? 0) > FOLDED_PX + 40;
  }
}
