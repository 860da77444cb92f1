/** Notices what becomes this agent's, or stops being theirs, by somebody else's doing: the routing, a colleague, a rule. */
import type { Row } from "../shared/desk-protocol.js";

export class MyConversations {
  /** Those that are theirs; null until they have been read once. */
  #ids: Set<string> | null = null;

  get known(): boolean {
    return this.#ids !== null;
  }

  get count(): number {
    return this.#ids?.size ?? 0;
  }

  /** The whole list, as the service has it. */
  are(rows: readonly Row[]): void {
    this.#ids = new Set(rows.map((row) => row.id));
  }

  forget(): void {
    this.#ids = null;
  }

  /** Takes a row in; tells whether it came or went. Before the list was read nothing is news. */
  take(row: Row, me: string): "came" | "went" | null {
    if (this.#ids === null) return null;
    const isMine = row.owner === "agent" && row.agent?.id === me;
    const wasMine = this.#ids.has(row.id);
    if (isMine) this.#ids.add(row.id);
    else this.#ids.delete(row.id);
    if (isMine === wasMine) return null;
    return isMine ? "came" : "went";
  }
}
