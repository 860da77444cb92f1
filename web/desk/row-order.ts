/** Which row is in which view, and in what order. Pure. */
import type { Clock, Row, View } from "../shared/desk-protocol.js";

/** For the views that a row alone decides; with a team, those of that team. */
export function belongsTo(row: Row, view: View, me: string | null, team: string | null = null): boolean {
  if (team !== null && row.team !== team) return false;
  if (view === "colleagues") return row.owner === "agent" && row.agent?.id !== me;
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

/** The clocks that still run, what is due first on top; then the others, as the service gave them. */
export function clocksInOrder(clocks: readonly Clock[]): Clock[] {
  const due = (clock: Clock): number => ((clock.state === "running" || clock.state === "breached") && clock.due_at !== null ? Date.parse(clock.due_at) : Infinity);
  return [...clocks].sort((a, b) => (due(a) === due(b) ? 0 : due(a) < due(b) ? -1 : 1));
}
