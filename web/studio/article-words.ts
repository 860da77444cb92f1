/** What the page "Articles" says of an article in words. Pure. */
import type { ArticleFields, ArticleRow, ArticleStatus, ArticleVotes } from "./article-types.js";
import { changedFields, fieldWords, namesOf } from "./fields.js";
import { diffWords, lineDiff } from "./line-diff.js";
import { SEEN_BY, seenBy, type SeenBy } from "./seen-by.js";

export interface StateWords { words: string; tone: "shown" | "changed" | "draft" }

export function stateWords({ status, has_draft }: Pick<ArticleRow, "status" | "has_draft">): StateWords {
  if (status === "draft") return { words: "Draft", tone: "draft" };
  return has_draft ? { words: "Published, with a draft", tone: "changed" } : { words: "Published", tone: "shown" };
}

/** `9 of 14 helped`, empty without votes. */
export function voteWords({ helpful, not_helpful }: ArticleVotes): string {
  const cast = helpful + not_helpful;
  return cast === 0 ? "" : `${helpful.toLocaleString()} of ${cast.toLocaleString()} helped`;
}

export function whereWords({ category, subcategory }: Pick<ArticleFields, "category" | "subcategory">): string {
  return [category, subcategory].filter(Boolean).join(" › ") || "No category";
}

const FINDERS: Record<SeenBy, string> = {
  everyone: "Everyone finds it at once: in the help centre, in searches, in the widget and in the assistant's answers.",
  customers: "Customers who are signed in find it at once, in searches and in the assistant's answers. Nobody else does.",
  staff: "Agents and editors find it at the desk at once. No customer ever does.",
};
const LOSERS: Record<SeenBy, string> = {
  everyone: "Nobody finds it any more: not in the help centre, where its address answers that there is no such page, not in searches, not in the assistant's answers. Everyone could read it until now.",
  customers: "Nobody finds it any more, in no search and no answer of the assistant. Signed-in customers could read it until now.",
  staff: "No agent finds it any more. Only editors see it, here.",
};

/** What publishing does, sentence by sentence. `shown` is what is published now, null where nothing is. */
export function publishWords(shown: ArticleFields | null, written: ArticleFields): string[] {
  if (shown === null) return [FINDERS[seenBy(written)]];
  const changed = changedFields(shown, written);
  if (changed.length === 0) return ["It says the same as what is published already."];
  const lines = changed.includes("content") ? ` Of the text: ${diffWords(lineDiff(shown.content, written.content))}.` : "";
  const seen = changed.includes("seen_by") ? [`Until now: ${fieldWords(shown, "seen_by")}. From now on: ${fieldWords(written, "seen_by")}. ${FINDERS[seenBy(written)]}`] : [`${SEEN_BY[seenBy(written)].name} ${seenBy(written) === "everyone" ? "reads" : "read"} it at once.`];
  const moved = changed.includes("slug") && [shown, written].every((one) => seenBy(one) === "everyone") ? [`Its address becomes /help/${written.slug}. Links to /help/${shown.slug} lead there from then on.`] : [];
  return [`${namesOf(changed)} ${changed.length === 1 ? "changes" : "change"}.${lines}`, ...seen, ...moved];
}

/** Who loses an article that is taken back. */
export function unpublishWords(fields: ArticleFields): string {
  return LOSERS[seenBy(fields)];
}

export function restoreWords(number: number, next: number, status: ArticleStatus, old: ArticleFields): string[] {
  const shown = status === "published" ? FINDERS[seenBy(old)] : "The article stays a draft: nobody but editors sees it.";
  return [`What version ${number} said becomes version ${next}. What is there now stays in the history.`, shown];
}
