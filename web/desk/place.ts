/** Where an agent is, in the address bar: `#/queue`, `#/mine/cv_1`. */
import type { View } from "../shared/protocol.js";

export interface Place { view: View; id: string | null }

export function placeOf(hash: string): Place {
  const [view, id] = hash.replace(/^#\/?/, "").split("/");
  const known = view === "queue" || view === "mine" || view === "bot" || view === "resolved";
  return { view: known ? view : "queue", id: known && id ? decode(id) : null };
}

export function hashOf({ view, id }: Place): string {
  return id === null ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
