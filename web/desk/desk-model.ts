/** What the desk knows and what an agent can do. Views render it. Every failure ends as a sentence in a toast or beside its cause. */
import { ServiceError, messageOf } from "../shared/errors.js";
import type { Author, Clock, Colleague, Counts, DeskEvent, Detail, Message, Priority, Row, Staff, View } from "../shared/protocol.js";
import type { DeskApi } from "./desk-api.js";
import { belongsTo, clocksInOrder, inOrder } from "./row-order.js";
import { type Toast, Toasts } from "./toasts.js";
import { Typists } from "./typists.js";
import { type Draft, type PendingReply, Writing } from "./writing.js";

const REFRESH_MS = 800;

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
  busy: string | null = null;
  unread = new Set<string>();

  readonly #api: DeskApi;
  readonly #writing: Writing;
  readonly #toasts = new Toasts(() => this.#changed());
  readonly #typists = new Typists(() => this.#changed());
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #rereadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: DeskApi, newId: () => string) {
    super();
    this.#api = api;
    this.#writing = new Writing(api, newId, {
      changed: () => this.#changed(),
      epochOf: (id) => (this.detail?.row.id === id ? this.detail.row.epoch : null),
      stored: (id, message) => this.#takeMessage(id, message),
      stale: () => void Promise.all([this.reread(), this.refresh()]),
      lostSession: (error) => this.#lostSession(error),
    });
  }

  get api(): DeskApi {
    return this.#api;
  }

  // ---- signing in --------------------------------------------------------------------------------------------------

  async checkSession(): Promise<void> {
    try {
      this.#signedIn(await this.#api.session());
    } catch (error) {
      this.staff = null;
      if (!(error instanceof ServiceError && error.body.code === "unauthenticated")) this.toast(messageOf(error), "problem");
    }
    this.checked = true;
    this.#changed();
  }

  /** Throws what the service said, for the form to show. */
  async signIn(email: string, password: string): Promise<void> {
    this.#signedIn(await this.#api.signIn(email, password));
    this.#changed();
  }

  #signedIn(staff: Staff): void {
    this.#writing.authorIs(staff.id);
    this.staff = staff;
  }

  async signOut(): Promise<void> {
    await this.#try(() => this.#api.signOut());
    this.#writing.clear();
    this.#signedOut();
  }

  /** What was written stays, for whoever signs in again as its author. */
  #signedOut(): void {
    this.staff = null;
    this.rows = null;
    this.detail = null;
    this.selected = null;
    this.counts = {};
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
    this.detail = { ...detail, clocks: clocksInOrder(detail.clocks), messages: [...detail.messages].sort((a, b) => a.seq - b.seq) };
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

  /** One action at a time; whatever comes of it, what the service holds is read again. What changes who has it ends in `acted`, so that the focus can go on. */
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
    if (name !== "override") this.dispatchEvent(new Event("acted"));
  }

  // ---- writing -----------------------------------------------------------------------------------------------------

  get pending(): PendingReply[] {
    return this.#writing.pending;
  }

  draft(id: string): Draft {
    return this.#writing.draft(id);
  }

  setDraft(id: string, draft: Draft): void {
    this.#writing.setDraft(id, draft);
  }

  async send(mode: "reply" | "note", text: string): Promise<void> {
    const row = this.detail?.row;
    const words = text.trim();
    if (row && words !== "") await this.#writing.send(row.id, row.epoch, mode, words);
  }

  async retry(clientId: string): Promise<void> {
    await this.#writing.retry(clientId);
  }

  /** Takes a failed message back into the composer, to be changed or copied. */
  takeBack(clientId: string): void {
    this.#writing.takeBack(clientId);
  }

  typistIn(id: string): Author | null {
    return this.#typists.in(id);
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
        this.#typists.take(event.data.conversation_id, event.data.author, event.data.on);
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
      case "reread":
        // The service could not tell everything: what is shown is read again.
        void this.reread();
        void this.refresh();
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
      this.#typists.stop(id);
      if (id !== this.selected) this.unread.add(id);
      this.dispatchEvent(new CustomEvent("customer-message", { detail: { id } }));
    }
    if (message.client_id !== null) this.#writing.settled(message.client_id);
    if (this.detail?.row.id !== id) return;
    this.#rereadSoon();
    const others = this.detail.messages.filter((known) => known.id !== message.id);
    this.detail = { ...this.detail, messages: [...others, message].sort((a, b) => a.seq - b.seq) };
  }

  #takeClock(id: string, clock: Clock): void {
    this.rows = this.rows?.map((row) => (row.id === id && row.clock?.metric === clock.metric ? { ...row, clock } : row)) ?? null;
    if (this.detail?.row.id === id) {
      this.detail = { ...this.detail, clocks: clocksInOrder([...this.detail.clocks.filter((c) => c.metric !== clock.metric || c.started_at !== clock.started_at), clock]) };
    }
    if (clock.state === "breached") {
      const row = this.rows?.find((known) => known.id === id);
      if (row) this.toast(`${row.number ?? row.customer.name ?? "A conversation"}: ${clock.metric.replace("_", " ")} is overdue.`, "problem");
    }
  }

  // ---- what went wrong ---------------------------------------------------------------------------------------------

  get toasts(): Toast[] {
    return this.#toasts.shown;
  }

  toast(text: string, tone: Toast["tone"]): void {
    this.#toasts.show(text, tone);
  }

  dismiss(id: number): void {
    this.#toasts.dismiss(id);
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
    this.sessionEnded();
    return true;
  }

  sessionEnded(): void {
    if (this.staff !== null) this.toast("You have been signed out. Sign in again; your place is kept.", "problem");
    this.#signedOut();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
