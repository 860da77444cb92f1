/** An account in a dialog: a new one, or what is settled of one. Calls `save`; shows what the service says, and a password that was made up, once. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import type { Hired, Member, Role, Team } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { codeWords } from "../shared/words.js";
import { formStyle } from "./form-style.js";
import { hoursOf, hoursText, ownZone } from "./hours.js";

const ROLES: readonly { role: Role; may: string }[] = [
  { role: "agent", may: "answers customers" }, { role: "lead", may: "also looks in, takes over and settles routing" },
  { role: "content", may: "edits the knowledge, sees no customers" }, { role: "admin", may: "also makes and ends accounts" },
];

export class MemberForm extends LitElement {
  static define(tag = "desk-member-form"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle];

  @property({ attribute: false }) teams: readonly Team[] = [];
  /** Whether accounts themselves may be changed, not only their routing. */
  @property({ type: Boolean }) admin = false;
  @property({ attribute: false }) save!: (id: string | null, values: object) => Promise<Hired>;
  @property({ attribute: false }) newPassword!: (id: string) => Promise<Hired>;
  @state() private member: Member | null = null;
  @state() private shown = false;
  @state() private busy = false;
  @state() private problem: string | null = null;
  @state() private made: Hired | null = null;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;

  open(member: Member | null): void {
    this.member = member;
    this.shown = true;
    this.problem = null;
    this.made = null;
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  override render(): TemplateResult {
    if (!this.shown) return html``;
    return html`<dialog aria-labelledby="member-title" @close=${() => (this.shown = false)}>${this.made === null ? this.#form() : this.#told(this.made)}</dialog>`;
  }

  #told({ member, password }: Hired): TemplateResult {
    return html`<h2 id="member-title">A password for ${member.name}</h2>
      <p>Give it to them yourself. It is shown only now, and they choose their own when they sign in as ${member.email}.</p>
      <p class="once" data-testid="desk-once" tabindex="0">${password}</p>
      <div class="row"><button type="button" class="button primary" @click=${() => this.dialog?.close()}>Done</button></div>`;
  }

  #form(): TemplateResult {
    const { member } = this;
    return html`<form @submit=${this.#submit}>
      <h2 id="member-title">${member === null ? "Add a colleague" : member.name}</h2>
      ${member === null ? html`<p>Baton makes up a password that they use once.</p>` : html`<p dir="auto">${member.email}</p>`}
      ${member !== null ? nothing : html`<label class="field">E-mail<input type="email" name="email" required maxlength="254" autocomplete="off" data-testid="desk-member-email"></label>`}
      ${!this.admin ? nothing : html`<label class="field">Name<input name="name" required maxlength="200" autocomplete="off" dir="auto" .value=${member?.name ?? ""} data-testid="desk-member-name"><small>Customers read it.</small></label>
        <label class="field">Role<select name="role" data-testid="desk-member-role">${ROLES.map(({ role, may }) => html`<option value=${role} ?selected=${role === (member?.role ?? "agent")}>${codeWords(role)}: ${may}</option>`)}</select></label>`}
      <fieldset><legend>Teams (none chosen means every team)</legend><div class="choices">${this.teams.map((team) =>
        html`<label><input type="checkbox" name="teams" value=${team.name} .checked=${member?.teams.includes(team.name) ?? false}>${team.title}</label>`)}</div></fieldset>
      <div class="pair">
        <label class="field">Skills<input name="skills" autocomplete="off" .value=${member?.skills.join(", ") ?? ""} data-testid="desk-member-skills"><small>Categories or tags, such as api, enterprise</small></label>
        <label class="field">Languages<input name="languages" autocomplete="off" .value=${member?.languages.join(", ") ?? ""}><small>Such as en, pt-br; none means any</small></label>
        <label class="field">Conversations at once<input type="number" name="capacity" min="0" max="100" required .value=${String(member?.capacity ?? 5)} data-testid="desk-member-capacity"></label>
        <label class="field">Time zone<input name="zone" autocomplete="off" .value=${member?.hours?.zone ?? ownZone()}></label>
      </div>
      <label class="field">Working hours<textarea name="hours" spellcheck="false" data-testid="desk-member-hours" placeholder="mon-fri 09:00-12:00 13:00-17:00" .value=${hoursText(member?.hours ?? null)}></textarea><small>A line for days. Empty means always; nothing is assigned outside of them.</small></label>
      ${this.problem === null ? nothing : html`<p class="problem" role="alert" data-testid="desk-member-problem">${this.problem}</p>`}
      <div class="row">
        ${member === null || !this.admin ? nothing : html`<button type="button" class="button quiet" ?disabled=${this.busy} data-testid="desk-member-password" @click=${this.#renew}>New password</button>
          <button type="button" class="button quiet" ?disabled=${this.busy} data-testid="desk-member-active" @click=${this.#toggle}>${member.active ? "Deactivate" : "Activate"}</button>`}
        <button type="button" class="button" @click=${() => this.dialog?.close()}>Cancel</button>
        <button class="button primary" ?disabled=${this.busy} data-testid="desk-member-save">${member === null ? "Add" : "Save"}</button></div>
    </form>`;
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = (name: string): string => (typeof form.get(name) === "string" ? (form.get(name) as string) : "");
    const words = (name: string): string[] => given(name).split(/[\s,]+/).filter(Boolean);
    const values = {
      ...(this.member === null ? { email: given("email").trim() } : {}),
      ...(this.admin ? { name: given("name"), role: given("role") } : {}),
      teams: form.getAll("teams"), skills: words("skills"), languages: words("languages"), capacity: Number(given("capacity")),
      hours: hoursOf(given("hours"), given("zone"), this.member?.hours ?? null),
    };
    await this.#run(() => this.save(this.member?.id ?? null, values));
  };

  #renew = (): void => {
    const { member } = this;
    if (member !== null) void this.#run(() => this.newPassword(member.id));
  };

  #toggle = (): void => {
    const { member } = this;
    if (member !== null) void this.#run(() => this.save(member.id, { active: !member.active }));
  };

  async #run(change: () => Promise<Hired>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      const hired = await change();
      if (hired.password === null) this.dialog?.close();
      else this.made = hired;
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.busy = false;
  }
}
