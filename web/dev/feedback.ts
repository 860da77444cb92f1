/** Reviews and a report on searches as the stand-in has them: what is usual, and what hostile people write. */
import type { QuestionGroup, Review, ReviewDetail, SearchReport } from "../desk/feedback-types.js";

const DAY = 86_400_000;
const before = (days: number): string => new Date(Date.now() - days * DAY).toISOString();
const MARKUP = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>";
const ARABIC = "هذه المقالة لا تشرح كيف أغيّر عنوان الفاتورة بعد إرسالها \u{1F62D}\u{1F62D}";

function review(id: string, title: string, helpful: number, not: number, over: Partial<Review> = {}): Review {
  const reasons = [`${not} of ${helpful + not} votes say that it did not help.`, `${Math.floor((100 * helpful) / (helpful + not))} % found it helpful; a review is due below 50 % of more than 10 votes.`, "4 voters wrote why it did not help."];
  return {
    id, title, article_id: `fh-${id}`, slug: id, url: `/help/${id}`, article_status: "published", article_version: 3, opened_at: before(2.2), reasons, votes: { helpful, not_helpful: not, since: null }, closed: null, ...over,
  };
}

export const REVIEWS: Review[] = [
  review("export-timeline", "Export the timeline as PDF", 3, 11),
  review("refund-limits", "Refund limits for agents", 4, 9, { url: null, opened_at: before(0.1) }),
  review("hostile", `${MARKUP} ${"Donaudampfschifffahrtsgesellschaft".repeat(6)}`, 0, 12, { opened_at: before(9) }),
];
export const CLOSED: Review[] = [
  review("import-trello", "Import boards from Trello", 5, 8, { closed: { at: before(1), by: "Cora Lindqvist", outcome: "rewritten", note: "Step 3 was of the old menu.\nNew pictures too.", article_version: 4 } }),
  review("fax", "Send a board by fax", 1, 14, { url: null, article_status: "draft", closed: { at: before(20), by: "Amara Osei", outcome: "archived", note: "", article_version: 2 } }),
];

export function reviewDetail(of: Review): ReviewDetail {
  return {
    review: of, votes_now: { ...of.votes, not_helpful: of.votes.not_helpful + 1 },
    words: [
      { helpful: false, words: "There is no button called Export. I looked for half an hour.", at: before(0.02) },
      { helpful: false, words: MARKUP, at: before(0.6) },
      { helpful: false, words: ARABIC, at: before(1.4) },
      { helpful: true, words: "Worked, once a colleague had shown me where.", at: before(3) },
      { helpful: false, words: "no ".repeat(400) + "wordwithoutanend".repeat(50), at: before(8) },
      ...Array.from({ length: 9 }, (_, place) => ({ helpful: false, words: `Still wrong, attempt ${place + 1}`, at: before(10 + place) })),
    ],
    searches: [
      { question: "print gantt chart", helpful: false, times: 3, at: before(0.7) },
      { question: `export ${MARKUP}`, helpful: false, times: 1, at: before(4) },
    ],
  };
}

function group(id: string, question: string, count: number, over: Partial<QuestionGroup> = {}): QuestionGroup {
  return {
    id, question, count, before: count, change: 0, asked: count, last_asked: before(0.05), surfaces: { help: count }, wordings: [question, `${question} please`],
    articles: [{ article_id: "fh-1", title: "Download invoices as PDF", url: "/help/download-invoices", shown: count }, { article_id: "fh-2", title: "Refund limits for agents", url: null, shown: 2 }, { article_id: "fh-3", title: null, url: null, shown: 1 }], ...over,
  };
}

const counts = (searches: number): SearchReport["now"] => ({
  searches, no_result: Math.round(searches / 8), no_click: Math.round(searches / 5), handed_over: Math.round(searches / 16), no_result_rate: 0.125, no_click_rate: 0.31, handed_over_rate: 0.0625,
});

export function searchReport(kind: SearchReport["kind"]): SearchReport {
  return {
    kind, now: counts(1284), before: { ...counts(1120), no_result_rate: 0.09 }, ungrouped: 3, suggested: [{ article_id: "fh-1", title: "Download invoices as PDF", url: "/help/download-invoices", shown: 41 }],
    weeks: [210, 260, 301, 388, 125].map((searches, place) => ({ week: before(7 * (4 - place)).slice(0, 10), counts: counts(searches) })),
    groups: kind === "handed_over" ? [] : [
      group("g1", "download invoices", 212, { before: 140, change: 0.5143, surfaces: { help: 120, bot: 80, widget: 12 } }),
      group("g2", "dark mode", 88, { before: 0, change: null, asked: 91, articles: [], surfaces: { bot: 88 } }),
      group("g3", "cancel [reference] and get my money back", 40, { before: 12, change: 2.3333, asked: 55, last_asked: before(3) }),
      group("g4", MARKUP, 7, { before: 9, change: -0.2222, wordings: [MARKUP, "wordwithoutanend".repeat(60)] }),
      group("g5", ARABIC, 3),
      group("g6", "why ".repeat(240), 1, { last_asked: before(28) }),
    ],
  };
}
