/** Lets who waits for a person go on with the assistant, after a second press, for their place is lost. Emits `baton-withdraw`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { base } from "../shared/tokens.js";

export class LeaveQueue extends LitElement {
  static define(tag = "baton-leave-queue"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; font-size: 13px; line-height: 1.45; }
    .choices { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
    .button { min-height: 32px; background: var(--bg); }
    .link { border: 0; background: none; padding: 4px; margin-inline-start: -4px; color: var(--accent-text); text-align: start; text-decoration: underline; text-underline-offset: 2px; }
    .problem { color: var(--danger-text); margin-top: 6px; }
  `];

  @property({ type: Boolean }) busy = false;
  @property() problem = "";
  @state() private asks = false;
  #moved = false;

  override updated(): void {
    if (!this.#moved) return;
    this.#moved = false;
    this.renderRoot.querySelector("button")?.focus();
  }

  override render(): TemplateResult {
    return html`${this.asks ? this.#question() : html`<button type="button" class="link" data-testid="widget-leave" @click=${this.#turn}>Go on with the assistant instead</button>`}
      ${this.problem === "" ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}`;
  }

  #question(): TemplateResult {
    return html`<div role="group" aria-labelledby="ask">
      <p id="ask">Leave the line? This closes your request; you can ask for a person again at any time.</p>
      <div class="choices">
        <button type="button" class="button" data-testid="widget-stay" @click=${this.#turn}>Keep waiting</button>
        <button type="button" class="button" data-testid="widget-withdraw" aria-disabled=${this.busy ? "true" : "false"} @click=${this.#withdraw}>${this.busy ? "Leaving…" : "Leave the line"}</button>
      </div>
    </div>`;
  }

  #turn = (): void => {
    this.asks = !this.asks;
    this.#moved = true;
  };

  #withdraw = (): void => {
    if (!this.busy) this.dispatchEvent(new CustomEvent("baton-withdraw", { bubbles: true, composed: true }));
  };
}
