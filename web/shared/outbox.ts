/** What a customer has sent and the service has not acknowledged: kept, sent again after a reconnection, given up after a while. */
import type { DurableFrame, ErrorBody } from "./protocol.js";

export const ACK_MS = 20_000;
const NOT_SENT: ErrorBody = { code: "unavailable", message: "Not sent. Check your connection and try again.", field: null };

export interface Waiting { frame: DurableFrame; timer: ReturnType<typeof setTimeout>; inFlight: boolean }

export class Outbox {
  readonly #waiting = new Map<string, Waiting>();
  readonly #failed: (clientId: string, problem: ErrorBody) => void;

  constructor(failed: (clientId: string, problem: ErrorBody) => void) {
    this.#failed = failed;
  }

  /** Keeps a frame until it is settled; a repeat of one that is kept waits anew. */
  keep(frame: DurableFrame): Waiting {
    this.settle(frame.client_id);
    const waiting: Waiting = { frame, inFlight: false, timer: setTimeout(() => this.giveUp(frame.client_id, NOT_SENT), ACK_MS) };
    this.#waiting.set(frame.client_id, waiting);
    return waiting;
  }

  settle(clientId: string): void {
    const waiting = this.#waiting.get(clientId);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(clientId);
  }

  giveUp(clientId: string, problem: ErrorBody): void {
    if (!this.#waiting.has(clientId)) return;
    this.settle(clientId);
    this.#failed(clientId, problem);
  }

  /** Gives up all of it: what was meant for one conversation is not said in another. */
  giveUpAll(problem: ErrorBody): void {
    for (const clientId of [...this.#waiting.keys()]) this.giveUp(clientId, problem);
  }

  /** The line is down: what was on its way is sent again. */
  lost(): void {
    for (const waiting of this.#waiting.values()) waiting.inFlight = false;
  }

  clear(): void {
    for (const clientId of [...this.#waiting.keys()]) this.settle(clientId);
  }

  [Symbol.iterator](): IterableIterator<Waiting> {
    return this.#waiting.values();
  }
}
