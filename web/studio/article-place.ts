/** Which article is open on the page "Articles", in the address bar: `#/articles/fh-1`, `#/articles/fh-1/history/3`, `#/articles/new`. */
export type ArticlePlace = { kind: "list" } | { kind: "new" } | { kind: "article"; id: string } | { kind: "history"; id: string; version: number | null };

export function articlePlaceOf(part: string | null): ArticlePlace {
  if (part === null || part === "") return { kind: "list" };
  const [first = "", second, third] = part.split("/");
  if (first === "new") return { kind: "new" };
  const id = decoded(first);
  if (id === null) return { kind: "list" };
  const version = Number(third);
  return second === "history" ? { kind: "history", id, version: Number.isSafeInteger(version) && version > 0 ? version : null } : { kind: "article", id };
}

export function articleHash(place: ArticlePlace): string {
  switch (place.kind) {
    case "list": return "#/articles";
    case "new": return "#/articles/new";
    case "article": return `#/articles/${encodeURIComponent(place.id)}`;
    case "history": return `#/articles/${encodeURIComponent(place.id)}/history${place.version === null ? "" : `/${place.version}`}`;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
