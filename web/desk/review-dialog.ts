/** Asks what came of a review, and for a note, before it is closed. Emits `desk-review-closed` once it is. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { base } from "../shared/tokens.js";
import type { Review, ReviewOutcome } from "./feedback-types.js";
import { formStyle } from "./form-style.js";
import type { ReviewTasks } from "./review-tasks.js";

const LONGEST_NOTE = 4_000;
export const OUTCOMES: Record<ReviewOutcome, { name: string; words: string }> = {
  rewritten: { name: "Rewritten", words: "Somebody has changed the article." },
  fine: { name: "Fine as it is", words: "It stays as it is." },
  archived: { name: "Taken out", words: "It becomes a draft at once: nobody finds it any more." },
};

export class ReviewDialog extends LitElement {
  static define(tag = "desk-review-dialog"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, css`
    .title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; overflow-wrap: anywhere; }
    .outcomes { display: grid; gap: 4px; margin-top: 6px; }
    .outcomes label { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 10px; padding: 8px 10px; border: 1px solid var(--border); border-radius: var(--radius-s); }
    .outcomes label:has(:checked) { border-color: var(--accent); background: var(--accent-soft); }
    .outcomes input { width: 16px; height: 16px; margin: 2px 0 0; accent-color: var(--accent); }
    .outcomes small { grid-column: 2; font-size: 12.5px; color: var(--text-2); }
  `];

  @property({ attribute: false }) tasks!: ReviewTasks;
  /** Closes the review; returns why it was refused, in words. */
  @property({ attribute: false }) close!: (review: Review, outcome: ReviewOutcome, note: string) => Promise<string | null>;
  @state() private review: Review | null = null;
  @state() private outcome: ReviewOutcome = "rewritten";
  @state() private problem: string | null = null;
  @state() private closing = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;
  @query("textarea") private readonly note!: HTMLTextAreaElement | null;

  open(review: Review): void {
    this.review = review;
    this.outcome = "rewritten";
    this.problem = null;
    void this.updateComplete.then(() => {
      if (this.note !== null) this.note.value = this.tasks.note(review.id);
      this.dialog?.showModal();
    });
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="close-title"><form method="dialog" @submit=${this.#submit}>
      <h2 id="close-title">What came of the review?</h2>
      <p class="title" dir="auto">${this.review?.title}</p>
      <fieldset><legend>The article is</legend><div class="outcomes">${Object.entries(OUTCOMES).map(([id, { name, words }]) => html`<label><input type="radio" name="outcome" value=${id} .checked=${id === this.outcome}
        data-testid="desk-review-${id}" @change=${() => (this.outcome = id as ReviewOutcome)}><span>${name}</span><small>${words}</small></label>`)}</div></fieldset>
      <label class="field">Note for colleagues (optional)<textarea maxlength=${LONGEST_NOTE} dir="auto" data-testid="desk-review-note" @input=${this.#written}></textarea></label>
      ${this.problem === null ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <div class="row"><button type="button" class="button" data-testid="desk-review-cancel" @click=${() => this.dialog?.close()}>Cancel</button>
        <button class="button primary" data-testid="desk-review-confirm" aria-disabled=${this.closing ? "true" : "false"}>${this.closing ? "Closing…" : "Close the review"}</button></div>
    </form></dialog>`;
  }

  /** What is written outlasts a cancelled dialog, another page and a session that ends. */
  #written = (event: Event): void => {
    if (this.review !== null) this.tasks.keepNote(this.review.id, (event.target as HTMLTextAreaElement).value);
  };

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { review, outcome, closing } = this;
    if (review === null || closing) return;
    this.closing = true;
    this.problem = null;
    this.problem = await this.close(review, outcome, this.tasks.note(review.id).trim());
    this.closing = false;
    if (this.problem !== null) return;
    this.dialog?.close();
    this.dispatchEvent(new Event("desk-review-closed"));
  };
}
