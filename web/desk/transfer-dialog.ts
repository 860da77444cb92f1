/** Passes the open conversation on to a team or a colleague, with a note. Emits `desk-transfer` with where to, its name and the note. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import type { Person, Team } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import type { Reader } from "./mentions.js";
import type { NoteField } from "./note-field.js";

export interface Transfer { to: { team: string } | { agent: string }; name: string; note: string }

export class TransferDialog extends LitElement {
  static define(tag = "desk-transfer"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle];

  @property({ attribute: false }) teams: readonly Team[] = [];
  @property({ attribute: false }) people: readonly Person[] = [];
  @property() conversation = "";
  @property({ attribute: false }) readers!: (conversation: string) => Promise<Reader[]>;
  /** Who cannot get it, because it is theirs. */
  @property() holder: string | null = null;
  @state() private shown = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;
  @query("desk-note-field") private readonly note!: NoteField | null;

  open(): void {
    this.shown = true;
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  override render(): TemplateResult {
    if (!this.shown) return html``;
    const people = this.people.filter((person) => person.id !== this.holder);
    return html`<dialog aria-labelledby="transfer-title" @close=${() => (this.shown = false)}>
      <form method="dialog" @submit=${this.#submit}>
        <h2 id="transfer-title">Pass the conversation on</h2>
        <p>It keeps its clocks. The customer reads who has it now, and your note stays among colleagues.</p>
        <label class="field">To
          <select name="to" required data-testid="desk-transfer-to">
            <option value="" disabled selected>Choose a team or a colleague</option>
            <optgroup label="Teams">${this.teams.map((team) => html`<option value=${`team:${team.name}`} ?disabled=${team.members === 0}>${team.title} (${teamWords(team)})</option>`)}</optgroup>
            ${people.length === 0 ? nothing : html`<optgroup label="Colleagues">${people.map((person) => html`<option value=${`agent:${person.id}`} ?disabled=${person.state === "offline"}>${person.name} (${personWords(person)})</option>`)}</optgroup>`}
          </select></label>
        <desk-note-field label="Note for whoever takes it (optional)" area="desk-transfer-note" .conversation=${this.conversation} .readers=${this.readers}></desk-note-field>
        <div class="row"><button type="button" class="button" @click=${() => this.dialog?.close()}>Cancel</button>
          <button class="button primary" data-testid="desk-transfer-confirm">Pass on</button></div>
      </form></dialog>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const chosen = new FormData(event.currentTarget as HTMLFormElement).get("to");
    const note = this.note?.value ?? "";
    if (typeof chosen !== "string" || chosen === "") return;
    const [kind, id] = [chosen.slice(0, chosen.indexOf(":")), chosen.slice(chosen.indexOf(":") + 1)];
    const name = kind === "team" ? this.teams.find((team) => team.name === id)?.title : this.people.find((person) => person.id === id)?.name;
    this.dialog?.close();
    const detail: Transfer = { to: kind === "team" ? { team: id } : { agent: id }, name: name ?? id, note };
    this.dispatchEvent(new CustomEvent("desk-transfer", { detail, bubbles: true, composed: true }));
  };
}

function teamWords(team: Team): string {
  if (team.members === 0) return "nobody in it";
  return team.online === 0 ? "nobody on duty" : `${team.online} on duty, ${team.waiting} waiting`;
}

function personWords(person: Person): string {
  return person.state === "offline" ? "offline" : `${person.state}, ${person.load} of ${person.capacity}`;
}
