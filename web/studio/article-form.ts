/** An article's fields beside its text: who may see it, where it stands, what it is called. Hands each change to `write`. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { property, query } from "lit/decorators.js";
import { formStyle } from "../desk/form-style.js";
import { characters } from "../shared/limits.js";
import { base } from "../shared/tokens.js";
import type { ArticleCategory, ArticleFields, ArticleTitle } from "./article-types.js";
import type { Problem } from "./conflict.js";
import { LONGEST } from "./fields.js";
import { keptFor, SEEN_BY, seenBy, type SeenBy } from "./seen-by.js";

type Line = "slug" | "category" | "subcategory" | "author";

export class ArticleForm extends LitElement {
  static define(tag = "desk-article-form"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, css`
    :host { display: block; container-type: inline-size; }
    .grid { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 24px; }
    @container (min-width: 680px) { .grid { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
    .seen { display: grid; gap: 4px; margin-top: 6px; }
    .seen label { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 10px; padding: 7px 10px; border: 1px solid var(--border); border-radius: var(--radius-s); font-size: 13px; }
    .seen label:has(:checked) { border-color: var(--accent); background: var(--accent-soft); }
    .seen input { width: 16px; height: 16px; margin: 2px 0 0; accent-color: var(--accent); } .seen small { grid-column: 2; color: var(--text-2); font-size: 12px; }
    .field [aria-invalid="true"] { border-color: var(--danger); }
    .field small.wrong { color: var(--danger-text); }
    .field { overflow-wrap: anywhere; }
    desk-related { margin-top: 16px; }
  `];

  @property({ attribute: false }) fields!: ArticleFields;
  @property({ attribute: false }) write!: (change: Partial<ArticleFields>) => void;
  @property({ attribute: false }) problem: Problem | null = null;
  @property({ attribute: false }) categories: readonly ArticleCategory[] = [];
  @property({ attribute: false }) titles!: Map<string, string>;
  @property({ attribute: false }) suggest!: (q: string, signal: AbortSignal) => Promise<ArticleTitle[]>;
  /** Tells whether the error says that the session has ended, and sees to it. */
  @property({ attribute: false }) lostSession!: (error: unknown) => boolean;
  @property() own: string | null = null;
  /** The address of its public page, if it has one: the service leads from it to a new one. */
  @property() known: string | null = null;
  @query("#tags") private readonly tags!: HTMLInputElement | null;

  override render(): TemplateResult {
    const { fields } = this;
    const left = LONGEST.excerpt - characters(fields.excerpt);
    return html`<div class="grid"><div>
      <fieldset><legend>Who may see it</legend><div class="seen">${(Object.keys(SEEN_BY) as SeenBy[]).map((one) => html`<label><input type="radio" name="seen" value=${one} .checked=${live(one === seenBy(fields))} data-testid="desk-article-seen-${one}"
        @change=${() => this.write(keptFor(one, fields))}><span>${SEEN_BY[one].name}</span><small>${SEEN_BY[one].words}</small></label>`)}</div></fieldset>
      <label class="field">Excerpt (optional)<textarea dir="auto" maxlength=${LONGEST.excerpt} rows="3" .value=${live(fields.excerpt)} aria-describedby="excerpt-left" data-testid="desk-article-excerpt" @input=${(e: Event) => this.write({ excerpt: (e.target as HTMLTextAreaElement).value })}></textarea>
        <small id="excerpt-left">Stands below the title and in results. ${characters(fields.excerpt).toLocaleString()} characters${left < 200 ? `, ${left.toLocaleString()} left` : ""}.</small>${this.#wrong("excerpt")}</label>
      <desk-related .chosen=${fields.related} .titles=${this.titles} .own=${this.own} .suggest=${this.suggest} .lostSession=${this.lostSession} @studio-related=${(e: CustomEvent<string[]>) => this.write({ related: e.detail })}></desk-related>
    </div><div>
      ${this.#line("category", "Category", "categories")}
      ${this.#line("subcategory", "Subcategory (optional)", "subcategories")}
      ${this.#line("slug", "Address", null, html`<small>${this.#address()}</small>`)}
      <label class="field">Tags (optional)<input id="tags" dir="auto" data-testid="desk-article-tags" @input=${(e: Event) => this.write({ tags: tagsOf((e.target as HTMLInputElement).value) })} @change=${this.#tidyTags}><small>Divided by commas.</small>${this.#wrong("tags")}</label>
      ${this.#line("author", "Author (optional)", null)}
    </div></div>
    <datalist id="categories">${this.categories.filter(({ name }) => name !== "").map(({ name }) => html`<option value=${name}></option>`)}</datalist>
    <datalist id="subcategories">${this.#subcategories().map((name) => html`<option value=${name}></option>`)}</datalist>`;
  }

  /** What is published for everyone alone has a page. */
  #address(): string {
    const { slug } = this.fields;
    if (seenBy(this.fields) !== "everyone") return "Only what everyone may see has a page, at its address.";
    return this.known === null || this.known === slug ? `/help/${slug || "…"}` : `Links to /help/${this.known} lead here once this is published.`;
  }

  /** While tags are typed the field is the writer's: `a, ` is no other list than `a`. */
  override updated(changed: PropertyValues<this>): void {
    if (changed.has("fields") && this.tags !== null && tagsOf(this.tags.value).join("\n") !== this.fields.tags.join("\n")) this.#tidyTags();
  }

  #tidyTags = (): void => {
    if (this.tags !== null) this.tags.value = this.fields.tags.join(", ");
  };

  #line(name: Line, label: string, list: string | null, below: TemplateResult | typeof nothing = nothing): TemplateResult {
    const wrong = this.problem?.field === name;
    return html`<label class="field">${label}<input dir=${name === "slug" ? "ltr" : "auto"} maxlength=${LONGEST[name]} list=${list ?? nothing} autocomplete="off" spellcheck=${name === "slug" ? "false" : "true"} .value=${live(this.fields[name])} aria-invalid=${wrong ? "true" : "false"}
      data-testid="desk-article-${name}" @input=${(e: Event) => this.write({ [name]: (e.target as HTMLInputElement).value })}>${below}${this.#wrong(name)}</label>`;
  }

  #wrong(name: keyof ArticleFields): TemplateResult | typeof nothing {
    return this.problem?.field === name ? html`<small class="wrong">${this.problem.message}</small>` : nothing;
  }

  #subcategories(): string[] {
    return this.categories.find(({ name }) => name === this.fields.category)?.subcategories ?? [];
  }
}

export function tagsOf(text: string): string[] {
  return [...new Set(text.split(/[,\n،]/).map((tag) => tag.trim()).filter(Boolean))];
}
