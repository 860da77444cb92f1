/** Reviews of articles and the report on searches, as docs/protocol.md and docs/feedback.md say. Nothing here runs. */
export type ReviewState = "open" | "closed";
export type ReviewOutcome = "rewritten" | "fine" | "archived";

/** Votes that count, and since when; null is from the beginning. */
export interface Votes { helpful: number; not_helpful: number; since: string | null }
export interface Review {
  id: string; article_id: string; slug: string; title: string; article_status: string; article_version: number; opened_at: string; reasons: string[];
  /** The article's public page, null while it has none. */
  url: string | null;
  /** Those that opened it. */
  votes: Votes;
  closed: { at: string; by: string; outcome: ReviewOutcome; note: string; article_version: number | null } | null;
}
export interface ReviewList { reviews: Review[]; counts: { open: number; closed: number } }
export interface VoteWords { helpful: boolean; words: string; at: string }
/** A question whose search led to votes on the article, and when it was asked last. */
export interface LedToVote { question: string; helpful: boolean; times: number; at: string }
export interface ReviewDetail { review: Review; votes_now: Votes; words: VoteWords[]; searches: LedToVote[] }

export type SearchKind = "asked" | "no_result" | "no_click" | "handed_over";
export type Surface = "widget" | "bot" | "help" | "desk" | "api";
/** What is asked for: `surface` null is everywhere. */
export interface ReportQuery { kind: SearchKind; days: number; surface: Surface | null }
/** Searches by kind, and shares of 0 to 1; null of nothing. */
export interface SearchCounts {
  searches: number; no_result: number; no_click: number; handed_over: number; no_result_rate: number | null; no_click_rate: number | null; handed_over_rate: number | null;
}
/** An article with how often it was found or opened; no title where it is gone, no address where it has no public page. */
export interface FoundArticle { article_id: string; title: string | null; url: string | null; shown: number }
/** Questions that ask nearly the same. `change` is the rise over the period before (0.5 is half more), null if there was none. */
export interface QuestionGroup {
  id: string; question: string; count: number; before: number; change: number | null; asked: number; last_asked: string; surfaces: Record<string, number>; wordings: string[]; articles: FoundArticle[];
}
export interface SearchReport {
  kind: SearchKind; now: SearchCounts; before: SearchCounts; weeks: { week: string; counts: SearchCounts }[]; groups: QuestionGroup[]; ungrouped: number; suggested: FoundArticle[];
}
