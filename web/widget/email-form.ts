/** Asks where to reply when nobody is on duty. Emits `baton-email` with a plausible address. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { base } from "../shared/tokens.js";
import { emailProblem } from "./wording.js";

export class EmailForm extends LitElement {
  static define(tag = "baton-email"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; font-size: 13px; line-height: 1.45; }
    label { display: block; font-weight: 600; margin-bottom: 6px; }
    .row { display: flex; gap: 8px; }
    input {
      flex: 1; min-width: 0; height: 36px; padding: 0 10px; border: 1px solid var(--border-strong); border-radius: var(--radius-s);
      background: var(--bg); font-size: 14px; color: var(--text);
    }
    input[aria-invalid="true"] { border-color: var(--danger); }
    .button { min-height: 36px; }
    .problem { color: var(--danger-text); margin-top: 6px; }
    .saved { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; }
    .saved span { overflow-wrap: anywhere; }
    .saved svg { color: var(--accent); }
    .link { border: 0; background: none; padding: 4px; color: var(--accent-text); text-decoration: underline; text-underline-offset: 2px; }
  `];

  @property() saved = "";
  @property({ type: Boolean }) busy = false;
  @property() problem = "";
  @state() private editing = false;
  @state() private mistake: string | null = null;
  #draft = "";

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("saved") && this.saved !== "") this.editing = false;
  }

  override render(): TemplateResult {
    if (this.saved !== "" && !this.editing) {
      return html`<p class="saved" data-testid="widget-email-saved"><span>We will reply to <strong>${this.saved}</strong>.</span>
        <button type="button" class="link" @click=${this.#edit}>Change</button></p>`;
    }
    const problem = this.mistake ?? (this.problem === "" ? null : this.problem);
    return html`<form novalidate @submit=${this.#submit}>
      <label for="email">Where should we reply?</label>
      <div class="row">
        <input id="email" type="email" autocomplete="email" inputmode="email" placeholder="name@example.com" data-testid="widget-email"
          .value=${this.#draft} aria-invalid=${problem === null ? "false" : "true"} aria-describedby="problem" @input=${this.#input} ?disabled=${this.busy}>
        <button class="button primary" data-testid="widget-email-save" ?disabled=${this.busy}>${this.busy ? "Saving…" : "Save"}</button>
      </div>
      <p id="problem" class="problem" role="alert" ?hidden=${problem === null}>${problem ?? nothing}</p>
    </form>`;
  }

  #edit = (): void => {
    this.#draft = this.saved;
    this.editing = true;
    void this.updateComplete.then(() => this.renderRoot.querySelector("input")?.focus());
  };

  #input = (event: Event): void => {
    this.#draft = (event.target as HTMLInputElement).value;
    if (this.mistake !== null) this.mistake = emailProblem(this.#draft);
  };

  #submit = (event: Event): void => {
    event.preventDefault();
    this.mistake = emailProblem(this.#draft);
    if (this.mistake !== null) {
      this.renderRoot.querySelector("input")?.focus();
      return;
    }
    this.dispatchEvent(new CustomEvent("baton-email", { detail: { email: this.#draft.trim() }, bubbles: true, composed: true }));
  };
}
