/** A team in a dialog: its title, how it gets its conversations, when it answers. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import type { Assignment, Team } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import { hoursOf, hoursText, ownZone } from "./hours.js";

export class TeamForm extends LitElement {
  static define(tag = "desk-team-form"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle];

  /** The way of teams that do not say. */
  @property() usual: Assignment = "manual";
  @property({ attribute: false }) save!: (name: string, values: object) => Promise<unknown>;
  @state() private team: Team | null = null;
  @state() private shown = false;
  @state() private problem: string | null = null;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;

  open(team: Team | null): void {
    this.team = team;
    this.shown = true;
    this.problem = null;
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  override render(): TemplateResult {
    if (!this.shown) return html``;
    const { team } = this;
    const ways: readonly { value: string; words: string }[] = [
      { value: "", words: `As usual here (${wayWords(this.usual)})` }, { value: "manual", words: "Agents claim by hand" }, { value: "automatic", words: "Assigned to who has least, within capacity" },
    ];
    return html`<dialog aria-labelledby="team-title" @close=${() => (this.shown = false)}><form @submit=${this.#submit}>
      <h2 id="team-title">${team?.title ?? "Add a team"}</h2>
      ${team !== null ? nothing : html`<label class="field">Name<input name="name" required maxlength="40" pattern="[a-z][a-z0-9\\-]*" autocomplete="off" data-testid="desk-team-name"><small>Small letters, digits and hyphens; tickets name it</small></label>`}
      <label class="field">Title<input name="title" maxlength="80" required dir="auto" autocomplete="off" .value=${team?.title ?? ""}><small>Customers read it when they are passed on.</small></label>
      <label class="field">Conversations<select name="assignment" data-testid="desk-team-assignment">${ways.map(({ value, words }) => html`<option value=${value} ?selected=${value === (team?.assignment ?? "")}>${words}</option>`)}</select></label>
      <label class="field">Time zone<input name="zone" autocomplete="off" .value=${team?.hours?.zone ?? ownZone()}></label>
      <label class="field">Hours<textarea name="hours" spellcheck="false" placeholder="mon-fri 09:00-17:00" .value=${hoursText(team?.hours ?? null)}></textarea><small>Customers are told when somebody answers. Empty means the hours of the SLA policy.</small></label>
      ${this.problem === null ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <div class="row"><button type="button" class="button" @click=${() => this.dialog?.close()}>Cancel</button><button class="button primary" data-testid="desk-team-save">Save</button></div>
    </form></dialog>`;
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = (name: string): string => (typeof form.get(name) === "string" ? (form.get(name) as string) : "");
    this.problem = null;
    try {
      const values = { title: given("title"), assignment: given("assignment") || null, hours: hoursOf(given("hours"), given("zone"), this.team?.hours ?? null) };
      await this.save(this.team?.name ?? given("name"), values);
      this.dialog?.close();
    } catch (error) {
      this.problem = messageOf(error);
    }
  };
}

export function wayWords(way: Assignment): string {
  return way === "automatic" ? "assigned" : "claimed by hand";
}
