/** Tells the service that a search's result was opened (docs/feedback.md). Nobody waits for it, and its failure changes nothing. */
import type { Fetch } from "./http.js";

export interface Opened { searchId: string; articleId: string }

/** `base` is the service's origin, empty for the page's own. The request outlives the page that made it. */
export function noteOpened(base: string, { searchId, articleId }: Opened, fetcher: Fetch): void {
  void fetcher(`${base}/api/searches/${encodeURIComponent(searchId)}/clicks`, {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ article_id: articleId }),
  }).catch(() => undefined);
}
