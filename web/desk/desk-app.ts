/** The desk: sign-in or three columns, the address bar, the keyboard, toasts. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { icon, initials, mark } from "../shared/icons.js";
import type { Priority, View } from "../shared/desk-protocol.js";
import { base, tokens } from "../shared/tokens.js";
import type { ClockHistoryDialog } from "./clock-history.js";
import type { ConversationView } from "./conversation-view.js";
import type { DeskModel } from "./desk-model.js";
import type { DeskSocket } from "./desk-socket.js";
import { deskStyle } from "./desk-style.js";
import type { NotificationsDialog } from "./notifications-dialog.js";
import type { OwnSettings } from "./own-settings.js";
import { type DeskPage, pagesFor, type PageId } from "./pages.js";
import { hashOf, placeOf } from "./place.js";
import { ring } from "./ring.js";
import type { RowListView } from "./row-list.js";
import { actionOf, SHORTCUTS, type Action } from "./shortcuts.js";

export class DeskApp extends LitElement {
  static define(tag = "desk-app"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [tokens, base, deskStyle];

  @property({ attribute: false }) model!: DeskModel;
  @property({ attribute: false }) socket!: DeskSocket;
  @state() private revision = 0;
  @state() private panelOpen = false;
  @state() private sound = false;
  @query("desk-list") private readonly list!: RowListView | null;
  @query("desk-conversation") private readonly conversation!: ConversationView | null;
  @query("desk-own-settings") private readonly own!: OwnSettings | null;
  @query("desk-notifications") private readonly told!: NotificationsDialog | null;
  @query("#shortcuts") private readonly shortcuts!: HTMLDialogElement | null;
  #signedIn: string | null = null;
  /** The list gets the focus as soon as it has been read: somebody has just signed in. */
  #listNext = false;
  /** What a notification told of gets the focus as soon as it is shown: its line is gone with the dialog. */
  #mainNext = false;
  readonly #phone = window.matchMedia("(max-width: 719px)");

  override connectedCallback(): void {
    super.connectedCallback();
    this.model.addEventListener("change", this.#changed);
    this.model.addEventListener("claimed", this.#claimed);
    this.model.addEventListener("acted", this.#acted);
    this.model.addEventListener("arrived", this.#ring);
    this.#phone.addEventListener("change", this.#changed);
    window.addEventListener("hashchange", this.#navigated);
    window.addEventListener("keydown", this.#keydown);
    window.addEventListener("beforeunload", this.#leaves);
    void this.model.session.check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.model.removeEventListener("change", this.#changed);
    this.model.removeEventListener("claimed", this.#claimed);
    this.model.removeEventListener("acted", this.#acted);
    this.model.removeEventListener("arrived", this.#ring);
    this.#phone.removeEventListener("change", this.#changed);
    window.removeEventListener("hashchange", this.#navigated);
    window.removeEventListener("keydown", this.#keydown);
    window.removeEventListener("beforeunload", this.#leaves);
  }

  override willUpdate(): void {
    const id = this.model.staff?.id ?? null;
    if (id === this.#signedIn) return;
    this.#signedIn = id;
    if (id === null) {
      this.socket.stop();
    } else {
      // Not within an update: what these change is rendered by the next one.
      queueMicrotask(() => {
        this.#begin();
      });
    }
  }

  #begin(): void {
    if (this.model.session.answers) {
      this.socket.start();
      void this.model.notifications.refresh();
    }
    this.#navigated();
    if (this.#pages.some(({ id }) => id === "feedback")) void this.model.reviewTasks.count();
  }

  get #pages(): DeskPage[] {
    return this.model.staff === null ? [] : pagesFor(this.model.staff.role);
  }

  /** What is shown where no page was chosen: a conversation; to who sees none their first page, but on a phone, where pages are chosen first. */
  get #firstPage(): PageId | null {
    return this.model.session.answers || this.#phone.matches ? null : (this.#pages[0]?.id ?? null);
  }

  override updated(): void {
    if (this.#listNext && (this.model.rows !== null || !this.model.session.answers)) {
      this.#listNext = false;
      this.#acted();
    }
    if (this.#mainNext && this.model.selected !== null) {
      this.#mainNext = false;
      this.#skip();
    }
    this.socket.watch(this.model.view, this.model.page === null ? this.model.selected : null);
    const waiting = this.model.counts.queue ?? 0;
    document.title = this.model.staff === null ? "Sign in · Baton desk" : `${waiting > 0 ? `(${waiting}) ` : ""}Baton desk`;
  }

  override render(): TemplateResult {
    const { model } = this;
    if (!model.session.checked) return html`<p class="loading" role="status">Opening the desk…</p>`;
    if (model.staff === null) return html`<desk-sign-in .signIn=${this.#signIn}></desk-sign-in>${this.#toasts()}`;
    if (model.staff.password_once === true) return html`<desk-own-settings first .session=${model.session}></desk-own-settings>${this.#toasts()}`;
    const { detail, selected } = model;
    const page = this.#pages.find(({ id }) => id === model.page) ?? null;
    const { answers } = model.session;
    return html`<div class="desk ${selected === null && page === null ? "" : "reading"} ${page === null ? "" : "paged"} ${model.connected ? "" : "bannered"}"
        @desk-open=${(e: CustomEvent<string>) => this.#go(this.model.view, e.detail)} @desk-view=${(e: CustomEvent<View>) => this.#go(e.detail, null)}
        @desk-history=${() => void this.#history()} @desk-page=${(e: CustomEvent<PageId>) => this.#go(this.model.view, null, e.detail)} @desk-back=${() => this.#back()} @desk-note=${() => this.#write("note")} @desk-panel=${this.#togglePanel} @desk-leave-composer=${() => this.list?.focus()}
        @desk-typing=${(e: CustomEvent<{ on: boolean }>) => model.selected !== null && this.socket.typing(model.selected, e.detail.on)}
        @desk-override=${(e: CustomEvent<{ priority?: Priority; category?: string }>) => void model.actions.override(e.detail)}>
        ${model.connected ? nothing : html`<div class="banner" role="status" data-testid="desk-offline">${icon("offline", 16)} No live connection. Reconnecting; what you see may be old.</div>`}
        <section class="left" aria-label=${answers ? "Conversations" : "Pages"} role=${this.#phone.matches && selected === null && page === null ? "main" : "region"}>
          <button type="button" class="skip" @click=${this.#skip}>Skip to the ${page === null ? "conversation" : "page"}</button>
          <div class="brand"><span class="mark">${mark(16)}</span><h1>Baton<span class="visually-hidden"> desk</span></h1><span class="grow"></span>
            ${answers ? this.#duty() : nothing}</div>
          <desk-list .model=${model} .revision=${this.revision}></desk-list>
          ${this.#phone.matches ? nothing : this.#toasts()}
          <div class="me"><span class="avatar" aria-hidden="true">${initials(model.staff.name)}</span><span class="name" title=${model.staff.email}>${model.staff.name}</span>
            <button type="button" class="icon-button" aria-label="Your settings" title="Your settings" data-testid="desk-own" @click=${() => this.own?.open()}>${icon("settings")}</button>
            ${!answers ? nothing : html`<button type="button" class="icon-button" aria-pressed=${this.sound ? "true" : "false"} aria-label="Sound when someone starts waiting" title=${this.sound ? "Sound is on" : "Sound is off"} data-testid="desk-sound"
              @click=${() => (this.sound = !this.sound)}>${icon(this.sound ? "sound" : "soundOff")}</button>
            <button type="button" class="icon-button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" data-testid="desk-shortcuts" @click=${() => this.shortcuts?.showModal()}>${icon("keyboard")}</button>`}
            <button type="button" class="icon-button" aria-label="Sign out" title="Sign out" data-testid="desk-signout" @click=${() => void model.session.signOut()}>${icon("signOut")}</button></div>
        </section>
        ${page !== null ? html`<main class="middle" id="main" tabindex="-1" aria-label=${page.name}>${page.render(model, this.revision)}</main>` : html`<main class="middle" id="main" tabindex="-1" aria-label="Conversation"><desk-conversation .model=${model} .revision=${this.revision} .panelOpen=${this.panelOpen}></desk-conversation></main>
        <aside class="right ${this.panelOpen && selected !== null ? "open" : ""}" aria-label="Customer and ticket">
          <div class="panel-head">Details<button type="button" class="icon-button" aria-label="Close details" data-testid="desk-details-close" @click=${this.#closePanel}>${icon("close")}</button></div>
          ${detail === null ? html`<p class="nothing">${selected === null ? "The customer's account and the reason for the handoff appear here." : ""}</p>`
            : html`<desk-context .detail=${detail} .busy=${model.busy !== null}></desk-context>`}
        </aside>`}
      </div>
      ${this.#phone.matches ? this.#toasts() : nothing}
      <desk-clock-history .read=${model.api.history} .lostSession=${(error: unknown) => model.session.lost(error)}></desk-clock-history>
      <desk-own-settings .session=${model.session}></desk-own-settings>
      <desk-notifications .told=${model.notifications} .revision=${this.revision} @desk-open=${this.#openTold}></desk-notifications>
      <dialog id="shortcuts" aria-labelledby="shortcuts-title"><h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <dl>${SHORTCUTS.map((s) => html`<dt><kbd>${s.shown}</kbd></dt><dd>${s.words}</dd>`)}<dt><kbd>Enter</kbd></dt><dd>Open the conversation in focus</dd><dt><kbd>Ctrl + Enter</kbd></dt><dd>Send</dd></dl>
        <form method="dialog" class="row"><button class="button">Close</button></form></dialog>`;
  }

  #duty(): TemplateResult {
    const { presence } = this.model.session;
    return html`${this.#bell()}
      <button type="button" role="switch" class="presence" aria-checked=${presence === "online" ? "true" : "false"} aria-label="Available for customers" data-testid="desk-presence"
        @click=${this.#togglePresence}><i></i>${presence === "online" ? "Online" : "Away"}</button>`;
  }

  #bell(): TemplateResult {
    const { unread } = this.model.notifications;
    const words = unread === 0 ? "Notifications" : `Notifications, ${unread} unread`;
    return html`<button type="button" class="icon-button bell" aria-label=${words} title=${`${words} (b)`} aria-haspopup="dialog" data-testid="desk-bell" @click=${() => this.told?.open()}>${icon("bell")}
        ${unread === 0 ? nothing : html`<b class="badge" aria-hidden="true" data-testid="desk-unread">${unread > 9 ? "9+" : unread}</b>`}</button>
      <span class="visually-hidden" role="status">${unread === 0 ? "" : `${unread} unread ${unread === 1 ? "notification" : "notifications"}`}</span>`;
  }

  async #history(): Promise<void> {
    const ticket = this.model.detail?.ticket?.id;
    if (ticket !== undefined) await this.renderRoot.querySelector<ClockHistoryDialog>("desk-clock-history")?.open(ticket);
  }

  #toasts(): TemplateResult {
    return html`<div class="toasts" role="status" aria-live="polite" data-testid="desk-toasts">${this.model.toasts.map((toast) => html`<div class="toast ${toast.tone}" data-testid="desk-toast"><span>${toast.text}</span>
      <button type="button" class="icon-button" aria-label="Dismiss" @click=${() => this.model.dismiss(toast.id)}>${icon("close", 14)}</button></div>`)}</div>`;
  }

  #signIn = async (email: string, password: string): Promise<string | null> => {
    try {
      await this.model.session.signIn(email, password);
      this.#listNext = true;
      return null;
    } catch (error) {
      return messageOf(error);
    }
  };

  #togglePanel = (): void => {
    if (this.panelOpen) {
      this.#closePanel();
      return;
    }
    this.panelOpen = true;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[data-testid="desk-details-close"]')?.focus());
  };

  #closePanel = (): void => {
    this.panelOpen = false;
    void this.updateComplete.then(() => this.conversation?.focusDetails());
  };

  #togglePresence = (): void => {
    const state = this.model.session.presence === "online" ? "away" : "online";
    this.socket.presence(state);
    void this.model.session.setPresence(state);
  };

  #changed = (): void => {
    this.revision += 1;
  };

  #claimed = (): void => {
    this.#go("mine", this.model.selected);
    void this.updateComplete.then(() => requestAnimationFrame(() => this.#write("reply")));
  };

  /** What was pressed is gone or has died, and the focus with it: go on in the list, or in what a phone shows instead of it. */
  #acted = (): void => {
    void this.updateComplete.then(async () => {
      await this.list?.updateComplete;
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (!lost) return;
      if (this.#phone.matches && this.model.selected !== null) this.conversation?.focusBack();
      else this.list?.focus();
    });
  };

  // ---- place: the address bar holds view and conversation, so that a reload or a shared link comes back to it ----------

  #go(view: View, id: string | null, page?: PageId): void {
    const hash = hashOf({ view, id, page });
    if (location.hash === hash) this.#navigated();
    else location.hash = hash;
  }

  #openTold = (event: CustomEvent<string>): void => {
    this.#mainNext = true;
    this.#go(this.model.view, event.detail);
    this.requestUpdate(); // it may be open already, and nothing else changes
  };

  #back(): void {
    this.#go(this.model.view, null);
    void this.updateComplete.then(() => this.list?.focus());
  }

  #navigated = (): void => {
    if (this.model.staff === null) return;
    const place = placeOf(location.hash);
    this.model.openPage(place.page ?? this.#firstPage, place.part ?? null);
    if (place.id === null) this.panelOpen = false;
    if (!this.model.session.answers) return;
    if (this.model.floor.now === null) void this.model.floor.read();
    if (place.view !== this.model.view || this.model.rows === null) void this.model.lists.show(place.view);
    if (place.id !== this.model.selected || this.model.detail === null) void this.model.open(place.id);
  };

  /** Rules and articles that were not saved outlast another page and another session, but not the tab: the browser asks. */
  #leaves = (event: BeforeUnloadEvent): void => {
    if (this.model.rulesDraft !== null || this.model.studio.unsaved) event.preventDefault();
  };

  #skip = (): void => {
    this.renderRoot.querySelector<HTMLElement>("#main")?.focus();
  };

  // ---- keyboard ----------------------------------------------------------------------------------------------------

  #keydown = (event: KeyboardEvent): void => {
    if (this.model.staff === null || event.defaultPrevented) return;
    const action = actionOf(event);
    if (action === null || (action !== "back" && !this.model.session.answers) || dialogIsOpen(this.renderRoot)) return;
    event.preventDefault();
    this.#do(action);
  };

  #do(action: Action): void {
    const id = this.model.selected;
    switch (action) {
      case "next": this.list?.move(1); break;
      case "previous": this.list?.move(-1); break;
      case "claim": if (this.model.detail?.row.owner === "queue") void this.model.actions.claim(); break;
      case "reply": this.#write("reply"); break;
      case "note": this.#write("note"); break;
      case "articles": this.conversation?.searchArticles(); break;
      case "transfer": this.conversation?.openTransfer(); break;
      case "takeover": this.conversation?.openTakeOver(); break;
      case "colleagues": if (this.model.session.supervises) this.#go("colleagues", id); break;
      case "team": this.#go(this.model.view, null, "team"); break;
      case "resolve": this.conversation?.openResolve(); break;
      case "queue": this.#go("queue", id); break;
      case "mine": this.#go("mine", id); break;
      case "notifications": this.told?.open(); break;
      case "shortcuts": this.shortcuts?.showModal(); break;
      case "back": if (this.panelOpen) this.#closePanel(); else if (id !== null || this.model.page !== null) this.#back(); break;
    }
  }

  #write(mode: "reply" | "note"): void {
    const id = this.model.detail?.row.id;
    if (id === undefined) return;
    this.model.setDraft(id, { ...this.model.draft(id), mode });
    void this.updateComplete.then(() => this.conversation?.focusReply());
  }

  /** Only where the agent asked for sound. */
  #ring = (): void => {
    if (this.sound) ring();
  };
}

/** Whether a dialog covers the page. The event's path does not tell: Tab leads from a dialog's last button to the body, and from there keys act behind it. */
function dialogIsOpen(root: ParentNode): boolean {
  return root.querySelector("dialog[open]") !== null || [...root.querySelectorAll("*")].some((one) => one.shadowRoot !== null && dialogIsOpen(one.shadowRoot));
}
