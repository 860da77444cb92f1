/** Keeps what an element shows fresh: it is read when the element comes, and again every so often while somebody can see it. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { everySecond } from "../shared/clock.js";

export class Rereading implements ReactiveController {
  #seconds = 0;
  #stop: (() => void) | null = null;

  constructor(host: ReactiveControllerHost, private readonly every: number, private readonly read: () => void) {
    host.addController(this);
  }

  hostConnected(): void {
    this.read();
    this.#stop = everySecond(() => {
      this.#seconds += 1;
      if (this.#seconds % this.every === 0 && document.visibilityState === "visible") this.read();
    });
  }

  hostDisconnected(): void {
    this.#stop?.();
  }
}
