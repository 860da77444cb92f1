/** The page Feedback: reviews of articles with what voters wrote, what people search for, and a desk for who only writes articles. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { FeedbackPage } from "../desk/feedback-page.js";
import type { Review } from "../desk/feedback-types.js";
import { hashOf, placeOf } from "../desk/place.js";
import { tryAddress } from "../desk/question-group.js";
import { ReviewDialog } from "../desk/review-dialog.js";
import { ReviewListView } from "../desk/review-list.js";
import { ReviewWords } from "../desk/review-words.js";
import { changeWords, shareWords, surfaceWords } from "../desk/search-words.js";
import { SearchReportView } from "../desk/search-report.js";
import { CLOSED, reviewDetail, REVIEWS, searchReport } from "../dev/feedback.js";
import { app, model, service, settle, useDesk } from "./desk-page.js";
import { allById, byId, press, type } from "./dom.js";
import { refusal } from "./fakes.js";

const CORA = { id: "st_cora", name: "Cora Lindqvist", email: "cora@fernhill.example", role: "content" } as const;
const [TIMELINE, REFUNDS, HOSTILE] = REVIEWS as [Review, Review, Review];
const EXPIRED = { status: 401, body: refusal("unauthenticated", "You are signed out. Sign in again.") };

useDesk(CORA);
for (const element of [FeedbackPage, ReviewDialog, ReviewListView, ReviewWords, SearchReportView]) element.define();

let open: Review[];
const urls = (path: string): URLSearchParams[] => service.to(path).map((call) => new URL(call.url, "https://service.test").searchParams);
const words = (id: string): string[] => allById(app, id).map((one) => one.textContent.replace(/\s+/g, " ").trim());

async function go(hash: string): Promise<void> {
  await settle();
  location.hash = hash;
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  await settle();
  await settle();
}

async function choose(id: string, value: string): Promise<void> {
  const field = byId(app, id) as HTMLSelectElement;
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await settle();
}

async function click(id: string, place = 0): Promise<void> {
  allById(app, id)[place]!.click();
  await settle();
}

beforeEach(() => {
  open = [...REVIEWS];
  service.on("GET", "/api/desk/reviews", ({ url }) => {
    const of = url.includes("state=closed") ? CLOSED : open;
    return { body: { reviews: of, counts: { open: open.length, closed: CLOSED.length } } };
  });
  for (const one of [...REVIEWS, ...CLOSED]) service.on("GET", `/api/desk/reviews/${one.id}`, { body: reviewDetail(one) });
  service.on("GET", "/api/desk/reports/searches", ({ url }) => ({ body: searchReport(new URL(url, "https://service.test").searchParams.get("kind") as "asked") }));
});

describe("articles to review", () => {
  test("each tells its votes and reasons, and leads to its public page where it has one", async () => {
    await go("#/feedback");
    const rows = allById(app, "desk-review");
    expect(rows.map((one) => one.dataset.id)).toEqual(REVIEWS.map((one) => one.id));
    expect(rows[0]!.textContent).toContain("3 of 14 votes say it helped");
    expect(rows[0]!.querySelectorAll(".reasons li")).toHaveLength(TIMELINE.reasons.length);
    expect(rows[0]!.querySelector("a")?.getAttribute("href")).toBe("/help/export-timeline");
    expect(rows[1]!.querySelector("h3 a")).toBeNull();
    expect(rows[1]!.textContent).toContain("Not in the public help centre");
  });

  test("what voters wrote is shown as text, the newest first, ten at first and the long ones folded", async () => {
    await go("#/feedback");
    await click("desk-review-words");
    expect(allById(app, "desk-vote-words")).toHaveLength(10);
    const [first, markup, , , long] = allById(app, "desk-vote-words");
    expect(first!.textContent).toContain("There is no button called Export");
    expect(markup!.querySelector(".words")?.textContent).toBe("<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>");
    expect(byId(app, "desk-feedback-page").querySelectorAll("img, script")).toHaveLength(0);
    expect(long!.querySelector(".words")!.classList.contains("folded")).toBe(true);
    long!.querySelector("button")!.click();
    await settle();
    expect(long!.querySelector(".words")!.classList.contains("folded")).toBe(false);
    await click("desk-review-all");
    expect(allById(app, "desk-vote-words")).toHaveLength(14);
    expect(words("desk-vote-search")[0]).toMatch(/^print gantt chart Not helpful, 3 times, asked/);
  });

  test("closing one sends what came of it with the note, and leaves the focus on the list", async () => {
    service.on("POST", `/api/desk/reviews/${TIMELINE.id}/close`, () => {
      open = open.filter((one) => one !== TIMELINE);
      return { body: reviewDetail(TIMELINE) };
    });
    await go("#/feedback");
    expect(byId(app, "desk-page-feedback").textContent).toContain("3");
    await click("desk-review-done");
    byId(app, "desk-review-fine").click();
    type(byId(app, "desk-review-note"), "  Read it: the menu is right.  ");
    await click("desk-review-confirm");
    await settle();
    expect(service.to(`/api/desk/reviews/${TIMELINE.id}/close`)[0]?.body).toEqual({ outcome: "fine", note: "Read it: the menu is right." });
    expect(allById(app, "desk-review").map((one) => one.dataset.id)).toEqual([REFUNDS.id, HOSTILE.id]);
    expect(byId(app, "desk-page-feedback").textContent).toContain("2");
    expect(model.toasts.map((one) => one.text)).toEqual(["Reviewed: only votes from now on count for the article."]);
    const list = byId(app, "desk-feedback-page").querySelector("desk-reviews")!;
    expect(list.shadowRoot?.activeElement?.id).toBe("reviews");
  });

  test("a colleague who closed it first is said in words, with the note still there and the list read again", async () => {
    await go("#/feedback");
    await click("desk-review-done");
    type(byId(app, "desk-review-note"), "half a thought");
    open = open.filter((one) => one !== TIMELINE);
    service.on("POST", `/api/desk/reviews/${TIMELINE.id}/close`, { status: 409, body: refusal("conflict", "Amara Osei has closed this review already.") });
    await click("desk-review-confirm");
    await settle();
    const form = byId(app, "desk-review-confirm").closest("form")!;
    expect(form.querySelector('[role="alert"]')?.textContent).toBe("Amara Osei has closed this review already.");
    expect((byId(app, "desk-review-note") as HTMLTextAreaElement).value).toBe("half a thought");
    expect(allById(app, "desk-review")).toHaveLength(2);
  });

  test("a note outlasts a cancelled dialog and a session that has ended, for who wrote it and nobody else", async () => {
    const note = (): string => (byId(app, "desk-review-note") as HTMLTextAreaElement).value;
    const signIn = async (id: string): Promise<void> => {
      service.on("POST", "/api/staff/session", { body: { staff: { ...CORA, id } } });
      await model.session.signIn(CORA.email, "a password");
      await go("#/feedback");
      await click("desk-review-done");
    };
    await go("#/feedback");
    await click("desk-review-done");
    type(byId(app, "desk-review-note"), "half a thought");
    await click("desk-review-cancel");
    await click("desk-review-done", 1);
    expect(note()).toBe("");
    await click("desk-review-cancel");
    await click("desk-review-done");
    expect(note()).toBe("half a thought");
    service.on("POST", `/api/desk/reviews/${TIMELINE.id}/close`, EXPIRED);
    await click("desk-review-confirm");
    expect(app.renderRoot.querySelector("desk-sign-in")).not.toBeNull();
    await signIn(CORA.id);
    expect(note()).toBe("half a thought");
    model.session.ended();
    await settle();
    await signIn("st_other");
    expect(note()).toBe("");
  });

  test("closed ones tell who closed them with what note, and go on where the page ended", async () => {
    const all = Array.from({ length: 25 }, (_, place): Review => ({ ...CLOSED[0]!, id: `rv_${place}` }));
    service.on("GET", "/api/desk/reviews", ({ url }) => {
      const { searchParams } = new URL(url, "https://service.test");
      const from = all.findIndex((one) => one.id === searchParams.get("after")) + 1;
      return { body: { reviews: all.slice(from, from + Number(searchParams.get("limit"))), counts: { open: 0, closed: all.length } } };
    });
    await go("#/feedback");
    await choose("desk-reviews-state", "closed");
    expect(words("desk-review")[0]).toContain("Reviewed by Cora Lindqvist");
    expect(byId(app, "desk-review").querySelector(".note")?.textContent).toBe("Step 3 was of the old menu.\nNew pictures too.");
    expect(allById(app, "desk-review-done")).toHaveLength(0);
    await click("desk-reviews-older");
    expect(allById(app, "desk-review").map((one) => one.dataset.id)).toEqual(all.map((one) => one.id));
    expect(urls("/api/desk/reviews").at(-1)?.get("after")).toBe("rv_19");
    expect(allById(app, "desk-reviews-older")).toHaveLength(0);
  });

  test("with nothing to review the page says what would come here", async () => {
    open = [];
    await go("#/feedback");
    expect(words("desk-reviews-none")[0]).toContain("more than 10 readers have voted and less than half");
  });

  test("what comes meanwhile shows without anybody's doing, and a failure offers to try again", async () => {
    open = [TIMELINE];
    await go("#/feedback");
    open = [...REVIEWS];
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(allById(app, "desk-review")).toHaveLength(3);
    service.on("GET", "/api/desk/reviews", "unreachable");
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    const list = byId(app, "desk-feedback-page").querySelector("desk-reviews")!.shadowRoot!;
    expect(list.querySelector('[role="alert"]')?.textContent).toContain("The service cannot be reached");
    expect(allById(app, "desk-review")).toHaveLength(3);
  });
});

describe("what people search for", () => {
  test("the kind, the period and the place that are chosen are asked for, and the address holds the part", async () => {
    await go("#/feedback/searches");
    await click("desk-searches-no_result");
    await choose("desk-searches-days", "7");
    await choose("desk-searches-surface", "help");
    expect(urls("/api/desk/reports/searches").map((one) => [one.get("kind"), one.get("days"), one.get("surface")])).toEqual([
      ["asked", "30", null], ["no_result", "30", null], ["no_result", "7", null], ["no_result", "7", "help"],
    ]);
    expect(byId(app, "desk-searches-no_result").getAttribute("aria-pressed")).toBe("true");
    expect(byId(app, "desk-feedback-searches").getAttribute("aria-current")).toBe("page");
  });

  test("a question tells how often, its trend and where, and opened its wordings, what was found and a way to try it", async () => {
    await go("#/feedback/searches");
    expect(words("desk-question")[0]).toContain("212 searches, 51 % more than before · last");
    expect(words("desk-question")[0]).toContain("Help centre 120, Assistant 80, Widget 12");
    await click("desk-question-open");
    expect(words("desk-wording")).toEqual(["download invoices", "download invoices please"]);
    expect(words("desk-found")).toEqual(["Download invoices as PDF 212×", "Refund limits for agents No public page 2×", "fh-3 Not there any more 1×"]);
    expect(byId(app, "desk-try").getAttribute("href")).toBe("/help?q=download%20invoices&tried");
  });

  test("an answer that comes after a later one's is not shown", async () => {
    let late: (reply: { body: unknown }) => void = () => undefined;
    await go("#/feedback/searches");
    service.on("GET", "/api/desk/reports/searches", ({ url }) => (url.includes("no_result") ? new Promise((resolve) => (late = resolve)) : { body: searchReport("handed_over") }));
    await click("desk-searches-no_result");
    await click("desk-searches-handed_over");
    late({ body: searchReport("no_result") });
    await settle();
    expect(allById(app, "desk-question")).toHaveLength(0);
    expect(words("desk-searches-none")).toEqual(["No search of this period was followed by a person."]);
  });

  test("where nobody has searched the page says what would come here", async () => {
    service.on("GET", "/api/desk/reports/searches", { body: { ...searchReport("handed_over"), now: { searches: 0 }, suggested: [] } });
    await go("#/feedback/searches");
    expect(words("desk-searches-empty")[0]).toContain("Nobody has searched in this period");
  });

  test.each([
    [{ count: 3, before: 0, change: null }, "new"],
    [{ count: 3, before: 3, change: 0 }, "as often as before"],
    [{ count: 3, before: 2, change: 0.5 }, "50 % more than before"],
    [{ count: 9, before: 3, change: 2 }, "3 times as often as before"],
    [{ count: 1, before: 4, change: -0.75 }, "75 % less than before"],
  ])("the trend of %o is told as %s", (group, told) => {
    expect(changeWords(group)).toBe(told);
  });

  test("shares are told of now and before, also where there was nothing to share", () => {
    const { now, before } = searchReport("asked");
    expect(shareWords("no_result", now, before)).toBe("13 %, before 9 %");
    expect(shareWords("no_click", { ...now, no_click_rate: null }, { ...before, no_click_rate: null })).toBe("none could be");
    expect(shareWords("handed_over", { ...now, handed_over_rate: 0.001 }, { ...before, handed_over_rate: 0 })).toBe("under 1 %, before 0 %");
    expect(surfaceWords({ bot: 3 })).toBe("Assistant");
  });

  test("a question of any kind stays one parameter of the address", () => {
    expect(new URL(tryAddress("a&b=c #d ?"), "https://service.test").searchParams.get("q")).toBe("a&b=c #d ?");
  });
});

describe("a desk for who only writes articles", () => {
  test("opens on the page Feedback and asks for nothing that its role may not have", async () => {
    await settle();
    await settle();
    expect(byId(app, "desk-feedback-page").textContent).toContain("Feedback");
    expect([...new Set(service.calls.map((call) => new URL(call.url, "https://service.test").pathname))]).toEqual(["/api/staff/session", "/api/desk/reviews"]);
    for (const absent of ["desk-presence", "desk-bell", "desk-view-queue", "desk-shortcuts", "desk-page-team"]) expect(allById(app, absent)).toHaveLength(0);
    expect(model.toasts).toEqual([]);
  });

  test("has no shortcuts to what it does not show", async () => {
    await settle();
    for (const key of ["1", "4", "b", "c", "?"]) press(window, key);
    await settle();
    expect(location.hash).toBe("");
    expect(app.renderRoot.querySelector("dialog[open]")).toBeNull();
  });
});

test("a part of a page is in the address, and a page without one is not", () => {
  expect(placeOf("#/feedback/searches")).toEqual({ view: "queue", id: null, page: "feedback", part: "searches" });
  expect(hashOf(placeOf("#/feedback/searches"))).toBe("#/feedback/searches");
  expect(hashOf(placeOf("#/feedback"))).toBe("#/feedback");
});
