/** Limits that the service sets; a contract test holds them to its own. */

/** Characters (code points) of a message, a reply, a note. */
export const MESSAGE_LIMIT = 8_000;

/** Characters as the service counts them: code points, not UTF-16 halves. */
export function characters(text: string): number {
  return Array.from(text).length;
}
