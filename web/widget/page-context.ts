/** What page the customer is on, as far as the service needs it to suggest articles: no query string, no fragment. */
export interface PageContext { url: string; title: string; context: string }

/** What a host page may say about itself: words, or words for each part; null goes back to what the browser says. */
export type GivenContext = string | { about?: string; title?: string; url?: string } | null;

const LONGEST = 300;

export function pageContext(location: Pick<Location, "origin" | "pathname">, title: string, given: GivenContext): PageContext {
  const said = typeof given === "string" ? { about: given } : (given ?? {});
  return {
    url: withoutQuery(said.url ?? "", location) ?? location.origin + location.pathname,
    title: (said.title ?? title).slice(0, LONGEST),
    context: (said.about ?? "").slice(0, LONGEST),
  };
}

function withoutQuery(url: string, location: Pick<Location, "origin">): string | null {
  if (url === "") return null;
  try {
    const parsed = new URL(url, location.origin);
    return parsed.origin === "null" ? null : parsed.origin + parsed.pathname;
  } catch {
    return null;
  }
}
