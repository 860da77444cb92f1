/** The page Articles: finding one, writing it, what happens when a colleague is quicker, its history. */
import { describe, expect, test, vi } from "vitest";
import { dateInWords } from "../shared/time-format.js";
import type { Answer } from "../dev/articles.js";
import { REVIEWS } from "../dev/feedback.js";
import { EMPTY_FIELDS } from "../studio/fields.js";
import { AMARA, arrive, articles, click, go, off, rows, sent, toasts, useArticles, value, words, write } from "./articles-page.js";
import { app, model, service, settle } from "./desk-page.js";
import { allById, byId, press } from "./dom.js";
import { refusal } from "./fakes.js";

const EXPIRED = { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") };

useArticles();

describe("the list", () => {
  test("says of each who may see it, how it stands, who changed it last and how it was voted", async () => {
    await go("#/articles");
    expect(rows().slice(0, 2)).toEqual(["fh-1", "fh-5"]);
    const [first] = allById(app, "desk-article-row");
    expect(first!.textContent.replace(/\s+/g, " ")).toMatch(/Download your invoices ?Billing › Invoices Everyone Published .*Cora Lindqvist.* 3 of 14 helped ?To review/);
    expect(first!.querySelector(".review")?.getAttribute("href")).toBe("#/feedback");
    expect(words("desk-articles-total")).toBe("50 of 67 articles");
  });

  test("a date that has no time of day is shown without one, in the list and above the article", async () => {
    const date = `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;
    const dated = (path: string): unknown => JSON.parse(JSON.stringify(articles.answer("GET", new URL(`https://s.test${path}`), {}).body).replace(/"updated_at":"[^"]*"/g, `"updated_at":"${date}"`));
    for (const path of ["/api/desk/articles", "/api/desk/articles/fh-4"]) service.on("GET", path, { body: dated(path) });
    await go("#/articles");
    expect(allById(app, "desk-article-row").find((one) => one.dataset.id === "fh-4")!.textContent).not.toMatch(/\d:\d\d/);
    await go("#/articles/fh-4");
    expect(words("desk-article-state")).toBe("Published");
    expect(byId(app, "desk-article-state").parentElement!.textContent).toContain(`Version 1, ${dateInWords(date, undefined, "UTC")} by`);
  });

  test("shows more from where it ended, with the focus on the first of them", async () => {
    await go("#/articles");
    await click("desk-articles-more");
    expect(rows()).toHaveLength(67);
    const list = byId(app, "desk-articles-page").querySelector("desk-article-list")!;
    expect(list.shadowRoot?.activeElement).toBe(allById(app, "desk-article-row")[50]!.querySelector("a"));
    expect(allById(app, "desk-articles-more")).toHaveLength(0);
  });

  test("searches once the typing pauses", async () => {
    await go("#/articles");
    const before = service.to("/api/desk/articles").length;
    await write("desk-articles-find", "pa");
    await write("desk-articles-find", "pause");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    expect(service.to("/api/desk/articles")).toHaveLength(before + 1);
    expect(rows()).toEqual(["fh-5"]);
    expect(words("desk-articles-total")).toBe("One article");
  });

  test("of two searches the later one counts, though the earlier is answered last", async () => {
    await go("#/articles");
    const answer = (call: { url: string }): Answer => articles.answer("GET", new URL(call.url, "https://service.test"), {});
    let early = (): void => undefined;
    service.on("GET", "/api/desk/articles", (call) => new Promise((resolve) => (early = () => resolve(answer(call)))));
    await write("desk-articles-find", "boards");
    await vi.advanceTimersByTimeAsync(250);
    service.on("GET", "/api/desk/articles", answer);
    await write("desk-articles-find", "pause");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    expect(rows()).toEqual(["fh-5"]);
    early();
    await arrive();
    expect(rows()).toEqual(["fh-5"]);
  });

  test("counts the categories once a visit, whatever is typed and shown", async () => {
    await go("#/articles");
    await write("desk-articles-find", "boards");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    await click("desk-articles-more");
    const asked = (): (string | null)[] => service.calls.filter(({ url }) => url.startsWith("/api/desk/articles?")).map(({ url }) => new URL(url, "https://s.test").searchParams.get("categories"));
    expect(asked()).toEqual(["true", "false", "false"]);
    expect(byId(app, "desk-articles-category").textContent).toContain("Boards (60)");
    await go("#/articles/fh-5");
    await go("#/articles");
    expect(asked().at(-1)).toBe("true");
  });

  test.each([["status", "draft", ["fh-5"]], ["status", "changed", ["fh-2"]], ["audience", "staff", ["fh-3"]], ["audience", "customers", ["fh-4"]], ["category", "Internal", ["fh-3"]]])("narrows %s to %s", async (name, chosen, wanted) => {
    await go("#/articles");
    const field = byId(app, `desk-articles-${name}`) as HTMLSelectElement;
    field.value = chosen;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    await settle();
    expect(rows()).toEqual(wanted);
  });

  test("keeps what it was narrowed to while an article is open, and says so where nothing is left", async () => {
    await go("#/articles");
    await write("desk-articles-find", "nothing like it");
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    expect(words("desk-articles-none")).toContain("No article is like this");
    await go("#/articles/fh-1");
    await go("#/articles");
    expect(value("desk-articles-find")).toBe("nothing like it");
    await click("desk-articles-all");
    expect(rows()).toHaveLength(50);
    expect(value("desk-articles-find")).toBe("");
  });

  test("says why it could not be read, and reads again", async () => {
    service.on("GET", "/api/desk/articles", "unreachable");
    await go("#/articles");
    expect(byId(app, "desk-articles-page").querySelector("desk-article-list")?.shadowRoot?.querySelector('[role="alert"]')?.textContent).toContain("cannot be reached");
    service.on("GET", "/api/desk/articles", (call) => articles.answer("GET", new URL(call.url, "https://service.test"), {}));
    byId(app, "desk-articles-page").querySelector("desk-article-list")!.shadowRoot!.querySelector<HTMLElement>('[role="alert"] button')!.click();
    await arrive();
    expect(rows()).toHaveLength(50);
  });

  test("comes back to the article that was open", async () => {
    await go("#/articles");
    await go("#/articles/fh-5");
    await go("#/articles");
    const list = byId(app, "desk-articles-page").querySelector("desk-article-list")!;
    expect(list.shadowRoot?.activeElement?.getAttribute("href")).toBe("#/articles/fh-5");
  });
});

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
    expect(field.parentElement!.textContent).toContain("The slug download-your-invoices belongs to article fh-1 already.");
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
