/** Articles that wait for a review, and those that were reviewed: what voters said, and the way to close one. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { now } from "../shared/clock.js";
import { messageOf } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { momentInWords } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { articleHash } from "../studio/article-place.js";
import type { DeskModel } from "./desk-model.js";
import { feedbackStyle } from "./feedback-style.js";
import type { Review, ReviewList, ReviewOutcome, ReviewState } from "./feedback-types.js";
import { Rereading } from "./rereading.js";
import { OUTCOMES, type ReviewDialog } from "./review-dialog.js";

const PAGE = 20;
const MOST_AT_ONCE = 200;
/** Votes come by the hour, not by the second. */
const REREAD_SECONDS = 30;
const NOTHING: Record<ReviewState, { title: string; words: string }> = {
  open: { title: "No article waits for a review", words: "An article comes here once more than 10 readers have voted and less than half of them say that it helped, with the reasons and what they wrote." },
  closed: { title: "Nothing has been reviewed yet", words: "Reviews that were closed stay here, with who closed them, when, and their note." },
};

export class ReviewListView extends LitElement {
  static define(tag = "desk-reviews"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, css`
    .title { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 12px; }
    h3 { flex: 1 1 220px; min-width: 0; font-size: 15px; font-weight: 600; }
    .tally { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin-top: 8px; font-size: 13px; font-variant-numeric: tabular-nums; }
    .tally svg { width: 120px; height: 6px; border-radius: 3px; background: var(--danger); } .tally rect { fill: var(--accent); }
    .reasons { display: grid; gap: 2px; margin-top: 8px; padding-inline-start: 18px; list-style: disc; color: var(--text-2); }
    .note { margin-top: 8px; padding: 8px 12px; border-radius: var(--radius-s); background: var(--surface); white-space: pre-wrap; }
    .actions { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 8px; margin-top: 12px; }
    .actions .toggle { margin-inline-start: -12px; }
    .does { display: flex; flex-wrap: wrap; gap: 8px; } .does a { color: var(--text); }
    .older { margin-top: 12px; }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @state() private shown: ReviewState = "open";
  @state() private found: ReviewList | null = null;
  @state() private problem: string | null = null;
  @state() private opened: ReadonlySet<string> = new Set();
  @state() private older = true;
  @query("desk-review-dialog") private readonly dialog!: ReviewDialog | null;
  @query("h2") private readonly heading!: HTMLElement | null;

  constructor() {
    super();
    new Rereading(this, REREAD_SECONDS, () => void this.#read());
  }

  override render(): TemplateResult {
    const { found, shown, problem } = this;
    return html`<section aria-labelledby="reviews"><div class="head"><h2 id="reviews" tabindex="-1">${this.#waiting()}</h2>
        <label><span class="visually-hidden">Show</span><select data-testid="desk-reviews-state" @change=${(e: Event) => this.#show((e.target as HTMLSelectElement).value as ReviewState)}>
          <option value="open" .selected=${shown === "open"}>To review${found === null ? "" : ` (${found.counts.open})`}</option>
          <option value="closed" .selected=${shown === "closed"}>Reviewed${found === null ? "" : ` (${found.counts.closed})`}</option></select></label></div>
      ${problem === null ? nothing : html`<div class="problem" role="alert"><span>${problem}</span><button type="button" class="button" @click=${() => void this.#read()}>Try again</button></div>`}
      ${found === null ? (problem === null ? html`<p class="nothing" role="status">Reading…</p>` : nothing)
        : found.reviews.length === 0 ? html`<div class="nothing" data-testid="desk-reviews-none"><h3>${NOTHING[shown].title}</h3><p>${NOTHING[shown].words}</p></div>`
        : html`<ul class="rows">${repeat(found.reviews, (one) => one.id, (one) => this.#review(one))}</ul>`}
      ${found !== null && this.#goesOn(found) ? html`<button type="button" class="button older" data-testid="desk-reviews-older" @click=${() => void this.#readOlder()}>Show more</button>` : nothing}
    </section>
    <desk-review-dialog .tasks=${this.model.reviewTasks} .close=${this.#close} @desk-review-closed=${this.#keepFocus}></desk-review-dialog>`;
  }

  #waiting(): string {
    const { found, shown } = this;
    if (shown === "closed") return "Reviewed articles";
    const waiting = found?.counts.open ?? 0;
    return waiting === 0 ? "Articles to review" : waiting === 1 ? "One article waits for a review" : `${waiting} articles wait for a review`;
  }

  #review(one: Review): TemplateResult {
    const { helpful, not_helpful: not } = one.votes;
    const cast = helpful + not;
    const opened = this.opened.has(one.id);
    return html`<li data-testid="desk-review" data-id=${one.id}>
      <div class="title"><h3 class="foreign" dir="auto">${one.url === null ? one.title : html`<a href=${one.url} target="_blank" rel="noopener">${one.title}${icon("external", 14)}<span class="visually-hidden"> (opens the article in a new tab)</span></a>`}</h3>
        ${one.url !== null ? nothing : html`<span class="pill">${one.article_status === "published" ? "Not in the public help centre" : "Not published"}</span>`}
        <span class="more">${one.closed === null ? `waits since ${momentInWords(one.opened_at, now())}` : `${OUTCOMES[one.closed.outcome].name}, ${momentInWords(one.closed.at, now())}`}</span></div>
      <div class="tally"><svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none"><rect width=${cast === 0 ? 0 : (100 * helpful) / cast} height="6"/></svg><span>${helpful} of ${cast} votes say it helped</span></div>
      ${one.closed === null ? html`<ul class="reasons">${one.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`
        : html`<p class="more">Reviewed by <span class="foreign" dir="auto">${one.closed.by}</span></p>${one.closed.note === "" ? nothing : html`<p class="note foreign" dir="auto">${one.closed.note}</p>`}`}
      <div class="actions"><button type="button" class="button quiet toggle" aria-expanded=${opened ? "true" : "false"} aria-label=${`What voters said of ${one.title}`} data-testid="desk-review-words" @click=${() => this.#toggle(one.id)}>What voters said ${icon("down", 14)}</button>
        <span class="does"><a class="button" href=${articleHash({ kind: "article", id: one.article_id })} aria-label=${`Edit ${one.title}`} data-testid="desk-review-edit">Edit</a>
        ${one.closed !== null ? nothing : html`<button type="button" class="button primary" aria-label=${`Reviewed: ${one.title}`} data-testid="desk-review-done" @click=${() => this.dialog?.open(one)}>Reviewed…</button>`}</span></div>
      ${opened ? html`<desk-review-words .model=${this.model} .review=${one}></desk-review-words>` : nothing}</li>`;
  }

  #goesOn(found: ReviewList): boolean {
    const all = this.shown === "open" ? found.counts.open : found.counts.closed;
    const most = this.shown === "open" ? MOST_AT_ONCE : Infinity; // open ones go on with those that are closed meanwhile
    return found.reviews.length < Math.min(all, most) && this.older;
  }

  #toggle(id: string): void {
    const others = [...this.opened].filter((one) => one !== id);
    this.opened = new Set(others.length < this.opened.size ? others : [...others, id]);
  }

  #show(chosen: ReviewState): void {
    this.shown = chosen;
    this.found = null;
    this.older = true;
    void this.#read();
  }

  /** Returns why it was refused, in words, for the dialog to say; null where it is done or nobody is signed in any more. */
  #close = async (review: Review, outcome: ReviewOutcome, note: string): Promise<string | null> => {
    try {
      await this.model.api.closeReview(review.id, outcome, note);
    } catch (error) {
      if (this.model.session.lost(error)) return null;
      await this.#read(); // a colleague may have closed it
      return messageOf(error);
    }
    this.model.toast(outcome === "archived" ? "Reviewed: the article is taken out of publication." : "Reviewed: only votes from now on count for the article.", "info");
    this.model.reviewTasks.keepNote(review.id, "");
    await this.#read();
    await this.updateComplete;
    return null;
  };

  /** The button that opened the dialog is gone with its review, and the focus with it. */
  #keepFocus = (): void => {
    if (this.shadowRoot?.activeElement === null || this.shadowRoot?.activeElement === this.dialog) this.heading?.focus();
  };

  /** Reads as many as are shown, so that a page that was gone on with stays as long. */
  async #read(): Promise<void> {
    const { shown } = this;
    const limit = Math.min(MOST_AT_ONCE, Math.max(PAGE, this.found?.reviews.length ?? 0));
    await this.#take(shown, async () => this.model.api.reviews(shown, { limit }));
  }

  async #readOlder(): Promise<void> {
    const { shown, found } = this;
    const last = found?.reviews.at(-1);
    if (found === null || last === undefined) return;
    await this.#take(shown, async () => {
      if (shown === "open") return this.model.api.reviews(shown, { limit: Math.min(MOST_AT_ONCE, found.reviews.length + PAGE) });
      const next = await this.model.api.reviews(shown, { limit: PAGE, after: last.id });
      this.older = next.reviews.length > 0;
      return { ...next, reviews: [...found.reviews, ...next.reviews] };
    });
  }

  async #take(of: ReviewState, ask: () => Promise<ReviewList>): Promise<void> {
    try {
      const found = await ask();
      this.model.reviewTasks.are(found.counts.open);
      if (of !== this.shown) return; // others were chosen meanwhile
      this.found = found;
      this.problem = null;
    } catch (error) {
      if (!this.model.session.lost(error)) this.problem = messageOf(error);
    }
  }
}
