/** The list behind the bell: what one was told, the newest first, each leading to its conversation. Emits `desk-open`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { now } from "../shared/clock.js";
import type { Told } from "../shared/desk-protocol.js";
import { ago } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { formStyle } from "./form-style.js";
import type { Notifications } from "./notifications.js";

export class NotificationsDialog extends LitElement {
  static define(tag = "desk-notifications"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, formStyle, css`
    dialog { padding: 0; }
    header { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 16px 16px 12px 20px; border-bottom: 1px solid var(--border); }
    ul { max-height: min(480px, 60dvh); margin: 0; padding: 6px; overflow-y: auto; list-style: none; }
    li + li { margin-top: 2px; }
    .told { display: grid; grid-template-columns: 10px minmax(0, 1fr) auto; gap: 10px; align-items: baseline; width: 100%; min-height: 40px; padding: 8px 12px; border: 0; border-radius: var(--radius-s); background: none; color: var(--text-2); text-align: start; font: inherit; font-size: 13.5px; }
    button.told:hover, button.told:focus-visible { background: var(--surface); }
    .told i { width: 8px; height: 8px; border-radius: 50%; align-self: center; }
    .unread { color: var(--text); font-weight: 550; }
    .unread i { background: var(--accent); }
    .words { overflow-wrap: anywhere; }
    time { color: var(--text-2); font-weight: 400; font-size: 12px; white-space: nowrap; }
    .nothing { padding: 32px 24px; color: var(--text-2); text-align: center; font-size: 13.5px; }
    .problem { margin: 12px 16px; }
    .row { margin: 0; padding: 12px 16px; border-top: 1px solid var(--border); }
  `];

  @property({ attribute: false }) told!: Notifications;
  @property({ type: Number }) revision = 0;
  @state() private shown = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement | null;

  open(): void {
    if (this.dialog?.open === true) return;
    this.shown = true;
    void this.told.refresh();
    void this.updateComplete.then(() => this.dialog?.showModal());
  }

  override render(): TemplateResult {
    if (!this.shown) return html``;
    const { list, unread, problem } = this.told;
    return html`<dialog aria-labelledby="told-title" data-testid="desk-notifications" @close=${() => (this.shown = false)}>
      <header><h2 id="told-title">Notifications</h2>
        ${unread === 0 ? nothing : html`<button type="button" class="button" data-testid="desk-read-all" @click=${() => void this.told.readAll()}>Mark all as read</button>`}</header>
      ${problem === null ? nothing : html`<p class="problem" role="alert">${problem} <button type="button" class="button" @click=${() => void this.told.refresh()}>Try again</button></p>`}
      ${list === null ? (problem === null ? html`<p class="nothing" role="status">Reading what you were told…</p>` : nothing)
        : list.length === 0 ? html`<p class="nothing">Nothing yet. Escalations and conversations that colleagues pass to you, or take over, appear here.</p>`
          : html`<ul aria-label="Notifications">${list.map((one) => html`<li>${this.#one(one)}</li>`)}</ul>`}
      <div class="row"><button type="button" class="button" @click=${() => this.dialog?.close()}>Close</button></div>
    </dialog>`;
  }

  #one(one: Told): TemplateResult {
    const isNew = one.read_at === null;
    const inside = html`<i aria-hidden="true"></i><span class="words" dir="auto">${isNew ? html`<span class="visually-hidden">Unread: </span>` : nothing}${one.words}</span>
      <time datetime=${one.at} title=${new Date(one.at).toLocaleString()}>${ago(one.at, now())}</time>`;
    if (one.conversation_id === null) return html`<div class="told ${isNew ? "unread" : ""}" data-testid="desk-told">${inside}</div>`;
    return html`<button type="button" class="told ${isNew ? "unread" : ""}" data-testid="desk-told" @click=${() => this.#open(one)}>${inside}</button>`;
  }

  #open(one: Told): void {
    void this.told.read(one);
    this.dialog?.close();
    this.dispatchEvent(new CustomEvent("desk-open", { detail: one.conversation_id, bubbles: true, composed: true }));
  }
}
