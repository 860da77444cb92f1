/** The widget itself: launcher, panel, banners. Attributes in (`open`, `title-text`, `data-theme`), `baton-*` events out. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { everySecond, now } from "../shared/clock.js";
import { icon, initials, mark } from "../shared/icons.js";
import type { Button, Message } from "../shared/protocol.js";
import type { ArticleReader } from "./article-reader.js";
import type { Composer } from "./composer.js";
import type { ConversationModel } from "./conversation-model.js";
import type { ArticleSource, SuggestedArticles } from "./suggested-articles.js";
import { styles } from "./widget-styles.js";
import { botBanner, queueWords, statusWords, unsentWords } from "./wording.js";

const NARROW = "(max-width: 480px), (max-height: 480px)";

export class BatonWidget extends LitElement {
  static define(tag = "baton-widget"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = styles;

  @property({ attribute: false }) model!: ConversationModel;
  @property({ type: Boolean, reflect: true }) open = false;
  @property({ attribute: "title-text" }) titleText = "Support";
  @property({ attribute: false }) base = "";
  @property({ attribute: false }) suggestions: readonly string[] = [];
  /** Articles for the page; without it the widget suggests none. */
  @property({ attribute: false }) articles: SuggestedArticles | null = null;
  @state() private revision = 0;
  @state() private announcement = "";
  @query(".launcher") private readonly launcher!: HTMLButtonElement;
  @query("baton-composer") private readonly composer!: Composer | null;
  @query(".panel") private readonly panel!: HTMLElement | null;
  #stopTicking: (() => void) | null = null;
  /** What had the focus before this update. */
  #focused: Element | null = null;
  readonly #narrow = window.matchMedia(NARROW);

  override connectedCallback(): void {
    super.connectedCallback();
    this.model.addEventListener("change", this.#changed);
    this.model.addEventListener("message", this.#arrived);
    this.articles?.addEventListener("change", this.#changed);
    document.addEventListener("visibilitychange", this.#looked);
    this.#narrow.addEventListener("change", this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.model.removeEventListener("change", this.#changed);
    this.model.removeEventListener("message", this.#arrived);
    this.articles?.removeEventListener("change", this.#changed);
    document.removeEventListener("visibilitychange", this.#looked);
    this.#narrow.removeEventListener("change", this.#changed);
    this.#stopTicking?.();
    this.#stopTicking = null;
  }

  show(): void {
    if (this.open) return;
    this.open = true;
    this.#looked();
    this.#emit("baton-open", null);
    void this.updateComplete.then(this.#goOn);
  }

  /** Puts the focus where one goes on: the message field, or the panel while nothing can be written. */
  #goOn = (): void => {
    if (this.composer?.disabled === false && (this.articles?.open ?? null) === null) this.composer.focus();
    else this.panel?.focus();
  };

  hide(): void {
    if (!this.open) return;
    const hadFocus = this.shadowRoot?.activeElement !== null;
    this.open = false;
    this.#emit("baton-close", null);
    if (hadFocus) void this.updateComplete.then(() => this.launcher.focus());
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has("open") && this.open) this.announcement = "";
    this.#focused = this.shadowRoot?.activeElement ?? null;
  }

  override updated(): void {
    // A form that has done its work, or a button that is not offered any more: the focus goes on, instead of to the page.
    if (this.open && this.#focused !== null && !this.#focused.isConnected) this.#goOn();
    const waits = this.open && this.model.conversation?.owner === "queue";
    if (waits && this.#stopTicking === null) this.#stopTicking = everySecond(() => this.requestUpdate());
    else if (!waits && this.#stopTicking !== null) {
      this.#stopTicking();
      this.#stopTicking = null;
    }
  }

  override render(): TemplateResult {
    const { unread } = this.model;
    const label = this.open ? "Close support chat" : unread === 0 ? "Open support chat" : `Open support chat, ${unread} unread message${unread === 1 ? "" : "s"}`;
    const covered = this.open && this.#narrow.matches;
    return html`
      ${this.open ? this.#panel(covered) : nothing}
      <button type="button" class="launcher" data-testid="widget-launcher" aria-label=${label} aria-haspopup="dialog" aria-expanded=${this.open ? "true" : "false"}
        ?hidden=${covered} @click=${() => (this.open ? this.hide() : this.show())}>
        ${icon(this.open ? "down" : "chat", 26)}
        ${!this.open && unread > 0 ? html`<span class="unread" aria-hidden="true" data-testid="widget-unread">${unread > 9 ? "9+" : unread}</span>` : nothing}
      </button>
      <p class="visually-hidden" role="status">${this.open ? "" : this.announcement}</p>`;
  }

  #panel(covered: boolean): TemplateResult {
    const { conversation, linkState } = this.model;
    const agent = conversation?.owner === "agent" ? conversation.agent : null;
    const reading = this.articles?.open ?? null;
    return html`<section class="panel" role="dialog" aria-modal=${covered ? "true" : "false"} aria-labelledby="title" tabindex="-1" data-testid="widget-panel" @keydown=${this.#keydown}>
      <div class="head">
        <span class="who ${agent ? "agent" : ""}" aria-hidden="true">${agent ? initials(agent.name) : mark(20)}</span>
        <div class="names">
          <h2 id="title" dir="auto" title=${this.titleText}>${this.titleText}</h2>
          <p class="status" role="status" data-testid="widget-status" dir="auto">${statusWords(conversation, linkState)}</p>
        </div>
        <button type="button" class="icon-button" aria-label="Close" data-testid="widget-close" @click=${() => this.hide()}>${icon("close", 20)}</button>
      </div>
      ${this.#personBar()}
      ${this.#banners()}
      ${reading === null ? nothing : html`<baton-article .open=${reading} .base=${this.base} @baton-article=${this.#read}
        @baton-article-close=${this.#stopReading}></baton-article>`}
      <baton-log ?hidden=${reading !== null} .model=${this.model} .base=${this.base} .suggestions=${this.suggestions} .revision=${this.revision}
        .articles=${this.articles?.articles ?? []} .reads=${this.articles !== null} @baton-article=${this.#read}
        @baton-press=${this.#press}
        @baton-retry=${(e: CustomEvent<{ clientId: string }>) => this.model.retry(e.detail.clientId)}
        @baton-discard=${(e: CustomEvent<{ clientId: string }>) => this.model.discard(e.detail.clientId)}
        @baton-suggestion=${this.#say}>${this.#after()}</baton-log>
      <baton-composer .disabled=${this.#writingBlocked()} .placeholder=${this.#placeholder()}
        @baton-say=${this.#say} @baton-typing=${(e: CustomEvent<{ on: boolean }>) => this.model.typing(e.detail.on)}></baton-composer>
    </section>`;
  }

  /** While the bot owns the conversation a person is one press away, whatever state the bot is in. */
  #personBar(): TemplateResult | typeof nothing {
    const owner = this.model.conversation?.owner ?? "bot";
    if (owner !== "bot" || this.model.linkState === "refused") return nothing;
    const { state, problem } = this.model.requests.person;
    return html`<div class="person">
      <span>${state === "failed" ? html`<span class="problem" role="alert">${problem}</span>` : "Prefer a person?"}</span>
      <button type="button" class="button" data-testid="widget-person" ?disabled=${this.model.conversation === null} aria-disabled=${state === "sending" ? "true" : "false"}
        @click=${this.#askForPerson}>${icon("person", 16)} ${state === "sending" ? "Asking…" : "Talk to a person"}</button>
    </div>`;
  }

  #banners(): TemplateResult {
    const { conversation, linkState, linkProblem, requests, unsent } = this.model;
    const bot = conversation?.owner === "bot" ? botBanner(conversation.bot) : null;
    // The region stands there before there is anything in it: one that comes together with its words is often not read out.
    return html`<div class="banners" role="status" aria-atomic="false">
      ${linkState === "offline" ? html`<div class="banner offline" data-testid="widget-offline">${icon("offline", 18)}
        <span>No connection. Reconnecting… What you write is kept, and sent if it is back soon.</span></div>` : nothing}
      ${bot === null ? nothing : html`<div class="banner bot" data-testid="widget-bot-state"><strong>${bot.title}</strong>${bot.detail}</div>`}
      ${conversation?.owner === "queue" ? this.#queue() : nothing}</div>
      ${linkState === "refused" ? html`<div class="banner refused" role="alert" data-testid="widget-refused"><strong>Chat is not available here</strong>${linkProblem}</div>` : nothing}
      ${unsent > 0 ? html`<div class="banner refused" role="alert" data-testid="widget-unsent">${unsentWords(unsent)}</div>` : nothing}
      ${requests.press.state === "failed" ? html`<div class="banner refused" role="alert">${requests.press.problem}</div>` : nothing}`;
  }

  #queue(): TemplateResult {
    const { conversation, requests } = this.model;
    const queue = conversation?.queue ?? null;
    const away = queue?.staffed === false;
    const words = queueWords(queue, now());
    return html`<div class="banner ${away ? "away" : "queue"}" data-testid="widget-queue">
      <p aria-atomic="true"><strong>${words.title}</strong>${words.detail}</p>
      ${away ? html`<baton-email .saved=${conversation?.email ?? ""} .account=${conversation?.customer?.email ?? ""} .busy=${requests.email.state === "sending"} .problem=${requests.email.problem ?? ""}
        @baton-email=${(e: CustomEvent<{ email: string }>) => this.model.saveEmail(e.detail.email)} @baton-email-done=${this.#goOn}></baton-email>` : nothing}
      ${conversation?.bot === "down" ? nothing : html`<baton-leave-queue .busy=${requests.withdraw.state === "sending"} .problem=${requests.withdraw.problem ?? ""}
        @baton-withdraw=${this.#withdraw}></baton-leave-queue>`}
    </div>`;
  }

  #after(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model.ratingWanted) {
      const claimed = model.messages.findLast((m) => m.notice?.type === "claimed");
      return html`<baton-rating .agent=${claimed?.notice?.agent ?? ""} .busy=${model.requests.rate.state === "sending"} .problem=${model.requests.rate.problem ?? ""}
        @baton-rate=${(e: CustomEvent<{ score: number; comment: string }>) => model.rate(e.detail.score, e.detail.comment)}
        @baton-rating-later=${() => model.dismissRating()}></baton-rating>`;
    }
    return nothing;
  }

  #writingBlocked(): boolean {
    return this.model.conversation?.owner === "closed" || this.model.linkState === "refused";
  }

  #placeholder(): string {
    const { conversation } = this.model;
    if (conversation?.owner === "closed") return "This conversation is closed";
    if (this.model.linkState === "refused") return "Not available here";
    const name = conversation?.owner === "agent" ? (conversation.agent?.name ?? "") : "";
    return name !== "" && name.length <= 24 ? `Write to ${name}…` : "Write a message…";
  }

  #askForPerson = (): void => {
    this.articles?.close();
    this.model.askForPerson();
  };

  #withdraw = (): void => this.model.withdraw();

  /** The buttons die with the press, and would take the focus with them. */
  #press = (event: CustomEvent<{ button: Button }>): void => {
    this.model.press(event.detail.button);
    this.#goOn();
  };

  #read = (event: CustomEvent<{ slug: string; title: string; from?: ArticleSource }>): void => {
    void this.articles?.read(event.detail.slug, event.detail.title, event.detail.from);
    void this.updateComplete.then(async () => {
      const reader = this.renderRoot.querySelector<ArticleReader>("baton-article");
      await reader?.updateComplete;
      reader?.focus();
    });
  };

  #stopReading = (): void => {
    const slug = this.articles?.open?.slug ?? "";
    this.articles?.close();
    void this.updateComplete.then(() => this.renderRoot.querySelector("baton-log")?.focusArticle(slug) === true || this.composer?.focus());
  };

  #say = (event: CustomEvent<{ text: string }>): void => {
    this.articles?.close(); // what was asked, and its answer, are in the conversation
    this.model.say(event.detail.text);
    this.renderRoot.querySelector("baton-log")?.toBottom();
  };

  #keydown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      this.hide();
    } else if (event.key === "Tab" && this.#narrow.matches) {
      this.#keepFocusInside(event);
    }
  };

  /** Full screen, the page behind is covered: Tab goes round within the panel. */
  #keepFocusInside(event: KeyboardEvent): void {
    const path = event.composedPath()[0];
    const close = this.renderRoot.querySelector<HTMLElement>('[data-testid="widget-close"]');
    const send = this.composer?.renderRoot.querySelector<HTMLButtonElement>('[data-testid="widget-send"]');
    const last = send?.disabled === false ? send : this.composer?.renderRoot.querySelector<HTMLElement>('[data-testid="widget-input"]');
    if (!event.shiftKey && path === last) {
      event.preventDefault();
      close?.focus();
    } else if (event.shiftKey && (path === close || path === this.panel)) {
      event.preventDefault();
      last?.focus();
    }
  }

  #changed = (): void => {
    this.#looked();
    this.revision += 1;
  };

  #arrived = (event: Event): void => {
    const message = (event as CustomEvent<Message>).detail;
    if (message.author.kind !== "customer") this.articles?.close(); // somebody speaks: that comes first
    if (!this.open && (message.author.kind === "bot" || message.author.kind === "agent")) this.announcement = `New message from ${message.author.name}`;
    this.#emit("baton-message", message);
  };

  #looked = (): void => {
    if (this.open && document.visibilityState === "visible") this.model.markSeen();
  };

  #emit(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "baton-log": import("./message-log.js").MessageLog;
  }
}
