/** Which row is in which view, and in what order. Pure. */
import type { Row, View } from "../shared/protocol.js";

/** For the two views that a row alone decides. */
export function belongsTo(row: Row, view: View, me: string | null): boolean {
  if (view === "queue") return row.owner === "queue";
  if (view === "mine") return row.owner === "agent" && row.agent?.id === me;
  return false;
}

/** What is due first comes first; overdue ones are due earliest. Rows without a running clock follow, the oldest first. */
export function inOrder(rows: readonly Row[]): Row[] {
  const due = (row: Row): number => (row.clock?.due_at ? Date.parse(row.clock.due_at) : Infinity);
  return [...rows].sort((a, b) => {
    const [dueA, dueB] = [due(a), due(b)];
    if (dueA !== dueB) return dueA < dueB ? -1 : 1;
    return Date.parse(a.updated_at) - Date.parse(b.updated_at) || a.id.localeCompare(b.id);
  });
}
