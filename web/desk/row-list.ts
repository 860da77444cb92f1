/** The list of a view. Emits `desk-open` with a conversation's id, `desk-view` with a view. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { everySecond, now } from "../shared/clock.js";
import { icon, type IconName } from "../shared/icons.js";
import type { Row, View } from "../shared/desk-protocol.js";
import { plainWords } from "../shared/message-markup.js";
import { ago } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { codeWords, reasonWords, VIEW_NAMES } from "../shared/words.js";
import { matterOf, nameOf } from "./customer-name.js";
import type { DeskModel } from "./desk-model.js";
import { pagesFor } from "./pages.js";
import { priorityMark } from "./priority-mark.js";

const VIEWS: readonly { view: View; icon: IconName }[] = [
  { view: "queue", icon: "queue" }, { view: "mine", icon: "person" }, { view: "colleagues", icon: "eye" }, { view: "bot", icon: "bot" }, { view: "resolved", icon: "check" },
];

const EMPTY: Record<View, { title: string; words: string }> = {
  queue: { title: "Nobody is waiting", words: "Customers who ask for a person, or whom the bot cannot help, appear here with what is due first on top." },
  mine: { title: "Nothing on your desk", words: "Claim a conversation from the queue and it stays here until you resolve it." },
  colleagues: { title: "Nobody else has anything", words: "Conversations that your colleagues are answering appear here. You can read along and take over." },
  bot: { title: "The bot is idle", words: "Conversations that the bot is holding appear here. You can read along." },
  resolved: { title: "Nothing resolved yet", words: "Conversations that were resolved appear here, newest first." },
};

export class RowListView extends LitElement {
  static define(tag = "desk-list"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: flex; flex-direction: column; min-height: 0; flex: 1; font-size: 13px; line-height: 1.4; }
    nav { padding: 4px 8px 8px; border-bottom: 1px solid var(--border); }
    .view { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 32px; padding: 0 10px; border: 0; border-radius: var(--radius-s); background: none; color: var(--text-2); font-weight: 500; text-align: start; }
    .view:hover { background: var(--sunken); color: var(--text); }
    .view:not([aria-current="false"]) { background: var(--accent-soft); color: var(--accent-text); font-weight: 600; }
    .view span { flex: 1; }
    .view.page { margin-top: 2px; }
    .filter { display: flex; align-items: center; gap: 8px; padding: 8px 16px 0; font-size: 12.5px; color: var(--text-2); }
    .filter select { flex: 1; min-width: 0; height: 30px; padding: 0 6px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); }
    .count { font-variant-numeric: tabular-nums; font-size: 12px; color: var(--text-3); font-weight: 500; }
    .view:not([aria-current="false"]) .count { color: inherit; }
    .count.waiting { min-width: 20px; padding: 0 6px; border-radius: 10px; background: var(--accent); color: var(--on-accent) !important; text-align: center; font-weight: 650; line-height: 20px; }
    .scroll { flex: 1; min-height: 0; overflow-y: auto; scrollbar-width: thin; scrollbar-color: var(--border-strong) transparent; }
    ul { padding: 8px; display: grid; gap: 2px; grid-template-columns: minmax(0, 1fr); }
    .row { display: grid; grid-template-columns: 16px minmax(0, 1fr); gap: 1px 10px; width: 100%; padding: 10px; border: 0; border-radius: var(--radius-s); background: none; text-align: start; }
    .row:hover { background: var(--sunken); }
    .row[aria-current="true"] { background: var(--accent-soft); }
    .row:focus-visible { outline-offset: -2px; }
    .line { grid-column: 2; display: flex; align-items: center; gap: 8px; min-width: 0; }
    .line > .grow { flex: 1; min-width: 0; }
    .ellipsis { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
    .priority { grid-column: 1; grid-row: 1; align-self: center; color: var(--text-2); width: 16px; }
    .customer { font-weight: 550; color: var(--text); font-size: 14px; }
    .unread .customer { font-weight: 700; }
    .plan { flex: none; max-width: 96px; }
    .dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--accent); }
    .subject { color: var(--text); }
    .meta { color: var(--text-2); font-size: 12px; gap: 5px; }
    .meta .sep::before { content: "·"; color: var(--text-3); }
    .fixed { flex: none; }
    .empty { padding: 48px 32px; text-align: center; color: var(--text-2); }
    .empty .badge { display: inline-grid; place-items: center; width: 44px; height: 44px; border-radius: 14px; background: var(--sunken); color: var(--text-3); margin-bottom: 12px; }
    .empty h2 { font-size: 14px; font-weight: 650; color: var(--text); }
    .empty p { margin-top: 4px; text-wrap: balance; }
    .problem { margin: 12px 16px; padding: 12px; border-radius: var(--radius-s); background: var(--danger-soft); color: var(--danger-text); display: grid; gap: 8px; justify-items: start; }
    .ghost { height: 62px; border-radius: var(--radius-s); background: var(--sunken); opacity: .6; animation: pulse 1.4s infinite; }
    @keyframes pulse { 50% { opacity: .3; } }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @state() private minute = 0;
  #stop: (() => void) | null = null;
  /** Where the open row was when the list last had it. */
  #openAt = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    // "4 min" ages once a minute; the countdowns tick by themselves.
    this.#stop = everySecond((at) => (this.minute = Math.floor(at / 60_000)));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  /** Moves the focus `by` rows; from nowhere, to the open one or the first. */
  move(by: 1 | -1): void {
    const rows = [...this.renderRoot.querySelectorAll<HTMLButtonElement>(".row")];
    const focused = rows.findIndex((row) => row === this.shadowRoot?.activeElement);
    const open = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
    const from = focused >= 0 ? focused : open;
    const next = from < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, from + by));
    rows[next]?.focus();
    rows[next]?.scrollIntoView({ block: "nearest" });
  }

  /** Puts the focus on the open row; where that has gone, on the one that took its place; in an empty list, on the view's name. */
  override focus(): void {
    const rows = [...this.renderRoot.querySelectorAll<HTMLButtonElement>(".row")];
    const target = rows.find((row) => row.getAttribute("aria-current") === "true") ?? rows[Math.min(this.#openAt, rows.length - 1)]
      ?? this.renderRoot.querySelector<HTMLButtonElement>('.view:not([aria-current="false"])') ?? this.renderRoot.querySelector<HTMLButtonElement>(".view");
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  override updated(): void {
    const open = this.model.rows?.findIndex((row) => row.id === this.model.selected) ?? -1;
    if (open >= 0) this.#openAt = open;
  }

  override render(): TemplateResult {
    return html`<nav aria-label="Views">${this.model.session.answers ? this.#views() : nothing}${this.#pages()}</nav>${this.model.session.answers ? this.#list() : nothing}`;
  }

  #views(): TemplateResult {
    const { view, counts } = this.model.lists;
    return html`${VIEWS.filter((item) => item.view !== "colleagues" || this.model.session.supervises).map((item) => {
          const count = counts[item.view];
          return html`<button type="button" class="view" aria-current=${item.view === view && this.model.page === null ? "true" : "false"} data-testid="desk-view-${item.view}"
            @click=${() => this.#emit("desk-view", item.view)}>${icon(item.icon, 16)}<span>${VIEW_NAMES[item.view]}</span>
            ${count === undefined ? nothing : html`<b class="count ${item.view === "queue" && count > 0 ? "waiting" : ""}" data-testid="desk-count-${item.view}">${count}</b>`}</button>`;
        })}`;
  }

  #pages(): TemplateResult {
    return html`${pagesFor(this.model.staff?.role ?? "content").map((page) => {
      const count = page.count?.(this.model) ?? 0;
      return html`<button type="button" class="view page" aria-current=${page.id === this.model.page ? "page" : "false"} data-testid="desk-page-${page.id}"
          @click=${() => this.#emit("desk-page", page.id)}>${icon(page.icon, 16)}<span>${page.name}</span>${count === 0 ? nothing : html`<b class="count">${count}</b>`}</button>`;
    })}`;
  }

  #list(): TemplateResult {
    const { view, rows, problem: listProblem } = this.model.lists;
    return html`${view === "queue" || view === "colleagues" ? this.#teamFilter() : nothing}
      <div class="scroll">
        ${listProblem === null ? nothing : html`<div class="problem" role="alert"><span>${listProblem}</span>
          <button type="button" class="button" @click=${() => void this.model.refresh()}>Try again</button></div>`}
        ${rows === null ? (listProblem === null ? this.#loading() : nothing) : rows.length === 0 ? this.#empty(view)
          : html`<ul aria-label=${VIEW_NAMES[view]} data-minute=${this.minute}>${repeat(rows, (row) => row.id, (row) => html`<li>${this.#row(row)}</li>`)}</ul>`}
      </div>`;
  }

  #teamFilter(): TemplateResult | typeof nothing {
    const { floor, lists: { team } } = this.model;
    if (floor.teams.length < 2) return nothing;
    return html`<div class="filter"><label for="team">Team</label><select id="team" data-testid="desk-team-filter" @change=${(e: Event) => void this.model.lists.showTeam((e.target as HTMLSelectElement).value || null)}>
      <option value="" .selected=${team === null}>All teams</option>
      ${floor.teams.map((one) => html`<option value=${one.name} .selected=${one.name === team}>${one.title}${one.waiting > 0 ? ` (${one.waiting})` : ""}</option>`)}</select></div>`;
  }

  #row(row: Row): TemplateResult {
    const name = nameOf(row);
    const unread = row.unanswered || this.model.unread.has(row.id);
    const last = row.last_message;
    const subject = matterOf({ ...row, last_message: last?.author_kind === "agent" ? { ...last, text: plainWords(last.text) } : last });
    const other = row.agent !== null && row.agent.id !== this.model.staff?.id ? row.agent.name : null;
    const why = other ?? (reasonWords(row.reason) || (this.model.view === "resolved" ? "Resolved" : row.owner === "bot" ? "Talking with the bot" : ""));
    return html`<button type="button" class="row ${unread ? "unread" : ""}" data-testid="queue-row" data-id=${row.id} aria-current=${row.id === this.model.selected ? "true" : "false"}
      @click=${() => this.#emit("desk-open", row.id)}>
      ${priorityMark(row.priority)}
      <span class="line"><span class="customer ellipsis" title=${name} dir="auto">${name}</span>
        <span class="grow"></span>
        ${row.clock === null ? nothing : html`<baton-countdown class="fixed" .clock=${row.clock}></baton-countdown>`}</span>
      <span class="line"><span class="subject ellipsis grow" title=${subject} dir="auto">${subject}</span>
        ${unread ? html`<span class="dot" title="Waiting for an answer"></span><span class="visually-hidden">Waiting for an answer</span>` : nothing}</span>
      <span class="line meta"><span class="ellipsis" title=${why}>${why}</span>
        ${row.customer.plan === null ? nothing : html`<span class="sep fixed"></span><span class="plan ellipsis" title=${codeWords(row.customer.plan)}>${codeWords(row.customer.plan)}</span>`}
        <span class="sep fixed"></span><span class="fixed">${ago(row.last_message?.at ?? row.updated_at, now())}</span>${row.number === null ? nothing : html`<span class="visually-hidden">${row.number}</span>`}</span>
    </button>`;
  }

  #empty(view: View): TemplateResult {
    const { title, words } = this.model.lists.listedTeam === null ? EMPTY[view] : { title: "Nothing for this team", words: `Nothing of ${this.model.floor.titleOf(this.model.lists.listedTeam)} is in this list.` };
    return html`<div class="empty" data-testid="desk-empty"><span class="badge">${icon(VIEWS.find((v) => v.view === view)?.icon ?? "queue", 22)}</span><h2>${title}</h2><p>${words}</p></div>`;
  }

  #loading(): TemplateResult {
    return html`<ul aria-hidden="true"><li class="ghost"></li><li class="ghost"></li><li class="ghost"></li></ul><p class="visually-hidden" role="status">Loading the list…</p>`;
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
