/** What every line to the service needs of its socket: to notice that the other end has gone, and to let go of it without hearing of that. */
import type { SocketLike } from "./chat-ports.js";

const PING_MS = 25_000;
const PONG_MS = 10_000;

/** Pings while it beats; whatever is heard within ten seconds of a ping is a sign of life, and silence is the end. */
export class Heartbeat {
  readonly #ping: () => void;
  readonly #silent: () => void;
  #next: ReturnType<typeof setTimeout> | undefined;
  #answer: ReturnType<typeof setTimeout> | undefined;

  constructor(ping: () => void, silent: () => void) {
    this.#ping = ping;
    this.#silent = silent;
  }

  start(): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      this.#ping();
      clearTimeout(this.#answer);
      this.#answer = setTimeout(this.#silent, PONG_MS);
      this.start();
    }, PING_MS);
  }

  heard(): void {
    clearTimeout(this.#answer);
  }

  stop(): void {
    clearTimeout(this.#next);
    clearTimeout(this.#answer);
  }
}

/** Closes a socket that nobody listens to any more. */
export function hangUp(socket: SocketLike | null): void {
  if (socket === null) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}
