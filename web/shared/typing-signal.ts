/** Turns keystrokes into few "typing" frames: on at most every 3 s, off after 4 s of quiet or when sent. */
import { now } from "./clock.js";

const REPEAT_MS = 3_000;
const QUIET_MS = 4_000;

export class TypingSignal {
  readonly #tell: (on: boolean) => void;
  #saidAt: number | null = null;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (on: boolean) => void) {
    this.#tell = tell;
  }

  key(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.stop(), QUIET_MS);
    const at = now();
    if (this.#saidAt !== null && at - this.#saidAt < REPEAT_MS) return;
    this.#saidAt = at;
    this.#tell(true);
  }

  stop(): void {
    clearTimeout(this.#quiet);
    if (this.#saidAt === null) return;
    this.#saidAt = null;
    this.#tell(false);
  }
}
