/** Everything that was said, the bot's turns and internal notes included. Emits `desk-retry` and `desk-take-back`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { now } from "../shared/clock.js";
import { icon, initials, mark } from "../shared/icons.js";
import { agentText, markup, wordsOf } from "../shared/message-text.js";
import type { Author, Message, NoticeType } from "../shared/protocol.js";
import { dayName, sameDay, timeOfDay } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import { reasonWords } from "../shared/words.js";
import { noticeWords } from "./notice-words.js";
import type { PendingReply } from "./writing.js";

const HANDOFF = new Set<NoticeType>(["queued"]);

export class Transcript extends LitElement {
  static define(tag = "desk-transcript"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, markup, css`
    :host { display: flex; flex-direction: column; min-height: 0; flex: 1; font-size: 14px; line-height: 1.5; }
    .scroll { flex: 1; min-height: 0; overflow-y: auto; padding: 16px 24px 24px; scrollbar-width: thin; scrollbar-color: var(--border-strong) transparent; }
    .scroll:focus-visible { outline-offset: -2px; }
    .inner { max-width: 760px; margin: 0 auto; }
    .day { margin: 20px 0 4px; font-size: 12px; color: var(--text-3); text-align: center; }
    .day:first-child { margin-top: 0; }
    .message { display: grid; grid-template-columns: 28px minmax(0, 1fr); gap: 0 10px; margin-top: 16px; max-width: 88%; }
    .message.ours { margin-inline-start: auto; grid-template-columns: minmax(0, 1fr) 28px; }
    .ours .body { justify-items: end; grid-row: 1; grid-column: 1; }
    .ours .avatar { grid-column: 2; }
    .avatar { display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; font-size: 11px; font-weight: 650; background: var(--sunken); color: var(--text-2); margin-top: 20px; }
    .avatar.bot { border-radius: 9px; background: var(--accent-soft); color: var(--accent-text); }
    .avatar.agent { background: var(--info-soft); color: var(--info-text); }
    .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; justify-items: start; min-width: 0; }
    .meta { display: flex; gap: 6px; align-items: baseline; max-width: 100%; font-size: 12px; color: var(--text-3); line-height: 16px; }
    .meta strong { font-weight: 600; color: var(--text-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .meta time { flex: none; }
    .bubble { max-width: 100%; width: fit-content; padding: 8px 12px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); white-space: pre-wrap; overflow-wrap: anywhere; }
    .customer .bubble { background: var(--surface); }
    .bot .bubble { background: var(--accent-soft); border-color: transparent; }
    .agent .bubble { background: var(--own); color: var(--on-own); border-color: transparent; }
    .note .bubble { background: var(--note); color: var(--note-text); border-color: var(--note-border); }
    .failed .bubble { background: var(--danger-soft); color: var(--danger-text); border-color: var(--danger); }
    .bubble a { color: inherit; text-underline-offset: 2px; }
    baton-answer { width: min(100%, 520px); }
    .buttons { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 6px; }
    .choice { display: inline-flex; gap: 4px; align-items: center; padding: 1px 10px; border: 1px solid var(--border); border-radius: 12px; font-size: 12px; color: var(--text-2); overflow-wrap: anywhere; }
    .choice.used { background: var(--accent-soft); color: var(--accent-text); border-color: transparent; font-weight: 600; }
    .notice { display: flex; align-items: center; justify-content: center; gap: 6px; margin: 20px 0 4px; font-size: 12px; color: var(--text-2); text-align: center; }
    .notice time, .divider time { flex: none; white-space: nowrap; }
    .notice span { min-width: 0; overflow-wrap: anywhere; }
    .divider { display: grid; grid-template-columns: 1fr auto 1fr; align-items: center; gap: 12px; margin: 24px 0 8px; }
    .divider::before, .divider::after { content: ""; border-top: 1px solid var(--accent); opacity: .5; }
    .divider p { display: inline-flex; align-items: center; gap: 6px; padding: 3px 12px; border-radius: 13px; background: var(--accent-soft); color: var(--accent-text); font-size: 12px; font-weight: 600; text-align: center; max-width: 480px; }
    .state { font-size: 12px; color: var(--text-3); }
    .state.problem { color: var(--danger-text); text-align: end; }
    .link { border: 0; background: none; padding: 2px 4px; min-height: 24px; color: inherit; font-size: 12px; font-weight: 600; text-decoration: underline; text-underline-offset: 2px; }
    .typing { margin-top: 12px; font-size: 13px; color: var(--text-2); min-height: 20px; }
    @media (max-width: 719px) { .scroll { padding: 12px 16px 16px; } .message { max-width: 96%; } }
  `];

  @property({ attribute: false }) messages: readonly Message[] = [];
  @property({ attribute: false }) pending: readonly PendingReply[] = [];
  @property({ attribute: false }) typist: Author | null = null;
  @property({ attribute: false }) reason: string | null = null;
  @property() conversation = "";
  @property() me = "";
  @query(".scroll") private readonly scroller!: HTMLElement;
  #atBottom = true;
  #lastTop = 0;
  #resize: ResizeObserver | null = null;

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("conversation")) this.#atBottom = true;
  }

  override firstUpdated(): void {
    // Cards fold after they have measured themselves, and the composer grows: whatever changes a height keeps the end in sight.
    this.#resize = new ResizeObserver(() => this.#stay());
    this.#resize.observe(this.scroller);
    const inner = this.renderRoot.querySelector(".inner");
    if (inner) this.#resize.observe(inner);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize?.disconnect();
  }

  override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("pending") && this.pending.some((p) => p.state === "sending")) this.#atBottom = true;
    this.#stay();
  }

  #stay(): void {
    if (this.#atBottom) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  override render(): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Transcript" @scroll=${this.#scrolled}><div class="inner">
      <div role="log" aria-live="polite" aria-label="Messages" data-testid="desk-log">
        ${repeat(this.messages, (m) => m.client_id ?? m.id, (m, i) => this.#message(m, this.messages[i - 1]))}
        ${repeat(this.pending, (p) => p.clientId, (p) => this.#pending(p))}
      </div>
      <p class="typing" role="status">${this.typist === null ? nothing : html`<bdi>${this.typist.name}</bdi> is typing…`}</p>
    </div></div>`;
  }

  #scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < 80;
    // Only the agent scrolls up: cards that grow make scroll events too.
    if (near || scrollTop < this.#lastTop) this.#atBottom = near;
    this.#lastTop = scrollTop;
  };

  #message(message: Message, before: Message | undefined): TemplateResult {
    const day = before === undefined || !sameDay(before.at, message.at) ? html`<p class="day">${dayName(message.at, now())}</p>` : nothing;
    if (message.kind === "notice") return html`${day}${this.#notice(message)}`;
    const kind = message.kind === "note" ? "note" : message.author.kind;
    const ours = message.author.kind !== "customer";
    return html`${day}<div class="message ${kind} ${ours ? "ours" : ""}" data-testid="message" data-author=${message.author.kind} data-kind=${message.kind}>
      <span class="avatar ${message.author.kind}" aria-hidden="true">${message.author.kind === "bot" ? mark(14) : initials(message.author.name)}</span>
      <div class="body">
        <p class="meta"><strong dir="auto" title=${message.author.name}>${message.author.name}</strong>${message.kind === "note" ? html`<span>internal note</span>` : nothing}
          <time datetime=${message.at}>${timeOfDay(message.at)}</time></p>
        ${message.text === "" ? nothing : html`<div class="bubble" dir="auto">${wordsOf(message)}</div>`}
        ${message.answer === null ? nothing : html`<baton-answer .answer=${message.answer} .base=${location.origin}></baton-answer>`}
        ${message.buttons.length === 0 ? nothing : html`<div class="buttons" aria-label="Buttons that the customer was offered" role="group">${message.buttons.map((button) =>
          html`<span class="choice ${button.used ? "used" : ""}" dir="auto">${button.used ? icon("check", 12) : nothing}${button.title}${button.used ? html`<span class="visually-hidden">(pressed)</span>` : nothing}</span>`)}</div>`}
      </div>
    </div>`;
  }

  #notice(message: Message): TemplateResult {
    const type = message.notice?.type ?? null;
    if (type !== null && HANDOFF.has(type)) {
      const why = reasonWords(message.notice?.reason ?? this.reason);
      return html`<div class="divider" data-testid="desk-handoff"><p>${icon("person", 14)}<span>Handed over to people${why === "" ? "" : ` · ${why}`} · ${timeOfDay(message.at)}</span></p></div>`;
    }
    return html`<p class="notice" data-testid="message" data-author="system" data-kind="notice" data-notice=${type ?? ""}><span dir="auto">${noticeWords(message)}</span><time datetime=${message.at}>${timeOfDay(message.at)}</time></p>`;
  }

  #pending(pending: PendingReply): TemplateResult {
    return html`<div class="message ours ${pending.mode === "note" ? "note" : "agent"} ${pending.state}" data-testid="message" data-author="agent" data-state=${pending.state}>
      <span class="avatar agent" aria-hidden="true">${initials(this.me)}</span>
      <div class="body"><p class="meta"><strong>${this.me}</strong></p><div class="bubble" dir="auto">${agentText(pending.text)}</div>
        ${pending.state === "sending" ? html`<p class="state">Sending…</p>` : html`<p class="state problem" role="alert">${pending.problem}
          <button type="button" class="link" @click=${() => this.#emit("desk-retry", pending.clientId)}>Try again</button>
          <button type="button" class="link" @click=${() => this.#emit("desk-take-back", pending.clientId)}>Edit</button></p>`}
      </div></div>`;
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
