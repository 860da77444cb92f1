/** An article's part of its address, made from its title. Pure. */
const LONGEST = 80;
/** Letters that are more than a letter with a mark. */
const SPELT: Record<string, string> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };

/** `Wie ändere ich’s?` → `wie-andere-ichs`; empty where no letter of it can stand in an address. */
export function slugOf(title: string): string {
  const plain = title.toLowerCase().normalize("NFKD").replace(/[\p{M}'’]/gu, "").replace(/[^\p{ASCII}]/gu, (letter) => SPELT[letter] ?? " ");
  const slug = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return slug.length <= LONGEST ? slug : slug.slice(0, LONGEST + 1).replace(/-[^-]*$/, "").slice(0, LONGEST).replace(/-$/, "");
}

/** An id for a new article, which `mark` makes its own: no other article, and none that is deleted, has had it. */
export function idOf(slug: string, mark: string): string {
  return `${slugOf(slug).slice(0, 40) || "article"}-${mark}`;
}

export function isSlug(text: string): boolean {
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}
