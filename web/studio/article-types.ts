/** Articles as their editors know them, as docs/protocol.md says. Nothing here runs. */
export type Audience = "customer" | "internal" | "both";
export type Visibility = "public" | "authenticated" | "internal";
export type ArticleStatus = "draft" | "published";

/** All that an editor writes. `content` is Markdown, `related` are articles by their ids. */
export interface ArticleFields {
  slug: string; title: string; content: string; excerpt: string; category: string; subcategory: string; tags: string[]; audience: Audience; visibility: Visibility; related: string[]; author: string;
}
export type FieldName = keyof ArticleFields;
export interface ArticleVotes { helpful: number; not_helpful: number }

export interface ArticleRow {
  id: string; slug: string; title: string; category: string; subcategory: string; audience: Audience; visibility: Visibility; status: ArticleStatus; has_draft: boolean; version: number;
  updated_at: string; edited_by: string; votes: ArticleVotes; views: number;
  /** The open review, if one waits. */
  review_id: string | null;
  /** The article's page in the help centre, null while it has none. */
  url: string | null;
}
export interface ArticleCategory { name: string; articles: number; subcategories?: string[] }
export interface ArticleList { articles: ArticleRow[]; next: string | null; total: number; categories: ArticleCategory[] | null }
/** What the list is narrowed to; empty is all. */
/** What the list is narrowed by: a null category is any, an empty one that of articles without. */
export interface ArticleQuery { q: string; category: string | null; status: "" | ArticleStatus | "changed"; audience: "" | "everyone" | "customers" | "staff" }

export interface ArticleState {
  id: string; version: number; status: ArticleStatus; created_at: string; updated_at: string; edited_by: string; url: string | null; votes: ArticleVotes; views: number; review_id: string | null;
  /** No reader ever saw it. */
  deletable: boolean; fields: ArticleFields;
}
/** A change that only editors see. It is stale once the version that it was begun on has been replaced. */
export interface ArticleDraft { revision: number; based_on: number; by: string; at: string; stale: boolean; fields: ArticleFields }
export interface ArticleTitle { id: string; title: string }
export interface ArticleDetail { article: ArticleState; draft: ArticleDraft | null; related?: ArticleTitle[] }

/** One version: `changed` are the fields that differ from the one before, none for the first. */
export interface ArticleVersion { number: number; by: string; at: string | null; changed: string[]; status: ArticleStatus }
export interface ArticleVersions { versions: ArticleVersion[]; next?: number | null }
export interface ArticleVersionDetail extends ArticleVersion { fields: ArticleFields }
