/** Asks before a conversation is resolved, and for a note. Emits `desk-resolve` with the note. */
import { html, LitElement, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import type { Reader } from "./mentions.js";
import type { NoteField } from "./note-field.js";

export class ResolveDialog extends LitElement {
  static define(tag = "desk-resolve"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle];

  @property() conversation = "";
  @property({ attribute: false }) readers!: (conversation: string) => Promise<Reader[]>;
  @query("dialog") private readonly dialog!: HTMLDialogElement;
  @query("desk-note-field") private readonly note!: NoteField;

  open(): void {
    this.dialog.showModal();
  }

  override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.get("conversation")) this.note.empty(); // what was begun there is not for here
  }

  override render(): TemplateResult {
    return html`<dialog id="resolve" aria-labelledby="resolve-title">
      <form method="dialog" @submit=${this.#submit}>
        <h2 id="resolve-title">Resolve this conversation?</h2>
        <p>The customer is told, asked for a rating, and can go on with the bot.</p>
        <desk-note-field label="Note for the record (optional)" area="desk-resolve-note" .conversation=${this.conversation} .readers=${this.readers}></desk-note-field>
        <div class="row"><button type="button" class="button" @click=${() => this.dialog.close()}>Cancel</button>
          <button class="button primary" data-testid="desk-resolve-confirm">Resolve</button></div>
      </form></dialog>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.dialog.close();
    const detail = this.note.value;
    this.note.empty();
    this.dispatchEvent(new CustomEvent("desk-resolve", { detail, bubbles: true, composed: true }));
  };
}
