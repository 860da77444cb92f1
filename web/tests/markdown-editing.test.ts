/** The buttons and keys above an article's text, the address that follows a title, two editors' changes put together, and differences line by line. */
import { describe, expect, test } from "vitest";
import { articleFragment } from "../shared/passage.js";
import { articleHash, articlePlaceOf } from "../studio/article-place.js";
import { tagsOf } from "../studio/article-form.js";
import { publishWords } from "../studio/article-words.js";
import { changedFields, changedNames, EMPTY_FIELDS, merged, namesOf } from "../studio/fields.js";
import { diffWords, lineDiff } from "../studio/line-diff.js";
import { type Command, commandOf, edited, nextItem, type Replacement } from "../studio/markdown-editing.js";
import { keptFor, seenBy, type SeenBy } from "../studio/seen-by.js";
import { slugOf } from "../studio/slug.js";

/** `[` and `]` around what is selected, before and after. */
function applied(marked: string, change: (written: { text: string; start: number; end: number }) => Replacement | null): string | null {
  const start = marked.indexOf("⟦");
  const end = marked.indexOf("⟧") - 1;
  const text = marked.replace(/[⟦⟧]/g, "");
  const done = change({ text, start, end });
  if (done === null) return null;
  const after = text.slice(0, done.from) + done.insert + text.slice(done.to);
  return `${after.slice(0, done.start)}⟦${after.slice(done.start, done.end)}⟧${after.slice(done.end)}`;
}
const after = (command: Command, marked: string): string | null => applied(marked, (written) => edited(command, written));

describe("marking up", () => {
  test.each<[Command, string, string]>([
    ["bold", "press ⟦Save⟧ now", "press **⟦Save⟧** now"],
    ["bold", "press **⟦Save⟧** now", "press ⟦Save⟧ now"],
    ["bold", "press⟦ Save ⟧now", "press **⟦Save⟧** now"],
    ["bold", "⟦⟧", "**⟦bold⟧**"],
    ["italic", "**⟦Save⟧**", "***⟦Save⟧***"],
    ["italic", "*⟦Save⟧*", "⟦Save⟧"],
    ["heading", "one\nt⟦⟧wo", "one\n## ⟦two⟧"],
    ["heading", "## t⟦⟧wo", "### ⟦two⟧"],
    ["heading", "### t⟦⟧wo", "⟦two⟧"],
    ["link", "see ⟦the plans⟧", "see [the plans](⟦https://⟧)"],
    ["link", "see ⟦https://a.example/b⟧", "see [⟦words⟧](https://a.example/b)"],
    ["list", "⟦one\ntwo⟧", "⟦- one\n- two⟧"],
    ["list", "⟦- one\n- two⟧", "⟦one\ntwo⟧"],
    ["list", "a\n⟦⟧", "a\n- ⟦⟧"],
    ["code", "run ⟦ls -l⟧", "run `⟦ls -l⟧`"],
    ["code", "a\n⟦one\ntwo⟧", "a\n\n```\n⟦one\ntwo⟧\n```\n"],
  ])("%s makes of %j %j", (command, before, wanted) => {
    expect(after(command, before)).toBe(wanted);
  });

  test("a table is a block of its own, with its first cell selected", () => {
    expect(after("table", "words⟦⟧")).toBe("words\n\n| ⟦Column⟧ | Column |\n|---|---|\n|  |  |\n");
  });

  test.each([
    ["- one⟦⟧", "- one\n- ⟦⟧"], ["  3. one⟦⟧", "  3. one\n  4. ⟦⟧"], ["- one\n- ⟦⟧", "- one\n⟦⟧"], ["plain⟦⟧", null], ["-no⟦⟧", null], ["- o⟦n⟧e", null],
  ])("Enter makes of %j %j", (before, wanted) => {
    expect(applied(before, nextItem)).toBe(wanted);
  });

  test("keys need Ctrl or ⌘, and Shift only where it is said", () => {
    const keys = { ctrlKey: true, metaKey: false, altKey: false, shiftKey: false };
    expect(commandOf({ ...keys, key: "b" })).toBe("bold");
    expect(commandOf({ ...keys, key: "B", shiftKey: true })).toBeNull();
    expect(commandOf({ ...keys, key: "H", shiftKey: true, ctrlKey: false, metaKey: true })).toBe("heading");
    expect(commandOf({ ...keys, key: "b", ctrlKey: false })).toBeNull();
    expect(commandOf({ ...keys, key: "e", altKey: true })).toBeNull();
  });
});

describe("an address", () => {
  test.each([
    ["How do I change my plan?", "how-do-i-change-my-plan"], ["Größe der Anhänge ändern", "grosse-der-anhange-andern"], ["What’s new — 2026", "whats-new-2026"], ["Łódź & Ærø", "lodz-aero"], ["الفاتورة", ""], ["  ", ""],
  ])("of %j is %j", (title, slug) => {
    expect(slugOf(title)).toBe(slug);
  });
  test("of a long title ends after a whole word", () => {
    const slug = slugOf("word ".repeat(60));
    expect(slug.length).toBeLessThanOrEqual(80);
    expect(slug).toMatch(/^(word-)+word$/);
    expect(slugOf("x".repeat(300))).toHaveLength(80);
  });
});

describe("who may see an article", () => {
  test.each<[SeenBy, "customer" | "internal" | "both", "public" | "authenticated" | "internal"]>([
    ["everyone", "customer", "public"], ["everyone", "both", "public"], ["customers", "both", "authenticated"], ["staff", "internal", "public"], ["staff", "customer", "internal"],
  ])("is %s for %s and %s", (seen, audience, visibility) => {
    expect(seenBy({ audience, visibility })).toBe(seen);
  });
  test("is kept as what the service knows, and what was for both stays for both", () => {
    expect(keptFor("staff", { audience: "both", visibility: "public" })).toEqual({ audience: "internal", visibility: "internal" });
    expect(keptFor("customers", { audience: "both", visibility: "public" })).toEqual({ audience: "both", visibility: "authenticated" });
    expect(keptFor("everyone", { audience: "internal", visibility: "internal" })).toEqual({ audience: "both", visibility: "public" });
  });
});

describe("two changes of one state", () => {
  const base = { ...EMPTY_FIELDS, title: "Plans", content: "one", category: "Billing", tags: ["a"] };
  test("go together where they are of different fields", () => {
    const { fields, both } = merged(base, { ...base, content: "mine" }, { ...base, category: "Plans", visibility: "internal" }, "mine");
    expect(both).toEqual([]);
    expect(fields).toEqual({ ...base, content: "mine", category: "Plans", visibility: "internal" });
  });
  test("leave it to be chosen where both changed one field, and only there", () => {
    const mine = { ...base, content: "mine", title: "My plans" };
    const theirs = { ...base, content: "theirs", tags: ["a", "b"] };
    expect(merged(base, mine, theirs, "mine")).toEqual({ fields: { ...mine, tags: ["a", "b"] }, both: ["content"] });
    expect(merged(base, mine, theirs, "theirs").fields).toEqual({ ...mine, content: "theirs", tags: ["a", "b"] });
  });
  test("are none where both wrote the same", () => {
    expect(merged(base, { ...base, content: "same" }, { ...base, content: "same" }, "mine").both).toEqual([]);
  });
  test("are named as editors know the fields", () => {
    expect(namesOf(changedFields(base, { ...base, title: "x", audience: "internal", tags: [] }))).toBe("Title, Who may see it and Tags");
    expect(changedFields(base, { ...base, audience: "both" })).toEqual([]);
    expect(changedNames(["audience", "visibility", "content", "status"])).toBe("Who may see it and Text");
  });
});

describe("a difference line by line", () => {
  test("folds what is the same, but for two lines around each change", () => {
    const lines = Array.from({ length: 12 }, (_, place) => `line ${place}`);
    const diff = lineDiff(lines.join("\n"), lines.map((line) => (line === "line 9" ? "another" : line)).join("\n"));
    expect(diff).toEqual([
      { kind: "folded", lines: 7 }, { kind: "same", text: "line 7" }, { kind: "same", text: "line 8" }, { kind: "removed", text: "line 9" }, { kind: "added", text: "another" }, { kind: "same", text: "line 10" }, { kind: "same", text: "line 11" },
    ]);
    expect(diffWords(diff)).toBe("1 line added, 1 removed");
  });
  test("of the same text is one fold", () => {
    expect(diffWords(lineDiff("a\nb", "a\nb"))).toBe("");
  });
});

describe("what publishing does", () => {
  const shown = { ...EMPTY_FIELDS, title: "Plans", slug: "plans", content: "one" };
  test("is said of a new article by who finds it", () => {
    expect(publishWords(null, { ...shown, audience: "internal" })).toEqual(["Agents and editors find it at the desk at once. No customer ever does."]);
  });
  test("is said of a change by its fields, its lines and its readers", () => {
    const words = publishWords(shown, { ...shown, content: "one\ntwo", slug: "prices", visibility: "authenticated" }).join(" ");
    expect(words).toContain("Text, Who may see it and Address change.");
    expect(words).toContain("Until now: Everyone. From now on: Signed-in customers.");
  });
  test.each([["public", "public", true], ["public", "authenticated", false], ["authenticated", "public", false], ["internal", "internal", false]] as const)("promises that links go on only where there was a page and is one: %s, then %s", (before, after, said) => {
    const words = publishWords({ ...shown, visibility: before }, { ...shown, slug: "prices", visibility: after }).join(" ");
    expect(words.includes("/help/")).toBe(said);
    expect(words).toContain("Address");
  });
});

describe("an article's address at the desk", () => {
  test.each(["fh-1", "a/b ä%", "..", "new article"])("leads back to %j", (id) => {
    const part = (hash: string): string => hash.replace("#/articles/", "");
    expect(articlePlaceOf(part(articleHash({ kind: "article", id })))).toEqual({ kind: "article", id });
    expect(articlePlaceOf(part(articleHash({ kind: "history", id, version: 12 })))).toEqual({ kind: "history", id, version: 12 });
  });
  test.each([["%E0%A4%A", { kind: "list" }], ["new", { kind: "new" }], ["fh-1/history/x", { kind: "history", id: "fh-1", version: null }], ["fh-1/history/-2", { kind: "history", id: "fh-1", version: null }]])("%j is forgiven", (part, place) => {
    expect(articlePlaceOf(part)).toEqual(place);
  });
});

test("tags are divided by commas, each once", () => {
  expect(tagsOf(" a, b ,,a،ج\n")).toEqual(["a", "b", "ج"]);
});

test("a whole article keeps its headings, tables and pictures, and nothing that runs", () => {
  const shown = articleFragment('<h1 onclick="x()">One</h1><h2 id="location">Two</h2><img src="https://a.example/b.png" alt="B" onerror="x()"><img src="javascript:x()"><table><tr><td>1</td></tr></table><script>x()</script><a href="javascript:x()">l</a><style>*{}</style><iframe src="/"></iframe>', "https://service.test");
  const page = document.createElement("div");
  page.append(shown);
  expect([...page.querySelectorAll("h1, h2")].map((one) => `${one.tagName} ${one.textContent}`)).toEqual(["H2 One", "H2 Two"]);
  expect([...page.querySelectorAll("img")].map((one) => one.getAttribute("src"))).toEqual(["https://a.example/b.png"]);
  expect(page.querySelector("[role=region] table")).not.toBeNull();
  expect(page.querySelectorAll("script, style, iframe, a, [onclick], [onerror], [id]")).toHaveLength(0);
});

test("what leads to a telephone or a mail program is a link, as the help centre's own pages have it", () => {
  const page = document.createElement("div");
  page.append(articleFragment('<a href="tel:+4930123">call</a> <a href="mailto:a@b.example">write</a>', "https://service.test"));
  expect([...page.querySelectorAll("a")].map((one) => one.getAttribute("href"))).toEqual(["tel:+4930123", "mailto:a@b.example"]);
});
