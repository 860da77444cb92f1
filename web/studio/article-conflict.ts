/** Somebody else was quicker: who, what differs, and how to go on without losing either; then, what was set aside by that. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { base } from "../shared/tokens.js";
import type { ArticleFields } from "./article-types.js";
import { difference, differenceStyle } from "./difference.js";
import type { Conflict } from "./conflict.js";
import type { Editing } from "./editing.js";
import { FIELD_NAMES, namesOf, sameFields, type ShownField } from "./fields.js";
import type { Aside } from "./studio.js";

/** Typing has paused. */
const PAUSE_MS = 300;

export class ArticleConflict extends LitElement {
  static define(tag = "desk-article-conflict"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, differenceStyle, css`
    :host { display: block; font-size: 13px; }
    section { margin-bottom: 16px; padding: 14px 16px; border: 1px solid var(--warn); border-radius: var(--radius); background: var(--bg); overflow-wrap: anywhere; }
    section.aside { border-color: var(--border-strong); }
    h2 { font-size: 14px; font-weight: 650; } p { margin-top: 4px; max-width: 76ch; color: var(--text-2); }
    .actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
    .shown { margin-top: 14px; } .changes .button { min-height: 26px; padding: 0 9px; font-size: 12px; }
  `];

  @property({ attribute: false }) editing!: Editing;
  @property({ type: Number }) revision = 0;
  @state() private compared = false;
  /** What was written when the typing paused last: two long texts are not compared at each key. Null while nothing is beside them. */
  @state() private paused: ArticleFields | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { conflict, asides, written } = this.editing;
    clearTimeout(this.#timer);
    if (changed.has("editing") || (conflict === null && asides.length === 0)) this.paused = null;
    if (conflict === null && asides.length === 0) return;
    this.paused ??= written;
    if (this.paused !== written) this.#timer = setTimeout(() => (this.paused = this.editing.written), PAUSE_MS);
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  override render(): TemplateResult {
    const { conflict, asides } = this.editing;
    return html`${conflict === null ? nothing : this.#conflict(conflict)}${repeat(asides, (one) => one, (one, place) => this.#aside(one, place))}`;
  }

  #conflict(conflict: Conflict): TemplateResult {
    const { both } = this.editing.together(conflict, "mine");
    const alone = sameFields(conflict.base, conflict.theirs);
    const other = conflict.whose === "" ? "what is there now" : `${conflict.whose}’s`;
    return html`<section aria-labelledby="conflict" data-testid="desk-article-conflict"><h2 id="conflict" tabindex="-1">${conflict.words}</h2>
      <p>${alone ? "What you wrote is still here, and nobody has written anything else." : both.length === 0 ? "What you wrote is still here, and both can go together: you changed different fields." : `What you wrote is still here. Both of you changed: ${namesOf(both)}. Whichever you go on from, the other is kept beside it for you to take from.`}</p>
      <div class="actions"><button type="button" class="button" aria-expanded=${this.compared ? "true" : "false"} data-testid="desk-conflict-compare" @click=${() => (this.compared = !this.compared)}>${this.compared ? "Hide the difference" : "See what differs"}</button>
        ${both.length === 0 ? html`<button type="button" class="button primary" data-testid="desk-conflict-both" @click=${() => this.#goOn("mine")}>${alone ? "Go on" : "Go on with both"}</button>`
          : html`<button type="button" class="button" data-testid="desk-conflict-theirs" @click=${() => this.#goOn("theirs")}>Go on from ${other}</button>
            <button type="button" class="button" data-testid="desk-conflict-mine" @click=${() => this.#goOn("mine")}>Go on from mine</button>`}</div>
      ${this.compared ? html`<div class="shown"><p>From ${other} to yours:</p>${this.#difference(conflict.theirs, this.paused ?? this.editing.written)}</div>` : nothing}</section>`;
  }

  #aside(aside: Aside, place: number): TemplateResult {
    const mine = aside.whose === "";
    const take = (field: ShownField): TemplateResult => html`<button type="button" class="button" aria-label=${`Take ${FIELD_NAMES[field]} from ${mine ? "what you had written" : `what ${aside.whose} wrote`}`} data-testid="desk-aside-take" @click=${() => this.#takeBack(field, aside)}>Take this</button>`;
    return html`<section class="aside" aria-labelledby=${`aside-${place}`} data-testid="desk-article-aside"><h2 id=${`aside-${place}`} tabindex="-1">${mine ? "What you had written" : `What ${aside.whose} wrote`}</h2>
      <p>Set aside, from what is in the fields below to this. It stays here until you put it away.</p>
      <div class="shown">${this.#difference(this.paused ?? this.editing.written, aside.fields, take)}</div>
      <div class="actions"><button type="button" class="button" data-testid="desk-aside-drop" @click=${() => this.editing.dropAside(aside)}>Put away</button></div></section>`;
  }

  #difference(before: ArticleFields, after: ArticleFields, take?: (field: ShownField) => TemplateResult): unknown {
    const { titles } = this.editing;
    return guard([before, after, titles.size], () => difference(before, after, { titles, ...(take === undefined ? {} : { take }) }));
  }

  #goOn(prefer: "mine" | "theirs"): void {
    this.compared = false;
    this.editing.goOn(prefer);
    this.paused = null;
    this.#focusLater();
  }

  #takeBack(field: ShownField, from: Aside): void {
    this.editing.takeBack(field, from);
    this.paused = null;
    this.#focusLater();
  }

  /** The button is gone with what it did, and the focus with it. */
  #focusLater(): void {
    void this.updateComplete.then(() => {
      const next = this.renderRoot.querySelector<HTMLElement>("h2");
      if (next === null) this.dispatchEvent(new Event("studio-settled", { bubbles: true, composed: true }));
      else next.focus();
    });
  }
}
