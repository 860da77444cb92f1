/** Two texts line by line, what is the same folded to a few lines around each change. Pure. */
import { diffLines } from "diff";

export type DiffLine = { kind: "same" | "added" | "removed"; text: string } | { kind: "folded"; lines: number };

/** Lines of what is the same that stay around a change. */
const AROUND = 2;
/** Milliseconds; texts that take longer have next to nothing in common, and are shown one after the other. */
const PATIENCE = 400;

export function lineDiff(before: string, after: string): DiffLine[] {
  const parts = diffLines(before, after, { timeout: PATIENCE }) ?? [{ value: before, added: false, removed: true }, { value: after, added: true, removed: false }];
  return parts.flatMap(({ value, added, removed }, place): DiffLine[] => {
    const lines = linesOf(value);
    if (added || removed) return lines.map((text) => ({ kind: added ? "added" : "removed", text }));
    const head = place === 0 ? 0 : AROUND;
    const tail = place === parts.length - 1 ? 0 : AROUND;
    const same = (some: string[]): DiffLine[] => some.map((text) => ({ kind: "same", text }));
    if (lines.length <= head + tail + 1) return same(lines);
    return [...same(lines.slice(0, head)), { kind: "folded", lines: lines.length - head - tail }, ...same(tail === 0 ? [] : lines.slice(-tail))];
  });
}

/** `3 lines added, 1 removed` */
export function diffWords(diff: readonly DiffLine[]): string {
  const [added, removed] = (["added", "removed"] as const).map((kind) => diff.filter((line) => line.kind === kind).length);
  const lines = (count: number, what: string, first: boolean): string => (count === 0 ? "" : first ? `${count} ${count === 1 ? "line" : "lines"} ${what}` : `${count} ${what}`);
  return [lines(added ?? 0, "added", true), lines(removed ?? 0, "removed", added === 0)].filter(Boolean).join(", ");
}

function linesOf(value: string): string[] {
  const lines = value.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
