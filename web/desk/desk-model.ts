/** What the desk knows and what an agent can do. Views render it. Every failure ends as a sentence in a toast or beside its cause. */
import { ServiceError, messageOf } from "../shared/errors.js";
import type { Author, Clock, Colleague, Counts, DeskEvent, Detail, Message, Priority, Row, Staff, View } from "../shared/protocol.js";
import type { DeskApi } from "./desk-api.js";
import { belongsTo, inOrder } from "./row-order.js";

export interface Toast { id: number; text: string; tone: "info" | "problem" }
export interface PendingReply { clientId: string; conversationId: string; epoch: number; mode: "reply" | "note"; text: string; state: "sending" | "failed"; problem: string | null }
export interface Draft { mode: "reply" | "note"; reply: string; note: string }

const TOAST_MS = 7_000;
const TYPING_SHOWN_MS = 6_000;
const REFRESH_MS = 800;
const EMPTY_DRAFT: Draft = { mode: "reply", reply: "", note: "" };

export class DeskModel extends EventTarget {
  staff: Staff | null = null;
  checked = false;
  view: View = "queue";
  rows: Row[] | null = null;
  counts: Counts = {};
  selected: string | null = null;
  detail: Detail | null = null;
  detailProblem: string | null = null;
  listProblem: string | null = null;
  connected = true;
  presence: "online" | "away" = "online";
  colleagues: Colleague[] = [];
  toasts: Toast[] = [];
  pending: PendingReply[] = [];
  busy: string | null = null;
  unread = new Set<string>();

  readonly #api: DeskApi;
  readonly #newId: () => string;
  readonly #drafts = new Map<string, Draft>();
  readonly #typists = new Map<string, Author>();
  readonly #typistTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #toastId = 0;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #rereadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: DeskApi, newId: () => string) {
    super();
    this.#api = api;
    this.#newId = newId;
  }

  get api(): DeskApi {
    return this.#api;
  }

  // ---- signing in --------------------------------------------------------------------------------------------------

  async checkSession(): Promise<void> {
    try {
      this.staff = await this.#api.session();
    } catch (error) {
      this.staff = null;
      if (!(error instanceof ServiceError && error.body.code === "unauthenticated")) this.toast(messageOf(error), "problem");
    }
    this.checked = true;
    this.#changed();
  }

  /** Throws what the service said, for the form to show. */
  async signIn(email: string, password: string): Promise<void> {
    this.staff = await this.#api.signIn(email, password);
    this.#changed();
  }

  async signOut(): Promise<void> {
    await this.#try(() => this.#api.signOut());
    this.#signedOut();
  }

  #signedOut(): void {
    this.staff = null;
    this.rows = null;
    this.detail = null;
    this.selected = null;
    this.counts = {};
    this.pending = [];
    this.#drafts.clear();
    this.#changed();
  }

  async setPresence(state: "online" | "away"): Promise<void> {
    const before = this.presence;
    this.presence = state;
    this.#changed();
    const done = await this.#try(() => this.#api.presence(state));
    if (!done) this.presence = before;
    this.#changed();
  }

  // ---- lists -------------------------------------------------------------------------------------------------------

  async show(view: View): Promise<void> {
    if (this.view !== view) this.rows = null;
    this.view = view;
    this.#changed();
    await this.refresh();
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = undefined;
    const { view } = this;
    try {
      const list = await this.#api.list(view);
      if (view !== this.view) return;
      this.rows = view === "queue" || view === "mine" ? inOrder(list.conversations) : list.conversations;
      this.counts = list.counts;
      this.listProblem = null;
    } catch (error) {
      if (this.#lostSession(error)) return;
      if (view === this.view) this.listProblem = messageOf(error);
    }
    this.#changed();
  }

  #refreshSoon(): void {
    this.#refreshTimer ??= setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  // ---- one conversation --------------------------------------------------------------------------------------------

  async open(id: string | null): Promise<void> {
    this.selected = id;
    this.detailProblem = null;
    if (this.detail?.row.id !== id) this.detail = null;
    if (id !== null) this.unread.delete(id);
    this.#changed();
    if (id !== null) await this.reread();
  }

  async reread(): Promise<void> {
    const id = this.selected;
    if (id === null) return;
    try {
      const detail = await this.#api.detail(id);
      if (id === this.selected) this.#takeDetail(detail);
    } catch (error) {
      if (this.#lostSession(error) || id !== this.selected) return;
      this.detailProblem = messageOf(error);
    }
    this.#changed();
  }

  /** What a message does to clocks and ticket is not in its event: read the conversation again when the burst is over. */
  #rereadSoon(): void {
    clearTimeout(this.#rereadTimer);
    this.#rereadTimer = setTimeout(() => void this.reread(), REFRESH_MS);
  }

  #takeDetail(detail: Detail): void {
    this.detail = { ...detail, messages: [...detail.messages].sort((a, b) => a.seq - b.seq) };
    this.detailProblem = null;
    this.#takeRow(detail.row);
  }

  get isMine(): boolean {
    const row = this.detail?.row;
    return row?.owner === "agent" && row.agent?.id === this.staff?.id;
  }

  async claim(): Promise<void> {
    await this.#act("claim", async (row) => {
      this.#takeDetail(await this.#api.claim(row.id, row.epoch));
      this.toast("It is yours. The customer has been told.", "info");
      this.dispatchEvent(new Event("claimed"));
    });
  }

  async resolve(note: string): Promise<void> {
    await this.#act("resolve", async (row) => {
      await this.#api.resolve(row.id, row.epoch, note.trim());
      this.toast("Resolved. The customer is asked for a rating.", "info");
    });
  }

  async returnToBot(): Promise<void> {
    await this.#act("return", async (row) => {
      await this.#api.returnToBot(row.id, row.epoch);
      this.toast("Given back to the bot. The ticket is resolved.", "info");
    });
  }

  async release(): Promise<void> {
    await this.#act("release", async (row) => {
      await this.#api.release(row.id, row.epoch);
      this.toast("Back in the queue.", "info");
    });
  }

  async override(change: { priority?: Priority; category?: string }): Promise<void> {
    const ticket = this.detail?.ticket;
    if (!ticket) return;
    await this.#act("override", async () => {
      await this.#api.override(ticket.id, change);
    });
  }

  /** One action at a time; whatever comes of it, what the service holds is read again. */
  async #act(name: string, action: (row: Row) => Promise<void>): Promise<void> {
    const row = this.detail?.row;
    if (!row || this.busy !== null) return;
    this.busy = name;
    this.#changed();
    try {
      await action(row);
    } catch (error) {
      if (!this.#lostSession(error)) this.toast(messageOf(error), "problem");
    }
    this.busy = null;
    this.#changed();
    await Promise.all([this.reread(), this.refresh()]);
  }

  // ---- writing -----------------------------------------------------------------------------------------------------

  draft(id: string): Draft {
    return this.#drafts.get(id) ?? EMPTY_DRAFT;
  }

  setDraft(id: string, draft: Draft): void {
    this.#drafts.set(id, draft);
    this.#changed();
  }

  async send(mode: "reply" | "note", text: string): Promise<void> {
    const row = this.detail?.row;
    const words = text.trim();
    if (!row || words === "") return;
    const { id, epoch } = row;
    const pending: PendingReply = { clientId: this.#newId(), conversationId: id, epoch, mode, text: words, state: "sending", problem: null };
    this.pending = [...this.pending, pending];
    this.setDraft(id, { ...this.draft(id), [mode]: "" });
    await this.#deliver(pending);
  }

  async retry(clientId: string): Promise<void> {
    const pending = this.pending.find((p) => p.clientId === clientId);
    if (pending) await this.#deliver(pending);
  }

  /** Takes a failed message back into the composer, to be changed or copied. */
  takeBack(clientId: string): void {
    const pending = this.pending.find((p) => p.clientId === clientId);
    if (!pending) return;
    this.pending = this.pending.filter((p) => p.clientId !== clientId);
    const draft = this.draft(pending.conversationId);
    const text = [pending.text, draft[pending.mode]].filter(Boolean).join("\n");
    this.setDraft(pending.conversationId, { ...draft, mode: pending.mode, [pending.mode]: text });
  }

  async #deliver(pending: PendingReply): Promise<void> {
    const { clientId, conversationId, mode, text } = pending;
    this.#pendingIs(clientId, "sending", null);
    const epoch = this.detail?.row.id === conversationId ? this.detail.row.epoch : pending.epoch;
    try {
      const message = mode === "reply" ? await this.#api.reply(conversationId, epoch, clientId, text) : await this.#api.note(conversationId, clientId, text);
      this.pending = this.pending.filter((p) => p.clientId !== clientId);
      this.#takeMessage(conversationId, message);
    } catch (error) {
      if (this.#lostSession(error)) return;
      this.#pendingIs(clientId, "failed", messageOf(error));
      if (error instanceof ServiceError && error.body.code === "stale_epoch") void Promise.all([this.reread(), this.refresh()]);
    }
    this.#changed();
  }

  #pendingIs(clientId: string, state: PendingReply["state"], problem: string | null): void {
    this.pending = this.pending.map((p) => (p.clientId === clientId ? { ...p, state, problem } : p));
    this.#changed();
  }

  typistIn(id: string): Author | null {
    return this.#typists.get(id) ?? null;
  }

  // ---- events ------------------------------------------------------------------------------------------------------

  lineIs(connected: boolean): void {
    this.connected = connected;
    this.#changed();
  }

  take(event: DeskEvent): void {
    switch (event.event) {
      case "conversation":
        if (event.data.removed) this.rows = this.rows?.filter((row) => row.id !== event.data.row.id) ?? null;
        else this.#takeRow(event.data.row);
        if (event.data.row.id === this.selected && event.data.row.epoch !== this.detail?.row.epoch) void this.reread();
        else if (event.data.row.id === this.selected && this.detail) this.detail = { ...this.detail, row: event.data.row };
        break;
      case "message":
        this.#takeMessage(event.data.conversation_id, event.data.message);
        break;
      case "typing":
        this.#takeTyping(event.data.conversation_id, event.data.author, event.data.on);
        break;
      case "clock":
        this.#takeClock(event.data.conversation_id, event.data.clock);
        break;
      case "presence":
        this.colleagues = event.data.agents;
        break;
      case "counts":
        // An empty object says only that they changed.
        if (Object.keys(event.data).length === 0) this.#refreshSoon();
        else this.counts = "counts" in event.data ? event.data.counts : event.data;
        break;
    }
    this.#changed();
  }

  #takeRow(row: Row): void {
    if (this.rows === null) return;
    if (this.view === "bot" || this.view === "resolved") {
      // Whether a ticket is resolved is not in a row: the service's own list says.
      this.rows = this.rows.map((known) => (known.id === row.id ? row : known));
      this.#refreshSoon();
      return;
    }
    const others = this.rows.filter((known) => known.id !== row.id);
    const arrived = this.view === "queue" && row.owner === "queue" && others.length === this.rows.length;
    this.rows = inOrder(belongsTo(row, this.view, this.staff?.id ?? null) ? [...others, row] : others);
    if (arrived) this.dispatchEvent(new CustomEvent("arrived", { detail: row }));
  }

  #takeMessage(id: string, message: Message): void {
    if (message.author.kind === "customer") {
      this.#typists.delete(id);
      if (id !== this.selected) this.unread.add(id);
      this.dispatchEvent(new CustomEvent("customer-message", { detail: { id } }));
    }
    this.pending = this.pending.filter((p) => p.clientId !== message.client_id);
    if (this.detail?.row.id !== id) return;
    this.#rereadSoon();
    const others = this.detail.messages.filter((known) => known.id !== message.id);
    this.detail = { ...this.detail, messages: [...others, message].sort((a, b) => a.seq - b.seq) };
  }

  #takeTyping(id: string, author: Author, on: boolean): void {
    clearTimeout(this.#typistTimers.get(id));
    if (!on) {
      this.#typists.delete(id);
      return;
    }
    this.#typists.set(id, author);
    this.#typistTimers.set(id, setTimeout(() => {
      this.#typists.delete(id);
      this.#changed();
    }, TYPING_SHOWN_MS));
  }

  #takeClock(id: string, clock: Clock): void {
    this.rows = this.rows?.map((row) => (row.id === id && row.clock?.metric === clock.metric ? { ...row, clock } : row)) ?? null;
    if (this.detail?.row.id === id) {
      this.detail = { ...this.detail, clocks: [...this.detail.clocks.filter((c) => c.metric !== clock.metric || c.started_at !== clock.started_at), clock] };
    }
    if (clock.state === "breached") {
      const row = this.rows?.find((known) => known.id === id);
      if (row) this.toast(`${row.number ?? row.customer.name ?? "A conversation"}: ${clock.metric.replace("_", " ")} is overdue.`, "problem");
    }
  }

  // ---- what went wrong ---------------------------------------------------------------------------------------------

  toast(text: string, tone: Toast["tone"]): void {
    const id = (this.#toastId += 1);
    this.toasts = [...this.toasts.slice(-2), { id, text, tone }];
    setTimeout(() => this.dismiss(id), tone === "problem" ? TOAST_MS * 2 : TOAST_MS);
    this.#changed();
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.#changed();
  }

  async #try(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!this.#lostSession(error)) this.toast(messageOf(error), "problem");
      return false;
    }
  }

  #lostSession(error: unknown): boolean {
    if (!(error instanceof ServiceError) || error.body.code !== "unauthenticated") return false;
    if (this.staff !== null) this.toast("You have been signed out. Sign in again; your place is kept.", "problem");
    this.#signedOut();
    return true;
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
