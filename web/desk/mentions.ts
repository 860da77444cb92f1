/** Naming a colleague by `@` in a note: what is being written, and who fits. Pure. */
export interface Reader { id: string; name: string }

const MOST_OFFERED = 6;
const LONGEST_NAME = 60;

/** The name that stands before the caret and is being written, from its `@` on; null where none is. */
export function mentionAt(text: string, caret: number): { from: number; typed: string } | null {
  const before = text.slice(0, caret);
  const from = before.lastIndexOf("@");
  const typed = before.slice(from + 1);
  // An address of e-mail names nobody.
  if (from < 0 || typed.length > LONGEST_NAME || typed.includes("\n") || /[\p{L}\p{N}@]$/u.test(before.slice(0, from))) return null;
  return { from, typed };
}

/** Who may be meant: by the beginning of the name or of one of its words, the former first. */
export function matching(people: readonly Reader[], typed: string): Reader[] {
  const wanted = typed.toLocaleLowerCase();
  const whole = people.filter(({ name }) => name.toLocaleLowerCase().startsWith(wanted));
  const parts = people.filter((one) => !whole.includes(one) && one.name.toLocaleLowerCase().split(/\s+/).some((word) => wanted !== "" && word.startsWith(wanted)));
  return [...whole, ...parts].slice(0, MOST_OFFERED);
}
