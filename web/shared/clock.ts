/** The only reader of the time, and the one timer every countdown on a page shares. */

let skewMs = 0;

/** Now in milliseconds, by the service's clock once `learnServiceTime` has been told it. */
export function now(): number {
  return Date.now() + skewMs;
}

/** Takes the service's `Date` header. Below two seconds a difference is the header's own coarseness. */
export function learnServiceTime(dateHeader: string | null): void {
  const service = dateHeader === null ? NaN : Date.parse(dateHeader);
  if (Number.isNaN(service)) return;
  const difference = service - Date.now();
  skewMs = Math.abs(difference) > 2000 ? difference : 0;
}

type Tick = (now: number) => void;
const listeners = new Set<Tick>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls `tick` once a second until the returned function is called. One interval serves every listener. */
export function everySecond(tick: Tick): () => void {
  listeners.add(tick);
  timer ??= setInterval(() => {
    const at = now();
    for (const listener of listeners) listener(at);
  }, 1000);
  return () => {
    listeners.delete(tick);
    if (listeners.size === 0 && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** How many countdowns are on the page; the timer runs only while there is one. */
export function tickingListeners(): number {
  return listeners.size;
}
