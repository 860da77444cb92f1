/** Where an agent writes a reply or an internal note. Ctrl+Enter (or ⌘+Enter) sends. Emits `desk-draft`, `desk-send`, `desk-typing`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { icon } from "../shared/icons.js";
import { MESSAGE_LIMIT } from "../shared/limits.js";
import type { Opened } from "../shared/clicks.js";
import type { ArticlesFound } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { TypingSignal } from "../shared/typing-signal.js";
import { MentionList, mentionStyle } from "./mention-list.js";
import type { Reader } from "./mentions.js";
import type { Draft } from "./writing.js";

export class ReplyComposer extends LitElement {
  static define(tag = "desk-composer"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, mentionStyle, css`
    :host { display: block; position: relative; padding: 0 24px 16px; font-size: 14px; line-height: 1.5; }
    .box { max-width: 760px; margin: 0 auto; border: 1px solid var(--border-strong); border-radius: var(--radius); background: var(--bg); box-shadow: var(--shadow-small); }
    .box:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
    .box.note { background: var(--note); border-color: var(--note-border); }
    .box.note:focus-within { border-color: var(--warn); box-shadow: 0 0 0 1px var(--warn); }
    .tabs { display: flex; gap: 2px; padding: 6px 6px 0; }
    .tab { min-height: 28px; padding: 0 10px; border: 0; border-radius: var(--radius-s); background: none; color: var(--text-2); font-size: 13px; font-weight: 550; }
    .tab:hover { background: var(--sunken); }
    .tab[aria-pressed="true"] { background: var(--sunken); color: var(--text); }
    .note .tab[aria-pressed="true"] { background: var(--note-border); color: var(--note-text); }
    .note .tab { color: var(--note-text); }
    textarea { display: block; width: 100%; min-height: 76px; max-height: 260px; padding: 8px 14px; border: 0; background: transparent; resize: none; field-sizing: content; color: var(--text); }
    textarea:focus { outline: none; }
    textarea::placeholder { color: var(--text-3); opacity: 1; }
    .note textarea { color: var(--note-text); } .note textarea::placeholder { color: var(--note-text); opacity: .8; }
    .foot { display: flex; align-items: center; gap: 8px; padding: 6px; }
    .foot .grow { flex: 1; }
    .hint { font-size: 12px; color: var(--text-3); } .note .hint { color: var(--note-text); }
    .note .button.quiet { color: var(--note-text); }
    kbd { font-family: inherit; font-size: 11px; }
    .why { padding: 10px 14px 0; color: var(--text-2); font-size: 13px; }
    .people { position: absolute; z-index: 5; inset-block-end: calc(100% - 8px); inset-inline-start: max(24px, 50% - 380px); min-width: 220px; max-width: calc(100% - 48px); }
    desk-article-search { position: absolute; z-index: 5; inset: auto 24px calc(100% - 8px) 24px; max-width: 760px; margin: 0 auto; }
    @media (max-width: 719px) { :host { padding: 0 12px 12px; } desk-article-search { inset-inline: 12px; } .hint { display: none; } .foot { flex-wrap: wrap; justify-content: flex-end; gap: 4px; } .foot .button { padding: 0 8px; } }
  `];

  @property({ attribute: false }) draft!: Draft;
  @property({ attribute: false }) search!: (q: string, signal: AbortSignal) => Promise<ArticlesFound>;
  @property({ attribute: false }) opened!: (opened: Opened) => void;
  /** Who may read a conversation: whom a note in it can name. */
  @property({ attribute: false }) readers!: (conversation: string) => Promise<Reader[]>;
  /** Why no reply can be sent (a note always can), or null. */
  @property({ attribute: false }) blocked: string | null = null;
  @property() conversation = "";
  @state() private searching = false;
  @query("textarea") private readonly area!: HTMLTextAreaElement;
  readonly #mentions = new MentionList(this, { area: () => this.area, readers: () => this.readers(this.conversation), named: () => this.#emit("desk-draft", this.#current) });
  readonly #typing = new TypingSignal((on) => this.#emit("desk-typing", { on }));

  get #mode(): "reply" | "note" {
    return this.blocked === null ? this.draft.mode : "note";
  }

  /** The draft with what stands in the field now, which may be a keystroke ahead of the last rendering. */
  get #current(): Draft {
    return { ...this.draft, mode: this.#mode, [this.#mode]: this.area.value };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#typing.stop();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("conversation")) {
      this.#typing.stop();
      this.searching = false;
      this.#mentions.forget();
    }
  }

  override focus(): void {
    this.area.focus();
  }

  openSearch(): void {
    this.searching = true;
  }

  override render(): TemplateResult {
    const mode = this.#mode;
    const text = this.draft[mode];
    return html`${this.searching ? html`<desk-article-search .search=${this.search} .opened=${this.opened} .mode=${mode}
        @desk-insert=${this.#insert} @desk-search-close=${this.#closeSearch}></desk-article-search>` : nothing}
      ${mode === "note" ? this.#mentions.render() : nothing}
      <div class="box ${mode}">
        <div class="tabs" role="group" aria-label="What to write">
          ${this.blocked !== null ? nothing : html`<button type="button" class="tab" aria-pressed=${mode === "reply" ? "true" : "false"} data-testid="desk-mode-reply" @click=${() => this.#switch("reply")}>Reply</button>`}
          <button type="button" class="tab" aria-pressed=${mode === "note" ? "true" : "false"} data-testid="desk-mode-note" @click=${() => this.#switch("note")}>Internal note</button>
        </div>
        ${this.blocked === null ? nothing : html`<p class="why">${this.blocked}</p>`}
        <textarea rows="3" dir="auto" maxlength=${MESSAGE_LIMIT} data-testid="desk-composer" aria-label=${mode === "reply" ? "Reply to the customer" : "Internal note, not shown to the customer"}
          placeholder=${mode === "reply" ? "Write to the customer…" : "Write for your colleagues, @ names one. The customer never sees this…"}
          aria-autocomplete=${mode === "note" ? "list" : nothing} aria-controls=${this.#mentions.list ?? nothing} aria-activedescendant=${this.#mentions.active ?? nothing}
          .value=${live(text)} @input=${this.#input} @keydown=${this.#keydown} @blur=${this.#left}></textarea>
        <div class="foot">
          <button type="button" class="button quiet" aria-expanded=${this.searching ? "true" : "false"} data-testid="desk-articles" @click=${() => (this.searching = !this.searching)}>${icon("article", 16)} Articles</button>
          <span class="grow"></span>
          <span class="hint" aria-hidden="true"><kbd>Ctrl</kbd> + <kbd>Enter</kbd></span>
          ${mode === "reply" ? html`<button type="button" class="button quiet" data-testid="desk-send-wait" title="The ticket then waits for the customer, and its resolution clock stands still" ?disabled=${text.trim() === ""} @click=${() => this.#send(true)}>Send and wait</button>` : nothing}
          <button type="button" class="button primary" data-testid="desk-send" ?disabled=${text.trim() === ""} @click=${() => this.#send()}>${mode === "reply" ? "Send reply" : "Add note"}</button>
        </div>
      </div>`;
  }

  #left = (): void => {
    this.#typing.stop();
    this.#mentions.close();
  };

  #switch(mode: "reply" | "note"): void {
    this.#typing.stop();
    this.#mentions.close();
    this.#emit("desk-draft", { ...this.#current, mode });
    void this.updateComplete.then(() => this.area.focus());
  }

  #input = (): void => {
    const mode = this.#mode;
    this.#emit("desk-draft", this.#current);
    if (mode === "reply" && this.area.value.trim() !== "") this.#typing.key();
    else this.#typing.stop();
    if (mode === "note") void this.#mentions.typed();
  };

  #keydown = (event: KeyboardEvent): void => {
    if (this.#mentions.key(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.area.blur();
      this.#emit("desk-leave-composer", null);
    }
  };

  #send = (wait = false): void => {
    const mode = this.#mode;
    const text = this.area.value.trim();
    if (text === "") return;
    this.#typing.stop();
    this.#mentions.close();
    this.searching = false; // what it was open for is done, and it covers what was said
    this.#emit("desk-send", { mode, text, wait });
    this.area.focus();
  };

  #insert = (event: CustomEvent<string>): void => {
    const mode = this.#mode;
    const before = this.area.value;
    const gap = before === "" || before.endsWith("\n") ? "" : "\n";
    this.#emit("desk-draft", { ...this.#current, [mode]: `${before}${gap}${event.detail}` });
    this.#closeSearch();
  };

  #closeSearch = (): void => {
    this.searching = false;
    void this.updateComplete.then(() => this.area.focus());
  };

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
