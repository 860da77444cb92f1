/** Answers that come late, or after one has gone on: they change neither where one is nor what one wrote. */
import { describe, expect, test, vi } from "vitest";
import { articles, arrive, click, go, hold, rows, sent, settled, useArticles, value, words, write } from "./articles-page.js";
import { app, model, service } from "./desk-page.js";
import { allById } from "./dom.js";

useArticles();

const numbers = (): string[] => allById(app, "desk-version").map((one) => one.dataset.number!);

/** Gives an article more versions than are shown at once: it has `newest`, and two are shown. */
function manyVersions(id: string): void {
  const path = `/api/desk/articles/${id}/versions`;
  service.on("GET", path, ({ url }) => {
    const before = new URL(url, "https://s.test").searchParams.get("before");
    const of = (number: number): object => ({ number, by: `Who wrote ${id}`, at: "2026-11-01T00:00:00Z", changed: ["title"], status: "published" });
    return { body: before === null ? { versions: [of(4), of(3)], next: 3 } : { versions: [of(2), of(1)], next: null } };
  });
}

describe("the history", () => {
  test("adds the older versions once, however often that is pressed", async () => {
    manyVersions("fh-1");
    await go("#/articles/fh-1/history");
    const older = allById(app, "desk-versions-older")[0]!;
    older.click();
    older.click();
    await settled();
    expect(numbers()).toEqual(["4", "3", "2", "1"]);
  });

  test("does not take another article's older versions for this one's", async () => {
    manyVersions("fh-1");
    manyVersions("fh-2");
    await go("#/articles/fh-1/history");
    let answer = (): void => undefined;
    service.on("GET", "/api/desk/articles/fh-1/versions", () => new Promise((done) => (answer = () => done({ body: { versions: [{ number: 2, by: "Who wrote fh-1", at: null, changed: [], status: "draft" }], next: null } }))));
    await click("desk-versions-older");
    await go("#/articles/fh-2/history");
    answer();
    await settled();
    expect(numbers()).toEqual(["4", "3"]);
  });

  test("does not show another article's version under this one's name", async () => {
    await go("#/articles/fh-1/history/1");
    const answer = hold("GET", "/api/desk/articles/fh-2/versions/1");
    await go("#/articles/fh-2/history/1");
    await go("#/articles/fh-3/history/1");
    await answer();
    expect(words("desk-article-preview")).not.toContain("Change your plan");
  });

  test("does not come back when a version was restored after one has gone on", async () => {
    await go("#/articles/fh-1/history/1");
    const answer = hold("POST", "/api/desk/articles/fh-1/restore");
    await click("desk-version-restore");
    await click("desk-confirm-yes");
    await go("#/articles");
    await answer();
    expect(location.hash).toBe("#/articles");
    expect(model.toasts.map((one) => one.text)).toEqual(["Version 1 counts again, as version 4."]);
  });
});

describe("writing", () => {
  test("goes on in another article while the one before is being deleted", async () => {
    await go("#/articles/fh-5");
    const answer = hold("DELETE", "/api/desk/articles/fh-5");
    await click("desk-article-delete");
    await click("desk-confirm-yes");
    await go("#/articles/fh-4");
    await answer();
    await arrive();
    expect(location.hash).toBe("#/articles/fh-4");
    expect(model.studio.opened).toBe("fh-4");
  });

  test("is not forgotten when an earlier save of it is answered, after one was elsewhere and came back", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "One.");
    const answer = hold("PUT", "/api/desk/articles/fh-4/draft");
    await click("desk-article-save");
    await go("#/articles");
    await go("#/articles/fh-4");
    await write("desk-article-content", "One and two.");
    await answer();
    await go("#/articles");
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("One and two.");
  });

  test("of what was saved after one had gone on, nothing is left to save", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "One.");
    const answer = hold("PUT", "/api/desk/articles/fh-4/draft");
    await click("desk-article-save");
    await go("#/articles");
    await answer();
    expect(model.studio.unsaved).toBe(false);
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("One.");
    expect(allById(app, "desk-article-conflict")).toHaveLength(0);
  });
});

describe("the list", () => {
  test("shows what was typed last, though what was typed before is answered after it", async () => {
    await go("#/articles");
    let late = (): void => undefined;
    service.on("GET", "/api/desk/articles", async ({ url }) => {
      const asked = new URL(url, "https://s.test");
      if (asked.searchParams.get("q") === "boards") await new Promise<void>((done) => (late = done));
      return articles.answer("GET", asked, {});
    });
    for (const typed of ["boards", "pause"]) {
      await write("desk-articles-find", typed);
      await vi.advanceTimersByTimeAsync(250);
      await settled();
    }
    late();
    await settled();
    expect(sent("GET", "/api/desk/articles")).toHaveLength(3);
    expect(rows()).toEqual(["fh-5"]);
  });
});

describe("what was done though its answer was lost", () => {
  /** Does what is asked, and loses the answer, once. */
  function lose(method: string, path: string): void {
    let lost = false;
    service.on(method, path, (call) => {
      const answer = articles.answer(method, new URL(call.url, "https://s.test"), (call.body ?? {}) as Record<string, unknown>);
      if (lost) return answer;
      lost = true;
      return "unreachable";
    });
  }

  const asked = async (id: string): Promise<void> => {
    await click(id);
    await click("desk-confirm-yes");
  };
  const problems = (): number => allById(app, "desk-article-problem").length + allById(app, "desk-conflict-mine").length;

  test("is a publication that is asked for again", async () => {
    await go("#/articles/fh-1");
    await write("desk-article-content", "New words.");
    lose("POST", "/api/desk/articles/fh-1/publish");
    await asked("desk-article-publish");
    expect(problems()).toBe(1);
    await asked("desk-article-publish");
    expect(problems()).toBe(0);
    expect(words("desk-article-state")).toBe("Published");
    expect(value("desk-article-content")).toContain("New words.");
    expect(allById(app, "desk-article-unsaved")).toHaveLength(0);
    const { versions } = articles.answer("GET", new URL("https://s.test/api/desk/articles/fh-1/versions"), {}).body as { versions: { number: number }[] };
    expect(versions[0]!.number).toBe(4);
  });

  test("is a taking out that is asked for again, and what was written since goes on", async () => {
    await go("#/articles/fh-1");
    lose("POST", "/api/desk/articles/fh-1/unpublish");
    await asked("desk-article-unpublish");
    await write("desk-article-content", "Written since.");
    await asked("desk-article-unpublish");
    expect(problems()).toBe(0);
    expect(words("desk-article-state")).toBe("Draft");
    await click("desk-article-save");
    expect(problems()).toBe(0);
    expect(value("desk-article-content")).toBe("Written since.");
  });
});

test("Ctrl+S saves wherever the focus is", async () => {
  await go("#/articles/fh-1");
  await write("desk-article-content", "New words.");
  const press = new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true, cancelable: true });
  document.body.dispatchEvent(press);
  await settled();
  expect(press.defaultPrevented).toBe(true);
  expect(sent("PUT", "/api/desk/articles/fh-1/draft")).toHaveLength(1);
  await go("#/articles");
  const elsewhere = new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true, cancelable: true });
  document.body.dispatchEvent(elsewhere);
  expect(elsewhere.defaultPrevented).toBe(false);
});
