/** How each deadline of a ticket came to be: stretches of time with their minutes, what happened, what was escalated. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { metricName } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { codeWords } from "../shared/words.js";
import { formStyle } from "./form-style.js";
import type { ClockHistory, Segment, TicketHistory } from "./sla-types.js";

const KINDS: Record<Segment["kind"], string> = { counted: "Counted", closed: "Closed", paused: "Stood still" };
const MARKS: Record<NonNullable<Segment["mark"]>, string> = { warning: "warning", deadline: "deadline", met: "done", now: "now" };

export class ClockHistoryDialog extends LitElement {
  static define(tag = "desk-clock-history"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, css`
    dialog { width: min(760px, calc(100vw - 32px)); }
    section { margin-top: 20px; }
    h3 { font-size: 14px; font-weight: 650; }
    h3 + p, .more { color: var(--text-2); font-size: 13px; overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; margin-top: 8px; border: 1px solid var(--border); border-radius: var(--radius-s); }
    table { width: 100%; border-collapse: collapse; font-size: 12.5px; font-variant-numeric: tabular-nums; }
    th, td { padding: 5px 10px; text-align: start; white-space: nowrap; }
    th { font-weight: 600; color: var(--text-2); background: var(--surface); }
    tr + tr td { border-top: 1px solid var(--border); }
    .number { text-align: end; }
    .closed td, .paused td { color: var(--text-2); }
    .mark { font-weight: 600; } .mark.deadline { color: var(--danger-text); } .mark.warning { color: var(--warn-text); } .mark.met { color: var(--accent-text); }
    ol { display: grid; gap: 4px; margin-top: 8px; font-size: 13px; list-style: none; padding: 0; }
    li { display: grid; grid-template-columns: 152px minmax(0, 1fr); gap: 12px; overflow-wrap: anywhere; }
    time { color: var(--text-2); font-variant-numeric: tabular-nums; }
    @media (max-width: 560px) { li { grid-template-columns: 1fr; gap: 0; } }
  `];

  @property({ attribute: false }) read!: (ticket: string) => Promise<TicketHistory>;
  /** Tells whether the error says that the session has ended, and sees to it. */
  @property({ attribute: false }) lostSession!: (error: unknown) => boolean;
  @state() private history: TicketHistory | null = null;
  @state() private problem: string | null = null;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  async open(ticket: string): Promise<void> {
    this.history = null;
    this.problem = null;
    this.dialog.showModal();
    try {
      this.history = await this.read(ticket);
    } catch (error) {
      if (!this.lostSession(error)) this.problem = messageOf(error);
    }
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="clock-history-title" data-testid="desk-clock-history">
      <h2 id="clock-history-title">How the deadlines came to be</h2>
      ${this.problem === null ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      ${this.history === null ? (this.problem === null ? html`<p role="status">Reading the clocks…</p>` : nothing)
        : html`<p>${this.history.ticket.number} · <span dir="auto">${this.history.ticket.subject}</span></p>
          ${this.history.clocks.length === 0 ? html`<p>This ticket has no clocks.</p>` : this.history.clocks.map((clock) => this.#clock(clock))}`}
      <form method="dialog" class="row"><button class="button">Close</button></form></dialog>`;
  }

  #clock(history: ClockHistory): TemplateResult {
    const { clock, measure } = history;
    const at = (iso: string): string => moment(iso, measure.zone);
    const due = clock.due_at === null ? "no deadline while it stands still" : `due ${at(clock.due_at)}`;
    const here = clock.due_at === null || moment(clock.due_at) === at(clock.due_at) ? "" : ` Where you are it is due ${moment(clock.due_at)}.`;
    return html`<section aria-label=${metricName(clock.metric)}><h3>${metricName(clock.metric)}: ${codeWords(clock.state)}, ${due}</h3>
      <p>${span(clock.target_minutes)} of calendar ${measure.calendar} by policy ${measure.policy}, version ${measure.version}, at priority ${measure.priority}; ${span(history.used_minutes)} used. All times are those of the calendar, ${measure.zone}.${here}</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Stretches of time"><table>
        <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Time</th><th scope="col" class="number">Minutes</th><th scope="col" class="number">In all</th><th scope="col">Ends with</th></tr></thead>
        <tbody>${history.segments.map((part) => html`<tr class=${part.kind}><td>${at(part.start)}</td><td>${at(part.end)}</td><td>${KINDS[part.kind]}</td>
          <td class="number">${part.kind === "counted" ? span(part.minutes) : "–"}</td><td class="number">${span(part.total_minutes)}</td>
          <td>${part.mark === null ? "" : html`<span class="mark ${part.mark}">${MARKS[part.mark]}</span>`}</td></tr>`)}</tbody></table></div>
      ${history.left_out === 0 ? nothing : html`<p class="more">And ${history.left_out} stretches more.</p>`}
      <ol>${history.audit.map((line) => html`<li><time datetime=${line.at}>${at(line.at)}</time><span>${line.words}${line.at === line.noted_at ? "" : ` (noted ${at(line.noted_at)})`}</span></li>`)}
        ${history.escalations.filter((step) => step.state === "waiting").map((step) => html`<li><time datetime=${step.due_at}>${at(step.due_at)}</time><span>Planned: “${step.rule}”, if it is still unanswered then.</span></li>`)}
        ${history.escalations.filter((step) => step.state === "held").map((step) => html`<li><span>Planned: “${step.rule}”. It stands still while the ticket waits for its customer.</span></li>`)}</ol>
    </section>`;
  }
}

/** A moment on the wall clock of the calendar, since windows and holidays are written so; without a zone on the reader's. */
export function moment(iso: string, zone?: string, locale?: string): string {
  const parts: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone };
  return new Intl.DateTimeFormat(locale, parts).format(new Date(iso));
}

/** Minutes as `1 h 20 min`; parts of a minute below ten. */
export function span(minutes: number): string {
  if (minutes < 10) return `${Math.round(minutes * 10) / 10} min`;
  const whole = Math.round(minutes);
  const parts = [`${Math.floor(whole / 60)} h`, `${whole % 60} min`];
  return whole < 60 ? (parts[1] ?? "") : whole % 60 === 0 ? (parts[0] ?? "") : parts.join(" ");
}
