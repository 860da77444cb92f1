/** What an editor has written beside what there was: which fields differ, and how two editors' changes go together. Pure. */
import type { ArticleFields, FieldName } from "./article-types.js";
import { SEEN_BY, seenBy } from "./seen-by.js";

export const EMPTY_FIELDS: ArticleFields = { slug: "", title: "", content: "", excerpt: "", category: "", subcategory: "", tags: [], audience: "customer", visibility: "public", related: [], author: "" };
/** Characters, as the service counts them. */
export const LONGEST = { slug: 200, title: 300, excerpt: 2_000, category: 200, subcategory: 200, author: 200 } as const;

/** A field as it is shown: who may see it is one, which the service keeps as two. */
export type ShownField = Exclude<FieldName, "audience" | "visibility"> | "seen_by";
export const FIELD_NAMES: Record<ShownField, string> = {
  title: "Title", content: "Text", excerpt: "Excerpt", seen_by: "Who may see it", category: "Category", subcategory: "Subcategory", slug: "Address", tags: "Tags", related: "Related articles", author: "Author",
};
const SHOWN = Object.keys(FIELD_NAMES) as ShownField[];

function shown(fields: ArticleFields, name: ShownField): string {
  if (name === "seen_by") return seenBy(fields);
  const value = fields[name];
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Fields that differ between two states of an article, in the order in which they are shown. */
export function changedFields(a: ArticleFields, b: ArticleFields): ShownField[] {
  return SHOWN.filter((name) => shown(a, name) !== shown(b, name));
}

export function sameFields(a: ArticleFields, b: ArticleFields): boolean {
  return changedFields(a, b).length === 0;
}

/** A field's value in words, for a difference that is no text. */
export function fieldWords(fields: ArticleFields, name: Exclude<ShownField, "content">): string {
  if (name === "seen_by") return SEEN_BY[seenBy(fields)].name;
  const value = fields[name];
  return typeof value === "string" ? value : value.join(", ");
}

/** The fields with one of them taken from another state. */
export function withField(fields: ArticleFields, name: ShownField, from: ArticleFields): ArticleFields {
  if (name === "seen_by") return { ...fields, audience: from.audience, visibility: from.visibility };
  return { ...fields, [name]: from[name] };
}

export interface Merged {
  /** Every change that one of both made alone; of what both changed, what the preferred side says. */
  fields: ArticleFields;
  /** What both changed, and differently. */
  both: ShownField[];
}

/** Puts two changes of one state together, field by field. */
export function merged(base: ArticleFields, mine: ArticleFields, theirs: ArticleFields, prefer: "mine" | "theirs"): Merged {
  const ours = new Set(changedFields(base, mine));
  const others = changedFields(base, theirs);
  const both = others.filter((name) => ours.has(name) && shown(mine, name) !== shown(theirs, name));
  const taken = others.filter((name) => !ours.has(name) || (prefer === "theirs" && both.includes(name)));
  return { fields: taken.reduce((fields, name) => withField(fields, name, theirs), mine), both };
}

/** `Title`, `Title and Text`, `Title, Text and Tags` */
export function namesOf(fields: readonly ShownField[]): string {
  const names = fields.map((name) => FIELD_NAMES[name]);
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Names for what the service says has changed, each once. */
export function changedNames(changed: readonly string[]): string {
  const known = changed.map((name) => (name === "audience" || name === "visibility" ? "seen_by" : name)).filter((name): name is ShownField => name in FIELD_NAMES);
  return namesOf([...new Set(known)]);
}
