/** Who is writing in which conversation: shown until they stop, or have not been heard of for a while. */
import type { Author } from "../shared/protocol.js";

const SHOWN_MS = 6_000;

export class Typists {
  readonly #writing = new Map<string, { author: Author; timer: ReturnType<typeof setTimeout> }>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  in(id: string): Author | null {
    return this.#writing.get(id)?.author ?? null;
  }

  take(id: string, author: Author, on: boolean): void {
    this.stop(id);
    if (!on) return;
    const timer = setTimeout(() => {
      this.#writing.delete(id);
      this.#changed();
    }, SHOWN_MS);
    this.#writing.set(id, { author, timer });
  }

  stop(id: string): void {
    clearTimeout(this.#writing.get(id)?.timer);
    this.#writing.delete(id);
  }
}
