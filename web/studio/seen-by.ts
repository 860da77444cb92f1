/** Who may see an article, as one choice of what the service keeps as an audience and a visibility. Pure. */
import type { ArticleFields } from "./article-types.js";

export type SeenBy = "everyone" | "customers" | "staff";
type Kept = Pick<ArticleFields, "audience" | "visibility">;

export const SEEN_BY: Record<SeenBy, { name: string; words: string }> = {
  everyone: { name: "Everyone", words: "Visitors, customers and staff. It stands in the public help centre." },
  customers: { name: "Signed-in customers", words: "Customers whose identity was proved, and staff." },
  staff: { name: "Staff", words: "Agents and editors at the desk. No customer ever sees it." },
};

export function seenBy({ audience, visibility }: Kept): SeenBy {
  if (audience === "internal" || visibility === "internal") return "staff";
  return visibility === "public" ? "everyone" : "customers";
}

/** What is to be kept for a choice. What was written for customers alone stays so; what staff alone could read is for both, as the choice says. */
export function keptFor(chosen: SeenBy, before: Kept): Kept {
  if (chosen === "staff") return { audience: "internal", visibility: "internal" };
  return { audience: before.audience === "internal" ? "both" : before.audience, visibility: chosen === "everyone" ? "public" : "authenticated" };
}
