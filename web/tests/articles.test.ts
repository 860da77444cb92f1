/** The page Articles beside its list and editor: an article's history, what is not there, the way from a review, and Escape. */
import { describe, expect, test } from "vitest";
import { REVIEWS } from "../dev/feedback.js";
import { arrive, articles, click, go, sent, toasts, useArticles, words } from "./articles-page.js";
import { app, service, settle } from "./desk-page.js";
import { allById, byId, press } from "./dom.js";
import { refusal } from "./fakes.js";

useArticles();

describe("the history", () => {
  test("lists who changed what, shows one beside the present and brings it back as the next version", async () => {
    await go("#/articles/fh-1/history");
    expect(allById(app, "desk-version").map((one) => one.dataset.number)).toEqual(["3", "2", "1"]);
    expect(allById(app, "desk-version")[0]!.textContent).toContain("Text and Tags");
    await go("#/articles/fh-1/history/1");
    expect(words("desk-difference")).toContain("Removed: 3. Press **PDF** in the menu on the right.");
    await click("desk-version-restore");
    expect(byId(app, "desk-confirm-yes").closest("dialog")?.textContent).toContain("What version 1 said becomes version 4.");
    await click("desk-confirm-yes");
    await arrive();
    expect(sent("POST", "/api/desk/articles/fh-1/restore")).toEqual([{ number: 1, based_on: 3 }]);
    expect(allById(app, "desk-version").map((one) => one.dataset.number)).toEqual(["4", "3", "2", "1"]);
    expect(location.hash).toBe("#/articles/fh-1/history/4");
    expect(toasts()).toEqual(["Version 1 counts again, as version 4."]);
  });

  test("reads as it read then", async () => {
    await go("#/articles/fh-1/history/1");
    await click("desk-version-reads");
    await settle();
    expect(byId(app, "desk-article-preview").textContent).toContain("keeps each of them for seven years");
  });

  test("that cannot be read says so, though the version could be, and is read again when asked", async () => {
    const versions = "/api/desk/articles/fh-1/versions";
    service.on("GET", versions, { status: 503, body: refusal("unavailable", "Try again in a minute.") });
    await go("#/articles/fh-1/history/1");
    const history = byId(app, "desk-articles-page").querySelector("desk-article-history")!.shadowRoot!;
    expect(history.querySelector('[role="alert"]')?.textContent).toContain("Try again in a minute.");
    service.on("GET", versions, articles.answer("GET", new URL(`https://service.test${versions}`), {}));
    history.querySelector<HTMLElement>('[role="alert"] button')!.click();
    for (let round = 0; round < 6; round += 1) await settle();
    expect(allById(app, "desk-version")).toHaveLength(3);
    expect(words("desk-difference")).toContain("Removed: 3. Press **PDF** in the menu on the right.");
  });

  test("a version that is not there is said in words", async () => {
    service.on("GET", "/api/desk/articles/fh-1/versions/99", { status: 404, body: refusal("not_found", "The article has no version 99; its newest is 3.") });
    await go("#/articles/fh-1/history/99");
    expect(byId(app, "desk-articles-page").querySelector("desk-article-history")?.shadowRoot?.querySelector('[role="alert"]')?.textContent).toContain("no version 99");
  });
});

test("an article that is not there is said in words", async () => {
  await go("#/articles/nothing");
  expect(byId(app, "desk-articles-page").querySelector("desk-article-editor")?.shadowRoot?.querySelector('[role="alert"]')?.textContent).toContain("There is no such article.");
});

test("a review leads to its article", async () => {
  await go("#/feedback");
  expect(allById(app, "desk-review-edit").map((one) => one.getAttribute("href"))).toEqual(REVIEWS.map((one) => `#/articles/${one.article_id}`));
});

test("Escape goes from the history to the article and from there to the list, and leaves a field alone", async () => {
  await go("#/articles/fh-1/history");
  press(byId(app, "desk-version").querySelector("a")!, "Escape");
  await arrive();
  expect(location.hash).toBe("#/articles/fh-1");
  press(byId(app, "desk-article-content"), "Escape");
  await arrive();
  expect(location.hash).toBe("#/articles/fh-1");
  press(byId(app, "desk-article-history-link"), "Escape");
  await arrive();
  expect(location.hash).toBe("#/articles");
});
