/** All articles for who edits them: searched as one types, narrowed, a page at a time. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { now } from "../shared/clock.js";
import { messageOf } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { dateInWords, isDate, momentOrDate, sameDay } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "../desk/desk-model.js";
import { feedbackStyle } from "../desk/feedback-style.js";
import { articleHash } from "./article-place.js";
import type { ArticleList, ArticleQuery, ArticleRow } from "./article-types.js";
import { stateWords, voteWords, whereWords } from "./article-words.js";
import { SEEN_BY, seenBy } from "./seen-by.js";
import { NEW } from "./studio.js";
import { studioStyle } from "./studio-style.js";

const PAGE = 50;
const PAUSE_MS = 200;
/** The choice of any category. That of one is its name behind a sign: that of articles without a category is empty too. */
const ANY = "";
const named = (category: string): string => `=${category}`;
const STATES: readonly [ArticleQuery["status"], string][] = [["", "Any state"], ["published", "Published"], ["draft", "Drafts"], ["changed", stateWords({ status: "published", has_draft: true }).words]];

/** Roles are written out below: where a row is laid out as a block, it is none to some browsers. */
const COLUMNS: readonly [string, string][] = [["Article", "title"], ["Seen by", "who"], ["State", "is"], ["Last change", "when"], ["Votes", "votes"]];

export class ArticleListView extends LitElement {
  static define(tag = "desk-article-list"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, studioStyle, css`
    .find { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 12px; }
    .find label { flex: 0 1 auto; min-width: 0; } .find select { width: 100%; } .find label:first-child { position: relative; flex: 1 1 240px; }
    .find svg { position: absolute; inset-inline-start: 10px; top: 10px; color: var(--text-3); pointer-events: none; }
    .find input { width: 100%; height: 36px; padding: 0 10px 0 34px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); font-size: 14px; } .find input::placeholder { color: var(--text-3); opacity: 1; }
    @media (max-width: 560px) { .find label { flex: 1 1 140px; } }
    .table { border: 1px solid var(--border); border-radius: var(--radius); overflow: hidden; }
    table { width: 100%; border-collapse: collapse; table-layout: fixed; font-size: 13px; }
    th { padding: 8px 12px; background: var(--surface); color: var(--text-2); font-size: 12.5px; font-weight: 550; text-align: start; }
    td { padding: 10px 12px; border-top: 1px solid var(--border); vertical-align: top; color: var(--text-2); overflow-wrap: anywhere; }
    th:first-child, td:first-child { padding-inline-start: 16px; }
    .who { width: 100px; } .is { width: 172px; } .when { width: 160px; } .votes { width: 128px; } td > span { display: block; }
    td:first-child a { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; font-size: 14px; font-weight: 550; color: var(--text); text-decoration: none; }
    td:first-child a:hover { color: var(--accent-text); text-decoration: underline; }
    /* The whole row is the title's link: for the mouse alone, which may open it beside this page too. */
    tbody tr { position: relative; } tbody tr:hover { background: var(--surface); }
    td:first-child a::after { content: ""; position: absolute; inset: 0; } td:first-child a:focus-visible { outline: none; } tr:has(td:first-child a:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px; }
    tr:hover td:first-child a { text-decoration: underline; }
    .pills { display: flex; flex-wrap: wrap; gap: 4px; }
    .review { position: relative; z-index: 1; display: inline-flex; align-items: center; gap: 2px; margin-top: 2px; font-size: 12.5px; }
    .busy { border-color: var(--accent); cursor: progress; }
    .foot { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; margin-top: 12px; }
    .nothing .button { margin-top: 12px; } .nothing h2 { margin-bottom: 4px; font-size: 14px; color: var(--text); }
    @media (max-width: 1000px) {
      .table { container-type: inline-size; } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      table, tbody { display: block; } tr { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 12px 16px; } tr + tr { border-top: 1px solid var(--border); }
      td, td:first-child { width: auto; padding: 0; border: 0; } td:first-child { flex: 1 0 100%; } td:empty { position: absolute; } td:not(:first-child) > span:not(.pills) { display: inline; }
    }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @state() private found: ArticleList | null = null;
  @state() private problem: string | null = null;
  @state() private reading = false;
  @query("input") private readonly field!: HTMLInputElement | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  /** Whether the categories were read in this visit: they are counted over all articles, whatever is typed. */
  #counted = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#counted = false;
    void this.#read();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  get #query(): ArticleQuery {
    return this.model.studio.query;
  }

  override render(): TemplateResult {
    const { found, problem } = this;
    const { q, category, status, audience } = this.#query;
    return html`<div class="find" role="search">
        <label><span class="visually-hidden">Find an article</span>${icon("search", 16)}<input type="search" dir="auto" placeholder="Find by title, address or tag…" .value=${q} data-testid="desk-articles-find" @input=${this.#typed}></label>
        ${this.#select("State", "status", status, STATES)}
        ${this.#select("Category", "category", category === null ? ANY : named(category), [[ANY, "Any category"], ...this.#categories(category)])}
        ${this.#select("Who may see it", "audience", audience, [["", "Seen by anybody"], ...Object.entries(SEEN_BY).map(([id, { name }]): [string, string] => [id, name])])}
      </div>
      ${problem === null ? nothing : html`<div class="problem" role="alert"><span>${problem}</span><button type="button" class="button" @click=${() => void this.#read()}>Try again</button></div>`}
      ${found === null ? (problem === null ? html`<p class="nothing" role="status">Reading the articles…</p>` : nothing) : found.articles.length === 0 ? this.#empty() : this.#table(found)}`;
  }

  #categories(chosen: string | null): [string, string][] {
    const known = this.model.studio.categories;
    const listed = known.map(({ name, articles }): [string, string] => [named(name), `${name || "No category"} (${articles.toLocaleString()})`]);
    return chosen === null || known.some(({ name }) => name === chosen) ? listed : [...listed, [named(chosen), chosen || "No category"]];
  }

  #select(label: string, name: "status" | "category" | "audience", chosen: string, options: readonly (readonly [string, string])[]): TemplateResult {
    return html`<label><span class="visually-hidden">${label}</span><select data-testid="desk-articles-${name}" @change=${(e: Event) => this.#choose(name, (e.target as HTMLSelectElement).value)}>
      ${options.map(([value, words]) => html`<option value=${value} .selected=${value === chosen}>${words}</option>`)}</select></label>`;
  }

  #table({ articles, next, total }: ArticleList): TemplateResult {
    return html`<div class="table ${this.reading ? "busy" : ""}"><table role="table"><caption class="visually-hidden">Articles, the last changed first</caption>
        <thead role="rowgroup"><tr role="row">${COLUMNS.map(([words, name]) => html`<th role="columnheader" scope="col" class=${name}>${words}</th>`)}</tr></thead>
        <tbody role="rowgroup">${repeat(articles, ({ id }) => id, (one) => this.#row(one))}</tbody></table></div>
      <div class="foot"><p class="more" role="status" data-testid="desk-articles-total">${total === 1 ? "One article" : articles.length < total ? `${articles.length.toLocaleString()} of ${total.toLocaleString()} articles` : `${total.toLocaleString()} articles`}</p>
        ${next === null ? nothing : html`<button type="button" class="button" aria-disabled=${this.reading ? "true" : "false"} data-testid="desk-articles-more" @click=${() => void this.#readMore(next)}>Show more</button>`}</div>`;
  }

  #row(one: ArticleRow): TemplateResult {
    const { words, tone } = stateWords(one);
    return html`<tr role="row" data-testid="desk-article-row" data-id=${one.id}>
      <td role="cell"><a href=${articleHash({ kind: "article", id: one.id })}><bdi>${one.title}</bdi></a><span class="more foreign"><bdi>${whereWords(one)}</bdi></span></td>
      <td role="cell">${SEEN_BY[seenBy(one)].name}</td>
      <td role="cell"><span class="pills"><span class="state ${tone}">${words}</span>${this.model.studio.kept(one.id) === null ? nothing : html`<span class="state unsaved">Not saved</span>`}</span></td>
      <td role="cell">${whenWords(one.updated_at)}${one.edited_by === "" ? nothing : html` <span class="foreign"><bdi>${one.edited_by}</bdi></span>`}</td>
      <td role="cell">${voteWords(one.votes)}${one.review_id === null ? nothing : html` <span><a class="review" href="#/feedback">To review<span class="visually-hidden">: ${one.title}</span></a></span>`}</td></tr>`;
  }

  #empty(): TemplateResult {
    const { q, ...others } = this.#query;
    const narrowed = q !== "" || Object.values(others).some((value) => value !== "" && value !== null);
    return html`<div class="nothing" data-testid="desk-articles-none"><h2>${narrowed ? "No article is like this" : "There is no article yet"}</h2>
      <p>${narrowed ? "Nothing has all of these words in its title, address or tags, with what else was chosen above." : "Articles that you write here are what the help centre shows and the assistant answers from."}</p>
      ${narrowed ? html`<button type="button" class="button" data-testid="desk-articles-all" @click=${this.#showAll}>Show all articles</button>` : html`<a class="button primary" href=${articleHash({ kind: "new" })}>Write the first</a>`}</div>`;
  }

  #typed = (event: Event): void => {
    this.model.studio.query = { ...this.#query, q: (event.target as HTMLInputElement).value };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), PAUSE_MS);
  };

  #choose(name: "status" | "category" | "audience", value: string): void {
    const chosen = name !== "category" ? value : value === ANY ? null : value.slice(1);
    this.model.studio.query = { ...this.#query, [name]: chosen };
    void this.#read();
  }

  #showAll = (): void => {
    this.model.studio.showAll();
    void this.#read();
    this.field?.focus();
  };

  /** Puts the focus on the article that was opened last; tells whether it is there. */
  async focusOpened(): Promise<boolean> {
    await this.updateComplete;
    const { opened } = this.model.studio;
    const link = [...this.renderRoot.querySelectorAll<HTMLElement>("tr[data-id]")].find((row) => row.dataset.id === (opened ?? NEW))?.querySelector("a");
    link?.focus();
    link?.scrollIntoView({ block: "center" });
    return link !== undefined && link !== null;
  }

  async #read(): Promise<void> {
    await this.#take(async (signal) => this.model.api.articles.list(this.#query, { limit: PAGE, categories: !this.#counted, signal }));
  }

  async #readMore(after: string): Promise<void> {
    const { found } = this;
    if (found === null || this.reading) return;
    await this.#take(async (signal) => {
      const next = await this.model.api.articles.list(this.#query, { limit: PAGE, after, categories: false, signal });
      const known = new Set(found.articles.map(({ id }) => id)); // one that was changed meanwhile stands twice otherwise
      return { ...next, articles: [...found.articles, ...next.articles.filter(({ id }) => !known.has(id))] };
    });
    await this.updateComplete;
    this.renderRoot.querySelectorAll<HTMLElement>("td:first-child a")[found.articles.length]?.focus();
  }

  /** Of two that are on their way, the later one counts. */
  async #take(ask: (signal: AbortSignal) => Promise<ArticleList>): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.reading = true;
    try {
      const found = await ask(abort.signal);
      if (abort.signal.aborted) return;
      this.found = found;
      this.problem = null;
      if (found.categories !== null) this.model.studio.categories = found.categories;
      this.#counted ||= found.categories !== null;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!this.model.session.lost(error)) this.problem = messageOf(error);
    }
    this.reading = false;
    this.dispatchEvent(new Event("studio-listed"));
  }
}

/** The time alone for today, the day alone for what is older: a list is looked over, not read. */
function whenWords(iso: string): string {
  const today = sameDay(iso, new Date(now()).toISOString());
  return today || isDate(iso) ? momentOrDate(iso, now()) : dateInWords(iso);
}
