/** The page "SLA rules" for leads: calendars, policies and escalations as text, checked while it is written, with its versions. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf, ServiceError } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { dateInWords, timeOfDay } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "./desk-model.js";
import { formStyle } from "./form-style.js";
import { pageStyle } from "./page-style.js";
import type { RulesDraft } from "./rules-draft.js";
import type { Rules, RulesCheck, RuleVersion } from "./sla-types.js";

const CHECK_MS = 500;
const EMPTY_DRAFT: RulesDraft = { base: 0, text: "", note: "", forOpen: false };

export class RulesPage extends LitElement {
  static define(tag = "desk-rules"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, pageStyle, css`
    header + p { color: var(--text-2); max-width: 68ch; }
    h2 { margin: 28px 0 8px; font-size: 15px; font-weight: 650; }
    .text { display: block; width: 100%; min-height: 320px; height: 52vh; margin-top: 16px; padding: 12px 14px; border: 1px solid var(--border-strong); border-radius: var(--radius); background: var(--bg); color: var(--text); font: 13px/1.55 var(--mono); tab-size: 2; resize: vertical; white-space: pre; overflow: auto; }
    .text[aria-invalid="true"] { border-color: var(--danger); }
    .said { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; min-height: 44px; margin-top: 8px; padding: 8px 12px; border-radius: var(--radius-s); background: var(--surface); color: var(--text-2); font-size: 13px; overflow-wrap: anywhere; }
    .said span { flex: 1; min-width: 200px; }
    .said.wrong { background: var(--danger-soft); color: var(--danger-text); }
    .said.warned { background: var(--warn-soft); color: var(--warn-text); }
    .open { display: flex; align-items: flex-start; gap: 8px; margin-top: 16px; font-size: 13px; } .open input { flex: none; width: 16px; height: 16px; margin: 2px 0 0; accent-color: var(--accent); }
    ul { display: grid; border: 1px solid var(--border); border-radius: var(--radius); overflow: hidden; }
    li { display: grid; grid-template-columns: 92px minmax(0, 1fr) auto; align-items: center; gap: 4px 16px; padding: 10px 14px; }
    li + li { border-top: 1px solid var(--border); }
    .version { font-weight: 550; } .more { color: var(--text-2); font-size: 12.5px; overflow-wrap: anywhere; }
    @media (max-width: 560px) { .page { padding: 12px 16px 40px; } li { grid-template-columns: minmax(0, 1fr) auto; } li .what { grid-column: 1 / -1; grid-row: 2; } }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @state() private rules: Rules | null = null;
  @state() private draft: RulesDraft = EMPTY_DRAFT;
  @state() private checked: RulesCheck | null = null;
  @state() private problem: string | null = null;
  @state() private saving = false;
  /** The version that is to be shown in place of unsaved text, while that is being asked. */
  @state() private wanted = 0;
  @query("textarea.text") private readonly area!: HTMLTextAreaElement | null;
  @query("dialog") private readonly question!: HTMLDialogElement | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  get #changed(): boolean {
    return this.rules !== null && this.draft.text !== this.rules.text;
  }

  override render(): TemplateResult {
    const { rules } = this;
    const changed = this.#changed;
    return html`<div class="page" data-testid="desk-rules-page">
      <header><button type="button" class="icon-button back" aria-label="Back to the list" @click=${this.#back}>${icon("back", 20)}</button><h1 tabindex="-1">SLA rules</h1></header>
      <p>What is promised to whom, when people work, and what happens when a promise is about to break. Each change is a new version; tickets keep the version that they were measured by.</p>
      ${rules === null ? (this.problem === null ? html`<p role="status">Reading the rules…</p>` : html`<p class="problem" role="alert">${this.problem}</p>`) : html`
        <textarea class="text" spellcheck="false" autocapitalize="off" wrap="off" aria-label="SLA rules in YAML" aria-invalid=${this.checked?.problem ? "true" : "false"} aria-describedby="said"
          data-testid="desk-rules-text" .value=${this.draft.text} @input=${this.#typed}></textarea>
        ${this.#said(changed)}
        <label class="field">What changes, and why (optional)<input maxlength="500" .value=${this.draft.note} data-testid="desk-rules-note" @input=${(e: Event) => this.#write({ note: (e.target as HTMLInputElement).value })}></label>
        <label class="open"><input type="checkbox" .checked=${this.draft.forOpen} data-testid="desk-rules-open" @change=${(e: Event) => this.#write({ forOpen: (e.target as HTMLInputElement).checked })}>
          <span>Also for open tickets: measure them again from their start. Without it only new tickets are measured by this version.</span></label>
        ${this.problem === null ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
        <div class="row"><button type="button" class="button quiet" data-testid="desk-rules-discard" ?disabled=${this.model.rulesDraft === null} @click=${this.#discard}>Discard</button>
          <button type="button" class="button primary" data-testid="desk-rules-save" ?disabled=${this.saving || (this.checked?.problem ?? null) !== null || (!changed && rules.version === rules.newest && !this.draft.forOpen)} @click=${this.#save}>${this.saving ? "Saving…" : `Save as version ${rules.newest + 1}`}</button></div>
        <h2>Versions</h2>
        <ul data-testid="desk-rules-versions">${rules.versions.map((one) => this.#version(one, rules))}</ul>
        ${this.#dialog()}`}
    </div>`;
  }

  #said(changed: boolean): TemplateResult {
    const problem = this.checked?.problem ?? null;
    const warnings = this.checked?.warnings ?? [];
    if (problem !== null) {
      const { line } = problem;
      return html`<div class="said wrong" id="said" role="alert" data-testid="desk-rules-problem"><span>${problem.message}</span>
        ${line === null ? nothing : html`<button type="button" class="button" @click=${() => this.#goTo(line)}>Go to line ${line}</button>`}</div>`;
    }
    if (warnings.length > 0) return html`<div class="said warned" id="said" role="status"><span>${warnings.join(" ")}</span></div>`;
    return html`<div class="said" id="said" role="status"><span>${changed ? (this.checked === null ? "Checking…" : "These rules are right. Save them to make them count.") : "These rules count now."}</span></div>`;
  }

  #version(one: RuleVersion, rules: Rules): TemplateResult {
    const when = one.at === null ? "" : `, ${dateInWords(one.at)} ${timeOfDay(one.at)}`;
    const open = !one.for_open_tickets ? "" : one.applied_at === null ? " Open tickets are being measured by it." : " Open tickets were measured by it.";
    return html`<li><span class="version">Version ${one.version}</span><span class="what"><span dir="auto">${one.author}</span><span class="more">${when}</span><br><span class="more" dir="auto">${one.note || "No note."}${open}</span></span>
      ${one.version === rules.version ? html`<span class="more">${one.version === rules.newest ? "Counts now" : "Shown above"}</span>`
        : html`<button type="button" class="button" aria-label=${`Show version ${one.version}`} @click=${() => this.#show(one.version)}>Show</button>`}</li>`;
  }

  #dialog(): TemplateResult {
    return html`<dialog aria-labelledby="question"><form method="dialog" @submit=${this.#showWanted}>
      <h2 id="question">Show version ${this.wanted}?</h2>
      <p>What you have changed is not saved. Version ${this.wanted} takes its place, and it is gone.</p>
      <div class="row"><button type="button" class="button" data-testid="desk-rules-keep" @click=${() => this.question?.close()}>Keep writing</button>
        <button class="button primary" data-testid="desk-rules-show">Show version ${this.wanted}</button></div></form></dialog>`;
  }

  #show(version: number): void {
    this.wanted = version;
    if (this.#changed) this.question?.showModal();
    else void this.#read(version);
  }

  #showWanted = (event: SubmitEvent): void => {
    event.preventDefault();
    this.question?.close();
    void this.#read(this.wanted);
  };

  async #read(version?: number): Promise<void> {
    this.problem = null;
    try {
      this.#take(await this.model.api.rules(version));
    } catch (error) {
      this.#shown(error);
    }
  }

  /** Goes on with what was written before another page, or the end of the session, came between. */
  async #begin(): Promise<void> {
    const kept = this.model.rulesDraft;
    await this.#read();
    if (kept === null || this.rules === null) return;
    this.#write(kept);
    if (!this.#changed) return;
    this.checked = null;
    await this.#check();
  }

  #discard = async (): Promise<void> => {
    await this.#read();
    if (this.problem === null) this.#write({ note: "", forOpen: false });
    this.area?.focus();
  };

  #take(rules: Rules): void {
    this.rules = rules;
    this.draft = { ...this.draft, base: rules.newest, text: rules.text };
    this.#keep();
    this.checked = { problem: null, warnings: rules.warnings };
  }

  #typed = (event: Event): void => {
    this.#write({ text: (event.target as HTMLTextAreaElement).value });
    this.checked = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), CHECK_MS);
  };

  #write(change: Partial<RulesDraft>): void {
    this.draft = { ...this.draft, ...change };
    this.#keep();
  }

  #keep(): void {
    this.model.rulesDraft = this.#changed || this.draft.note !== "" || this.draft.forOpen ? this.draft : null;
  }

  async #check(): Promise<void> {
    const { text } = this.draft;
    try {
      const checked = await this.model.api.checkRules(text);
      if (text === this.draft.text) this.checked = checked;
    } catch (error) {
      this.#shown(error);
    }
  }

  /** Shows why something failed and tells so; where the session has ended, the desk asks to sign in, and what is written waits for that. */
  #shown(error: unknown): boolean {
    const lost = this.model.session.lost(error);
    if (!lost) this.problem = messageOf(error);
    return !lost;
  }

  #save = async (): Promise<void> => {
    if (this.rules === null) return;
    this.saving = true;
    this.problem = null;
    try {
      const saved = await this.model.api.saveRules({ base: this.draft.base, text: this.draft.text, note: this.draft.note.trim(), for_open_tickets: this.draft.forOpen });
      this.draft = EMPTY_DRAFT;
      this.#take(saved);
      this.model.toast(`Version ${saved.version} counts from now on.`, "info");
      this.area?.focus(); // the button is disabled from here on, and would take the focus with it
    } catch (error) {
      if (this.#shown(error)) await (error instanceof ServiceError && error.body.code === "conflict" ? this.#readVersions() : this.#check());
    }
    this.saving = false;
  };

  /** Somebody else has saved meanwhile: theirs stands below, to be looked at; what is written here goes on from the version it was begun on. */
  async #readVersions(): Promise<void> {
    try {
      const { newest, versions } = await this.model.api.rules();
      if (this.rules !== null) this.rules = { ...this.rules, newest, versions };
    } catch (error) {
      this.#shown(error);
    }
  }

  #goTo(line: number): void {
    const before = this.draft.text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = this.draft.text.indexOf("\n", before);
    this.area?.focus();
    this.area?.setSelectionRange(before, end < 0 ? this.draft.text.length : end);
  }

  #back = (): void => {
    this.dispatchEvent(new CustomEvent("desk-back", { bubbles: true, composed: true }));
  };
}
