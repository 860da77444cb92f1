/** The field of a dialog for a note among colleagues, in which `@` completes a name as in the composer. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { MESSAGE_LIMIT } from "../shared/limits.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import { MentionList, mentionStyle } from "./mention-list.js";
import type { Reader } from "./mentions.js";

export class NoteField extends LitElement {
  static define(tag = "desk-note-field"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override shadowRootOptions: ShadowRootInit = { ...LitElement.shadowRootOptions, delegatesFocus: true };
  static override styles = [base, formStyle, mentionStyle, css`
    :host { display: block; }
    .people { margin-top: 4px; font-size: 13px; }
  `];

  @property() label = "";
  /** What tests find the text by. */
  @property() area = "";
  @property() conversation = "";
  /** Who may read a conversation: whom a note in it can name. */
  @property({ attribute: false }) readers!: (conversation: string) => Promise<Reader[]>;
  @query("textarea") private readonly text!: HTMLTextAreaElement;
  readonly #mentions = new MentionList(this, { area: () => this.text, readers: () => this.readers(this.conversation), named: () => undefined });

  #pressing = false;
  #leaving = false;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("mousedown", this.#pressed, true);
    window.addEventListener("click", this.#clicked, true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("mousedown", this.#pressed, true);
    window.removeEventListener("click", this.#clicked, true);
  }

  get value(): string {
    return this.text.value;
  }

  empty(): void {
    this.text.value = "";
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("conversation")) this.#mentions.forget();
  }

  override updated(): void {
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  override render(): TemplateResult {
    const { list, active } = this.#mentions;
    return html`<label class="field">${this.label}<textarea dir="auto" maxlength=${MESSAGE_LIMIT} data-testid=${this.area} placeholder="@ names a colleague"
        aria-autocomplete="list" aria-controls=${list ?? nothing} aria-activedescendant=${active ?? nothing}
        @input=${() => void this.#mentions.typed()} @keydown=${(event: KeyboardEvent) => this.#mentions.key(event)} @blur=${this.#left}></textarea></label>
      ${this.#mentions.render()}`;
  }

  #pressed = (): void => {
    this.#pressing = true;
  };

  /** The list goes with the focus, but not while a press elsewhere takes it: the dialog would shrink, and what is pressed move from under it. */
  #left = (): void => {
    if (this.#pressing) this.#leaving = true;
    else this.#mentions.close();
  };

  #clicked = (): void => {
    this.#pressing = false;
    if (!this.#leaving) return;
    this.#leaving = false;
    this.#mentions.close();
  };
}
