/** Where an agent is, in the address bar: `#/queue`, `#/mine/cv_1`, a page of its own, `#/team`, or a part of one, `#/feedback/searches`, `#/articles/fh-1/history`. */
import type { View } from "../shared/desk-protocol.js";
import { isPage, type PageId } from "./pages.js";

/** `page` is what is shown in place of the conversation, `part` which part of it; `view` is then the list beside it. */
export interface Place { view: View; id: string | null; page?: PageId | undefined; part?: string }

const VIEWS: ReadonlySet<string> = new Set<View>(["queue", "mine", "colleagues", "bot", "resolved"]);

export function placeOf(hash: string): Place {
  const [view, id, ...rest] = hash.replace(/^#\/?/, "").split("/");
  if (view !== undefined && isPage(view)) return { view: "queue", id: null, page: view, ...(id ? { part: [id, ...rest].join("/") } : {}) };
  const known = view !== undefined && VIEWS.has(view);
  return { view: known ? (view as View) : "queue", id: known && id ? decode(id) : null };
}

export function hashOf({ view, id, page, part }: Place): string {
  if (page !== undefined) return part === undefined ? `#/${page}` : `#/${page}/${part}`;
  return id === null ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
