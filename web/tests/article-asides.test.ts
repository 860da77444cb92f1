/** What differs from what was set aside, and what is said of who was quicker. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as LineDiff from "../studio/line-diff.js";
import { articles, click, go, useArticles, value, words, write } from "./articles-page.js";
import { app, model } from "./desk-page.js";
import { allById, byId, type } from "./dom.js";

const compared = vi.hoisted(() => ({ times: 0 }));
vi.mock("../studio/line-diff.js", async (original) => {
  const real = await original<typeof LineDiff>();
  return { ...real, lineDiff: (...texts: Parameters<typeof real.lineDiff>) => ((compared.times += 1), real.lineDiff(...texts)) };
});

useArticles();

async function collide(): Promise<void> {
  await go("#/articles/fh-4");
  await write("desk-article-content", "My words.");
  articles.colleagueWrites("fh-4", { content: "Cora's words." });
  await click("desk-article-save");
}

const does = (method: string, path: string, body: Record<string, unknown> = {}): unknown => articles.answer(method, new URL(`https://s.test/api/desk/articles/${path}`), body).body;

describe("a difference", () => {
  beforeEach(collide);

  test("follows the typing once it pauses, and compares the texts once for all of its keys", async () => {
    await click("desk-conflict-mine");
    const before = compared.times;
    for (const text of ["My words, a", "My words, an", "My words, and more."]) await write("desk-article-content", text);
    await vi.advanceTimersByTimeAsync(299);
    expect(compared.times).toBe(before);
    await vi.advanceTimersByTimeAsync(1);
    await write("desk-article-title", "A title"); // what is typed elsewhere compares nothing either
    expect(words("desk-article-aside")).toContain("Removed: My words, and more.");
    expect(compared.times).toBe(before + 1);
  });

  test("of a conflict follows too", async () => {
    await click("desk-conflict-compare");
    await write("desk-article-content", "Mine, now.");
    await vi.advanceTimersByTimeAsync(300);
    await write("desk-article-title", "A title");
    expect(words("desk-difference")).toContain("Added: Mine, now.");
  });

  test("is up to date at once where a field is taken from what was set aside", async () => {
    await click("desk-conflict-mine");
    type(byId(app, "desk-article-content"), "Typed just now.");
    await click("desk-aside-take");
    expect(words("desk-article-aside")).toContain("Both say the same.");
  });

  test("of another article is not shown for this one's", async () => {
    await click("desk-conflict-mine");
    await go("#/articles/fh-2");
    await go("#/articles/fh-4");
    expect(words("desk-article-aside")).toContain("Removed: My words.");
  });
});

test("what was set aside first stays beside what is set aside next", async () => {
  await collide();
  await click("desk-conflict-theirs");
  await write("desk-article-content", "My second words.");
  articles.colleagueWrites("fh-4", { content: "Cora's second words." });
  await click("desk-article-save");
  await click("desk-conflict-mine");
  expect(allById(app, "desk-article-aside").map((one) => /Added: [^.]+/.exec(one.textContent)?.[0])).toEqual(["Added: My words", "Added: Cora's second words"]);
});

describe("of who was quicker", () => {
  test("nobody is named where the draft is gone, whoever published what there is", async () => {
    await go("#/articles/fh-2");
    await write("desk-article-content", "My words.");
    does("DELETE", "fh-2/draft?revision=2");
    await click("desk-article-save");
    await click("desk-conflict-compare");
    const said = words("desk-article-conflict");
    expect(said).toMatch(/^The draft was discarded since this was begun. What you wrote is still here, and nobody has written anything else. .* Go on From what is there now to yours:/);
    await click("desk-conflict-both");
    await click("desk-article-save");
    expect(value("desk-article-content")).toBe("My words.");
    expect(model.studio.unsaved).toBe(false);
  });

  test("what nobody's name is known of is not taken for one's own", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "My words.");
    articles.importBrings("fh-4", { content: "Imported." }, "");
    await click("desk-article-save");
    expect(words("desk-article-conflict")).toContain("Somebody changed this article since this was begun.");
    await click("desk-conflict-mine");
    expect(words("desk-article-aside")).toContain("What somebody else wrote");
  });

  test.each([["discard", "Not discarded"], ["publish", "Not published"]])("it is said that a press on %s did nothing", async (what, told) => {
    await go("#/articles/fh-2");
    articles.colleagueWrites("fh-2");
    await click(`desk-article-${what}`);
    await click("desk-confirm-yes");
    expect(words("desk-article-conflict")).toContain(`${told}: Cora Lindqvist saved a draft since this was begun.`);
  });

  test("where they left the words as they were, it is said that pressing once more is all", async () => {
    await go("#/articles/fh-2");
    does("POST", "fh-2/unpublish", { based_on: 1 });
    await click("desk-article-publish");
    await click("desk-confirm-yes");
    expect(problem()).toContain("Nothing was written yet: press once more.");
    expect(allById(app, "desk-article-conflict")).toHaveLength(0);
  });
});

const problem = (): string => byId(app, "desk-articles-page").querySelector("desk-article-editor")!.shadowRoot!.querySelector('[role="alert"]')!.textContent;
