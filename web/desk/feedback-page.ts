/** The page "Feedback": the articles that fail more readers than they help, and what people search for. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { icon } from "../shared/icons.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "./desk-model.js";
import { pageStyle } from "./page-style.js";
import { hashOf } from "./place.js";

export class FeedbackPage extends LitElement {
  static define(tag = "desk-feedback"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, pageStyle, css`
    header + p { max-width: 68ch; margin-top: 4px; color: var(--text-2); }
    nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 16px 0 20px; border-bottom: 1px solid var(--border); }
    nav a { display: inline-flex; align-items: center; gap: 8px; min-height: 40px; margin-bottom: -1px; border-bottom: 2px solid transparent; color: var(--text-2); font-weight: 550; text-decoration: none; }
    nav a:hover { color: var(--text); }
    nav a[aria-current="page"] { border-color: var(--accent); color: var(--accent-text); }
    .count { min-width: 20px; padding: 0 6px; border-radius: 10px; background: var(--sunken); color: var(--text-2); font-size: 12px; line-height: 20px; text-align: center; font-variant-numeric: tabular-nums; }
    @media (max-width: 900px) { .page { padding: 12px 16px 40px; } }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus();
  }

  override render(): TemplateResult {
    const searches = this.model.pagePart === "searches";
    return html`<div class="page" data-testid="desk-feedback-page">
      <header><button type="button" class="icon-button back" aria-label="Back to the list" @click=${() => this.dispatchEvent(new CustomEvent("desk-back", { bubbles: true, composed: true }))}>${icon("back", 20)}</button>
        <h1 tabindex="-1">Feedback</h1></header>
      <p>What readers say of the articles, and what they look for. Nothing here changes an answer by itself: it shows where an article is bad or missing.</p>
      <nav aria-label="Feedback">${this.#part("Articles to review", null, !searches, this.model.reviewTasks.open)}${this.#part("What people search for", "searches", searches, null)}</nav>
      ${searches ? html`<desk-searches .model=${this.model}></desk-searches>` : html`<desk-reviews .model=${this.model}></desk-reviews>`}
    </div>`;
  }

  #part(name: string, part: string | null, shown: boolean, count: number | null): TemplateResult {
    return html`<a href=${hashOf({ view: "queue", id: null, page: "feedback", ...(part === null ? {} : { part }) })} aria-current=${shown ? "page" : "false"} data-testid="desk-feedback-${part ?? "reviews"}">${name}
      ${count === null ? nothing : html`<span class="count">${count}</span>`}</a>`;
  }
}
