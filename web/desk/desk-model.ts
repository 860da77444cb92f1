/** What the desk knows and what an agent can do. Views render it. Every failure ends as a sentence in a toast or beside its cause. */
import { messageOf } from "../shared/errors.js";
import type { Clock, Counts, DeskEvent, Detail, Row, Staff, View } from "../shared/desk-protocol.js";
import type { Author, Message } from "../shared/protocol.js";
import { Studio } from "../studio/studio.js";
import { Actions } from "./actions.js";
import type { DeskApi } from "./desk-api.js";
import { Floor } from "./floor.js";
import { Lists } from "./lists.js";
import { Notifications } from "./notifications.js";
import { movedToMe, movedFromMe } from "./notice-words.js";
import type { PageId } from "./pages.js";
import { clocksInOrder } from "./row-order.js";
import { ReviewTasks } from "./review-tasks.js";
import type { RulesDraft } from "./rules-draft.js";
import { Session } from "./session.js";
import { type Toast, Toasts } from "./toasts.js";
import { Typists } from "./typists.js";
import { type Draft, type PendingReply, Writing } from "./writing.js";

const REREAD_MS = 800;

export class DeskModel extends EventTarget {
  /** What is shown in place of a conversation. */
  page: PageId | null = null;
  pagePart: string | null = null;
  selected: string | null = null;
  detail: Detail | null = null;
  detailProblem: string | null = null;
  connected = true;
  unread = new Set<string>();

  readonly session: Session;
  readonly lists: Lists;
  readonly floor: Floor;
  readonly actions: Actions;
  readonly notifications: Notifications;
  readonly reviewTasks: ReviewTasks;
  readonly studio = new Studio();
  readonly #api: DeskApi;
  readonly #writing: Writing;
  readonly #toasts = new Toasts(() => this.#changed());
  readonly #typists = new Typists(() => this.#changed());
  #rereadTimer: ReturnType<typeof setTimeout> | undefined;

  /** Eight letters and digits for the id of what is made at the desk. */
  readonly newMark: () => string;

  constructor(api: DeskApi, newId: () => string) {
    super();
    this.#api = api;
    this.newMark = () => newId().slice(0, 8);
    this.session = new Session(api, {
      changed: () => this.#changed(),
      problem: (text) => this.toast(text, "problem"),
      begins: (staff) => this.#signedIn(staff),
      ends: (byThem) => this.#signedOut(byThem),
    });
    this.lists = new Lists(api, {
      changed: () => this.#changed(),
      lostSession: (error) => this.session.lost(error),
      arrived: (row) => this.dispatchEvent(new CustomEvent("arrived", { detail: row })),
    });
    this.floor = new Floor(api, () => this.#changed(), (error) => (this.session.lost(error) ? null : messageOf(error)));
    this.notifications = new Notifications(api, () => this.#changed(), (error) => (this.session.lost(error) ? null : messageOf(error)));
    this.reviewTasks = new ReviewTasks(api, () => this.#changed());
    this.actions = new Actions(api, {
      changed: () => this.#changed(),
      open: () => this.detail,
      took: (detail) => this.#takeDetail(detail),
      tell: (text, tone) => this.toast(text, tone),
      lostSession: (error) => this.session.lost(error),
      keepNote: (id, note) => (this.#hasNote(id, note) ? "stored" : this.#writing.keepNote(id, note)),
      readAgain: async () => {
        await Promise.all([this.reread(), this.refresh()]);
        // What this agent has just done is known to them: an event that tells of it later is no news.
        if (this.staff !== null && this.detail !== null) this.lists.mine.take(this.detail.row, this.staff.id);
      },
      happened: (what) => this.dispatchEvent(new Event(what)),
    });
    this.#writing = new Writing(api, newId, {
      changed: () => this.#changed(),
      epochOf: (id) => (this.detail?.row.id === id ? this.detail.row.epoch : null),
      stored: (id, message) => this.#takeMessage(id, message),
      tell: (text, tone) => this.toast(text, tone),
      stale: () => void Promise.all([this.reread(), this.refresh()]),
      lostSession: (error) => this.session.lost(error),
    });
  }

  get api(): DeskApi {
    return this.#api;
  }

  get staff(): Staff | null {
    return this.session.staff;
  }

  #signedIn(staff: Staff): void {
    this.#writing.authorIs(staff.id);
    this.reviewTasks.authorIs(staff.id);
    this.studio.authorIs(staff.id);
  }

  /** What was written stays, for whoever signs in again as its author; who signs out leaves nothing. */
  #signedOut(byThem: boolean): void {
    if (byThem) this.#writing.clear();
    this.floor.forget();
    this.lists.forget();
    this.notifications.forget();
    this.reviewTasks.forget(byThem);
    this.studio.forget(byThem);
    this.detail = null;
    this.selected = null;
    this.#changed();
  }

  // ---- lists -------------------------------------------------------------------------------------------------------

  get view(): View {
    return this.lists.view;
  }

  get rows(): Row[] | null {
    return this.lists.rows;
  }

  get counts(): Counts {
    return this.lists.counts;
  }

  async refresh(): Promise<void> {
    await this.lists.refresh();
  }

  // ---- one conversation --------------------------------------------------------------------------------------------

  openPage(page: PageId | null, part: string | null = null): void {
    this.page = page;
    this.pagePart = part;
    this.floor.watched = page === "team";
    this.#changed();
  }

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
      if (this.session.lost(error) || id !== this.selected) return;
      this.detailProblem = messageOf(error);
    }
    this.#changed();
  }

  /** What a message does to clocks and ticket is not in its event: read the conversation again when the burst is over. */
  #rereadSoon(): void {
    clearTimeout(this.#rereadTimer);
    this.#rereadTimer = setTimeout(() => void this.reread(), REREAD_MS);
  }

  #takeDetail(detail: Detail): void {
    this.detail = { ...detail, clocks: clocksInOrder(detail.clocks), messages: [...detail.messages].sort((a, b) => a.seq - b.seq) };
    this.detailProblem = null;
    for (const { client_id } of detail.messages) if (client_id !== null) this.#writing.settled(client_id);
    this.lists.take(detail.row, this.staff?.id ?? null);
  }

  get isMine(): boolean {
    const row = this.detail?.row;
    return row?.owner === "agent" && row.agent?.id === this.staff?.id;
  }

  /** Whether the one who is signed in may pass the open conversation on, or take it over. */
  get mayPassOn(): boolean {
    const row = this.detail?.row;
    return row !== undefined && (row.owner === "queue" || this.isMine || (row.owner === "agent" && this.session.supervises));
  }

  get mayTakeOver(): boolean {
    return this.detail?.row.owner === "agent" && !this.isMine && this.session.supervises;
  }

  /** Whether a note of the one who is signed in stands in a conversation as it was last read, by itself or below what it was written with. */
  #hasNote(id: string, note: string): boolean {
    if (this.detail?.row.id !== id) return false;
    const own = this.detail.messages.filter(({ kind, author }) => kind === "note" && author.kind === "agent" && author.name === this.staff?.name);
    return own.some(({ text }) => `\n${text}`.endsWith(`\n${note}`));
  }

  get busy(): string | null {
    return this.actions.busy;
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

  /** The page of the rules shows its text itself, so nothing else is told of it. */
  get rulesDraft(): RulesDraft | null {
    return this.#writing.rules;
  }

  set rulesDraft(draft: RulesDraft | null) {
    this.#writing.rules = draft;
  }

  async send(mode: "reply" | "note", text: string, wait = false): Promise<void> {
    const row = this.detail?.row;
    const words = text.trim();
    if (row && words !== "") await this.#writing.send(row.id, row.epoch, mode, words, wait);
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

  /** What was said between reading a conversation and being told of it: only where others than its holder look on. */
  watching(id: string | null): void {
    if (id !== null && id === this.selected && this.detail !== null && this.detail.row.owner !== "queue" && !this.isMine) this.#rereadSoon();
  }

  take(event: DeskEvent): void {
    switch (event.event) {
      case "conversation":
        this.#tellOfMove(event.data.row);
        if (event.data.removed) this.lists.drop(event.data.row.id);
        else this.lists.take(event.data.row, this.staff?.id ?? null);
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
      case "escalation":
        if (this.staff !== null && event.data.to.includes(this.staff.id)) this.toast(event.data.words, "problem");
        void this.notifications.refresh();
        break;
      case "notified":
        void this.notifications.refresh();
        break;
      case "presence":
        this.floor.moved();
        break;
      case "counts":
        this.floor.moved();
        this.lists.takeCounts(event.data);
        break;
      case "reread":
        // The service could not tell everything: what is shown is read again.
        void this.reread();
        void this.refresh();
        void this.notifications.refresh();
        break;
    }
    this.#changed();
  }

  /** Says what others or the routing did with what is, or was, this agent's. What they did themselves has been said. */
  #tellOfMove(row: Row): void {
    const moved = this.staff === null ? null : this.lists.mine.take(row, this.staff.id);
    if (row.id === this.actions.acting) return;
    if (moved === "came") {
      this.toast(movedToMe(row), "info");
      this.dispatchEvent(new CustomEvent("arrived", { detail: row }));
    } else if (moved === "went" && row.owner !== "bot") {
      this.toast(movedFromMe(row), "problem");
    }
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
    this.lists.takeClock(id, clock);
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

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
