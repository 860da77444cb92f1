/** Asks before something that others notice is done. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { formStyle } from "../desk/form-style.js";
import { base } from "../shared/tokens.js";
import { differenceStyle } from "./difference.js";

/** `behind` is folded until it is opened. */
export interface Question { title: string; words: readonly string[]; action: string; behind?: { name: string; content: TemplateResult } }

export class ConfirmDialog extends LitElement {
  static define(tag = "desk-confirm"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, differenceStyle, css`
    dialog { width: min(640px, calc(100vw - 32px)); overflow-wrap: anywhere; }
    p + p { margin-top: 8px; color: var(--text-2); font-size: 13px; }
    details { margin-top: 12px; font-size: 13px; } summary { width: fit-content; cursor: pointer; color: var(--accent-text); font-weight: 550; } details > div { margin-top: 8px; }
  `];

  @state() private question: Question | null = null;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;
  #answer: ((yes: boolean) => void) | null = null;

  /** Tells whether it is to be done. */
  async ask(question: Question): Promise<boolean> {
    this.#answered(false);
    this.question = question;
    await this.updateComplete;
    this.dialog?.showModal();
    return new Promise((answer) => (this.#answer = answer));
  }

  override render(): TemplateResult {
    const { question } = this;
    return html`<dialog aria-labelledby="title" @close=${() => this.#answered(false)}>${question === null ? nothing : html`<form method="dialog" @submit=${this.#submit}>
      <h2 id="title">${question.title}</h2>
      ${question.words.map((words) => html`<p>${words}</p>`)}
      ${question.behind === undefined ? nothing : html`<details data-testid="desk-confirm-behind"><summary>${question.behind.name}</summary><div>${question.behind.content}</div></details>`}
      <div class="row"><button type="button" class="button" data-testid="desk-confirm-no" @click=${() => this.#close(false)}>Cancel</button>
        <button class="button primary" data-testid="desk-confirm-yes">${question.action}</button></div></form>`}</dialog>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#close(true);
  };

  #close(yes: boolean): void {
    this.#answered(yes);
    this.dialog?.close();
  }

  #answered(yes: boolean): void {
    this.#answer?.(yes);
    this.#answer = null;
  }
}
