/** The page "Webhooks": what could not be delivered to other systems, to be sent again, and for admins the endpoints. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { now } from "../shared/clock.js";
import { messageOf } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import type { Deliveries, Delivery, DeliveryState, Endpoint, Endpoints } from "../shared/desk-protocol.js";
import { momentInWords } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { DeskModel } from "./desk-model.js";
import { pageStyle } from "./page-style.js";
import { Rereading } from "./rereading.js";

const STATES: readonly [DeliveryState, string][] = [["dead", "Not delivered"], ["pending", "On its way"], ["delivered", "Delivered"]];
const NOTHING: Record<DeliveryState, string> = { dead: "No delivery has been given up. What failed and is tried again is “On its way”.", pending: "Nothing is on its way.", delivered: "Nothing has been delivered in the last 30 days." };
/** An attempt is over in ten seconds at most; what came of it shows without anybody's doing. */
const REREAD_SECONDS = 5;

export class WebhooksPage extends LitElement {
  static define(tag = "desk-webhooks"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, pageStyle, css`
    .about { max-width: 620px; margin-top: 4px; color: var(--text-2); }
    section { margin-top: 28px; }
    .head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-bottom: 8px; }
    h2 { flex: 1; font-size: 15px; font-weight: 650; }
    ul { display: grid; grid-template-columns: minmax(0, 1fr); border: 1px solid var(--border); border-radius: var(--radius); overflow: hidden; }
    li { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: 4px 16px; padding: 10px 14px; }
    li + li { border-top: 1px solid var(--border); }
    .name { font-weight: 550; overflow-wrap: anywhere; }
    .more { color: var(--text-2); font-size: 12.5px; overflow-wrap: anywhere; }
    .failed { color: var(--danger-text); }
    .actions { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 4px; }
    form { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
    input, select { min-width: 0; height: 36px; padding: 0 10px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); font-size: 14px; }
    form input { flex: 1 1 280px; } form select { flex: 0 1 240px; }
    .nothing, .problem, .once { padding: 16px; border: 1px solid var(--border); border-radius: var(--radius); color: var(--text-2); }
    .problem { margin-top: 12px; border-color: transparent; background: var(--danger-soft); color: var(--danger-text); }
    .once { margin-top: 12px; color: var(--text); } .once code { display: block; margin-top: 6px; font: 14px/1.4 var(--mono); overflow-wrap: anywhere; user-select: all; }
    @media (max-width: 900px) { .page { padding: 12px 16px 40px; } li { grid-template-columns: minmax(0, 1fr); } .actions { justify-content: flex-start; } }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @state() private shown: DeliveryState = "dead";
  @state() private found: Deliveries | null = null;
  @state() private known: Endpoints | null = null;
  @state() private problem: string | null = null;
  @state() private secret: { url: string; secret: string } | null = null;
  @state() private said = "";
  @query("input[name=url]") private readonly url!: HTMLInputElement | null;
  @query("select[name=kinds]") private readonly kinds!: HTMLSelectElement | null;

  constructor() {
    super();
    new Rereading(this, REREAD_SECONDS, () => void this.#read());
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus();
  }

  override render(): TemplateResult {
    return html`<div class="page" data-testid="desk-webhooks-page">
      <header><button type="button" class="icon-button back" aria-label="Back to the list" @click=${() => this.dispatchEvent(new CustomEvent("desk-back", { bubbles: true, composed: true }))}>${icon("back", 20)}</button>
        <h1 tabindex="-1">Webhooks</h1></header>
      <p class="about">Baton tells other systems, such as your help desk, what happens in conversations with people. What could not be delivered is listed here, to be sent again.${this.#admin ? nothing : " Admins add the addresses that are told."}</p>
      ${this.problem === null ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <p class="more" role="status">${this.said}</p>
      ${this.#deliveries()}
      ${this.#admin ? this.#endpoints() : nothing}
    </div>`;
  }

  get #admin(): boolean {
    return this.model.session.staff?.role === "admin";
  }

  /** What stands in place of a list that has not been read: nothing comes any more once that has failed, and the page says why. */
  #unread(): TemplateResult {
    return html`<p class="nothing">${this.problem === null ? "Reading…" : "It could not be read."}</p>`;
  }

  #deliveries(): TemplateResult {
    const { found, shown } = this;
    return html`<section aria-labelledby="deliveries"><div class="head"><h2 id="deliveries">Deliveries</h2>
        <label><span class="visually-hidden">Show</span><select data-testid="desk-deliveries-state" @change=${(e: Event) => this.#show((e.target as HTMLSelectElement).value as DeliveryState)}>
          ${STATES.map(([id, name]) => html`<option value=${id} .selected=${id === shown}>${name}${found !== null && id !== "delivered" ? ` (${found.counts[id]})` : ""}</option>`)}</select></label></div>
      ${found === null ? this.#unread() : found.deliveries.length === 0 ? html`<p class="nothing">${NOTHING[shown]}</p>`
        : html`<ul>${found.deliveries.map((one) => this.#delivery(one))}</ul>`}</section>`;
  }

  #delivery(one: Delivery): TemplateResult {
    const off = one.state === "pending" && this.known?.endpoints.some(({ id, active }) => id === one.endpoint_id && !active) === true;
    const when = off ? "waits until its endpoint is switched on" : one.state === "pending" && one.next_at !== null && one.attempts > 0 ? `next try ${momentInWords(one.next_at, now())}` : momentInWords(one.created_at, now());
    return html`<li data-testid="desk-delivery"><span><span class="name">${one.kind}</span> <span class="more">to ${one.url}</span><br>
        ${one.last_error === null ? nothing : html`<span class="more failed" dir="auto">${one.last_error}</span><br>`}
        <span class="more">${one.attempts === 1 ? "1 attempt" : `${one.attempts} attempts`} · ${when} · ${one.webhook_id}</span></span>
      <span class="actions"><button type="button" class="button" data-testid="desk-resend" aria-label=${`Send ${one.kind} to ${one.url} again`} @click=${() => this.#do(async () => this.model.api.resend(one.id), "It is sent again now.")}>Send again</button></span></li>`;
  }

  #endpoints(): TemplateResult {
    const { known, secret } = this;
    return html`<section aria-labelledby="endpoints"><div class="head"><h2 id="endpoints">Endpoints</h2></div>
      ${known === null ? this.#unread() : html`${known.endpoints.length === 0 ? html`<p class="nothing">Nobody is told anything yet. Add the address of your help desk.</p>`
        : html`<ul>${known.endpoints.map((one) => this.#endpoint(one))}</ul>`}
      ${secret === null ? nothing : html`<div class="once" role="status" data-testid="desk-secret">The secret of ${secret.url}, shown this once. The receiver checks signatures with it.<code tabindex="0">${secret.secret}</code></div>`}
      <form @submit=${(e: Event) => this.#add(e)}>
        <input name="url" type="url" required maxlength="2000" aria-label="Address to call" placeholder="https://desk.example.com/baton" data-testid="desk-endpoint-url">
        <select name="kinds" aria-label="What it is told"><option value="*">Everything</option>${Object.entries(known.kinds).map(([kind, words]) => html`<option value=${kind} title=${words}>${kind}</option>`)}</select>
        <button class="button primary" data-testid="desk-endpoint-add">Add</button></form>`}</section>`;
  }

  #endpoint(one: Endpoint): TemplateResult {
    const { api } = this.model;
    const state = one.active ? "" : ` · off${one.disabled_reason === null ? "" : `: ${one.disabled_reason}`}`;
    return html`<li data-testid="desk-endpoint"><span><span class="name">${one.url}</span><br><span class="more">${one.kinds.includes("*") ? "Everything" : one.kinds.join(", ")}${state}</span></span>
      <span class="actions">
        <button type="button" class="button quiet" aria-label=${`Send a test to ${one.url}`} @click=${() => this.#do(async () => api.ping(one.id), "A test message is on its way.")}>Test</button>
        <button type="button" class="button quiet" aria-label=${`New secret for ${one.url}`} @click=${() => this.#do(async () => { this.secret = { url: one.url, secret: (await api.newSecret(one.id)).secret }; }, "The old secret signs beside the new one for a day.")}>New secret</button>
        <button type="button" class="button quiet" aria-label=${`Switch ${one.url} ${one.active ? "off" : "on"}`} @click=${() => this.#do(async () => api.changeEndpoint(one.id, { active: !one.active }), one.active ? "It is off; what waits for it is kept." : "It is on.")}>${one.active ? "Switch off" : "Switch on"}</button>
        ${one.active ? nothing : html`<button type="button" class="button quiet" aria-label=${`Delete ${one.url}`} @click=${() => this.#do(async () => api.deleteEndpoint(one.id), "It is deleted, with what waited for it.")}>Delete</button>`}</span></li>`;
  }

  #show(chosen: DeliveryState): void {
    this.shown = chosen;
    this.found = null;
    void this.#read();
  }

  #add(event: Event): void {
    event.preventDefault();
    const url = this.url?.value.trim() ?? "";
    void this.#do(async () => {
      const made = await this.model.api.addEndpoint(url, [this.kinds?.value ?? "*"]);
      this.secret = { url: made.endpoint.url, secret: made.secret };
      if (this.url !== null) this.url.value = "";
    }, "It is added.");
  }

  async #do(work: () => Promise<unknown>, words: string): Promise<void> {
    try {
      await work();
      this.problem = null;
      this.said = words;
      await this.#read();
      await this.updateComplete;
      if (this.shadowRoot?.activeElement === null && document.activeElement === document.body) this.focus(); // what was pressed is gone
    } catch (error) {
      this.#failed(error);
    }
  }

  async #read(): Promise<void> {
    const { shown } = this;
    try {
      const found = await this.model.api.deliveries(shown);
      if (shown === this.shown) this.found = found; // else another state was chosen meanwhile
      if (this.#admin) this.known = await this.model.api.endpoints();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.said = "";
    if (!this.model.session.lost(error)) this.problem = messageOf(error);
  }
}
