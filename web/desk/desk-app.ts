/** The desk: sign-in or three columns, the address bar, the keyboard, toasts. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { icon, initials, mark } from "../shared/icons.js";
import type { Priority, View } from "../shared/protocol.js";
import { base, tokens } from "../shared/tokens.js";
import type { ConversationView } from "./conversation-view.js";
import type { DeskModel } from "./desk-model.js";
import type { DeskSocket } from "./desk-socket.js";
import { hashOf, placeOf } from "./place.js";
import type { RowListView } from "./row-list.js";
import { actionOf, SHORTCUTS, type Action } from "./shortcuts.js";

export class DeskApp extends LitElement {
  static define(tag = "desk-app"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [tokens, base, css`
    :host { display: block; min-height: 100dvh; background: var(--bg); font-size: 14px; line-height: 1.45; }
    .desk { display: grid; grid-template: minmax(0, 1fr) / 344px minmax(0, 1fr) 340px; height: 100dvh; }
    .desk.bannered { grid-template: auto minmax(0, 1fr) / 344px minmax(0, 1fr) 340px; }
    .skip { position: absolute; z-index: 20; top: 8px; inset-inline-start: 8px; padding: 8px 12px; border: 0; border-radius: var(--radius-s); background: var(--accent); color: var(--on-accent); font-weight: 600; transform: translateY(-200%); }
    .skip:focus { transform: none; }
    .banner { grid-column: 1 / -1; display: flex; gap: 8px; align-items: center; justify-content: center; padding: 6px 16px; background: var(--warn-soft); color: var(--warn-text); font-size: 13px; font-weight: 550; }
    .left { display: flex; flex-direction: column; min-height: 0; background: var(--surface); border-inline-end: 1px solid var(--border); }
    .brand { display: flex; align-items: center; gap: 10px; padding: 12px 12px 8px 16px; min-height: 56px; font-weight: 650; font-size: 15px; letter-spacing: -.01em; }
    .brand h1 { font-size: inherit; font-weight: inherit; }
    .brand .mark { display: grid; place-items: center; width: 26px; height: 26px; border-radius: 8px; background: var(--accent); color: var(--on-accent); }
    .brand .grow { flex: 1; }
    .presence { display: inline-flex; align-items: center; gap: 7px; min-height: 28px; padding: 0 10px; border: 1px solid var(--border); border-radius: 14px; background: var(--bg); font-size: 12px; font-weight: 550; color: var(--text-2); }
    .presence:hover { border-color: var(--border-strong); }
    .presence i { width: 8px; height: 8px; border-radius: 50%; border: 2px solid var(--text-3); }
    .presence[aria-checked="true"] i { background: var(--accent); border-color: var(--accent); }
    .me { display: flex; align-items: center; gap: 8px; padding: 8px 8px 8px 16px; border-top: 1px solid var(--border); }
    .me .avatar { display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; background: var(--info-soft); color: var(--info-text); font-size: 11px; font-weight: 650; flex: none; }
    .me .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13px; font-weight: 550; }
    .middle { display: flex; min-width: 0; min-height: 0; }
    .right { min-height: 0; display: flex; flex-direction: column; border-inline-start: 1px solid var(--border); background: var(--bg); }
    .right desk-context { flex: 1; }
    .right .nothing { padding: 24px 20px; color: var(--text-3); font-size: 13px; }
    .panel-head { display: none; align-items: center; justify-content: space-between; padding: 8px 8px 8px 20px; border-bottom: 1px solid var(--border); font-weight: 650; }
    .toasts { position: fixed; z-index: 30; top: 116px; inset-inline-start: 50%; transform: translateX(-50%); display: grid; gap: 8px; justify-items: center; width: min(480px, calc(100vw - 32px)); pointer-events: none; }
    .toast { display: flex; align-items: center; gap: 10px; padding: 6px 6px 6px 14px; border-radius: var(--radius); background: var(--text); color: var(--bg); box-shadow: var(--shadow); font-size: 13px; pointer-events: auto; max-width: 100%; }
    .toast.problem { background: var(--danger-soft); color: var(--danger-text); border: 1px solid var(--danger); }
    .toast span { overflow-wrap: anywhere; }
    .toast .icon-button { color: inherit; width: 28px; height: 28px; } .toast .icon-button:hover { background: rgb(128 128 128 / .25); }
    dialog { width: min(460px, calc(100vw - 32px)); padding: 24px; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
    dialog::backdrop { background: rgb(10 15 12 / .45); }
    dialog h2 { font-size: 16px; font-weight: 650; margin-bottom: 12px; }
    dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 8px 20px; align-items: center; font-size: 13px; }
    kbd { padding: 2px 7px; border: 1px solid var(--border); border-bottom-width: 2px; border-radius: 5px; background: var(--surface); font: inherit; font-size: 12px; white-space: nowrap; }
    dialog .row { display: flex; justify-content: flex-end; margin-top: 20px; }
    .loading { display: grid; flex: 1; min-height: 100dvh; place-items: center; color: var(--text-3); }
    @media (max-width: 1279px) {
      .desk, .desk.bannered { grid-template-columns: 320px minmax(0, 1fr); }
      .right { display: none; position: fixed; z-index: 10; inset: 0 0 0 auto; width: min(360px, 100vw); box-shadow: var(--shadow); }
      .right.open { display: flex; }
      .panel-head { display: flex; }
    }
    @media (max-width: 719px) {
      .desk, .desk.bannered { grid-template-columns: minmax(0, 1fr); }
      .desk.reading .left, .desk:not(.reading) .middle { display: none; }
      .left { border: 0; }
      .right { width: 100vw; }
      /* There is no room beside anything: what is told stands above it, and covers nothing. */
      :host { display: flex; flex-direction: column; height: 100dvh; }
      .desk, .desk.bannered { flex: 1; min-height: 0; height: auto; }
      .toasts { position: static; order: -1; flex: none; transform: none; justify-items: stretch; width: auto; }
      .toasts:not(:empty) { padding: 8px 12px; }
      .toast { justify-content: space-between; box-shadow: none; }
      desk-sign-in { flex: 1; min-height: 0; }
    }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ attribute: false }) socket!: DeskSocket;
  @state() private revision = 0;
  @state() private panelOpen = false;
  @state() private sound = false;
  @query("desk-list") private readonly list!: RowListView | null;
  @query("desk-conversation") private readonly conversation!: ConversationView | null;
  @query("#shortcuts") private readonly shortcuts!: HTMLDialogElement | null;
  #signedIn: string | null = null;
  /** The list gets the focus as soon as it has been read: somebody has just signed in. */
  #listNext = false;
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
    void this.model.checkSession();
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
        this.socket.start();
        this.#navigated();
      });
    }
  }

  override updated(): void {
    if (this.#listNext && this.model.rows !== null) {
      this.#listNext = false;
      this.#acted();
    }
    const waiting = this.model.counts.queue ?? 0;
    document.title = this.model.staff === null ? "Sign in · Baton desk" : `${waiting > 0 ? `(${waiting}) ` : ""}Baton desk`;
  }

  override render(): TemplateResult {
    const { model } = this;
    if (!model.checked) return html`<p class="loading" role="status">Opening the desk…</p>`;
    if (model.staff === null) return html`<desk-sign-in .signIn=${this.#signIn}></desk-sign-in>${this.#toasts()}`;
    const { detail, selected } = model;
    return html`<div class="desk ${selected === null ? "" : "reading"} ${model.connected ? "" : "bannered"}"
        @desk-open=${(e: CustomEvent<string>) => this.#go(this.model.view, e.detail)} @desk-view=${(e: CustomEvent<View>) => this.#go(e.detail, null)}
        @desk-back=${() => this.#back()} @desk-panel=${this.#togglePanel} @desk-leave-composer=${() => this.list?.focus()}
        @desk-typing=${(e: CustomEvent<{ on: boolean }>) => model.selected !== null && this.socket.typing(model.selected, e.detail.on)}
        @desk-override=${(e: CustomEvent<{ priority?: Priority; category?: string }>) => void model.override(e.detail)}>
        ${model.connected ? nothing : html`<div class="banner" role="status" data-testid="desk-offline">${icon("offline", 16)} No live connection. Reconnecting; what you see may be old.</div>`}
        <section class="left" aria-label="Conversations" role=${this.#phone.matches && selected === null ? "main" : "region"}>
          <button type="button" class="skip" @click=${this.#skip}>Skip to the conversation</button>
          <div class="brand"><span class="mark">${mark(16)}</span><h1>Baton<span class="visually-hidden"> desk</span></h1><span class="grow"></span>
            <button type="button" role="switch" class="presence" aria-checked=${model.presence === "online" ? "true" : "false"} aria-label="Available for customers" data-testid="desk-presence"
              @click=${this.#togglePresence}><i></i>${model.presence === "online" ? "Online" : "Away"}</button></div>
          <desk-list .model=${model} .revision=${this.revision}></desk-list>
          <div class="me"><span class="avatar" aria-hidden="true">${initials(model.staff.name)}</span><span class="name" title=${model.staff.email}>${model.staff.name}</span>
            <button type="button" class="icon-button" aria-pressed=${this.sound ? "true" : "false"} aria-label="Sound when someone starts waiting" title=${this.sound ? "Sound is on" : "Sound is off"} data-testid="desk-sound"
              @click=${() => (this.sound = !this.sound)}>${icon(this.sound ? "bell" : "bellOff")}</button>
            <button type="button" class="icon-button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" data-testid="desk-shortcuts" @click=${() => this.shortcuts?.showModal()}>${icon("keyboard")}</button>
            <button type="button" class="icon-button" aria-label="Sign out" title="Sign out" data-testid="desk-signout" @click=${() => void model.signOut()}>${icon("signOut")}</button></div>
        </section>
        <main class="middle" id="main" tabindex="-1" aria-label="Conversation"><desk-conversation .model=${model} .revision=${this.revision} .panelOpen=${this.panelOpen}></desk-conversation></main>
        <aside class="right ${this.panelOpen && selected !== null ? "open" : ""}" aria-label="Customer and ticket">
          <div class="panel-head">Details<button type="button" class="icon-button" aria-label="Close details" data-testid="desk-details-close" @click=${this.#closePanel}>${icon("close")}</button></div>
          ${detail === null ? html`<p class="nothing">${selected === null ? "The customer's account and the reason for the handoff appear here." : ""}</p>`
            : html`<desk-context .detail=${detail} .busy=${model.busy !== null}></desk-context>`}
        </aside>
      </div>
      ${this.#toasts()}
      <dialog id="shortcuts" aria-labelledby="shortcuts-title"><h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <dl>${SHORTCUTS.map((s) => html`<dt><kbd>${s.shown}</kbd></dt><dd>${s.words}</dd>`)}<dt><kbd>Enter</kbd></dt><dd>Open the conversation in focus</dd><dt><kbd>Ctrl + Enter</kbd></dt><dd>Send</dd></dl>
        <form method="dialog" class="row"><button class="button">Close</button></form></dialog>`;
  }

  #toasts(): TemplateResult {
    return html`<div class="toasts" role="status" aria-live="polite" data-testid="desk-toasts">${this.model.toasts.map((toast) => html`<div class="toast ${toast.tone}" data-testid="desk-toast"><span>${toast.text}</span>
      <button type="button" class="icon-button" aria-label="Dismiss" @click=${() => this.model.dismiss(toast.id)}>${icon("close", 14)}</button></div>`)}</div>`;
  }

  #signIn = async (email: string, password: string): Promise<string | null> => {
    try {
      await this.model.signIn(email, password);
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
    const state = this.model.presence === "online" ? "away" : "online";
    this.socket.presence(state);
    void this.model.setPresence(state);
  };

  #changed = (): void => {
    this.revision += 1;
  };

  #claimed = (): void => {
    this.#go("mine", this.model.selected);
    void this.updateComplete.then(() => requestAnimationFrame(() => this.conversation?.focusReply()));
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

  #go(view: View, id: string | null): void {
    const hash = hashOf({ view, id });
    if (location.hash === hash) this.#navigated();
    else location.hash = hash;
  }

  #back(): void {
    this.#go(this.model.view, null);
    void this.updateComplete.then(() => this.list?.focus());
  }

  #navigated = (): void => {
    if (this.model.staff === null) return;
    const place = placeOf(location.hash);
    if (place.view !== this.model.view || this.model.rows === null) void this.model.show(place.view);
    if (place.id !== this.model.selected || this.model.detail === null) void this.model.open(place.id);
    if (place.id === null) this.panelOpen = false;
  };

  #skip = (): void => {
    this.renderRoot.querySelector<HTMLElement>("#main")?.focus();
  };

  // ---- keyboard ----------------------------------------------------------------------------------------------------

  #keydown = (event: KeyboardEvent): void => {
    if (this.model.staff === null || event.defaultPrevented) return;
    if (event.composedPath().some((node) => node instanceof HTMLDialogElement)) return;
    const action = actionOf(event);
    if (action === null) return;
    event.preventDefault();
    this.#do(action);
  };

  #do(action: Action): void {
    const id = this.model.selected;
    switch (action) {
      case "next": this.list?.move(1); break;
      case "previous": this.list?.move(-1); break;
      case "claim": if (this.model.detail?.row.owner === "queue") void this.model.claim(); break;
      case "reply": this.#write("reply"); break;
      case "note": this.#write("note"); break;
      case "articles": this.conversation?.searchArticles(); break;
      case "resolve": this.conversation?.openResolve(); break;
      case "queue": this.#go("queue", id); break;
      case "mine": this.#go("mine", id); break;
      case "shortcuts": this.shortcuts?.showModal(); break;
      case "back": if (this.panelOpen) this.#closePanel(); else if (id !== null) this.#back(); break;
    }
  }

  #write(mode: "reply" | "note"): void {
    const id = this.model.detail?.row.id;
    if (id === undefined) return;
    this.model.setDraft(id, { ...this.model.draft(id), mode });
    void this.updateComplete.then(() => this.conversation?.focusReply());
  }

  /** Two soft notes, made here; only where the agent asked for sound. */
  #ring = (): void => {
    if (!this.sound) return;
    const audio = new AudioContext();
    for (const [frequency, at] of [[660, 0], [880, 0.14]] as const) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.08, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at + 0.25);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.25);
    }
    setTimeout(() => void audio.close(), 600);
  };
}
