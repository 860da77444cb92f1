/** What the report on searches says in words and as a chart. Pure. */
import { html, nothing, svg, type TemplateResult } from "lit";
import { dateInWords } from "../shared/time-format.js";
import { codeWords } from "../shared/words.js";
import type { QuestionGroup, SearchCounts, SearchKind, SearchReport } from "./feedback-types.js";

export const KINDS: Record<SearchKind, { name: string; about: string; none: string }> = {
  asked: { name: "Most asked", about: "What is asked most, whatever came of it.", none: "Nothing was asked." },
  no_result: { name: "No result", about: "No article was believed to answer, and nothing was opened: an article is missing, or cannot be found.", none: "Every question of this period had an article that answers, or one was opened." },
  no_click: { name: "Results, no click", about: "An article was believed to answer, but nothing on the list was opened. The assistant shows the passage itself, so what it was asked is not counted.", none: "Something was opened in every list of this period." },
  handed_over: { name: "Followed by a person", about: "A person took the conversation over within half an hour of the search.", none: "No search of this period was followed by a person." },
};
export const SURFACE_WORDS: Record<string, string> = { help: "Help centre", widget: "Widget", bot: "Assistant", desk: "Desk", api: "API", command: "Command line" };
/** Of those that could be of a kind; what shows no list cannot be without a click. */
const RATES = { no_result: "no_result_rate", no_click: "no_click_rate", handed_over: "handed_over_rate" } as const;

export function countOf(counts: SearchCounts, kind: SearchKind): number {
  return kind === "asked" ? counts.searches : counts[kind];
}

/** `12 %, before 9 %` for a kind, `before 1,204` for all searches. */
export function shareWords(kind: SearchKind, now: SearchCounts, before: SearchCounts): string {
  if (kind === "asked") return `before ${before.searches.toLocaleString()}`;
  const [is, was] = [now[RATES[kind]], before[RATES[kind]]];
  return [is === null ? "none could be" : percent(is), was === null ? "" : `before ${percent(was)}`].filter(Boolean).join(", ");
}

/** `new`, `as often as before`, `50 % more than before`, `3 times as often as before`. */
export function changeWords({ count, before, change }: Pick<QuestionGroup, "count" | "before" | "change">): string {
  if (change === null) return "new";
  if (count === before) return "as often as before";
  if (change >= 1.5) return `${Math.round(count / before).toLocaleString()} times as often as before`;
  return change > 0 ? `${percent(change)} more than before` : `${percent(-change)} less than before`;
}

/** `Help centre 12, Assistant 3`; the one place alone where there is no other. */
export function surfaceWords(surfaces: Record<string, number>): string {
  const places = Object.entries(surfaces);
  const name = (place: string): string => SURFACE_WORDS[place] ?? codeWords(place);
  return places.length === 1 ? name(places[0]?.[0] ?? "") : places.map(([place, times]) => `${name(place)} ${times.toLocaleString()}`).join(", ");
}

/** A bar for each week of a kind; nothing where there are not two. */
export function weeksChart(weeks: SearchReport["weeks"], kind: SearchKind): TemplateResult | typeof nothing {
  const [first, last] = [weeks[0], weeks.at(-1)];
  if (first === undefined || last === undefined || weeks.length < 2) return nothing;
  const counts = weeks.map((one) => countOf(one.counts, kind));
  const most = Math.max(1, ...counts);
  const words = weeks.map((one, place) => `${dateInWords(one.week)}: ${counts[place] ?? 0}`).join("; ");
  const bar = (count: number, place: number): TemplateResult => svg`<rect x=${place * 10 + 1} width="8" y=${50 - (48 * count) / most} height=${(48 * count) / most}/>`;
  return html`<figure class="weeks"><svg role="img" aria-label=${`${KINDS[kind].name} by week from Monday. ${words}`} width=${weeks.length * 48} viewBox="0 0 ${weeks.length * 10} 50" preserveAspectRatio="none">${counts.map(bar)}</svg>
    <p class="more" aria-hidden="true"><span>Weeks of ${dateInWords(first.week)}</span><span>to ${dateInWords(last.week)}</span></p></figure>`;
}

function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return rounded === 0 && share > 0 ? "under 1 %" : `${rounded.toLocaleString()} %`;
}
