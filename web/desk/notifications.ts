/** What the service told this agent, and how much of it they have not read. */
import type { NotificationList, Told } from "../shared/desk-protocol.js";
import type { DeskApi } from "./desk-api.js";

export class Notifications {
  list: readonly Told[] | null = null;
  unread = 0;
  problem: string | null = null;
  readonly #api: DeskApi;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => string | null;

  /** `failed` words an error, or returns null where it has been seen to. */
  constructor(api: DeskApi, changed: () => void, failed: (error: unknown) => string | null) {
    this.#api = api;
    this.#changed = changed;
    this.#failed = failed;
  }

  async refresh(): Promise<void> {
    await this.#take(() => this.#api.notifications());
  }

  /** All that is shown has been read; what came meanwhile has not. */
  async readAll(): Promise<void> {
    const newest = this.list?.[0];
    if (newest !== undefined && this.unread > 0) await this.#take(() => this.#api.readNotifications({ until: newest.at }));
  }

  async read(one: Told): Promise<void> {
    if (one.read_at === null) await this.#take(() => this.#api.readNotifications({ id: one.id }));
  }

  forget(): void {
    this.list = null;
    this.unread = 0;
    this.problem = null;
  }

  async #take(ask: () => Promise<NotificationList>): Promise<void> {
    try {
      const found = await ask();
      this.list = found.notifications;
      this.unread = found.unread;
      this.problem = null;
    } catch (error) {
      this.problem = this.#failed(error);
    }
    this.#changed();
  }
}
