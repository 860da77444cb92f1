/** A colleague who was quicker with an article: both texts beside each other, and no word of either is lost. */
import { describe, expect, test, vi } from "vitest";
import { articles, click, go, off, rows, sent, toasts, useArticles, value, words, write } from "./articles-page.js";
import type { ArticleDetail } from "../studio/article-types.js";
import { conflictOf } from "../studio/conflict.js";
import { EMPTY_FIELDS } from "../studio/fields.js";
import { app, service, settle } from "./desk-page.js";
import { allById } from "./dom.js";

useArticles();

describe("a colleague who deleted the article", () => {
  const gone = (): void => void articles.answer("DELETE", new URL("/api/desk/articles/fh-5?based_on=1&revision=0", "https://s.test"), {});
  const told = (): string => allById(app, "desk-article-problem").map((one) => one.textContent).join(" ");

  test("leaves what was written, which is saved as a new one", async () => {
    await go("#/articles/fh-5");
    await write("desk-article-content", "Written meanwhile.");
    gone();
    await click("desk-article-save");
    expect(told()).toContain("This article has been deleted.");
    expect(value("desk-article-content")).toBe("Written meanwhile.");
    expect(words("desk-article-state")).toBe("Not saved yet");
    await click("desk-article-save");
    const [made] = sent("POST", "/api/desk/articles") as { id: string; content: string }[];
    expect(made).toMatchObject({ title: "Pause a plan", content: "Written meanwhile." });
    expect(location.hash).toBe(`#/articles/${made!.id}`);
    expect(words("desk-article-state")).toBe("Draft");
    await go("#/articles");
    expect(rows()).toContain(made!.id);
  });

  test("leaves it also where one comes back to it, until it is undone", async () => {
    await go("#/articles/fh-5");
    await write("desk-article-title", "Pause it");
    await go("#/articles");
    gone();
    await go("#/articles/fh-5");
    expect(value("desk-article-title")).toBe("Pause it");
    expect(told()).toContain("This article has been deleted.");
    await click("desk-article-discard");
    await click("desk-confirm-yes");
    expect(location.hash).toBe("#/articles");
    await go("#/articles/fh-5");
    expect(allById(app, "desk-article-title")).toHaveLength(0);
  });
});

test("an article that is said to be gone, and is there after all, is gone on with as before", async () => {
  await go("#/articles/fh-4");
  await write("desk-article-content", "My words.");
  let gone = true;
  service.on("GET", "/api/desk/articles/fh-4", ({ url }) => (gone ? { status: 404, body: "<h1>Not found</h1>" } : articles.answer("GET", new URL(url, "https://s.test"), {})));
  await go("#/articles");
  await go("#/articles/fh-4");
  expect(words("desk-article-state")).toBe("Not saved yet");
  expect(value("desk-article-content")).toBe("My words.");
  gone = false;
  await go("#/articles");
  await go("#/articles/fh-4");
  expect(words("desk-article-state")).toBe("Published");
  expect(value("desk-article-content")).toBe("My words.");
  await click("desk-article-save");
  expect(sent("PUT", "/api/desk/articles/fh-4/draft")).toMatchObject([{ based_on: 1, revision: 0, fields: { content: "My words." } }]);
});

describe("a colleague who was quicker", () => {
  async function collide(): Promise<void> {
    await go("#/articles/fh-4");
    await write("desk-article-content", "My words.");
    articles.colleagueWrites("fh-4", { content: "Cora's words.", category: "Security" });
    await click("desk-article-save");
  }

  test("is named, and what was written stays and can be compared", async () => {
    await collide();
    expect(words("desk-article-conflict")).toContain("Cora Lindqvist saved a draft since this was begun.");
    expect(value("desk-article-content")).toBe("My words.");
    expect(off("desk-article-save")).toBe(true);
    await click("desk-conflict-compare");
    expect(words("desk-difference")).toContain("Removed: Cora's words.");
  });

  test("is not a colleague where it was an import", () => {
    const fields = { ...EMPTY_FIELDS, title: "A" };
    const detail = { article: { version: 2, edited_by: "import", fields }, draft: null } as unknown as ArticleDetail;
    const { words: told, whose } = conflictOf(detail, { seen: { version: 1, revision: 0 }, base: fields, task: "saving" });
    expect([told, whose]).toEqual(["The import changed this article since this was begun.", "the import"]);
  });

  test("is gone on from with their words, and one's own are at hand", async () => {
    await collide();
    await click("desk-conflict-theirs");
    expect(value("desk-article-content")).toBe("Cora's words.");
    expect(value("desk-article-category")).toBe("Security");
    expect(words("desk-article-aside")).toContain("What you had written");
    const place = allById(app, "desk-aside-take").findIndex((one) => one.getAttribute("aria-label")?.includes("Text"));
    await click("desk-aside-take", place);
    expect(value("desk-article-content")).toBe("My words.");
    await click("desk-aside-drop");
    await click("desk-article-save");
    expect(sent("PUT", "/api/desk/articles/fh-4/draft")[1]).toMatchObject({ revision: 1, fields: { content: "My words.", category: "Security" } });
  });

  test("is gone on from with one's own words, and theirs are at hand even after another page", async () => {
    await collide();
    await click("desk-conflict-mine");
    await go("#/articles");
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("My words.");
    expect(words("desk-article-aside")).toContain("What Cora Lindqvist wrote");
    await click("desk-article-save");
    expect(allById(app, "desk-article-conflict")).toHaveLength(0);
    expect(words("desk-article-state")).toBe("Published, with a draft");
  });

  test("what was set aside is compared again once the typing pauses, and at once where something is taken of it", async () => {
    await collide();
    await click("desk-conflict-theirs");
    await write("desk-article-content", "Cora's words. A");
    await vi.advanceTimersByTimeAsync(200);
    await write("desk-article-content", "Cora's words. And mine.");
    await vi.advanceTimersByTimeAsync(200);
    await settle();
    expect(words("desk-article-aside")).not.toContain("And mine.");
    await vi.advanceTimersByTimeAsync(400);
    await settle();
    expect(words("desk-article-aside")).toContain("Removed: Cora's words. And mine.");
    await write("desk-article-title", "Single sign-on");
    await click("desk-aside-take", allById(app, "desk-aside-take").findIndex((one) => one.getAttribute("aria-label")?.includes("Text")));
    expect(value("desk-article-content")).toBe("My words.");
    expect(words("desk-article-aside")).not.toContain("Cora's words.");
  });

  test("whose draft one wants to discard, and who saved it again meanwhile, keeps it, and one is told", async () => {
    await go("#/articles/fh-2");
    articles.colleagueWrites("fh-2", { content: "Cora's newer words." });
    await click("desk-article-discard");
    await click("desk-confirm-yes");
    expect(words("desk-article-conflict")).toContain("Not discarded: Cora Lindqvist saved a draft since this was begun.");
    await click("desk-conflict-both");
    expect(value("desk-article-content")).toBe("Cora's newer words.");
  });

  test("leaves what was set aside before where it is", async () => {
    await collide();
    await click("desk-conflict-theirs");
    await write("desk-article-excerpt", "My excerpt.");
    articles.colleagueWrites("fh-4", { content: "Cora's words.", tags: ["sso"] });
    await click("desk-article-save");
    await click("desk-conflict-both");
    expect(value("desk-article-excerpt")).toBe("My excerpt.");
    expect(words("desk-article-aside")).toContain("What you had written");
    expect(words("desk-article-aside")).toContain("Added: My words.");
  });

  test("had not seen what was published either: that is put beside it next, and not written over", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "My words.");
    articles.colleagueWrites("fh-4", { content: "Cora's words." });
    articles.importBrings("fh-4", { excerpt: "Imported." });
    await click("desk-article-save");
    await click("desk-conflict-mine");
    await click("desk-article-save");
    expect(words("desk-article-conflict")).toContain("import changed this article");
    await click("desk-conflict-both");
    await click("desk-article-save");
    expect(sent("PUT", "/api/desk/articles/fh-4/draft").at(-1)).toMatchObject({ based_on: 2, fields: { content: "My words.", excerpt: "Imported." } });
  });

  test("who changed other fields is no choice: both go together", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "My words.");
    articles.colleagueWrites("fh-4", { category: "Security", content: (articles.answer("GET", new URL("https://s.test/api/desk/articles/fh-4"), {}).body as { article: { fields: { content: string } } }).article.fields.content });
    await click("desk-article-save");
    await click("desk-conflict-both");
    expect(value("desk-article-content")).toBe("My words.");
    expect(value("desk-article-category")).toBe("Security");
    expect(allById(app, "desk-article-aside")).toHaveLength(0);
  });

  test("is noticed when writing goes on after another page", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "My words.");
    await go("#/articles");
    articles.colleagueWrites("fh-4", { content: "Cora's words." });
    await go("#/articles/fh-4");
    expect(words("desk-article-conflict")).toContain("Cora Lindqvist saved a draft since this was begun.");
    expect(value("desk-article-content")).toBe("My words.");
  });

  test("a draft whose version was replaced is put together with what replaced it before it is published", async () => {
    const at = (path: string): URL => new URL(`https://s.test/api/desk/articles/fh-1${path}`);
    const fields = (articles.answer("GET", at(""), {}).body as { article: { fields: object } }).article.fields;
    articles.answer("PUT", at("/draft"), { fields: { ...fields, content: "The draft." }, based_on: 3, revision: 0 });
    articles.answer("POST", at("/restore"), { number: 1, based_on: 3 });
    await go("#/articles/fh-1");
    expect(words("desk-article-conflict")).toContain("Amara Osei changed this article since this was begun.");
    await click("desk-conflict-mine");
    expect(value("desk-article-content")).toBe("The draft.");
    expect(value("desk-article-title")).toBe("Download an invoice");
    await click("desk-article-publish");
    await click("desk-confirm-yes");
    expect(sent("POST", "/api/desk/articles/fh-1/publish")).toEqual([{ based_on: 4, revision: 2 }]);
    expect(toasts().at(-1)).toBe("Published.");
  });
});
