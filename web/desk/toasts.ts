/** Short messages at the edge of the desk: the last three, each once and for a while, problems for longer. */
export interface Toast { id: number; text: string; tone: "info" | "problem" }

const SHOWN_MS = 7_000;

export class Toasts {
  shown: Toast[] = [];
  #lastId = 0;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  show(text: string, tone: Toast["tone"]): void {
    const id = (this.#lastId += 1);
    // Said again, it stands once, as the newest.
    this.shown = [...this.shown.filter((toast) => toast.text !== text).slice(-2), { id, text, tone }];
    setTimeout(() => this.dismiss(id), tone === "problem" ? SHOWN_MS * 2 : SHOWN_MS);
    this.#changed();
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
    this.#changed();
  }
}
