/** The middle column: who it is, what can be done, what was said, where to answer. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { icon } from "../shared/icons.js";
import type { Detail, Row } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { nameOf } from "./customer-name.js";
import type { DeskModel } from "./desk-model.js";
import { priorityMark } from "./priority-mark.js";
import type { ReplyComposer } from "./reply-composer.js";
import type { ResolveDialog } from "./resolve-dialog.js";
import type { Transfer, TransferDialog } from "./transfer-dialog.js";
import type { Draft } from "./writing.js";

export class ConversationView extends LitElement {
  static define(tag = "desk-conversation"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { container-type: inline-size; display: flex; flex-direction: column; min-height: 0; min-width: 0; flex: 1; font-size: 14px; line-height: 1.45; }
    header { display: flex; align-items: center; gap: 12px; padding: 10px 16px 10px 24px; border-bottom: 1px solid var(--border); min-height: 60px; }
    .back { display: none; margin-inline-start: -8px; }
    .names { flex: 1; min-width: 0; }
    h1 { font-size: 15px; line-height: 1.35; font-weight: 650; }
    .ellipsis { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .sub { display: flex; gap: 6px; align-items: center; font-size: 12.5px; color: var(--text-2); min-width: 0; }
    .sub .fixed { flex: none; }
    .actions { display: flex; gap: 8px; align-items: center; flex: none; }
    .details { display: none; }
    .empty { flex: 1; display: grid; place-content: center; justify-items: center; padding: 32px; text-align: center; color: var(--text-2); }
    .empty .badge { display: grid; place-items: center; width: 48px; height: 48px; border-radius: 16px; background: var(--sunken); color: var(--text-3); margin-bottom: 12px; }
    .empty h2 { font-size: 15px; font-weight: 650; color: var(--text); }
    .empty p { max-width: 340px; margin-top: 4px; text-wrap: balance; }
    .empty kbd, .claimbar kbd { padding: 1px 5px; border: 1px solid var(--border); border-radius: 4px; background: var(--bg); font: inherit; font-size: 11px; }
    .empty .button { margin-top: 12px; }
    .claimbar { display: flex; align-items: center; gap: 12px; max-width: 760px; margin: 0 24px 16px; padding: 12px 12px 12px 16px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--surface); color: var(--text-2); font-size: 13px; }
    @media (min-width: 808px) { .claimbar { width: calc(100% - 48px); align-self: center; } }
    .claimbar span { flex: 1; }
    dialog { width: min(440px, calc(100vw - 32px)); padding: 24px; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
    dialog::backdrop { background: rgb(10 15 12 / .45); }
    dialog h2 { font-size: 16px; font-weight: 650; }
    dialog p { margin-top: 4px; color: var(--text-2); font-size: 13px; }
    dialog .row { display: flex; justify-content: flex-end; gap: 8px; margin-top: 20px; }
    /* Too narrow for the subject and what can be done in one row: the subject has it. */
    @container (max-width: 760px) {
      header { flex-wrap: wrap; row-gap: 6px; }
      .names { flex-basis: 0; }
      .actions { flex-basis: 100%; order: 3; }
      .actions .quiet:first-child { margin-inline-start: -12px; }
    }
    @media (max-width: 1279px) { .details { display: inline-grid; } }
    @media (max-width: 719px) {
      .back { display: inline-grid; }
      header { flex-wrap: wrap; padding: 8px 12px 8px 16px; gap: 8px; }
      .actions { flex-wrap: wrap; }
      .actions .quiet:first-child { margin-inline-start: 0; }
      .actions .button { flex: 1; padding: 0 8px; }
      .claimbar { flex-wrap: wrap; justify-content: flex-end; margin: 0 12px 12px; }
      .claimbar span { flex-basis: 100%; }
    }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @property({ type: Boolean }) panelOpen = false;
  @query("desk-composer") private readonly composer!: ReplyComposer | null;
  @query("desk-resolve") private readonly resolve!: ResolveDialog | null;
  @query("#takeover") private readonly takeOver!: HTMLDialogElement | null;
  @query("desk-transfer") private readonly transfer!: TransferDialog | null;

  focusReply(): void {
    void this.updateComplete.then(async () => {
      await this.composer?.updateComplete; // it may have come just now
      this.composer?.focus();
    });
  }

  focusDetails(): void {
    this.renderRoot.querySelector<HTMLElement>('[data-testid="desk-details"]')?.focus();
  }

  focusBack(): void {
    this.renderRoot.querySelector<HTMLElement>('[data-testid="desk-back"]')?.focus();
  }

  searchArticles(): void {
    this.composer?.openSearch();
  }

  override render(): TemplateResult {
    const { detail, selected, detailProblem } = this.model;
    if (selected === null) {
      if (this.model.rows?.length === 0) return html`<div class="empty"><span class="badge">${icon("chat", 24)}</span><h2>Nothing to open here</h2>
        <p>What comes into this list shows at once. <kbd>1</kbd> shows the queue, <kbd>?</kbd> every shortcut.</p></div>`;
      return html`<div class="empty"><span class="badge">${icon("chat", 24)}</span><h2>Pick a conversation</h2>
        <p>Move through the list with <kbd>j</kbd> and <kbd>k</kbd>, open with <kbd>Enter</kbd>. <kbd>?</kbd> shows every shortcut.</p></div>`;
    }
    if (detail === null) {
      return html`<div class="empty">${detailProblem === null ? html`<p role="status">Loading the conversation…</p>`
        : html`<span class="badge">${icon("alert", 24)}</span><h2>It could not be loaded</h2><p role="alert">${detailProblem}</p>
          <button type="button" class="button" @click=${() => void this.model.reread()}>Try again</button>
          <button type="button" class="button quiet" @click=${() => this.#emit("desk-back")}>Back to the list</button>`}</div>`;
    }
    return html`${this.#header(detail)}
      <desk-transcript .messages=${detail.messages} .pending=${this.model.pending.filter((p) => p.conversationId === detail.row.id)} .typist=${this.model.typistIn(detail.row.id)}
        .reason=${detail.package?.reason.code ?? detail.row.reason} .conversation=${detail.row.id} .me=${this.model.staff?.name ?? ""}
        @desk-retry=${(e: CustomEvent<string>) => void this.model.retry(e.detail)} @desk-take-back=${(e: CustomEvent<string>) => this.model.takeBack(e.detail)}></desk-transcript>
      ${detail.row.owner === "queue" ? html`<div class="claimbar"><span>Waiting in the queue. Claim it to answer: the customer sees your name.</span>
        ${this.#notes(detail.row) ? nothing : html`<button type="button" class="button quiet" data-testid="desk-note" @click=${() => this.#emit("desk-note")}>Internal note</button>`}
        <button type="button" class="button primary" data-testid="desk-claim" ?disabled=${this.model.busy !== null} @click=${() => void this.model.actions.claim()}>${this.model.busy === "claim" ? "Claiming…" : "Claim"}</button></div>` : nothing}
      ${this.model.isMine && detail.ticket?.status === "pending" ? html`<div class="claimbar" data-testid="desk-waits"><span>Waiting for the customer. The resolution clock stands still until they write.</span>
        <button type="button" class="button" data-testid="desk-stop-waiting" ?disabled=${this.model.busy !== null} @click=${() => void this.model.actions.stopWaiting()}>Stop waiting</button></div>` : nothing}
      ${detail.row.owner === "queue" && !this.#notes(detail.row) ? nothing : html`<desk-composer .draft=${this.model.draft(detail.row.id)} .conversation=${detail.row.id} .blocked=${this.#blocked(detail.row)}
        .search=${this.model.api.search} .opened=${this.model.api.opened} .readers=${this.model.api.readers}
        @desk-draft=${(e: CustomEvent<Draft>) => this.model.setDraft(detail.row.id, e.detail)}
        @desk-send=${(e: CustomEvent<{ mode: "reply" | "note"; text: string; wait: boolean }>) => void this.model.send(e.detail.mode, e.detail.text, e.detail.wait)}></desk-composer>`}
      <desk-transfer .teams=${this.model.floor.teams} .people=${this.model.floor.people} .holder=${detail.row.agent?.id ?? null} .conversation=${detail.row.id} .readers=${this.model.api.readers}
        @desk-transfer=${(e: CustomEvent<Transfer>) => void this.model.actions.transfer(e.detail.to, e.detail.name, e.detail.note)}></desk-transfer>
      ${this.#takeOverDialog(detail.row)}
      <desk-resolve .conversation=${detail.row.id} .readers=${this.model.api.readers} @desk-resolve=${(e: CustomEvent<string>) => void this.model.actions.resolve(e.detail)}></desk-resolve>`;
  }

  #header(detail: Detail): TemplateResult {
    const { row, customer } = detail;
    const name = customer.name ?? nameOf(row); // the list knows whoever left an address by it
    // A resolved conversation's row has let go of its ticket; the detail still knows it.
    const subject = row.subject ?? detail.ticket?.subject ?? null;
    const number = row.number ?? detail.ticket?.number ?? null;
    return html`<header>
      <button type="button" class="icon-button back" aria-label="Back to the list" data-testid="desk-back" @click=${() => this.#emit("desk-back")}>${icon("back", 20)}</button>
      <div class="names">
        <h1 class="ellipsis" title=${name} dir="auto">${name}</h1>
        <p class="sub">${priorityMark(row.priority ?? detail.ticket?.priority ?? null)}${number === null ? nothing : html`<span class="fixed">${number}</span><span aria-hidden="true">·</span>`}
          <span class="ellipsis" title=${subject ?? ""} dir="auto">${subject ?? "With the bot, no ticket yet"}</span></p>
      </div>
      ${this.model.isMine ? html`<div class="actions">
        <button type="button" class="button quiet" data-testid="desk-transfer" ?disabled=${this.model.busy !== null} @click=${this.openTransfer}>Pass on</button>
        <button type="button" class="button quiet" data-testid="desk-release" ?disabled=${this.model.busy !== null} @click=${() => void this.model.actions.release()}>Back to queue</button>
        <button type="button" class="button quiet" data-testid="desk-return" ?disabled=${this.model.busy !== null} @click=${() => void this.model.actions.returnToBot()}>Return to bot</button>
        <button type="button" class="button primary" data-testid="desk-resolve" ?disabled=${this.model.busy !== null} @click=${this.openResolve}>${icon("check", 16)} Resolve</button>
      </div>` : this.model.mayPassOn ? html`<div class="actions">
        <button type="button" class="button quiet" data-testid="desk-transfer" ?disabled=${this.model.busy !== null} @click=${this.openTransfer}>Pass on</button>
        ${this.model.mayTakeOver ? html`<button type="button" class="button" data-testid="desk-takeover" ?disabled=${this.model.busy !== null} @click=${this.openTakeOver}>Take over</button>` : nothing}
      </div>` : nothing}
      <button type="button" class="icon-button details" aria-label="Customer and ticket details" aria-expanded=${this.panelOpen ? "true" : "false"} data-testid="desk-details" @click=${() => this.#emit("desk-panel")}>${icon("panel", 20)}</button>
    </header>`;
  }

  /** Nobody has a waiting conversation, so its composer is for notes alone, and comes when one is wanted. */
  #notes(row: Row): boolean {
    return this.model.draft(row.id).mode === "note";
  }

  #blocked(row: Row): string | null {
    if (this.model.isMine) return null;
    if (row.owner === "queue") return "Nobody has claimed this yet. You can leave an internal note.";
    if (row.owner === "agent") return `${row.agent?.name ?? "A colleague"} is answering this. You can leave an internal note${this.model.mayTakeOver ? ", or take over" : ""}.`;
    if (row.owner === "bot") {
      const resolved = row.number === null && this.model.detail?.ticket?.status === "resolved";
      return `${resolved ? "This is resolved, and the bot answers its customer" : "The bot answers this customer"}. Nobody can reply until they ask for a person; you can leave an internal note.`;
    }
    return "This conversation is closed. You can leave an internal note.";
  }

  openTransfer = (): void => {
    if (!this.model.mayPassOn) return;
    void this.model.floor.read();
    this.transfer?.open();
  };

  openTakeOver = (): void => {
    if (this.model.mayTakeOver) this.takeOver?.showModal();
  };

  #takeOverDialog(row: Row): TemplateResult {
    const name = row.agent?.name ?? "a colleague";
    return html`<dialog id="takeover" aria-labelledby="takeover-title"><form method="dialog" @submit=${this.#takeOver}>
      <h2 id="takeover-title">Take over from ${name}?</h2>
      <p>It becomes yours. What ${name} sends from now on is refused, and the customer reads your name.</p>
      <div class="row"><button type="button" class="button" @click=${() => this.takeOver?.close()}>Cancel</button>
        <button class="button primary" data-testid="desk-takeover-confirm">Take over</button></div></form></dialog>`;
  }

  #takeOver = (event: SubmitEvent): void => {
    event.preventDefault();
    this.takeOver?.close();
    void this.model.actions.takeOver();
  };

  openResolve = (): void => {
    if (this.model.isMine) this.resolve?.open();
  };

  #emit(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  }
}
