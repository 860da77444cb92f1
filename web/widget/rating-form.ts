/** Asks how the help was: 1 to 5, with words, and a comment if wanted. Emits `baton-rate` and `baton-rating-later`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { base } from "../shared/tokens.js";
import { SCORES } from "./wording.js";

export class RatingForm extends LitElement {
  static define(tag = "baton-rating"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; font-size: 14px; line-height: 1.45; }
    form { padding: 16px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--surface); }
    fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
    legend { padding: 0; font-weight: 600; font-size: 15px; }
    .scores { display: grid; grid-template-columns: repeat(5, 1fr); gap: 6px; margin: 12px 0 0; }
    label.score { position: relative; display: grid; justify-items: center; gap: 4px; cursor: pointer; text-align: center; }
    label.score input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
    .number {
      display: grid; place-items: center; width: 100%; height: 40px; border: 1px solid var(--border-strong); border-radius: var(--radius-s);
      background: var(--bg); font-weight: 600; font-variant-numeric: tabular-nums;
    }
    label.score:hover .number { border-color: var(--accent); }
    input:checked + .number { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
    input:focus-visible + .number { outline: 2px solid var(--accent); outline-offset: 2px; }
    .words { font-size: 11px; color: var(--text-2); line-height: 1.25; }
    .comment { display: block; margin-top: 14px; font-size: 13px; color: var(--text-2); }
    textarea {
      display: block; width: 100%; min-height: 64px; margin-top: 4px; padding: 8px 10px; border: 1px solid var(--border-strong);
      border-radius: var(--radius-s); background: var(--bg); resize: vertical; color: var(--text);
    }
    .row { display: flex; justify-content: flex-end; gap: 8px; margin-top: 12px; }
    .problem { margin-top: 10px; color: var(--danger-text); font-size: 13px; }
  `];

  @property() agent = "";
  @property({ type: Boolean }) busy = false;
  @property() problem = "";
  @state() private score: number | null = null;
  #comment = "";

  override render(): TemplateResult {
    return html`<form @submit=${this.#submit} data-testid="widget-rating">
      <fieldset>
        <legend>${this.agent === "" ? "How was the help you got?" : html`How was the help from <span dir="auto">${this.agent}</span>?`}</legend>
        <div class="scores">
          ${SCORES.map(({ score, label }) => html`<label class="score">
            <input type="radio" name="score" .value=${String(score)} data-testid="rating-${score}"
              @change=${() => (this.score = score)}>
            <span class="number">${score}</span><span class="words">${label}</span>
          </label>`)}
        </div>
      </fieldset>
      ${this.score === null ? nothing : html`<label class="comment">Anything to add? (optional)
        <textarea dir="auto" maxlength="2000" data-testid="rating-comment" ?readonly=${this.busy}
          @input=${(e: Event) => (this.#comment = (e.target as HTMLTextAreaElement).value)}></textarea></label>`}
      ${this.problem === "" ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <div class="row">
        <button type="button" class="button quiet" data-testid="rating-later" @click=${() => this.#emit("baton-rating-later", null)}>Not now</button>
        <button class="button primary" data-testid="rating-send" ?disabled=${this.score === null} aria-disabled=${this.busy ? "true" : "false"}>${this.busy ? "Sending…" : "Send rating"}</button>
      </div>
    </form>`;
  }

  #submit = (event: Event): void => {
    event.preventDefault();
    if (this.score !== null && !this.busy) this.#emit("baton-rate", { score: this.score, comment: this.#comment });
  };

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
