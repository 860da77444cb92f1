/** Where a customer writes. Enter sends, Shift+Enter makes a line. Emits `baton-say` and `baton-typing`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { icon } from "../shared/icons.js";
import { TypingSignal } from "../shared/typing-signal.js";
import { base } from "../shared/tokens.js";
import { characters, MESSAGE_LIMIT } from "../shared/limits.js";
import { lengthWords } from "./wording.js";

export class Composer extends LitElement {
  static define(tag = "baton-composer"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; padding: 12px; border-top: 1px solid var(--border); background: var(--bg); font-size: 15px; line-height: 1.45; }
    form {
      display: flex; align-items: flex-end; gap: 8px; padding: 4px 4px 4px 12px; border: 1px solid var(--border-strong); border-radius: 14px; background: var(--bg);
      transition: border-color .12s, box-shadow .12s;
    }
    form:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
    form.off { background: var(--surface); border-color: var(--border); }
    textarea {
      flex: 1; min-width: 0; max-height: 132px; padding: 7px 0; border: 0; background: transparent; resize: none; line-height: 22px; color: var(--text);
      field-sizing: content;
    }
    textarea:focus { outline: none; }
    textarea::placeholder { color: var(--text-3); opacity: 1; }
    .send {
      display: grid; place-items: center; flex: none; width: 36px; height: 36px; border: 0; border-radius: 10px; background: var(--accent); color: var(--on-accent);
      transition: background-color .12s;
    }
    .send:hover:not(:disabled) { background: var(--accent-strong); }
    .send:disabled { background: var(--sunken); color: var(--text-3); }
    .count { margin: 6px 4px 0; font-size: 12px; color: var(--text-2); text-align: end; }
    .count.over { color: var(--danger-text); font-weight: 600; }
  `];

  @property({ type: Boolean }) disabled = false;
  @property() placeholder = "Write a message…";
  @state() private text = "";
  @query("textarea") private readonly area!: HTMLTextAreaElement;
  readonly #typing = new TypingSignal((on) => this.#emit("baton-typing", { on }));

  override focus(): void {
    this.area.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#typing.stop();
  }

  override render(): TemplateResult {
    const length = characters(this.text.trim());
    const count = lengthWords(length, MESSAGE_LIMIT);
    const sendable = !this.disabled && length > 0 && length <= MESSAGE_LIMIT;
    return html`<form class=${this.disabled ? "off" : ""} @submit=${this.#submit}>
        <textarea rows="1" dir="auto" aria-label="Your message" data-testid="widget-input" enterkeyhint="send" .value=${live(this.text)}
          placeholder=${this.placeholder} ?disabled=${this.disabled} @input=${this.#input} @keydown=${this.#keydown}
          aria-describedby=${count === null ? nothing : "count"}></textarea>
        <button class="send" aria-label="Send message" data-testid="widget-send" ?disabled=${!sendable}>${icon("send", 18)}</button>
      </form>
      ${count === null ? nothing : html`<p id="count" class="count ${length > MESSAGE_LIMIT ? "over" : ""}" role="status" data-testid="widget-count">${count}</p>`}`;
  }

  #input = (): void => {
    this.text = this.area.value;
    this.#grow();
    if (this.text.trim() === "") this.#typing.stop();
    else this.#typing.key();
  };

  /** For browsers without `field-sizing`. */
  #grow(): void {
    if (CSS.supports("field-sizing", "content")) return;
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight}px`;
  }

  #keydown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  };

  #submit = (event: Event): void => {
    event.preventDefault();
    this.#say();
  };

  #say(): void {
    const text = this.text.trim();
    if (this.disabled || text === "" || characters(text) > MESSAGE_LIMIT) return;
    this.#typing.stop();
    this.#emit("baton-say", { text });
    this.text = "";
    this.area.value = "";
    this.area.style.height = "";
    this.area.focus();
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
