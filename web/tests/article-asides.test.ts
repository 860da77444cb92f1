/** What differs from what was set aside, and what is said of who was quicker. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type * as LineDiff from "../studio/line-diff.js";
import { articles, click, go, useArticles, words, write } from "./articles-page.js";
import { app } from "./desk-page.js";
import { allById, byId, type } from "./dom.js";

const compared = vi.hoisted(() => ({ times: 0 }));
vi.mock("../studio/line-diff.js", async (original) => {
  const real = await original<typeof LineDiff>();
  return { ...real, lineDiff: (...texts: Parameters<typeof real.lineDiff>) => ((compared.times += 1), real.lineDiff(...texts)) };
});

useArticles();

/** Cora was quicker, one went on from one's own words, and hers are beside them. */
beforeEach(async () => {
  await go("#/articles/fh-4");
  await write("desk-article-content", "My words.");
  articles.colleagueWrites("fh-4", { content: "Cora's words." });
  await click("desk-article-save");
});

describe("a difference", () => {
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
  await click("desk-conflict-theirs");
  await write("desk-article-content", "My second words.");
  articles.colleagueWrites("fh-4", { content: "Cora's second words." });
  await click("desk-article-save");
  await click("desk-conflict-mine");
  expect(allById(app, "desk-article-aside").map((one) => /Added: [^.]+/.exec(one.textContent)?.[0])).toEqual(["Added: My words", "Added: Cora's second words"]);
});
