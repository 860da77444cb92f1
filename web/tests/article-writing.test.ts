/** Writing an article on the page Articles: its fields, saving, publishing, the preview, and what is refused. */
import { describe, expect, test, vi } from "vitest";
import { EMPTY_FIELDS } from "../studio/fields.js";
import { AMARA, arrive, articles, click, go, off, rows, sent, toasts, useArticles, value, words, write } from "./articles-page.js";
import { app, model, service, settle } from "./desk-page.js";
import { allById, byId, press } from "./dom.js";
import { refusal } from "./fakes.js";

const EXPIRED = { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") };

useArticles();

describe("writing", () => {
  test("a draft is saved with what it was begun on, and published as the next version", async () => {
    await go("#/articles/fh-4");
    expect(off("desk-article-save")).toBe(true);
    expect(off("desk-article-publish")).toBe(true);
    await write("desk-article-content", "New words.\n");
    expect(words("desk-article-unsaved")).toBe("Not saved");
    await click("desk-article-save");
    expect(sent("PUT", "/api/desk/articles/fh-4/draft")).toEqual([{ fields: expect.objectContaining({ content: "New words.\n" }) as unknown, based_on: 1, revision: 0 }]);
    expect(words("desk-article-state")).toBe("Published, with a draft");
    await write("desk-article-title", "Sign in with SSO");
    await click("desk-article-publish");
    expect(byId(app, "desk-confirm-yes").closest("dialog")?.textContent).toContain("Title and Text change.");
    await click("desk-confirm-yes");
    expect(sent("PUT", "/api/desk/articles/fh-4/draft")[1]).toMatchObject({ revision: 1, based_on: 1 });
    expect(sent("POST", "/api/desk/articles/fh-4/publish")).toEqual([{ based_on: 1, revision: 2 }]);
    expect(words("desk-article-state")).toBe("Published");
    expect(toasts()).toEqual(["Published."]);
    expect(off("desk-article-publish")).toBe(true);
  });

  test("nothing is published while the question is not answered", async () => {
    await go("#/articles/fh-2");
    await click("desk-article-publish");
    await click("desk-confirm-no");
    expect(sent("POST", "/api/desk/articles/fh-2/publish")).toEqual([]);
  });

  test("Ctrl + S saves, and what is typed while it is on its way is not saved yet", async () => {
    let answer: () => void = () => undefined;
    service.on("PUT", "/api/desk/articles/fh-4/draft", async (call) => {
      await new Promise<void>((done) => (answer = done));
      return articles.answer("PUT", new URL(call.url, "https://service.test"), call.body as Record<string, unknown>);
    });
    await go("#/articles/fh-4");
    await write("desk-article-content", "one");
    const key = press(byId(app, "desk-article-content"), "s", { ctrlKey: true });
    expect(key.defaultPrevented).toBe(true);
    await settle();
    await write("desk-article-content", "one and two");
    answer();
    for (let round = 0; round < 4; round += 1) await settle();
    expect(value("desk-article-content")).toBe("one and two");
    expect(words("desk-article-unsaved")).toBe("Not saved");
    expect(words("desk-article-state")).toBe("Published, with a draft");
  });

  test("a new article's address follows its title until it is touched, and it has an id once it is saved", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "Größe ändern");
    expect(value("desk-article-slug")).toBe("grosse-andern");
    await write("desk-article-slug", "size");
    await write("desk-article-title", "Größe der Anhänge ändern");
    expect(value("desk-article-slug")).toBe("size");
    byId(app, "desk-article-seen-staff").click();
    await write("desk-article-content", "Words.");
    await click("desk-article-save");
    expect(sent("POST", "/api/desk/articles")).toEqual([expect.objectContaining({ title: "Größe der Anhänge ändern", slug: "size", audience: "internal", visibility: "internal" })]);
    expect(location.hash).toMatch(/^#\/articles\/size-id\d+$/);
    expect(words("desk-article-state")).toBe("Draft");
    expect(model.studio.unsaved).toBe(false);
  });

  test("an address is promised below its field only while everyone may see the article", async () => {
    const below = (): string => byId(app, "desk-article-slug").parentElement!.querySelector("small")!.textContent;
    await go("#/articles/fh-2");
    await write("desk-article-slug", "plans");
    expect(below()).toBe("Links to /help/change-your-plan lead here once this is published.");
    await click("desk-article-seen-staff");
    expect(below()).not.toContain("/help/");
    await click("desk-article-seen-everyone");
    expect(below()).toContain("/help/change-your-plan");
  });

  test("a refused field is said at the field, which gets the focus, and is no longer said once it is changed", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "Download your invoices");
    await write("desk-article-content", "Words.");
    await click("desk-article-save");
    const field = byId(app, "desk-article-slug");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(field.parentElement!.textContent).toContain("has this address already. Choose another one.");
    expect((field.getRootNode() as ShadowRoot).activeElement).toBe(field);
    await write("desk-article-slug", "download-invoices-again");
    expect(field.getAttribute("aria-invalid")).toBe("false");
  });

  test("what is not saved outlasts another page and a session that ends, not somebody else's session", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "half a thought");
    await go("#/articles");
    expect(allById(app, "desk-article-row").find((one) => one.dataset.id === "fh-4")!.textContent).toContain("Not saved");
    service.on("PUT", "/api/desk/articles/fh-4/draft", EXPIRED);
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("half a thought");
    const leaving = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(leaving);
    expect(leaving.defaultPrevented).toBe(true);
    await click("desk-article-save");
    expect(model.staff).toBeNull();
    service.on("POST", "/api/staff/session", { body: { staff: AMARA } });
    await model.session.signIn("", "");
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("half a thought");
    service.on("POST", "/api/staff/session", { body: { staff: { ...AMARA, id: "st_other" } } });
    await model.session.signIn("", "");
    expect(model.studio.unsaved).toBe(false);
  });

  test("a new article whose answer was lost is there once, with what was written since, even after another page", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "A lost answer");
    await write("desk-article-content", "Words.");
    service.on("POST", "/api/desk/articles", (call) => {
      articles.answer("POST", new URL("https://s.test/api/desk/articles"), call.body as Record<string, unknown>);
      return "unreachable";
    });
    await click("desk-article-save");
    service.on("POST", "/api/desk/articles", (call) => articles.answer("POST", new URL("https://s.test/api/desk/articles"), call.body as Record<string, unknown>));
    await go("#/articles");
    await go("#/articles/new");
    await write("desk-article-content", "Words, and more.");
    await click("desk-article-save");
    expect(location.hash).toMatch(/^#\/articles\/a-lost-answer-id\d+$/);
    expect(value("desk-article-content")).toBe("Words, and more.");
    expect(model.studio.unsaved).toBe(false);
    await go("#/articles");
    expect(allById(app, "desk-article-row").filter((one) => one.textContent.includes("A lost answer"))).toHaveLength(1);
  });

  test("a new article whose answer was lost, and which a colleague changed since, is not written over", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "A lost answer");
    await write("desk-article-content", "Words.");
    service.on("POST", "/api/desk/articles", (call) => {
      articles.answer("POST", new URL("https://s.test/api/desk/articles"), call.body as Record<string, unknown>);
      articles.importBrings((call.body as { id: string }).id, { content: "A colleague's." });
      return "unreachable";
    });
    await click("desk-article-save");
    service.on("POST", "/api/desk/articles", (call) => articles.answer("POST", new URL("https://s.test/api/desk/articles"), call.body as Record<string, unknown>));
    await write("desk-article-content", "Words, and more.");
    await click("desk-article-save");
    expect(words("desk-article-conflict")).toContain("Both of you changed: Text.");
    expect(value("desk-article-content")).toBe("Words, and more.");
  });

  test("a new article that is not saved outlasts every other page, not one alone", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "Half a thought");
    for (const elsewhere of ["#/articles", "#/articles/fh-4", "#/articles"]) {
      await go(elsewhere);
      await go("#/articles/new");
      expect(value("desk-article-title")).toBe("Half a thought");
      expect(model.studio.unsaved).toBe(true);
    }
  });

  test("discarding asks first, and goes back to what is published", async () => {
    await go("#/articles/fh-2");
    expect(value("desk-article-title")).toBe("Change or pause your plan");
    await click("desk-article-discard");
    await click("desk-confirm-yes");
    expect(service.calls.some((call) => call.method === "DELETE" && call.url.endsWith("/fh-2/draft?revision=2"))).toBe(true);
    expect(value("desk-article-title")).toBe("Change your plan");
    expect(words("desk-article-state")).toBe("Published");
  });

  test("an article that no reader ever saw is deleted once that is said, and is gone from the list", async () => {
    await go("#/articles/fh-2");
    expect(allById(app, "desk-article-delete")).toHaveLength(0);
    await go("#/articles/fh-5");
    await write("desk-article-content", "half a thought");
    await click("desk-article-delete");
    expect(byId(app, "desk-confirm-yes").closest("dialog")?.textContent).toContain("No reader ever saw it");
    await click("desk-confirm-yes");
    expect(service.calls.filter((call) => call.method === "DELETE").map((call) => call.url)).toEqual(["/api/desk/articles/fh-5?based_on=1&revision=0"]);
    await arrive();
    expect(location.hash).toBe("#/articles");
    expect(rows()).not.toContain("fh-5");
    expect(toasts().at(-1)).toBe("Deleted.");
    expect(model.studio.unsaved).toBe(false);
  });

  test("an article that a colleague has changed meanwhile is not deleted, and what they wrote is shown", async () => {
    await go("#/articles/fh-5");
    articles.colleagueWrites("fh-5");
    await click("desk-article-delete");
    await click("desk-confirm-yes");
    expect(words("desk-article-conflict")).toContain("Not deleted: Cora Lindqvist saved a draft");
    expect(location.hash).toBe("#/articles/fh-5");
  });

  test("unpublishing says who loses it, and what is being written goes on", async () => {
    await go("#/articles/fh-3");
    await write("desk-article-content", "more");
    await click("desk-article-unpublish");
    expect(byId(app, "desk-confirm-yes").closest("dialog")?.textContent).toContain("No agent finds it any more");
    await click("desk-confirm-yes");
    expect(words("desk-article-state")).toBe("Draft");
    expect(value("desk-article-content")).toBe("more");
    await click("desk-article-publish");
    await click("desk-confirm-yes");
    expect(toasts().at(-1)).toBe("Published.");
    expect(words("desk-article-state")).toBe("Published");
  });

  test("related articles are picked by title with the keyboard, and removed", async () => {
    await go("#/articles/fh-4");
    await write("desk-related", "plan");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    const field = byId(app, "desk-related");
    press(field, "ArrowDown");
    await settle();
    expect(field.getAttribute("aria-activedescendant")).toBe("offer-0");
    press(field, "Enter");
    await settle();
    expect(words("desk-related-chosen")).toBe("Change your plan");
    await click("desk-article-save");
    expect(sent("PUT", "/api/desk/articles/fh-4/draft")[0]).toMatchObject({ fields: { related: ["fh-2"] } });
    byId(app, "desk-related-chosen").querySelector("button")!.click();
    await settle();
    expect(allById(app, "desk-related-chosen")).toHaveLength(0);
  });

  test("looking for a related article when the session has ended leads to signing in, and what was written is there after it", async () => {
    await go("#/articles/fh-4");
    await write("desk-article-content", "half a thought");
    service.on("GET", "/api/desk/article-suggestions", EXPIRED);
    await write("desk-related", "plan");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    expect(model.staff).toBeNull();
    service.on("POST", "/api/staff/session", { body: { staff: AMARA } });
    await model.session.signIn("", "");
    await go("#/articles/fh-4");
    expect(value("desk-article-content")).toBe("half a thought");
  });

  test("a new article whose answer comes after one has gone on leaves the page as it is", async () => {
    await go("#/articles/new");
    await write("desk-article-title", "A slow one");
    await write("desk-article-content", "Text.");
    let arrive = (): void => undefined;
    const made = articles.answer("POST", new URL("https://s.test/api/desk/articles"), { ...EMPTY_FIELDS, slug: "slow", title: "A slow one", content: "Text." });
    service.on("POST", "/api/desk/articles", () => new Promise((resolve) => (arrive = () => resolve(made))));
    await click("desk-article-save");
    await go("#/articles");
    arrive();
    await settle();
    expect(location.hash).toBe("#/articles");
  });

  test("the preview is what the service renders, sanitised again, once the typing pauses", async () => {
    service.on("POST", "/api/desk/articles/preview", ({ body }) => ({ body: { html: `<p>${(body as { content: string }).content}</p><img src=x onerror="x()"><script>x()</script>` } }));
    await go("#/articles/fh-4");
    const before = service.to("/api/desk/articles/preview").length;
    expect(before).toBe(1);
    await write("desk-article-content", "a");
    await write("desk-article-content", "ab");
    await vi.advanceTimersByTimeAsync(400);
    await settle();
    expect(service.to("/api/desk/articles/preview")).toHaveLength(before + 1);
    const preview = byId(app, "desk-article-preview");
    expect(preview.querySelector(".text p")?.textContent).toBe("ab");
    expect(preview.querySelectorAll("script, [onerror]")).toHaveLength(0);
    service.on("POST", "/api/desk/articles/preview", "unreachable");
    await write("desk-article-content", "abc");
    await vi.advanceTimersByTimeAsync(400);
    await settle();
    expect(preview.querySelector('[role="alert"]')?.textContent).toContain("of what was written before");
    expect(preview.querySelector(".text p")?.textContent).toBe("ab");
  });
});
