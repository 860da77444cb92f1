/** How long to wait before the n-th try again: doubling from half a second to 30 s, with jitter so that a restarted
 *  service is not met by everyone at once. `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(30_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
