/** What stands behind a review: the votes as they are now, what voters wrote, and what they had searched for. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { now } from "../shared/clock.js";
import { messageOf } from "../shared/errors.js";
import { momentInWords } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "./desk-model.js";
import { feedbackStyle } from "./feedback-style.js";
import type { LedToVote, Review, ReviewDetail, VoteWords } from "./feedback-types.js";

/** Words that are shown at first; an article may have two hundred. */
const FIRST = 10;
/** Words longer than this, or of more lines, begin folded. */
const LONG = 500;
const MANY_LINES = 6;

export class ReviewWords extends LitElement {
  static define(tag = "desk-review-words"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, css`
    :host { display: grid; gap: 12px; margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--border); }
    .all { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; margin-top: 6px; }
    .all li { min-width: 0; padding-inline-start: 12px; border-inline-start: 3px solid var(--border-strong); }
    .all li.helpful { border-color: var(--accent); } .all li.failed { border-color: var(--danger); }
    .words { white-space: pre-wrap; } .words.folded { max-height: 6lh; overflow: hidden; }
    .problem { margin: 0; }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ attribute: false }) review!: Review;
  @state() private detail: ReviewDetail | null = null;
  @state() private problem: string | null = null;
  @state() private shown = FIRST;
  @state() private unfolded: ReadonlySet<VoteWords> = new Set();

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("review")) void this.#read();
  }

  override render(): TemplateResult {
    const { detail } = this;
    if (this.problem !== null) return html`<p class="problem" role="alert"><span>${this.problem}</span><button type="button" class="button" @click=${() => void this.#read()}>Try again</button></p>`;
    if (detail === null) return html`<p class="more" role="status">Reading what voters said…</p>`;
    const { helpful, not_helpful: not } = detail.votes_now;
    const moved = helpful !== this.review.votes.helpful || not !== this.review.votes.not_helpful;
    return html`${moved && this.review.closed === null ? html`<p class="more">By now ${helpful} of ${helpful + not} votes say it helped.</p>` : nothing}
      <div><h4>What voters wrote</h4>${detail.words.length === 0 ? html`<p class="more">Nobody has written anything beside their vote.</p>`
        : html`<ul class="all">${detail.words.slice(0, this.shown).map((one) => this.#words(one))}</ul>`}</div>
      ${detail.words.length <= this.shown ? nothing : html`<div><button type="button" class="button" data-testid="desk-review-all" @click=${() => (this.shown = detail.words.length)}>Show all ${detail.words.length}</button></div>`}
      ${detail.searches.length === 0 ? nothing : html`<div><h4>What they had searched for</h4><ul class="all">${detail.searches.map((one) => this.#search(one))}</ul></div>`}`;
  }

  #words(one: VoteWords): TemplateResult {
    const long = one.words.length > LONG || one.words.split("\n").length > MANY_LINES;
    const whole = !long || this.unfolded.has(one);
    return html`<li class=${one.helpful ? "helpful" : "failed"} data-testid="desk-vote-words"><p class="words foreign ${whole ? "" : "folded"}" dir="auto">${one.words}</p>
      <p class="more">${one.helpful ? "Helpful" : "Not helpful"}, ${momentInWords(one.at, now())}
        ${!long ? nothing : html`<button type="button" class="button quiet" aria-expanded=${whole ? "true" : "false"} @click=${() => this.#fold(one)}>${whole ? "Show less" : "Show all of it"}</button>`}</p></li>`;
  }

  #search(one: LedToVote): TemplateResult {
    const times = one.times === 1 ? "" : `, ${one.times} times`;
    return html`<li class=${one.helpful ? "helpful" : "failed"} data-testid="desk-vote-search"><p class="foreign" dir="auto">${one.question}</p>
      <p class="more">${one.helpful ? "Helpful" : "Not helpful"}${times}, asked ${momentInWords(one.at, now())}</p></li>`;
  }

  #fold(one: VoteWords): void {
    const others = [...this.unfolded].filter((known) => known !== one);
    this.unfolded = new Set(others.length < this.unfolded.size ? others : [...others, one]);
  }

  async #read(): Promise<void> {
    const { id } = this.review;
    try {
      const detail = await this.model.api.review(id);
      if (id !== this.review.id) return; // another one took its place meanwhile
      if (JSON.stringify(detail) !== JSON.stringify(this.detail)) this.detail = detail; // what is unfolded stays so
      this.problem = null;
    } catch (error) {
      if (!this.model.session.lost(error)) this.problem = messageOf(error);
    }
  }
}
