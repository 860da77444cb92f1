/** The right column: why a person is needed, what is promised until when, and who the customer is. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { now } from "../shared/clock.js";
import { safeUrl } from "../shared/passage.js";
import type { Clock, Customer, Detail, Package, Priority, Ticket } from "../shared/desk-protocol.js";
import { dateInWords, metricName, momentInWords, timeOfDay } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { BAND_WORDS, codeWords, languageWords, PRIORITIES, revenueWords } from "../shared/words.js";
import { CATEGORIES } from "./categories.js";
import { nameOf } from "./customer-name.js";

export class PackagePanel extends LitElement {
  static define(tag = "desk-context"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: block; min-height: 0; overflow-y: auto; font-size: 13px; line-height: 1.45; scrollbar-width: thin; scrollbar-color: var(--border-strong) transparent; }
    section { padding: 16px 20px; border-bottom: 1px solid var(--border); }
    section:last-child { border-bottom: 0; }
    h2 { font-size: 12px; font-weight: 600; color: var(--text-3); margin-bottom: 8px; }
    h3 { font-size: 12px; font-weight: 600; color: var(--text-2); margin: 12px 0 4px; }
    .why { background: var(--accent-soft); }
    .why h2 { color: var(--accent-text); }
    .why .reason { font-size: 15px; font-weight: 650; line-height: 1.35; }
    .why ul { margin-top: 8px; display: grid; gap: 4px; }
    .why li, .plain li { position: relative; padding-inline-start: 14px; overflow-wrap: anywhere; }
    .why li::before, .plain li::before { content: ""; position: absolute; inset-inline-start: 2px; top: .6em; width: 4px; height: 4px; border-radius: 50%; background: currentColor; opacity: .6; }
    .plain { display: grid; gap: 4px; color: var(--text-2); }
    .clock { display: flex; justify-content: space-between; align-items: center; gap: 8px; min-height: 26px; }
    .clock small { white-space: nowrap; font-size: 12px; color: var(--text-3); }
    .who { display: flex; align-items: center; justify-content: space-between; gap: 8px; }
    .who strong { font-size: 14px; font-weight: 650; overflow-wrap: anywhere; min-width: 0; }
    dl { display: grid; grid-template-columns: 76px minmax(0, 1fr); gap: 4px 12px; }
    dt { color: var(--text-3); } dd { overflow-wrap: anywhere; }
    .two-lines { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
    .who + dl { margin-top: 8px; }
    .band { flex: none; padding: 0 8px; border-radius: 10px; font-size: 12px; font-weight: 600; line-height: 20px; background: var(--accent-soft); color: var(--accent-text); }
    .band.at_risk { background: var(--warn-soft); color: var(--warn-text); } .band.critical { background: var(--danger-soft); color: var(--danger-text); }
    .signal { display: grid; grid-template-columns: minmax(0, 1fr) 64px 26px; gap: 8px; align-items: center; padding: 3px 0; }
    .signal .name { color: var(--text-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .signal .score { text-align: end; font-variant-numeric: tabular-nums; color: var(--text-2); font-size: 12px; }
    .bar { height: 6px; border-radius: 3px; background: var(--sunken); overflow: hidden; }
    .bar rect.good { fill: var(--accent); } .bar rect.mid { fill: var(--warn); } .bar rect.bad { fill: var(--danger); }
    .bar svg { width: 100%; height: 6px; }
    .signal .detail { grid-column: 1 / -1; font-size: 12px; color: var(--text-3); margin-top: -2px; }
    label { display: grid; grid-template-columns: 76px minmax(0, 1fr); gap: 12px; align-items: center; color: var(--text-3); }
    label + label { margin-top: 6px; }
    label + dl, .quiet + dl, dl + dl { margin-top: 8px; }
    select { min-width: 0; width: 100%; height: 30px; padding: 0 6px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); }
    .tags { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 10px; }
    .tag { padding: 0 7px; border-radius: 4px; background: var(--sunken); color: var(--text-2); font-size: 12px; line-height: 20px; overflow-wrap: anywhere; }
    .item { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; padding: 5px 0; }
    .item a, .item .name { color: var(--text); overflow-wrap: anywhere; text-underline-offset: 2px; }
    .item small { grid-column: 1; color: var(--text-3); font-size: 12px; overflow-wrap: anywhere; }
    .item .side { color: var(--text-2); font-size: 12px; white-space: nowrap; font-variant-numeric: tabular-nums; }
    .quiet { color: var(--text-2); }
    a, .link { color: var(--accent-text); }
    .link { margin-top: 6px; padding: 2px 0; border: 0; background: none; font: inherit; text-decoration: underline; text-underline-offset: 2px; cursor: pointer; }
  `];

  @property({ attribute: false }) detail!: Detail;
  @property({ type: Boolean }) busy = false;

  override render(): TemplateResult {
    const { detail } = this;
    return html`<div data-testid="desk-package">
      ${this.#why(detail.package, detail.ticket)}
      ${detail.rating === null ? nothing : html`<section data-testid="desk-rating"><h2>Rating</h2><p>${detail.rating.score} of 5${detail.rating.comment ? html`: <span dir="auto">“${detail.rating.comment}”</span>` : nothing}</p></section>`}
      ${detail.clocks.length === 0 ? nothing : this.#clocks(detail.clocks)}
      ${this.#customer(detail.customer, nameOf(detail.row))}
      ${this.#health(detail.customer, detail.package)}
      ${detail.ticket === null ? nothing : this.#ticket(detail.ticket)}
      ${detail.package === null ? nothing : this.#tried(detail.package)}
      ${this.#earlier(detail.customer)}
    </div>`;
  }

  #why(pack: Package | null, ticket: Ticket | null): TemplateResult {
    if (pack === null) {
      return html`<section class="why" data-testid="desk-why"><h2>Why a person</h2><p class="reason">Not handed over</p><ul><li>The bot is answering. You can read along and leave a note.</li></ul></section>`;
    }
    return html`<section class="why" data-testid="desk-why">
      <h2>Why a person</h2><p class="reason" dir="auto">${pack.reason.words}</p>
      ${pack.reason.rule ? html`<p class="quiet" data-testid="desk-why-rule">Rule: ${pack.reason.rule}</p>` : nothing}
      ${pack.summary.length === 0 ? nothing : html`<ul>${pack.summary.map((line) => html`<li dir="auto">${line}</li>`)}</ul>`}
      ${ticket === null || ticket.reasons.length === 0 ? nothing : html`<h3>Why ${ticket.priority} priority</h3><ul data-testid="desk-why-priority">${ticket.reasons.map((line) => html`<li dir="auto">${line}</li>`)}
        ${ticket.overrides.filter((o) => o.field === "priority").map((o) => html`<li>${o.by} changed it from ${o.old ?? "none"} to ${o.new ?? "none"}.</li>`)}</ul>`}
    </section>`;
  }

  #clocks(clocks: readonly Clock[]): TemplateResult {
    return html`<section aria-label="Clocks"><h2>Promised</h2>${clocks.map((clock) => html`<div class="clock" data-testid="desk-clock" data-metric=${clock.metric} data-state=${clock.state}>
      <span>${metricName(clock.metric)} <small>${clock.state === "met" && clock.met_at ? momentInWords(clock.met_at, now()) : clock.due_at === null ? "" : `by ${momentInWords(clock.due_at, now())}`}</small></span>
      <baton-countdown .clock=${clock}></baton-countdown></div>`)}
      <button type="button" class="link" data-testid="desk-how" @click=${() => this.dispatchEvent(new CustomEvent("desk-history", { bubbles: true, composed: true }))}>How this came to be</button></section>`;
  }

  #customer(customer: Customer, inLists: string): TemplateResult {
    const name = customer.name ?? (customer.email === null ? inLists : "Visitor");
    const pageUrl = customer.page?.url ? safeUrl(customer.page.url, location.origin) : null;
    const lines: [string, unknown][] = [
      ["E-mail", customer.email === null ? null : breakingBeforeDomain(customer.email)],
      ["Company", customer.company],
      ["Plan", customer.plan === null ? null : codeWords(customer.plan)],
      ["Revenue", customer.mrr === null ? null : revenueWords(customer.mrr, customer.currency)],
      ["Seats", customer.seats],
      ["Since", customer.since === null ? null : dateInWords(customer.since)],
      ["Page", customer.page === null ? null : html`<span class="two-lines" title=${customer.page.title ?? ""}>${pageUrl === null ? customer.page.title : html`<a href=${pageUrl} target="_blank" rel="noopener noreferrer">${customer.page.title || pageUrl}</a>`}</span>`],
    ];
    return html`<section aria-label="Customer" data-testid="desk-customer"><h2>Customer</h2>
      <div class="who"><strong dir="auto">${name}</strong>${customer.health === null ? nothing : html`<span class="band ${customer.health.band}">${BAND_WORDS[customer.health.band]}</span>`}</div>
      ${customer.known ? nothing : html`<p class="quiet">Not signed in, so nothing is known of their account.</p>`}
      <dl>${lines.filter(([, value]) => value !== null && value !== "").map(([term, value]) => html`<dt>${term}</dt><dd dir="auto">${value}</dd>`)}</dl></section>`;
  }

  #health({ health, known }: Customer, pack: Package | null): TemplateResult | typeof nothing {
    if (health === null) {
      return known ? html`<section aria-label="Health" data-testid="desk-health"><h2>Health not known yet</h2><p class="quiet">No use of the product has been reported for this account.</p></section>` : nothing;
    }
    const tone = (score: number): string => (score >= 70 ? "good" : score >= 40 ? "mid" : "bad");
    return html`<section aria-label="Health" data-testid="desk-health"><h2>Health ${Math.round(health.score)} of 100</h2>
      ${pack?.health && Math.round(pack.health.score) !== Math.round(health.score) ? html`<p class="quiet" data-testid="desk-health-then">${Math.round(pack.health.score)} when it was handed over.</p>` : nothing}
      ${health.signals.map((signal) => html`<div class="signal" title=${`Weight ${signal.weight}`}><span class="name">${codeWords(signal.name)}</span>
        <span class="bar" aria-hidden="true"><svg viewBox="0 0 100 6" preserveAspectRatio="none"><rect class=${tone(signal.score)} width=${Math.max(2, Math.min(100, signal.score))} height="6"/></svg></span>
        <span class="score">${Math.round(signal.score)}</span>${signal.detail ? html`<span class="detail">${signal.detail}</span>` : nothing}</div>`)}</section>`;
  }

  #ticket(ticket: Ticket): TemplateResult {
    return html`<section aria-label="Ticket"><h2>Ticket ${ticket.number} · ${codeWords(ticket.status)}</h2>
      ${ticket.status === "closed" ? html`<dl data-testid="desk-closed"><dt>Priority</dt><dd>${codeWords(ticket.priority)}</dd><dt>Category</dt><dd>${ticket.category === null ? "None" : codeWords(ticket.category)}</dd></dl>` : this.#corrections(ticket)}
      ${ticket.team === null ? nothing : html`<dl><dt>Team</dt><dd>${codeWords(ticket.team)}</dd></dl>`}
      ${ticket.tags.length === 0 ? nothing : html`<p class="tags">${ticket.tags.map((tag) => html`<span class="tag">${tag}</span>`)}</p>`}
      ${ticket.overrides.length === 0 ? nothing : html`<h3>Changed by people</h3><ul class="plain">${ticket.overrides.map((o) => html`<li>${codeWords(o.field)} from ${o.old ?? "none"} to ${o.new ?? "none"}, by ${o.by}</li>`)}</ul>`}
    </section>`;
  }

  /** What a person may correct in a ticket that is not closed: the service keeps a closed one as it is. */
  #corrections(ticket: Ticket): TemplateResult {
    const categories = [...new Set([...(ticket.category === null ? [] : [ticket.category]), ...CATEGORIES])];
    return html`<label>Priority<select data-testid="desk-priority" ?disabled=${this.busy} @change=${(e: Event) => this.#override({ priority: (e.target as HTMLSelectElement).value as Priority })}>
        ${PRIORITIES.map((priority) => html`<option value=${priority} .selected=${priority === ticket.priority}>${codeWords(priority)}</option>`)}</select></label>
      <label>Category<select data-testid="desk-category" ?disabled=${this.busy} @change=${(e: Event) => this.#override({ category: (e.target as HTMLSelectElement).value })}>
        ${ticket.category === null ? html`<option value="" selected disabled>None</option>` : nothing}
        ${categories.map((category) => html`<option value=${category} .selected=${category === ticket.category}>${codeWords(category)}</option>`)}</select></label>`;
  }

  #tried(pack: Package): TemplateResult {
    const nothingSaid = [pack.attempted, pack.articles, pack.entities, pack.signals ?? [], pack.intents].every((list) => list.length === 0);
    return html`<section aria-label="What was tried"><h2>What the bot understood and tried</h2>
      ${nothingSaid ? html`<p class="quiet">Nothing was asked of it.</p>` : nothing}
      ${pack.attempted.length === 0 ? nothing : html`<ul class="plain">${pack.attempted.map((line) => html`<li dir="auto">${line}</li>`)}</ul>`}
      ${pack.articles.length === 0 ? nothing : html`<h3>Articles shown</h3>${pack.articles.map((article) => {
        const url = safeUrl(article.url, location.origin);
        const vote = article.vote === "helpful" ? "Helped" : article.vote === "not_helpful" ? "Did not help" : "No vote";
        return html`<div class="item">${url === null ? html`<span class="name" dir="auto">${article.title}</span>` : html`<a href=${url} target="_blank" rel="noopener" dir="auto">${article.title}</a>`}
          <span class="side">${vote}</span><small>${article.shown_at === null ? "Opened by the customer" : `Shown at ${timeOfDay(article.shown_at)}${article.opened ? ", opened" : ""}`}</small></div>`;
      })}`}
      ${pack.entities.length === 0 ? nothing : html`<h3>Named</h3><dl>${pack.entities.map((e) => html`<dt>${codeWords(e.entity)}</dt><dd dir="auto">${e.value}</dd>`)}</dl>`}
      ${(pack.signals ?? []).length === 0 ? nothing : html`<h3>Signs</h3>${(pack.signals ?? []).map((signal) => html`<div class="item"><span class="name">${codeWords(signal.name)}</span>
        <span class="side">${Math.round(signal.score * 100)} %</span>${signal.words.length === 0 ? nothing : html`<small dir="auto">${signal.words.map((words) => `“${words}”`).join(", ")}</small>`}</div>`)}`}
      ${(pack.language ?? null) === null ? nothing : html`<p>Wrote in ${languageWords(pack.language ?? "")}.</p>`}
      ${pack.intents.length === 0 ? nothing : html`<h3>Intents</h3>${pack.intents.map((intent) => html`<div class="item"><span class="name">${codeWords(intent.intent ?? "not_understood")}</span>
        <span class="side">${Math.round((intent.confidence ?? 0) * 100)} %</span><small dir="auto">“${intent.text}”</small>
        ${(intent.also ?? []).map((other) => html`<small dir="auto" data-testid="desk-also">Also asked: ${codeWords(other.intent)}, “${other.text}”</small>`)}</div>`)}`}
    </section>`;
  }

  #earlier(customer: Customer): TemplateResult {
    return html`<section aria-label="Earlier tickets"><h2>Earlier tickets</h2>
      ${customer.tickets.length === 0 ? html`<p class="quiet">None before this one.</p>` : customer.tickets.map((ticket) => html`<div class="item"><span class="name" dir="auto">${ticket.subject}</span>
        <span class="side">${codeWords(ticket.status)}</span><small>${ticket.number} · ${dateInWords(ticket.created_at)}</small></div>`)}
    </section>`;
  }

  #override(change: { priority?: Priority; category?: string }): void {
    this.dispatchEvent(new CustomEvent("desk-override", { detail: change, bubbles: true, composed: true }));
  }
}

/** A long address breaks before its domain rather than inside a word. What has no domain is shown as it is. */
function breakingBeforeDomain(email: string): TemplateResult | string {
  const at = email.lastIndexOf("@");
  return at < 0 ? email : html`${email.slice(0, at)}<wbr>${email.slice(at)}`;
}
