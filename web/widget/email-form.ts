/** Says or asks where to reply when nobody is on duty. Emits `baton-email` with a plausible address, `baton-email-done` when its field had the focus and goes. */
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
    .link { border: 0; background: none; padding: 4px; margin-inline-start: -4px; color: var(--accent-text); text-decoration: underline; text-underline-offset: 2px; }
  `];

  @property() saved = "";
  /** The address of the account that is signed in, masked; replies go there unless another one was given. */
  @property() account = "";
  @property({ type: Boolean }) busy = false;
  @property() problem = "";
  @state() private editing = false;
  @state() private mistake: string | null = null;
  #draft = "";
  #leaving = false;

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const wasAsking = this.#field !== null;
    const acknowledged = changed.get("busy") === true && !this.busy && this.problem === "";
    if ((changed.has("saved") && this.saved !== "") || acknowledged) this.editing = false;
    this.#leaving = wasAsking && !this.#asks && Boolean(this.shadowRoot?.activeElement);
  }

  override updated(): void {
    if (!this.#leaving) return;
    this.#leaving = false;
    this.dispatchEvent(new CustomEvent("baton-email-done", { bubbles: true, composed: true }));
  }

  get #asks(): boolean {
    return this.editing || (this.saved === "" && this.account === "");
  }

  get #field(): HTMLInputElement | null {
    return this.renderRoot.querySelector("input");
  }

  override render(): TemplateResult {
    if (!this.#asks) {
      const where = this.saved === "" ? html`<strong dir="auto">${this.account}</strong>, the address of your account` : html`<strong dir="auto">${this.saved}</strong>`;
      return html`<p class="saved" data-testid="widget-email-saved"><span>We will reply to ${where}.</span>
        <button type="button" class="link" data-testid="widget-email-change" @click=${this.#edit}>${this.saved === "" ? "Use another" : "Change"}</button></p>`;
    }
    const problem = this.mistake ?? (this.problem === "" ? null : this.problem);
    return html`<form novalidate @submit=${this.#submit}>
      <label for="email">Where should we reply?</label>
      <div class="row">
        <input id="email" type="email" autocomplete="email" inputmode="email" placeholder="name@example.com" data-testid="widget-email"
          .value=${this.#draft} aria-invalid=${problem === null ? "false" : "true"} aria-describedby="problem" @input=${this.#input} ?readonly=${this.busy}>
        <button class="button primary" data-testid="widget-email-save" aria-disabled=${this.busy ? "true" : "false"}>${this.busy ? "Saving…" : "Save"}</button>
      </div>
      <p id="problem" class="problem" role="alert" ?hidden=${problem === null}>${problem ?? nothing}</p>
    </form>`;
  }

  #edit = (): void => {
    this.#draft = this.saved;
    this.editing = true;
    void this.updateComplete.then(() => this.#field?.focus());
  };

  #input = (event: Event): void => {
    this.#draft = (event.target as HTMLInputElement).value;
    if (this.mistake !== null) this.mistake = emailProblem(this.#draft);
  };

  #submit = (event: Event): void => {
    event.preventDefault();
    if (this.busy) return;
    this.mistake = emailProblem(this.#draft);
    if (this.mistake !== null) {
      this.#field?.focus();
      return;
    }
    this.dispatchEvent(new CustomEvent("baton-email", { detail: { email: this.#draft.trim() }, bubbles: true, composed: true }));
  };
}
