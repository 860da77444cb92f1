/** The article's text as Markdown, with buttons and keys for what it is marked up with. Emits `studio-text` with each change, `studio-place` with where one writes. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { property, query, state } from "lit/decorators.js";
import { base } from "../shared/tokens.js";
import { placeIn } from "./following.js";
import { type Command, commandOf, COMMANDS, edited, nextItem, type Replacement } from "./markdown-editing.js";

export class MarkdownField extends LitElement {
  static define(tag = "desk-markdown"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: flex; flex-direction: column; min-height: 0; }
    .field { display: flex; flex-direction: column; flex: 1; min-height: 0; border: 1px solid var(--border-strong); border-radius: var(--radius); background: var(--bg); overflow: hidden; }
    .field:focus-within { outline: 2px solid var(--accent); outline-offset: 1px; }
    .field[data-wrong] { border-color: var(--danger); }
    .tools { display: flex; flex-wrap: wrap; gap: 2px; padding: 4px; border-bottom: 1px solid var(--border); background: var(--surface); }
    .tools button { min-width: 32px; min-height: 30px; padding: 0 8px; border: 0; border-radius: var(--radius-s); background: none; color: var(--text-2); font-size: 13px; font-weight: 550; }
    .tools button:hover { background: var(--sunken); color: var(--text); } .tools button:focus-visible { outline-offset: -2px; }
    .bold { font-weight: 800 !important; } .italic { font-style: italic; font-family: ui-serif, Georgia, serif; } .code { font-family: var(--mono); }
    textarea { flex: 1; width: 100%; min-height: 240px; padding: 14px 16px; border: 0; background: none; color: var(--text); font: 13.5px/1.65 var(--mono); tab-size: 2; resize: none; outline: none; overflow-wrap: anywhere; }
  `];

  @property() value = "";
  @property({ type: Boolean }) wrong = false;
  @state() private reached = 0;
  @query("textarea") private readonly area!: HTMLTextAreaElement;

  override focus(): void {
    this.area.focus();
  }

  override render(): TemplateResult {
    return html`<div class="field" ?data-wrong=${this.wrong}>
      <div class="tools" role="toolbar" aria-label="Mark up the text" aria-controls="text" @keydown=${this.#through}>${COMMANDS.map(({ command, name, shown, key, shift }, place) => {
        const keys = key === "" ? "" : ` (Ctrl + ${shift ? "Shift + " : ""}${key.toUpperCase()})`;
        return html`<button type="button" class=${command} tabindex=${place === this.reached ? 0 : -1} title="${name}${keys}" aria-label=${name} data-testid="desk-markdown-${command}"
          @focus=${() => (this.reached = place)} @click=${() => this.#do(command)}>${shown}</button>`;
      })}</div>
      <textarea id="text" dir="auto" spellcheck="true" aria-label="Text, in Markdown" aria-required="true" aria-invalid=${this.wrong ? "true" : "false"} data-testid="desk-article-content"
        .value=${live(this.value)} @input=${this.#typed} @keydown=${this.#keydown} @keyup=${this.#moved} @click=${this.#moved}></textarea></div>`;
  }

  #typed = (): void => {
    this.dispatchEvent(new CustomEvent("studio-text", { detail: this.area.value }));
    this.#moved();
  };

  #moved = (): void => {
    this.dispatchEvent(new CustomEvent("studio-place", { detail: placeIn(this.area.value, this.area.selectionEnd) }));
  };

  #keydown = (event: KeyboardEvent): void => {
    const command = commandOf(event);
    if (command !== null) {
      event.preventDefault();
      this.#do(command);
    } else if (event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      const item = nextItem(this.#written);
      if (item === null) return;
      event.preventDefault();
      this.#replace(item);
    }
  };

  /** The arrow keys go through the buttons; Tab leaves them. */
  #through = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.reached = (this.reached + by + COMMANDS.length) % COMMANDS.length;
    this.renderRoot.querySelectorAll<HTMLElement>(".tools button")[this.reached]?.focus();
  };

  get #written(): { text: string; start: number; end: number } {
    return { text: this.area.value, start: this.area.selectionStart, end: this.area.selectionEnd };
  }

  #do(command: Command): void {
    this.#replace(edited(command, this.#written));
  }

  /** As if it were typed, so that Ctrl + Z takes it back; the old command is the only way that browsers have for that. */
  #replace({ from, to, insert, start, end }: Replacement): void {
    this.area.focus();
    this.area.setSelectionRange(from, to);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- see above
    const typed = typeof document.execCommand === "function" && document.execCommand(insert === "" ? "delete" : "insertText", false, insert);
    if (!typed) {
      this.area.setRangeText(insert, from, to);
      this.#typed();
    }
    this.area.setSelectionRange(start, end);
  }
}
