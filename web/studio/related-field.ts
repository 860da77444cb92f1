/** Related articles, picked by their title. Emits `studio-related` with the ids. The arrow keys go through what is offered. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { base } from "../shared/tokens.js";
import type { ArticleTitle } from "./article-types.js";

const PAUSE_MS = 200;

export class RelatedField extends LitElement {
  static define(tag = "desk-related"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; position: relative; font-size: 13px; }
    label, .name { font-weight: 550; }
    input { display: block; width: 100%; min-height: 36px; margin-top: 6px; padding: 6px 10px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); font-size: 14px; }
    .chosen { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin-top: 6px; }
    .chosen li { display: flex; align-items: center; gap: 4px; padding: 2px 2px 2px 10px; border-radius: var(--radius-s); background: var(--sunken); }
    .chosen span { flex: 1; min-width: 0; overflow-wrap: anywhere; } .chosen .icon-button { width: 28px; height: 28px; }
    .offers { position: absolute; z-index: 5; inset-inline: 0; max-height: 260px; margin-top: 4px; padding: 4px; overflow-y: auto; border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); box-shadow: var(--shadow); }
    .offers li { padding: 7px 10px; border-radius: var(--radius-s); cursor: pointer; overflow-wrap: anywhere; }
    .offers li[aria-selected="true"], .offers li:hover { background: var(--accent-soft); color: var(--accent-text); }
    .say { margin-top: 4px; color: var(--text-2); font-size: 12px; } .problem { color: var(--danger-text); }
  `];

  @property({ attribute: false }) chosen: readonly string[] = [];
  @property({ attribute: false }) titles!: Map<string, string>;
  /** The article itself is not offered. */
  @property() own: string | null = null;
  @property({ attribute: false }) suggest!: (q: string, signal: AbortSignal) => Promise<ArticleTitle[]>;
  /** Tells whether the error says that the session has ended, and sees to it. */
  @property({ attribute: false }) lostSession!: (error: unknown) => boolean;
  @state() private offers: readonly ArticleTitle[] = [];
  @state() private reached = -1;
  @state() private said = "";
  @state() private problem = false;
  @query("input") private readonly field!: HTMLInputElement;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  override render(): TemplateResult {
    const shown = this.offers.length > 0;
    return html`<label for="related">Related articles</label>
      ${this.chosen.length === 0 ? nothing : html`<ul class="chosen" aria-label="Related articles">${this.chosen.map((id) => html`<li data-testid="desk-related-chosen"><span dir="auto">${this.titles.get(id) ?? id}</span>
        <button type="button" class="icon-button" aria-label=${`Remove ${this.titles.get(id) ?? id}`} @click=${() => this.#remove(id)}>${icon("close", 14)}</button></li>`)}</ul>`}
      <input id="related" role="combobox" aria-autocomplete="list" aria-expanded=${shown ? "true" : "false"} aria-controls="offers" aria-activedescendant=${shown && this.reached >= 0 ? `offer-${this.reached}` : nothing}
        autocomplete="off" dir="auto" placeholder="Find an article by its title…" data-testid="desk-related" @input=${this.#typed} @keydown=${this.#keydown} @blur=${this.#leave}>
      <ul class="offers" id="offers" role="listbox" aria-label="Articles found" ?hidden=${!shown}>${this.offers.map((one, place) => html`<li id="offer-${place}" role="option" dir="auto" aria-selected=${place === this.reached ? "true" : "false"}
        data-testid="desk-related-offer" @mousedown=${(e: Event) => e.preventDefault()} @click=${() => this.#choose(one)}>${one.title}</li>`)}</ul>
      <p class="say ${this.problem ? "problem" : ""}" role="status">${this.said}</p>`;
  }

  #typed = (): void => {
    const q = this.field.value.trim();
    this.#stop();
    this.offers = [];
    this.said = "";
    if (q !== "") this.#timer = setTimeout(() => void this.#look(q), PAUSE_MS);
  };

  async #look(q: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const found = await this.suggest(q, abort.signal);
      if (abort.signal.aborted) return;
      this.offers = found.filter(({ id }) => id !== this.own && !this.chosen.includes(id));
      this.reached = -1;
      this.problem = false;
      this.said = this.offers.length === 0 ? `Nothing else is found for “${q}”.` : `${this.offers.length} found.`;
    } catch (error) {
      if (abort.signal.aborted || this.lostSession(error)) return;
      this.problem = true;
      this.said = messageOf(error);
    }
  }

  #keydown = (event: KeyboardEvent): void => {
    const one = this.offers[this.reached];
    if (event.key === "Enter") {
      event.preventDefault();
      const only = this.offers.length === 1 ? this.offers[0] : undefined;
      if (one ?? only) this.#choose((one ?? only) as ArticleTitle);
    } else if (this.offers.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.reached = (this.reached + (event.key === "ArrowDown" ? 1 : this.reached < 0 ? 0 : -1) + this.offers.length) % this.offers.length;
      void this.updateComplete.then(() => this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
    } else if (event.key === "Escape" && this.offers.length > 0) {
      event.preventDefault();
      this.offers = [];
    }
  };

  #leave = (): void => {
    this.#stop();
    this.offers = [];
    this.said = "";
  };

  #choose(one: ArticleTitle): void {
    this.titles.set(one.id, one.title);
    this.field.value = "";
    this.#leave();
    this.#emit([...this.chosen, one.id]);
  }

  #remove(id: string): void {
    this.#emit(this.chosen.filter((one) => one !== id));
    this.field.focus();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #emit(detail: readonly string[]): void {
    this.dispatchEvent(new CustomEvent("studio-related", { detail }));
  }
}
