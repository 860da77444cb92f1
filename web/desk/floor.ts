/** Teams and people as they are now: read when somebody looks, and again when presence or the queue has changed. */
import type { FloorNow, Person, Team } from "../shared/desk-protocol.js";
import type { DeskApi } from "./desk-api.js";

const AGAIN_MS = 1_500;
const UNSEEN_AGAIN_MS = 20_000;

export class Floor {
  now: FloorNow | null = null;
  problem: string | null = null;
  /** Whether teams and people are on the screen; otherwise only the numbers beside the teams' names are. */
  watched = false;
  readonly #api: DeskApi;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => string | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `failed` words an error, or returns null where it has been seen to. */
  constructor(api: DeskApi, changed: () => void, failed: (error: unknown) => string | null) {
    this.#api = api;
    this.#changed = changed;
    this.#failed = failed;
  }

  get teams(): readonly Team[] {
    return this.now?.teams ?? [];
  }

  get people(): readonly Person[] {
    return this.now?.people ?? [];
  }

  titleOf(team: string): string {
    return this.teams.find((one) => one.name === team)?.title ?? team;
  }

  async read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.now = await this.#api.floor();
      this.problem = null;
    } catch (error) {
      this.problem = this.#failed(error);
    }
    this.#changed();
  }

  /** Whoever has looked once is kept up to date; a burst costs one read, and a hundred desks' presence little. */
  moved(): void {
    if (this.now !== null) this.#timer ??= setTimeout(() => void this.read(), this.watched ? AGAIN_MS : UNSEEN_AGAIN_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.now = null;
    this.problem = null;
  }
}
