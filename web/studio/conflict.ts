/** What comes between writing and what is kept: a refusal, or a colleague's words. Pure. */
import { messageOf, ServiceError } from "../shared/errors.js";
import type { ArticleDetail, ArticleDraft, ArticleFields } from "./article-types.js";

/** Somebody else's words, `whose` if that is known; `base` is what both began on, `version` and `revision` what the next save follows. */
export interface Conflict { words: string; whose: string; base: ArticleFields; theirs: ArticleFields; version: number; revision: number }
export interface Problem { message: string; field: string | null }
export type Task = "reading" | "saving" | "publishing" | "discarding" | "deleting" | "unpublishing";
/** What the writing goes on from. */
export interface Seen { version: number; revision: number }

const NOT_DONE: Partial<Record<Task, string>> = { publishing: "Not published: ", discarding: "Not discarded: ", deleting: "Not deleted: ", unpublishing: "Not unpublished: " };

/** A colleague's draft that was not seen; null where it is a version, if anything, that came between. */
export function newerDraft({ draft }: ArticleDetail, seen: Seen): ArticleDraft | null {
  return draft === null || draft.revision === seen.revision ? null : draft;
}

/** What `detail` says that was not seen; a draft that is itself behind stays so, for the next save to stop for what was published. */
export function conflictOf(detail: ArticleDetail, { seen, base, task }: { seen: Seen; base: ArticleFields; task: Task }): Conflict {
  const { article } = detail;
  const newer = newerDraft(detail, seen);
  const { by, fields, version } = newer === null ? { by: article.edited_by, fields: article.fields, version: article.version } : { ...newer, version: newer.based_on };
  const did = newer !== null ? "saved a draft" : "changed this article";
  const discarded = newer === null && version === seen.version;
  const isImport = by === "import";
  const words = discarded ? "The draft was discarded" : `${isImport ? "The import" : by || "Somebody"} ${did}`;
  return { words: `${NOT_DONE[task] ?? ""}${words} since this was begun.`, whose: discarded ? "" : isImport ? "the import" : by, base, theirs: fields, version, revision: detail.draft?.revision ?? 0 };
}

export function problemOf(error: unknown): Problem {
  return { message: messageOf(error), field: error instanceof ServiceError ? error.body.field : null };
}
