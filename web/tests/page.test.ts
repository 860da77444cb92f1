import { describe, expect, test } from "vitest";
import { markedPieces, passageFragment, passageText } from "../shared/passage.js";
import { safeStorage, subjectOf, TOKEN_KEY, tokenStore } from "../shared/token-store.js";
import { readTag } from "../widget/script-tag.js";

const tag = (data: Record<string, string>, src = "https://support.test/widget.js") => ({ src, dataset: data as DOMStringMap });
const jwt = (claims: object): string => `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.sig`;

describe("the script tag", () => {
  test("names the service by where the script came from", () => {
    expect(readTag(tag({}), "https://shop.test/cart").base).toBe("https://support.test");
    expect(readTag(null, "https://shop.test/cart").base).toBe("https://shop.test");
  });
  test.each(["", "__BATON_IDENTITY__", "  "])("identity %j means a guest", (identity) => {
    expect(readTag(tag({ identity }), "https://shop.test/").identity).toBeNull();
  });
  test("a token is taken as it is, title, theme and suggestions too", () => {
    expect(readTag(tag({ identity: " a.b.c ", title: "Help", theme: "dark", suggestions: "One?| Two? ||Three?|Four?" }), "https://shop.test/")).toEqual({
      base: "https://support.test", identity: "a.b.c", title: "Help", theme: "dark", suggestions: ["One?", "Two?", "Three?"], context: "" });
    expect(readTag(tag({ suggestions: "" }), "https://shop.test/").suggestions).toEqual([]);
  });
});

describe("the visitor's token", () => {
  const blocked = (): Storage => { throw new DOMException("denied", "SecurityError"); };

  test("is kept in localStorage", () => {
    localStorage.clear();
    tokenStore(safeStorage(() => localStorage), () => null).write("tk");
    expect(localStorage.getItem(TOKEN_KEY)).toBe("tk");
    expect(tokenStore(safeStorage(() => localStorage), () => null).read()).toBe("tk");
  });
  test("lives for the page where localStorage is blocked", () => {
    const store = tokenStore(safeStorage(blocked), () => null);
    store.write("tk");
    expect(store.read()).toBe("tk");
  });
  test("of a guest goes along when they sign in; of an account is not given to the next person", () => {
    const storage = safeStorage(blocked);
    let who: string | null = null;
    const store = tokenStore(storage, () => who);
    store.write("guest");
    who = "dana";
    expect(store.read()).toBe("guest");
    store.write("danas");
    expect(store.read()).toBe("danas");
    who = null;
    expect(store.read()).toBeNull();
    who = "tom";
    expect(store.read()).toBeNull();
  });
  test("belongs to the subject of the identity", () => {
    expect(subjectOf(jwt({ sub: "demo-dana" }))).toBe("demo-dana");
    expect([subjectOf(null), subjectOf("x.y.z"), subjectOf(jwt({}))]).toEqual([null, null, null]);
  });
});

test("a passage becomes plain text, a line to a block", () => {
  expect(passageText("<p>First <b>do</b> this:</p><ol><li>Open</li><li>Press</li></ol><ul><li>or not</li></ul><script>x</script>")).toBe("First do this:\n1. Open\n2. Press\n• or not");
});

test("what answers is marked, in the card and in a list's line, and no mark brings anything else along", () => {
  const marked = "<p>" + "Before. ".repeat(20) + '</p><p><mark class="x" onclick="y()">Select <mark>Download</mark></mark> <b>and</b> <mark>go</mark>.</p>';
  const card = document.createElement("div");
  card.append(passageFragment(marked, "https://service.test"));
  const marks = [...card.querySelectorAll("mark")];
  expect(marks.map((one) => [one.textContent, one.attributes.length])).toEqual([["Select Download", 0], ["Download", 0], ["go", 0]]);
  expect(markedPieces(marked, 90).map(({ text, marks }) => `${marks}${text}`)).toEqual(["0… ", "1Select ", "2Download", "0 ", "0and", "0 ", "1go", "0.", "0 "]);
  expect(markedPieces("<p>Pay <mark>now</mark></p>", 90).map((piece) => piece.marks)).toEqual([0, 1, 0]);
  expect(passageText(marked)).toContain("Select Download and go.");
});

test("what of a passage is too wide scrolls within itself, is named, and is reached by keyboard", () => {
  const card = document.createElement("div");
  card.append(passageFragment("<p>Prices</p><table><tr><th>Free</th><td><pre><code>a</code></pre></td></tr></table>", "https://service.test"));
  const regions = [...card.querySelectorAll<HTMLElement>("[role=region]")];
  expect(regions.map((one) => [one.getAttribute("aria-label"), one.tabIndex, one.className])).toEqual([["Table", 0, "wide"], ["Code", 0, ""]]);
  expect(card.querySelector(".wide > table th")?.textContent).toBe("Free");
});
