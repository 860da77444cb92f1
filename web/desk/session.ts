/** Who is signed in at this desk, and what they say of themselves: on duty or away, how many conversations they take. */
import { ServiceError, messageOf } from "../shared/errors.js";
import type { Staff } from "../shared/desk-protocol.js";
import type { DeskApi } from "./desk-api.js";

/** What a session needs of the desk around it. */
export interface SessionDesk {
  changed(): void;
  problem(text: string): void;
  /** Somebody has signed in. */
  begins(staff: Staff): void;
  /** Nobody is signed in any more; `byThem` tells that they signed out themselves. */
  ends(byThem: boolean): void;
}

export class Session {
  staff: Staff | null = null;
  checked = false;
  presence: "online" | "away" = "online";
  readonly #api: DeskApi;
  readonly #desk: SessionDesk;

  constructor(api: DeskApi, desk: SessionDesk) {
    this.#api = api;
    this.#desk = desk;
  }

  get supervises(): boolean {
    return this.staff?.role === "lead" || this.staff?.role === "admin";
  }

  /** Whether who is signed in answers customers; who only writes articles sees no conversations. */
  get answers(): boolean {
    return this.staff !== null && this.staff.role !== "content";
  }

  async check(): Promise<void> {
    try {
      this.#begin(await this.#api.session());
    } catch (error) {
      this.staff = null;
      if (!(error instanceof ServiceError && error.body.code === "unauthenticated")) this.#desk.problem(messageOf(error));
    }
    this.checked = true;
    this.#desk.changed();
  }

  /** Throws what the service said, for the form to show. */
  async signIn(email: string, password: string): Promise<void> {
    this.#begin(await this.#api.signIn(email, password));
    this.#desk.changed();
  }

  async signOut(): Promise<void> {
    const done = await this.try(() => this.#api.signOut());
    if (!done && this.staff !== null) return; // their session still opens the desk
    this.staff = null;
    this.#desk.ends(true);
  }

  /** Tells whether the error says that the session has ended, and sees to it. */
  lost(error: unknown): boolean {
    if (!(error instanceof ServiceError) || error.body.code !== "unauthenticated") return false;
    this.ended();
    return true;
  }

  ended(): void {
    if (this.staff !== null) this.#desk.problem("You have been signed out. Sign in again; your place is kept.");
    this.staff = null;
    this.#desk.ends(false);
  }

  async setPresence(state: "online" | "away"): Promise<void> {
    const before = this.presence;
    this.presence = state;
    this.#desk.changed();
    if (!(await this.try(() => this.#api.presence(state)))) this.presence = before;
    this.#desk.changed();
  }

  /** Throws what the service said, for the form to show. */
  async setCapacity(capacity: number): Promise<void> {
    const { capacity: kept } = await this.#api.ownCapacity(capacity);
    if (this.staff !== null) this.staff = { ...this.staff, capacity: kept };
    this.#desk.changed();
  }

  /** Throws what the service said, for the form to show. */
  async changePassword(current: string, next: string): Promise<void> {
    await this.#api.ownPassword(current, next);
    if (this.staff !== null) this.staff = { ...this.staff, password_once: false };
    this.#desk.changed();
  }

  /** Does something whose failure is a sentence at the edge; tells whether it was done. */
  async try(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!this.lost(error)) this.#desk.problem(messageOf(error));
      return false;
    }
  }

  #begin(staff: Staff): void {
    this.staff = staff;
    this.#desk.begins(staff);
  }
}
