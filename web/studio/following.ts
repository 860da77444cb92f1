/** Where in an article somebody writes, and where its preview shows that: by the heading above, and how far it is to the next one. Pure. */

/** `above` counts the headings up to here of all `headings`; `share` is how far it is from the last of them to the next, `whole` from the first word to the last. */
export interface Place { headings: number; above: number; share: number; whole: number }

const HEADING = /^ {0,3}#{1,6}(?:[ \t]|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** Characters stand for height: a paragraph is one line of Markdown, however many lines it fills. */
export function placeIn(text: string, at: number): Place {
  const starts = headingStarts(text);
  const above = starts.filter((start) => start <= at).length;
  const from = starts[above - 1] ?? 0;
  const to = starts[above] ?? text.length;
  return { headings: starts.length, above, share: shareOf(at - from, to - from), whole: shareOf(at, text.length) };
}

/**
 * Pixels from the top of a rendered text of this `height` whose headings begin at `tops`. Where it has other headings than the Markdown was
 * seen to have, as in a quotation, the share of the whole has to do.
 */
export function heightOf({ headings, above, share, whole }: Place, tops: readonly number[], height: number): number {
  if (tops.length !== headings) return whole * height;
  const from = tops[above - 1] ?? 0;
  const to = tops[above] ?? height;
  return from + share * (to - from);
}

function headingStarts(text: string): number[] {
  const starts: number[] = [];
  let start = 0;
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const marks = FENCE.exec(line)?.[1];
    if (fence === null) {
      if (marks !== undefined) fence = marks;
      else if (HEADING.test(line)) starts.push(start);
    } else if (marks?.startsWith(fence) === true && line.trim() === marks) fence = null;
    start += line.length + 1;
  }
  return starts;
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
