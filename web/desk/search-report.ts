/** What people search for: the groups of one kind over a period, how the weeks went, and what lies behind each question. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { messageOf } from "../shared/errors.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "./desk-model.js";
import { feedbackStyle } from "./feedback-style.js";
import type { FoundArticle, QuestionGroup, ReportQuery, SearchCounts, SearchKind, SearchReport, Surface } from "./feedback-types.js";
import { articleLink, questionGroup, questionStyle } from "./question-group.js";
import { countOf, KINDS, shareWords, SURFACE_WORDS, weeksChart } from "./search-words.js";

const PERIODS: readonly [number, string][] = [[7, "7 days"], [30, "30 days"], [90, "90 days"], [365, "12 months"]];
const SURFACES: readonly Surface[] = ["help", "widget", "bot", "desk", "api"];

export class SearchReportView extends LitElement {
  static define(tag = "desk-searches"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, feedbackStyle, questionStyle, css`
    .chosen { display: flex; flex-wrap: wrap; gap: 8px; min-width: 0; }
    .kinds { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px; }
    .kind { display: grid; gap: 1px; padding: 10px 14px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); text-align: start; }
    .kind:hover { background: var(--surface); }
    .kind[aria-pressed="true"] { border-color: var(--accent); background: var(--accent-soft); }
    .kind b { font-size: 13px; font-weight: 600; }
    .kind span { font-size: 12.5px; color: var(--text-2); font-variant-numeric: tabular-nums; }
    .kind .number { font-size: 20px; font-weight: 600; color: var(--text); }
    .about { max-width: 68ch; margin: 14px 0 10px; color: var(--text-2); }
    .weeks { display: grid; width: fit-content; max-width: 100%; margin: 16px 0 0; } .weeks svg { max-width: 100%; height: 48px; border-bottom: 1px solid var(--border-strong); } .weeks rect { fill: var(--accent); }
    .weeks p { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 24px; margin-top: 4px; }
    .suggested { margin-top: 28px; } .suggested .rows li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; padding: 10px 16px; }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @state() private query: ReportQuery = { kind: "asked", days: 30, surface: null };
  @state() private report: SearchReport | null = null;
  @state() private problem: string | null = null;
  @state() private reading = false;
  @state() private opened: ReadonlySet<string> = new Set();

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#read();
  }

  override render(): TemplateResult {
    const { query, report, problem } = this;
    return html`<section aria-labelledby="searches"><div class="head"><h2 id="searches" tabindex="-1">Searches of the last ${PERIODS.find(([days]) => days === query.days)?.[1]}</h2>
        <div class="chosen">${this.#period(query)}${this.#surface(query)}</div></div>
      ${problem === null ? nothing : html`<div class="problem" role="alert"><span>${problem}</span><button type="button" class="button" @click=${() => void this.#read()}>Try again</button></div>`}
      ${report === null ? (problem === null ? html`<p class="nothing" role="status">Reading the log of searches…</p>` : nothing)
        : report.now.searches === 0 ? this.#empty() : this.#report(report)}
    </section>
    ${report === null || report.suggested.length === 0 ? nothing : this.#suggested(report.suggested)}`;
  }

  #period({ days }: ReportQuery): TemplateResult {
    return html`<label><span class="visually-hidden">Period</span><select data-testid="desk-searches-days" @change=${(e: Event) => this.#ask({ days: Number((e.target as HTMLSelectElement).value) })}>
      ${PERIODS.map(([length, name]) => html`<option value=${length} .selected=${length === days}>Last ${name}</option>`)}</select></label>`;
  }

  #surface({ surface }: ReportQuery): TemplateResult {
    return html`<label><span class="visually-hidden">Asked where</span><select data-testid="desk-searches-surface" @change=${(e: Event) => this.#ask({ surface: ((e.target as HTMLSelectElement).value || null) as Surface | null })}>
      <option value="" .selected=${surface === null}>Everywhere</option>
      ${SURFACES.map((one) => html`<option value=${one} .selected=${one === surface}>${SURFACE_WORDS[one]}</option>`)}</select></label>`;
  }

  #report(report: SearchReport): TemplateResult {
    const { kind } = this.query;
    return html`<div class="kinds" role="group" aria-label="Which searches">${(Object.keys(KINDS) as SearchKind[]).map((one) => this.#kind(one, report.now, report.before))}</div>
      ${weeksChart(report.weeks, kind)}
      <p class="about">${KINDS[kind].about}</p>
      ${report.groups.length === 0 ? html`<p class="nothing" data-testid="desk-searches-none">${KINDS[kind].none}</p>`
        : html`<ul class="rows" aria-busy=${this.reading ? "true" : "false"}>${repeat(report.groups, (one) => one.id, (one) => this.#group(one))}</ul>`}
      ${report.ungrouped === 0 ? nothing : html`<p class="more">${report.ungrouped === 1 ? "One new wording stands for itself until it is" : `${report.ungrouped} new wordings stand for themselves until they are`} put together with what asks the same, within minutes.</p>`}`;
  }

  #kind(kind: SearchKind, now: SearchCounts, before: SearchCounts): TemplateResult {
    return html`<button type="button" class="kind" aria-pressed=${kind === this.query.kind ? "true" : "false"} data-testid="desk-searches-${kind}" @click=${() => this.#ask({ kind })}>
      <b>${KINDS[kind].name}</b><span class="number">${countOf(now, kind).toLocaleString()}</span><span>${shareWords(kind, now, before)}</span></button>`;
  }

  #group(one: QuestionGroup): TemplateResult {
    return html`<li data-testid="desk-question">${questionGroup(one, this.query.kind, this.opened.has(one.id), () => this.#toggle(one.id))}</li>`;
  }

  #empty(): TemplateResult {
    return html`<div class="nothing" data-testid="desk-searches-empty"><h3>Nobody has searched in this period</h3>
      <p>Questions that people ask the assistant, or search for in the help centre, the widget and at the desk, come here in groups that ask the same: the most asked, those without an answer, and those that ended with a person.</p></div>`;
  }

  #suggested(articles: readonly FoundArticle[]): TemplateResult {
    return html`<section class="suggested" aria-labelledby="suggested"><div class="head"><h2 id="suggested">Opened where the widget suggested them</h2></div>
      <ul class="rows">${articles.map((one) => html`<li data-testid="desk-suggested">${articleLink(one)}<span class="more">${one.shown === 1 ? "in one conversation" : `in ${one.shown.toLocaleString()} conversations`}</span></li>`)}</ul></section>`;
  }

  #toggle(id: string): void {
    const others = [...this.opened].filter((one) => one !== id);
    this.opened = new Set(others.length < this.opened.size ? others : [...others, id]);
  }

  #ask(change: Partial<ReportQuery>): void {
    this.query = { ...this.query, ...change };
    void this.#read();
  }

  async #read(): Promise<void> {
    const { query } = this;
    this.reading = true;
    try {
      const report = await this.model.api.searchReport(query);
      if (query !== this.query) return; // something else was chosen meanwhile
      this.report = report;
      this.problem = null;
    } catch (error) {
      if (query === this.query && !this.model.session.lost(error)) this.problem = messageOf(error);
    }
    if (query === this.query) this.reading = false;
  }
}
