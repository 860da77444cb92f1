import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import { ArticleReader } from "../widget/article-reader.js";
import { Composer } from "../widget/composer.js";
import { ConversationModel } from "../widget/conversation-model.js";
import { EmailForm } from "../widget/email-form.js";
import { LeaveQueue } from "../widget/leave-queue.js";
import { batonApi } from "../widget/host-api.js";
import { MessageLog } from "../widget/message-log.js";
import { pageContext } from "../widget/page-context.js";
import { RatingForm } from "../widget/rating-form.js";
import { readTag } from "../widget/script-tag.js";
import { SuggestedArticles } from "../widget/suggested-articles.js";
import { BatonWidget } from "../widget/widget.js";
import { allById, byId, preparePage, rendered } from "./dom.js";
import { conversation, FakeService, message, refusal } from "./fakes.js";

/** Milliseconds; only a test that fails waits them to the end. */
const PATIENCE = 20_000;

preparePage();
for (const element of [AnswerCard, ArticleReader, Composer, EmailForm, LeaveQueue, MessageLog, RatingForm, BatonWidget]) element.define();

const card = (slug: string) => ({ article_id: `id-${slug}`, slug, title: `Title ${slug}`, snippet: `About ${slug}.`, url: `/help/${slug}` });
const read = (slug: string, over: object = {}) => ({ article_id: `id-${slug}`, slug, title: `Title ${slug}`, category: "Billing", html: "<p>Press <strong>Save</strong>.</p>", url: `/help/${slug}`, updated_at: "", ...over });
const place = { origin: "https://shop.test", pathname: "/orders" };

describe("what a page is", () => {
  test("is its address without query and fragment, and its title", () => {
    expect(pageContext(place, "Orders", null)).toEqual({ url: "https://shop.test/orders", title: "Orders", context: "" });
  });
  test("is what the page says itself", () => {
    expect(pageContext(place, "Orders", "returns").context).toBe("returns");
    expect(pageContext(place, "Orders", { about: "returns", title: "Back", url: "/returns?who=kim#me" })).toEqual({ url: "https://shop.test/returns", title: "Back", context: "returns" });
    expect(pageContext(place, "Orders", { url: "https://[" }).url).toBe("https://shop.test/orders");
    expect(pageContext(place, "Orders", { url: "data:text/html,x" }).url).toBe("https://shop.test/orders");
    expect(pageContext(place, "t".repeat(900), "c".repeat(900))).toMatchObject({ title: "t".repeat(300), context: "c".repeat(300) });
  });
  test("can stand in the script tag", () => {
    const tag = { src: "https://s.test/widget.js", dataset: { context: " refunds " } as DOMStringMap };
    expect(readTag(tag, "https://shop.test/").context).toBe("refunds");
  });
});

describe("suggested articles", () => {
  let service: FakeService;
  let articles: SuggestedArticles;
  let token: string | null;
  const page = pageContext(place, "Orders", null);
  beforeEach(() => {
    service = new FakeService();
    token = null;
    articles = new SuggestedArticles({ base: "https://service.test", fetch: service.fetch, token: () => token });
  });

  test("are asked for once for a page and visitor, as the visitor", async () => {
    service.on("POST", "/api/chat/suggestions", { body: { suggestions: [card("a")] } });
    await articles.suggestFor(page, "cv_1");
    await articles.suggestFor({ ...page }, "cv_1");
    expect(articles.articles.map((one) => one.slug)).toEqual(["a"]);
    token = "tk";
    await articles.suggestFor(page, "cv_1 Dana");
    await articles.suggestFor({ ...page, title: "Other" }, "cv_1 Dana");
    expect(service.calls.map((call) => call.headers.Authorization)).toEqual([undefined, "Bearer tk", "Bearer tk"]);
    expect(service.calls[0]!.body).toEqual(page);
  });

  test.each([["unreachable" as const], [{ status: 503, body: refusal("unavailable", "Loading") }]])("that fail are none, and asked for again (%j)", async (reply) => {
    service.on("POST", "/api/chat/suggestions", reply);
    await articles.suggestFor(page, "cv_1");
    expect(articles.articles).toEqual([]);
    service.on("POST", "/api/chat/suggestions", { body: { suggestions: [card("a")] } });
    await articles.suggestFor(page, "cv_1");
    expect(articles.articles).toHaveLength(1);
  });

  test("of a page that was left are dropped", async () => {
    let release: (value: { body: unknown }) => void = () => undefined;
    service.on("POST", "/api/chat/suggestions", (call) =>
      (call.body as { title: string }).title === "Orders" ? new Promise((resolve) => { release = resolve; }) : { body: { suggestions: [card("new")] } });
    const first = articles.suggestFor(page, "cv_1");
    await articles.suggestFor({ ...page, title: "New" }, "cv_1");
    release({ body: { suggestions: [card("old")] } });
    await first;
    expect(articles.articles.map((one) => one.slug)).toEqual(["new"]);
  });

  test("an article that cannot be read says why", async () => {
    service.on("GET", "/api/chat/articles/a%2Fb", { status: 404, body: refusal("not_found", "There is no such article.") });
    await articles.read("a/b", "A");
    expect(articles.open).toMatchObject({ title: "A", article: null, problem: "There is no such article." });
  });
});

describe("in the widget", () => {
  let service: FakeService;
  let model: ConversationModel;
  let widget: BatonWidget;
  let articles: SuggestedArticles;
  beforeAll(() => {
    document.documentElement.lang = "en";
    document.title = "Test";
  });
  beforeEach(async () => {
    service = new FakeService();
    service.on("POST", "/api/chat/suggestions", { body: { suggestions: [card("a"), card("b")] } });
    service.on("GET", "/api/chat/articles/a", { body: read("a") });
    model = new ConversationModel(() => ({ send: () => undefined, typing: () => undefined }), () => "id");
    articles = new SuggestedArticles({ base: "https://service.test", fetch: service.fetch, token: () => null });
    widget = new BatonWidget();
    Object.assign(widget, { model, articles, base: "https://service.test", suggestions: ["Where are my invoices?"] });
    document.body.append(widget);
    model.snapshot(conversation(), []);
    model.link("online");
    widget.show();
    await articles.suggestFor(pageContext(place, "Orders", null), "cv_1");
    await rendered(widget);
  });
  afterEach(() => widget.remove());

  const focused = (): string | undefined => {
    let at: Element | null = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at instanceof HTMLElement ? at.dataset.testid : undefined;
  };
  const openFirst = async (): Promise<void> => {
    byId(widget, "widget-article").click();
    await vi.waitFor(() => expect(articles.open?.article).not.toBeNull(), PATIENCE);
    await rendered(widget);
  };

  test("cards stand above the questions, before anything is said", () => {
    expect(allById(widget, "widget-article").map((one) => one.textContent)).toEqual(["Title aAbout a.", "Title bAbout b."]);
    expect(byId(widget, "widget-articles").compareDocumentPosition(byId(widget, "widget-suggestion"))).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  });

  test("are gone with the first message", async () => {
    model.event({ type: "event", id: 11, event: "message", data: { message: message(1) } });
    await rendered(widget);
    expect(allById(widget, "widget-article")).toEqual([]);
  });

  test("an answer's link opens the article in place, which a signed-in customer may read only there, and Back leads to it again", async () => {
    const answer = { article_id: "id-a", slug: "a", title: "Title a", heading: null, url: "/help/a", html: "<p>Press.</p>", search_id: null };
    model.event({ type: "event", id: 11, event: "message", data: { message: message(1, { kind: "answer", answer }) } });
    await rendered(widget);
    byId(widget, "answer-link").dispatchEvent(new MouseEvent("click", { ctrlKey: true, cancelable: true }));
    expect(articles.open).toBeNull();
    byId(widget, "answer-link").click();
    await vi.waitFor(() => expect(articles.open?.article).not.toBeNull(), PATIENCE);
    expect(service.calls.at(-1)?.url).toContain("/api/chat/articles/a?from=answer");
    await rendered(widget);
    byId(widget, "article-back").click();
    await rendered(widget);
    expect(focused()).toBe("answer-link");
  });

  test("a card opens the article in place, and Back gives the focus back to the card", async () => {
    await openFirst();
    expect(byId(widget, "article-reader").textContent).toContain("Press Save.");
    expect(byId(widget, "article-reader").querySelector("strong")?.textContent).toBe("Save");
    expect(byId(widget, "article-link").getAttribute("href")).toBe("https://service.test/help/a");
    expect(widget.shadowRoot?.querySelector("baton-log")?.hidden).toBe(true);
    await vi.waitFor(() => expect(focused()).toBe("article-back"), PATIENCE);
    byId(widget, "article-back").click();
    await rendered(widget);
    expect(allById(widget, "article-reader")).toEqual([]);
    await vi.waitFor(() => expect(focused()).toBe("widget-article"), PATIENCE);
  });

  test("an article that only customers may read has no link, and foreign markup does not act", async () => {
    service.on("GET", "/api/chat/articles/a", { body: read("a", { url: null, html: '<p onclick="x()">T</p><img src=x onerror="y()"><a href="javascript:z()">no</a>' }) });
    await openFirst();
    expect(allById(widget, "article-link")).toEqual([]);
    expect(byId(widget, "article-reader").querySelector("img, [onclick], a")).toBeNull();
  });

  test("what is asked while reading leads back to the conversation, and so does somebody's message", async () => {
    await openFirst();
    byId(widget, "widget-person").click();
    await rendered(widget);
    expect(allById(widget, "article-reader")).toEqual([]);
    await openFirst();
    model.event({ type: "event", id: 11, event: "message", data: { message: message(1, { author: { kind: "agent", name: "Maya" } }) } });
    await rendered(widget);
    expect(allById(widget, "article-reader")).toEqual([]);
  });

  test("a failure offers to try again", async () => {
    service.on("GET", "/api/chat/articles/a", "unreachable");
    byId(widget, "widget-article").click();
    await vi.waitFor(() => expect(articles.open?.problem).not.toBeNull(), PATIENCE);
    await rendered(widget);
    service.on("GET", "/api/chat/articles/a", { body: read("a") });
    byId(widget, "article-reader").querySelector("button")!.click();
    await vi.waitFor(() => expect(articles.open?.article).not.toBeNull(), PATIENCE);
  });

  test("the host page says what it is about", () => {
    const said: unknown[] = [];
    const api = batonApi(widget, model, () => undefined, (about) => said.push(about));
    api.context("returns");
    api.context(null);
    expect(said).toEqual(["returns", null]);
  });

  test("axe finds no violation with cards and with an article", async () => {
    for (const open of [false, true]) {
      if (open) await openFirst();
      const { violations } = await axe.run(widget, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], rules: { "color-contrast": { enabled: false } } });
      expect(violations.map((v) => v.id)).toEqual([]);
    }
  });
});
