/** The list that is shown: its view and team, its rows as they change, how many each view has. */
import { messageOf } from "../shared/errors.js";
import type { Clock, Counts, Row, View } from "../shared/desk-protocol.js";
import type { DeskApi } from "./desk-api.js";
import { MyConversations } from "./my-conversations.js";
import { belongsTo, inOrder } from "./row-order.js";

const REFRESH_MS = 800;

/** What the lists need of the desk around them. */
export interface ListingDesk {
  changed(): void;
  lostSession(error: unknown): boolean;
  /** Somebody has begun to wait. */
  arrived(row: Row): void;
}

export class Lists {
  view: View = "queue";
  /** The team whose queue is shown, null for all. */
  team: string | null = null;
  rows: Row[] | null = null;
  counts: Counts = {};
  problem: string | null = null;
  readonly mine = new MyConversations();
  readonly #api: DeskApi;
  readonly #desk: ListingDesk;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts what was asked for: an answer that comes after a later one's is out of date. */
  #asked = 0;
  #answered = 0;

  constructor(api: DeskApi, desk: ListingDesk) {
    this.#api = api;
    this.#desk = desk;
  }

  /** The team that the list is of; only queues are told apart. */
  get listedTeam(): string | null {
    return this.view === "queue" || this.view === "colleagues" ? this.team : null;
  }

  forget(): void {
    this.mine.forget();
    this.rows = null;
    this.counts = {};
  }

  async show(view: View): Promise<void> {
    if (this.view !== view) this.rows = null;
    this.view = view;
    this.#desk.changed();
    await this.refresh();
  }

  /** Shows one team's queue, or all of them. */
  async showTeam(team: string | null): Promise<void> {
    this.team = team;
    this.rows = null;
    this.#desk.changed();
    await this.refresh();
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { view, listedTeam } = this;
    const number = ++this.#asked;
    try {
      const list = await this.#api.list(view, listedTeam);
      if (view !== this.view || listedTeam !== this.listedTeam || number < this.#answered) return;
      this.#answered = number;
      this.rows = view !== "bot" && view !== "resolved" ? inOrder(list.conversations) : list.conversations;
      this.counts = list.counts;
      this.problem = null;
      if (view === "mine" || (list.counts.mine ?? 0) === 0) this.mine.are(view === "mine" ? list.conversations : []);
      else if (!this.mine.known) this.mine.are((await this.#api.list("mine")).conversations);
    } catch (error) {
      if (this.#desk.lostSession(error)) return;
      if (view === this.view && number > this.#answered) this.problem = messageOf(error);
    }
    this.#desk.changed();
  }

  /** Reads again when a burst is over. */
  refreshSoon(): void {
    this.#timer ??= setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  /** A row as it is now, for whoever `me` is. */
  take(row: Row, me: string | null): void {
    if (this.mine.known) this.counts = { ...this.counts, mine: this.mine.count };
    if (this.rows === null) return;
    const known = this.rows.some((one) => one.id === row.id);
    if (this.view === "bot" || this.view === "resolved") {
      // Whether a ticket is resolved is not in a row: the service's own list says.
      this.rows = this.rows.map((one) => (one.id === row.id ? row : one));
      this.refreshSoon();
      return;
    }
    const belongs = belongsTo(row, this.view, me, this.listedTeam);
    const others = this.rows.filter((one) => one.id !== row.id);
    this.rows = inOrder(belongs ? [...others, row] : others);
    if (belongs && !known && this.view === "queue") this.#desk.arrived(row);
  }

  /** How many each list has that is the same for everybody. */
  takeCounts(counts: Counts): void {
    this.counts = { ...this.counts, ...counts };
  }

  drop(id: string): void {
    this.rows = this.rows?.filter((row) => row.id !== id) ?? null;
  }

  takeClock(id: string, clock: Clock): void {
    this.rows = this.rows?.map((row) => (row.id === id && row.clock?.metric === clock.metric ? { ...row, clock } : row)) ?? null;
  }
}
