/** The way in. Signs in with e-mail and password by `signIn`; shows what the service answers. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { mark } from "../shared/icons.js";
import { base } from "../shared/tokens.js";

export class SignIn extends LitElement {
  static define(tag = "desk-sign-in"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: grid; min-height: 100dvh; place-items: center; padding: 24px; background: var(--surface); font-size: 14px; line-height: 1.45; }
    main { width: 100%; max-width: 360px; }
    .brand { display: flex; align-items: center; gap: 10px; justify-content: center; font-weight: 650; font-size: 16px; letter-spacing: -.01em; }
    .brand span { display: grid; place-items: center; width: 32px; height: 32px; border-radius: 9px; background: var(--accent); color: var(--on-accent); }
    form { margin-top: 24px; padding: 28px; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); box-shadow: var(--shadow-small); }
    h1 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; }
    h1 + p { margin-top: 4px; color: var(--text-2); text-wrap: balance; }
    label { display: block; margin-top: 20px; font-weight: 550; font-size: 13px; }
    input { display: block; width: 100%; height: 40px; margin-top: 6px; padding: 0 12px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); font-size: 15px; font-weight: 400; }
    input:focus-visible { outline-offset: 0; border-color: var(--accent); }
    .button { width: 100%; min-height: 40px; margin-top: 24px; font-size: 14px; }
    .problem { margin-top: 16px; padding: 10px 12px; border-radius: var(--radius-s); background: var(--danger-soft); color: var(--danger-text); font-size: 13px; }
    .foot { margin-top: 16px; text-align: center; font-size: 13px; color: var(--text-3); }
  `];

  @property({ attribute: false }) signIn!: (email: string, password: string) => Promise<string | null>;
  @state() private busy = false;
  @state() private problem: string | null = null;

  override render(): TemplateResult {
    return html`<main>
      <div class="brand"><span>${mark(18)}</span>Baton</div>
      <form @submit=${this.#submit}>
        <h1>Sign in to the desk</h1>
        <p>Answer the conversations that need a person.</p>
        <label>E-mail<input type="email" name="email" autocomplete="username" required data-testid="desk-email" autofocus></label>
        <label>Password<input type="password" name="password" autocomplete="current-password" required data-testid="desk-password"></label>
        ${this.problem === null ? nothing : html`<p class="problem" role="alert" data-testid="desk-signin-problem">${this.problem}</p>`}
        <button class="button primary" data-testid="desk-signin" ?disabled=${this.busy}>${this.busy ? "Signing in…" : "Sign in"}</button>
      </form>
      <p class="foot">No account? An administrator of this Baton makes one.</p>
    </main>`;
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [email, password] = [form.get("email"), form.get("password")];
    if (this.busy || typeof email !== "string" || typeof password !== "string") return;
    this.busy = true;
    this.problem = null;
    this.problem = await this.signIn(email.trim(), password);
    this.busy = false;
    if (this.problem !== null) this.renderRoot.querySelector<HTMLInputElement>('[name="password"]')?.select();
  };
}
