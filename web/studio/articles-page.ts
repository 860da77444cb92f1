/** The page "Articles": the list, one article to write, or its history, as the address says. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import type { DeskModel } from "../desk/desk-model.js";
import { pageStyle } from "../desk/page-style.js";
import { icon } from "../shared/icons.js";
import { base } from "../shared/tokens.js";
import type { ArticleListView } from "./article-list.js";
import { articleHash, type ArticlePlace, articlePlaceOf } from "./article-place.js";
import { NEW } from "./studio.js";

const NAMES = { list: "Articles", new: "New article", article: "Edit article", history: "History" } as const;

export class ArticlesPage extends LitElement {
  static define(tag = "desk-articles"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, pageStyle, css`
    .page { max-width: 1280px; }
    header { margin-bottom: 12px; } header h1 { flex: 1; min-width: 0; }
    .up { display: inline-grid; } .up svg { display: block; }
    @media (max-width: 900px) { .page { padding: 12px 16px 40px; } }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @query("desk-article-list") private readonly list!: ArticleListView | null;
  @query("h1") private readonly heading!: HTMLElement | null;
  #shown: ArticlePlace["kind"] | null = null;
  /** The list gets the focus on the row that was opened, once it has been read. */
  #backNext = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("keydown", this.#keydown);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("keydown", this.#keydown);
  }

  override focus(): void {
    this.heading?.focus();
  }

  override render(): TemplateResult {
    const { model } = this;
    const place = articlePlaceOf(model.pagePart);
    const up: ArticlePlace = place.kind === "history" ? { kind: "article", id: place.id } : { kind: "list" };
    return html`<div class="page" data-testid="desk-articles-page">
      <header>${place.kind === "list" ? html`<button type="button" class="icon-button back" aria-label="Back to the list" @click=${this.#leave}>${icon("back", 20)}</button>`
        : html`<a class="icon-button up" href=${articleHash(up)} aria-label=${place.kind === "history" ? "Back to the article" : "Back to the articles"} data-testid="desk-articles-up">${icon("back", 20)}</a>`}
        <h1 tabindex="-1">${NAMES[place.kind]}</h1>
        ${place.kind === "list" ? html`<a class="button primary" href=${articleHash({ kind: "new" })} data-testid="desk-articles-new">New article</a>` : nothing}</header>
      ${this.#part(place)}</div>`;
  }

  #part(place: ArticlePlace): TemplateResult {
    const { model } = this;
    if (place.kind === "list") return html`<desk-article-list .model=${model} @studio-listed=${this.#listed}></desk-article-list>`;
    if (place.kind === "history") return html`<desk-article-history .model=${model} .articleId=${place.id} .version=${place.version}></desk-article-history>`;
    return html`<desk-article-editor .model=${model} .articleId=${place.kind === "new" ? NEW : place.id}></desk-article-editor>`;
  }

  /** What was pressed is gone with the part that it led away from, and the focus with it. */
  override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    const { kind } = articlePlaceOf(this.model.pagePart);
    const before = this.#shown;
    this.#shown = kind;
    if (before === null || before === kind || (before === "new" && kind === "article")) return;
    this.scrollTop = 0;
    if (kind === "list") this.#backNext = true;
    else this.heading?.focus();
  }

  #listed = async (): Promise<void> => {
    if (!this.#backNext) return;
    this.#backNext = false;
    if ((await this.list?.focusOpened()) !== true) this.heading?.focus();
  };

  #leave = (): void => {
    this.dispatchEvent(new CustomEvent("desk-back", { bubbles: true, composed: true }));
  };

  /** Escape goes up one step before it leaves the page. What is being written stays. */
  #keydown = (event: KeyboardEvent): void => {
    const place = articlePlaceOf(this.model.pagePart);
    const target = event.composedPath()[0];
    const inField = target instanceof HTMLElement && target.matches("input, textarea, select, dialog, dialog *");
    if (event.key !== "Escape" || event.defaultPrevented || place.kind === "list" || inField) return;
    event.preventDefault();
    location.hash = articleHash(place.kind === "history" ? { kind: "article", id: place.id } : { kind: "list" });
  };
}
