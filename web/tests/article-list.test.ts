/** The list of the page Articles: what it says of each, what narrows it, what cannot be read. */
import { describe, expect, test, vi } from "vitest";
import { dateInWords } from "../shared/time-format.js";
import type { Answer } from "../dev/articles.js";
import { arrive, articles, click, go, rows, useArticles, value, words, write } from "./articles-page.js";
import { app, service, settle } from "./desk-page.js";
import { allById, byId } from "./dom.js";

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
    expect(value("desk-articles-category")).toBe("");
    expect(byId(app, "desk-articles-category").textContent).toContain("No category (1)");
    await go("#/articles/fh-5");
    await go("#/articles");
    expect(asked().at(-1)).toBe("true");
  });

  test.each([["status", "draft", ["fh-5"]], ["status", "changed", ["fh-2"]], ["audience", "staff", ["fh-3"]], ["audience", "customers", ["fh-4"]], ["category", "=Internal", ["fh-3"]], ["category", "=", ["fh-5"]]])("narrows %s to %s", async (name, chosen, wanted) => {
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
