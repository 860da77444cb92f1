/** What an agent settles for themselves: how many conversations they take, and their password; the latter first where it is not their own. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import type { Session } from "./session.js";

export class OwnSettings extends LitElement {
  static define(tag = "desk-own-settings"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, css`
    :host([first]) { display: grid; min-height: 100dvh; place-items: center; padding: 24px; background: var(--surface); font-size: 14px; line-height: 1.45; }
    main { width: 100%; max-width: 400px; padding: 28px; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); }
    h1 { font-size: 20px; line-height: 1.3; font-weight: 650; }
    h1 + p { margin-top: 4px; color: var(--text-2); }
    section + section { margin-top: 24px; padding-top: 4px; border-top: 1px solid var(--border); }
    .done { margin-top: 12px; color: var(--accent-text); font-size: 13px; font-weight: 550; }
  `];

  @property({ attribute: false }) session!: Session;
  /** Nothing else is shown until the password is one's own. */
  @property({ type: Boolean, reflect: true }) first = false;
  @state() private shown = false;
  @state() private problem: { of: "capacity" | "password"; text: string } | null = null;
  @state() private done: "capacity" | "password" | null = null;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;

  open(): void {
    this.shown = true;
    this.problem = null;
    this.done = null;
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  override render(): TemplateResult {
    if (this.first) {
      return html`<main><h1>Choose your own password</h1><p>The one you signed in with was made for you, and ends here.</p>${this.#passwordForm("The password you were given")}
        <div class="row"><button type="button" class="button quiet" @click=${() => void this.session.signOut()}>Sign out</button></div></main>`;
    }
    if (!this.shown) return html``;
    return html`<dialog aria-labelledby="own-title" @close=${() => (this.shown = false)}>
      <h2 id="own-title">Your settings</h2>
      ${!this.session.answers ? nothing : html`<section><form @submit=${this.#capacity}>
        <label class="field">Conversations at once<input type="number" name="capacity" min="0" max="100" required .value=${String(this.session.staff?.capacity ?? 0)} data-testid="desk-own-capacity">
          <small>At most as many are assigned to you; you may still claim more. With 0 nothing is assigned.</small></label>
        ${this.#outcome("capacity", "Kept.")}
        <div class="row"><button class="button" data-testid="desk-own-capacity-save">Save</button></div></form></section>`}
      <section>${this.#passwordForm("Current password")}</section>
      <div class="row"><button type="button" class="button" @click=${() => this.dialog?.close()}>Close</button></div>
    </dialog>`;
  }

  #passwordForm(currentWords: string): TemplateResult {
    return html`<form @submit=${this.#password}>
      <input type="text" autocomplete="username" .value=${this.session.staff?.email ?? ""} hidden>
      <label class="field">${currentWords}<input type="password" name="current" autocomplete="current-password" required data-testid="desk-password-current"></label>
      <label class="field">New password<input type="password" name="new" autocomplete="new-password" minlength="10" required data-testid="desk-password-new"><small>At least 10 characters. Your other sessions end.</small></label>
      ${this.#outcome("password", "Your password is changed.")}
      <div class="row"><button class="button primary" data-testid="desk-password-save">Change password</button></div></form>`;
  }

  #outcome(of: "capacity" | "password", words: string): TemplateResult | typeof nothing {
    if (this.problem?.of === of) return html`<p class="problem" role="alert">${this.problem.text}</p>`;
    return this.done === of ? html`<p class="done" role="status">${words}</p>` : nothing;
  }

  #capacity = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const wanted = Number(new FormData(event.currentTarget as HTMLFormElement).get("capacity"));
    await this.#keep("capacity", () => this.session.setCapacity(wanted));
  };

  #password = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    await this.#keep("password", async () => {
      await this.session.changePassword(text(given.get("current")), text(given.get("new")));
      form.reset();
    });
  };

  async #keep(of: "capacity" | "password", change: () => Promise<void>): Promise<void> {
    this.problem = null;
    this.done = null;
    try {
      await change();
      this.done = of;
    } catch (error) {
      if (!this.session.lost(error)) this.problem = { of, text: messageOf(error) };
    }
  }
}

function text(value: FormDataEntryValue | null): string {
  return typeof value === "string" ? value : "";
}
