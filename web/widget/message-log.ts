/** The conversation so far. Emits `baton-press`, `baton-retry`, `baton-discard`, `baton-suggestion` and `baton-article`. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { AnswerCard } from "../shared/answer-card.js";
import { now } from "../shared/clock.js";
import { icon, initials, mark } from "../shared/icons.js";
import { markup, messageText, wordsOf } from "../shared/message-text.js";
import type { Message, NoticeType, SuggestedArticle } from "../shared/protocol.js";
import { dayName, sameDay, timeOfDay } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";
import type { ConversationModel, Pending } from "./conversation-model.js";
import { noticeText } from "./wording.js";

const NEAR_BOTTOM_PX = 80;
const GROUP_MS = 5 * 60_000;
/** Notices that tell which person has the conversation, or that one is asked for. */
const ABOUT_PEOPLE = new Set<NoticeType>(["claimed", "queued", "released", "agent_gone", "moved_to_team", "moved_to_person", "reopened"]);

export class MessageLog extends LitElement {
  static define(tag = "baton-log"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, markup, css`
    :host { position: relative; display: flex; flex-direction: column; flex: 1; min-height: 0; font-size: 15px; line-height: 1.45; }
    .scroll { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px; scroll-behavior: auto; scrollbar-width: thin; scrollbar-color: var(--border-strong) transparent; }
    /* Or what goes above the end moves it up, which a scroll event that comes late takes for the customer's doing. */
    .scroll.follows { overflow-anchor: none; }
    .scroll:focus-visible { outline-offset: -2px; }
    .log { display: flex; flex-direction: column; }
    .day { display: flex; align-items: center; gap: 12px; margin: 16px 0 4px; font-size: 12px; color: var(--text-3); }
    .day:first-child { margin-top: 0; }
    .day::before, .day::after { content: ""; flex: 1; border-top: 1px solid var(--border); }
    .message { display: grid; grid-template-columns: 28px minmax(0, 1fr); column-gap: 8px; margin-top: 16px; }
    .message.grouped { margin-top: 4px; }
    .message.own { grid-template-columns: minmax(0, 1fr); justify-items: end; }
    .avatar {
      display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; background: var(--accent-soft); color: var(--accent-text);
      font-size: 11px; font-weight: 650; grid-row: 1 / span 2; align-self: start; margin-top: 18px;
    }
    .avatar.agent { background: var(--info-soft); color: var(--info-text); }
    .grouped .avatar { visibility: hidden; height: 0; margin: 0; }
    .meta { display: flex; gap: 6px; align-items: baseline; font-size: 12px; color: var(--text-3); margin-bottom: 3px; min-width: 0; max-width: 100%; }
    .meta strong { color: var(--text-2); font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .meta time { flex: none; }
    .body { grid-column: 2; min-width: 0; max-width: 100%; display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; justify-items: start; }
    .own .body { grid-column: 1; justify-items: end; max-width: 86%; }
    .bubble {
      max-width: 100%; padding: 8px 12px; border-radius: 4px 14px 14px 14px; background: var(--surface); border: 1px solid var(--border);
      white-space: pre-wrap; overflow-wrap: anywhere; width: fit-content;
    }
    .own .bubble { background: var(--own); color: var(--on-own); border-color: transparent; border-radius: 14px 14px 4px 14px; }
    .own.failed .bubble { background: var(--danger-soft); color: var(--danger-text); border-color: var(--danger); }
    .bubble a { color: inherit; text-underline-offset: 2px; }
    .state { font-size: 12px; color: var(--text-3); margin-top: 4px; }
    .state.problem { color: var(--danger-text); display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: center; justify-content: flex-end; text-align: end; }
    .link { border: 0; background: none; padding: 4px 2px; color: inherit; font-weight: 600; font-size: 12px; text-decoration: underline; text-underline-offset: 2px; min-height: 24px; }
    baton-answer { width: 100%; }
    .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
    .notice .buttons { justify-content: center; }
    .notice + .notice { margin-top: 8px; }
    .choice {
      min-height: 34px; padding: 5px 14px; border: 1px solid var(--accent); border-radius: 17px; background: var(--bg); color: var(--accent-text);
      font-size: 14px; font-weight: 550; text-align: start; overflow-wrap: anywhere; transition: background-color .12s;
    }
    .choice:hover:not(:disabled) { background: var(--accent-soft); }
    .choice:disabled { border-color: var(--border); color: var(--text-3); background: transparent; }
    .choice.used:disabled { background: var(--accent-soft); color: var(--accent-text); border-color: transparent; }
    .choice svg { display: inline-block; vertical-align: -2px; margin-inline-end: 4px; }
    .notice { margin: 16px 12px 4px; font-size: 13px; color: var(--text-2); text-align: center; text-wrap: balance; overflow-wrap: anywhere; }
    .notice > svg { display: inline-block; vertical-align: -3px; margin-inline-end: 6px; color: var(--text-3); }
    .typing { display: flex; align-items: center; gap: 10px; margin-top: 16px; font-size: 13px; color: var(--text-2); min-height: 24px; }
    .dots { display: inline-flex; gap: 3px; padding: 8px 10px; border-radius: 12px; background: var(--surface); border: 1px solid var(--border); }
    .dots i { width: 5px; height: 5px; border-radius: 50%; background: var(--text-3); animation: dot 1.2s infinite; }
    .dots i:nth-child(2) { animation-delay: .15s; } .dots i:nth-child(3) { animation-delay: .3s; }
    @keyframes dot { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; } }
    .welcome { padding: 12px 4px 4px; }
    .welcome .badge { display: grid; place-items: center; width: 44px; height: 44px; border-radius: 14px; background: var(--accent-soft); color: var(--accent-text); }
    .welcome h3 { margin-top: 16px; font-size: 20px; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
    .welcome p { margin-top: 6px; color: var(--text-2); }
    .suggestions { display: grid; gap: 8px; margin-top: 20px; }
    .suggestions h4 { font-size: 12px; font-weight: 600; color: var(--text-3); }
    .suggestion {
      display: flex; justify-content: space-between; align-items: center; gap: 12px; width: 100%; min-height: 44px; padding: 8px 12px 8px 14px; text-align: start;
      border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); box-shadow: var(--shadow-small); transition: border-color .12s;
    }
    .suggestion:hover { border-color: var(--accent); }
    .suggestion svg { color: var(--text-3); transform: rotate(90deg); }
    .card {
      display: grid; grid-template-columns: 20px minmax(0, 1fr); gap: 0 10px; width: 100%; padding: 11px 14px; text-align: start; border: 1px solid var(--border); border-radius: var(--radius);
      background: var(--bg); box-shadow: var(--shadow-small); line-height: 1.4; transition: border-color .12s; animation: card .2s ease-out;
    }
    @keyframes card { from { opacity: 0; transform: translateY(4px); } }
    .card:hover { border-color: var(--accent); }
    .card svg { grid-row: 1 / span 2; margin-top: 1px; color: var(--accent-text); }
    .card strong { font-weight: 600; overflow-wrap: anywhere; }
    .card span { font-size: 13px; color: var(--text-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .jump {
      position: absolute; bottom: 10px; left: 50%; transform: translateX(-50%); display: inline-flex; gap: 4px; align-items: center; min-height: 32px; padding: 0 12px 0 8px;
      border-radius: 16px; border: 1px solid var(--border); background: var(--bg); box-shadow: var(--shadow); font-size: 13px; font-weight: 550;
    }
  `];

  @property({ attribute: false }) model!: ConversationModel;
  @property() base = "";
  @property({ attribute: false }) suggestions: readonly string[] = [];
  /** Articles are read within the widget. */
  @property({ type: Boolean }) reads = false;
  /** For the page that the widget is on. */
  @property({ attribute: false }) articles: readonly SuggestedArticle[] = [];
  /** Rises with every change of the model, and so makes this element render. */
  @property({ type: Number }) revision = 0;
  @state() private below = false;
  @query(".scroll") private readonly scroller!: HTMLElement;
  #atBottom = true;
  #lastTop = 0;
  /** Heights of the text and of the window on it when it was last looked at. */
  #lastHeights = "";
  /** What had the focus before this update. */
  #focused: Element | null = null;
  #resize: ResizeObserver | null = null;

  override render(): TemplateResult {
    const { messages, pending } = this.model;
    const empty = this.#empty;
    return html`<div class="scroll ${this.below ? "" : "follows"}" tabindex="0" role="region" aria-label="Conversation" @scroll=${this.#scrolled}><div class="inner">
        ${empty ? this.#welcome() : nothing}
        <div class="log" role="log" aria-live="polite" aria-relevant="additions" aria-label="Messages" data-testid="widget-log">
          ${repeat(messages, (m) => m.client_id ?? m.id, (m, i) => this.#message(m, messages[i - 1]))}
          ${repeat(pending, (p) => p.clientId, (p) => this.#pending(p))}
        </div>
        ${this.#typing()}
        <slot></slot>
      </div></div>
      ${this.below ? html`<button type="button" class="jump" @click=${this.toBottom}>${icon("down", 16)} Newest</button>` : nothing}`;
  }

  override willUpdate(): void {
    this.#focused = this.shadowRoot?.activeElement ?? null;
  }

  /** Buttons go when somebody else takes over: the focus that was on one stays in the conversation. */
  override updated(): void {
    if (this.#focused !== null && !this.#focused.isConnected) this.scroller.focus();
  }

  override firstUpdated(): void {
    // Cards fold after they have measured themselves, the rating grows a field: whatever changes a height keeps the end in sight.
    this.#resize = new ResizeObserver(() => this.#atBottom && !this.#empty && this.toBottom());
    this.#resize.observe(this.scroller);
    const inner = this.renderRoot.querySelector(".inner");
    if (inner) this.#resize.observe(inner);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize?.disconnect();
  }

  /** Nothing has been said: what is read then begins at the top. */
  get #empty(): boolean {
    return this.model.messages.length === 0 && this.model.pending.length === 0;
  }

  toBottom = (): void => {
    this.#atBottom = true;
    this.below = false;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#lastTop = this.scroller.scrollTop;
    this.#lastHeights = this.#heights;
  };

  get #heights(): string {
    return `${this.scroller.scrollHeight}/${this.scroller.clientHeight}`;
  }

  #scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    // Only the customer scrolls up. Where text or window have another height, what grew or shrank may have moved it, and must not lose the end.
    const byCustomer = scrollTop < this.#lastTop && this.#heights === this.#lastHeights;
    if (near || byCustomer) this.#atBottom = near;
    this.#lastTop = scrollTop;
    this.#lastHeights = this.#heights;
    this.below = !this.#atBottom;
  };

  #welcome(): TemplateResult {
    const name = this.model.conversation?.customer?.name;
    const first = name?.trim().split(/\s+/)[0];
    return html`<section class="welcome" data-testid="widget-welcome">
      <div class="badge">${mark(24)}</div>
      <h3>${first ? html`Hello <bdi>${first}</bdi>, how can we help?` : "Hello, how can we help?"}</h3>
      <p>Ask in your own words. You can talk to a person at any time.</p>
      ${this.#cards()}
      ${this.suggestions.length === 0 ? nothing : html`<div class="suggestions">
        <h4>Often asked</h4>
        ${this.suggestions.map((text) => html`<button type="button" class="suggestion" dir="auto" data-testid="widget-suggestion"
          @click=${() => this.#emit("baton-suggestion", { text })}>${text}${icon("send", 16)}</button>`)}
      </div>`}
    </section>`;
  }

  #cards(): TemplateResult | typeof nothing {
    if (this.articles.length === 0) return nothing;
    return html`<div class="suggestions" data-testid="widget-articles">
      <h4>For this page</h4>
      ${repeat(this.articles, (one) => one.slug, (one) => html`<button type="button" class="card" data-testid="widget-article" data-slug=${one.slug}
        @click=${() => this.#emit("baton-article", { slug: one.slug, title: one.title })}>${icon("article", 20)}<strong dir="auto">${one.title}</strong>${one.snippet === ""
          ? nothing : html`<span dir="auto">${one.snippet}</span>`}</button>`)}
    </div>`;
  }

  /** Gives the focus back to what led to an article that was read: an answer's card, or a suggested one's. */
  focusArticle(slug: string): boolean {
    const answer = [...this.renderRoot.querySelectorAll<AnswerCard>("baton-answer")].findLast((one) => one.answer?.slug === slug);
    if (answer !== undefined) {
      answer.focus();
      return true;
    }
    const card = [...this.renderRoot.querySelectorAll<HTMLButtonElement>(".card")].find((one) => one.dataset.slug === slug);
    card?.focus();
    return card !== undefined;
  }

  #message(message: Message, before: Message | undefined): TemplateResult {
    const day = before === undefined || !sameDay(before.at, message.at) ? html`<p class="day"><span>${dayName(message.at, now())}</span></p>` : nothing;
    if (message.kind === "notice") return html`${day}${this.#notice(message)}`;
    const grouped = day === nothing && before !== undefined && before.kind !== "notice" && before.author.kind === message.author.kind &&
      before.author.name === message.author.name && Date.parse(message.at) - Date.parse(before.at) < GROUP_MS;
    const own = message.author.kind === "customer";
    return html`${day}<div class="message ${own ? "own" : ""} ${grouped ? "grouped" : ""}" data-testid="message" data-author=${message.author.kind} data-kind=${message.kind}>
      ${own ? nothing : html`<span class="avatar ${message.author.kind}" aria-hidden="true">${message.author.kind === "bot" ? mark(16) : initials(message.author.name)}</span>`}
      <div class="body">
        <p class="meta ${grouped ? "visually-hidden" : ""}"><strong dir="auto" title=${message.author.name}>${own ? "You" : message.author.name}</strong>
          <time datetime=${message.at}>${timeOfDay(message.at)}</time></p>
        ${message.text === "" ? nothing : html`<div class="bubble" dir="auto">${wordsOf(message)}</div>`}
        ${message.answer === null ? nothing : html`<baton-answer .answer=${message.answer} .base=${this.base} .reads=${this.reads}></baton-answer>`}
        ${this.#buttons(message)}
      </div>
    </div>`;
  }

  #buttons(message: Message): TemplateResult | typeof nothing {
    if (message.buttons.length === 0) return nothing;
    const alive = this.model.isAlive(message);
    // What can be pressed no more is gone; what was chosen stays, as a word of what happened.
    const shown = alive ? message.buttons : message.buttons.filter((button) => button.used || this.model.pressedButton === button.id);
    if (shown.length === 0) return nothing;
    return html`<div class="buttons" role="group" aria-label="Answers">
      ${shown.map((button) => {
        const pressed = this.model.pressedButton === button.id;
        return html`<button type="button" class="choice ${button.used || pressed ? "used" : ""}" dir="auto" data-testid="message-button"
          ?disabled=${!alive || this.model.requests.press.state === "sending"}
          @click=${() => this.#emit("baton-press", { button })}>${button.used ? icon("check", 14) : nothing}${button.title}${button.used
            ? html`<span class="visually-hidden">(chosen)</span>` : nothing}</button>`;
      })}
    </div>`;
  }

  #notice(message: Message): TemplateResult {
    const type = message.notice?.type;
    const name = type !== undefined && ABOUT_PEOPLE.has(type) ? "person" : type === "resolved" || type === "email_saved" || type === "rated" || type === "ticket_opened" || type === "ticket_open_already" ? "check"
      : type === "bot_unavailable" || type === "tickets_enough" ? "alert" : "bot";
    const buttons = this.#buttons(message);
    return html`<div class="notice" data-testid="message" data-author="system" data-kind="notice" data-notice=${type ?? ""}>${icon(name, 16)}<bdi>${noticeText(message, now())}</bdi></div>
      ${buttons === nothing ? nothing : html`<div class="notice">${buttons}</div>`}`;
  }

  #pending(pending: Pending): TemplateResult {
    return html`<div class="message own ${pending.state}" data-testid="message" data-author="customer" data-state=${pending.state}>
      <div class="body">
        <p class="visually-hidden">You</p>
        <div class="bubble" dir="auto">${messageText(pending.text)}</div>
        ${pending.state === "sending" ? html`<p class="state">Sending…</p>` : html`<p class="state problem" role="alert"><span>${pending.problem}</span>
          <span><button type="button" class="link" data-testid="message-retry" @click=${() => this.#emit("baton-retry", { clientId: pending.clientId })}>Try again</button>
          <button type="button" class="link" @click=${() => this.#emit("baton-discard", { clientId: pending.clientId })}>Remove</button></span></p>`}
      </div>
    </div>`;
  }

  #typing(): TemplateResult {
    const typist = this.model.typist;
    return html`<div class="typing-place" role="status" data-testid="widget-typing">${typist === null ? nothing : html`<p class="typing">
      <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span><span><bdi>${typist.name}</bdi> is ${typist.kind === "bot" ? "looking that up" : "typing"}…</span></p>`}</div>`;
  }

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}
