import axe from "axe-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Chat, openChatInPlace, showWhenThere } from "../help/contact.js";
import { helpApi, type HelpApi } from "../help/help-api.js";
import { PAUSE_MS, SearchBox, SETTLED_MS } from "../help/search-box.js";
import { takeOverVotes } from "../help/vote-form.js";
import { preparePage, press, type } from "./dom.js";
import { FakeService, refusal } from "./fakes.js";

preparePage();
const offer = (slug: string, title = slug, snippet = `About ${slug}.`) => ({
  slug, title, category: "Billing", url: `/help/${slug}`, snippet, title_pieces: [[title, false]], snippet_pieces: [[snippet, false]],
});
const answer = (...results: ReturnType<typeof offer>[]) => ({ body: { question: "", answered: true, results } });

let service: FakeService;
let beacons: { url: string; body: string }[];
let went: string[];
let api: HelpApi;
let form: HTMLFormElement;
let input: HTMLInputElement;

const list = (): HTMLElement => form.querySelector<HTMLElement>('[role="listbox"]')!;
const options = (): HTMLElement[] => [...list().querySelectorAll<HTMLElement>('[role="option"]')];
const selected = (): string[] => options().filter((o) => o.getAttribute("aria-selected") === "true").map((o) => o.querySelector("b")!.textContent);
const searches = (): string[] => service.to("/api/help/search").map((call) => new URL(call.url, "https://h.test").searchParams.get("q")!);
async function typing(text: string): Promise<void> {
  input.focus();
  type(input, text);
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
}

beforeAll(() => {
  document.documentElement.lang = "en";
  document.title = "Help";
});
beforeEach(() => {
  vi.useFakeTimers();
  service = new FakeService();
  beacons = [];
  went = [];
  api = helpApi({
    fetch: service.fetch,
    beacon: (url, body) => beacons.push({ url, body }),
    token: () => "tk",
  });
  form = document.createElement("form");
  form.setAttribute("role", "search");
  const label = document.createElement("label");
  label.htmlFor = "q";
  label.textContent = "Search";
  input = Object.assign(document.createElement("input"), { id: "q", name: "q", type: "search" });
  form.append(label, input, document.createElement("button"));
  document.body.append(form);
  new SearchBox(form, api, (url) => went.push(url));
});
afterEach(() => {
  window.dispatchEvent(new Event("pagehide"));
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("search as you type", () => {
  test("waits for a pause and asks once", async () => {
    service.on("GET", "/api/help/search", answer(offer("invoices")));
    input.focus();
    for (const text of ["in", "inv", "invo"]) type(input, text);
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect(searches()).toEqual(["invo"]);
    expect(options().map((o) => o.textContent)).toEqual(["invoicesAbout invoices.", "All results for “invo”"]);
    expect(input.getAttribute("aria-expanded")).toBe("true");
  });

  test("an answer that comes late belongs to an older question and is dropped", async () => {
    let release: (value: ReturnType<typeof answer>) => void = () => undefined;
    service.on("GET", "/api/help/search", (call) =>
      call.url.includes("old") ? new Promise((resolve) => { release = resolve; }) : answer(offer("new")));
    await typing("old");
    await typing("newer");
    release(answer(offer("old")));
    await vi.advanceTimersByTimeAsync(0);
    expect(options()[0]!.textContent).toContain("new");
  });

  test("one letter, or none, asks nothing and closes the list", async () => {
    service.on("GET", "/api/help/search", answer(offer("invoices")));
    await typing("invoices");
    await typing("i");
    expect(searches()).toEqual(["invoices"]);
    expect(list().hidden).toBe(true);
    await typing("   ");
    expect(list().hidden).toBe(true);
  });

  test("arrow keys go round, through the field itself, and Enter opens", async () => {
    service.on("GET", "/api/help/search", answer(offer("one"), offer("two")));
    await typing("word");
    const seen: string[][] = [];
    for (let step = 0; step < 4; step += 1) {
      press(input, "ArrowDown");
      seen.push(selected());
    }
    expect(seen).toEqual([["one"], ["two"], ["All results for “word”"], []]);
    expect(input.hasAttribute("aria-activedescendant")).toBe(false);
    press(input, "ArrowUp");
    press(input, "ArrowUp");
    expect(input.getAttribute("aria-activedescendant")).toBe(options()[1]!.id);
    expect(press(input, "Enter").defaultPrevented).toBe(true);
    expect(went).toEqual(["/help/two"]);
    expect(beacons).toEqual([{ url: "/api/help/searches", body: '{"question":"word","opened":"two"}' }]);
  });

  test("Enter without a choice, and the last choice, send the form", async () => {
    service.on("GET", "/api/help/search", answer(offer("one")));
    const sent = vi.fn((event: Event) => event.preventDefault());
    form.addEventListener("submit", sent);
    await typing("word");
    expect(press(input, "Enter").defaultPrevented).toBe(false);
    press(input, "ArrowUp");
    press(input, "Enter");
    expect(sent).toHaveBeenCalledOnce();
    expect(went).toEqual([]);
  });

  test("Escape closes the list and keeps the words; the arrow opens it again", async () => {
    service.on("GET", "/api/help/search", answer(offer("one")));
    await typing("word");
    expect(press(input, "Escape").defaultPrevented).toBe(true);
    expect([list().hidden, input.value, input.getAttribute("aria-expanded")]).toEqual([true, "word", "false"]);
    expect(press(input, "Escape").defaultPrevented).toBe(false);
    press(input, "ArrowDown");
    expect([list().hidden, selected()]).toEqual([false, ["one"]]);
  });

  test("keys that write with an input method are left alone", async () => {
    service.on("GET", "/api/help/search", answer(offer("one")));
    await typing("word");
    expect(press(input, "ArrowDown", { isComposing: true }).defaultPrevented).toBe(false);
    expect(selected()).toEqual([]);
  });

  test("a press opens the article, and the list closes when the focus leaves", async () => {
    service.on("GET", "/api/help/search", answer(offer("one")));
    await typing("word");
    options()[0]!.querySelector("b")!.click();
    expect(went).toEqual(["/help/one"]);
    input.focus();
    input.blur();
    expect(list().hidden).toBe(true);
  });

  test("what was typed is marked", async () => {
    service.on("GET", "/api/help/search", answer({ ...offer("invoices", "Your invoices"), title_pieces: [["Your ", false], ["inv", true], ["oices", false]] }));
    await typing("inv");
    expect(options()[0]!.querySelector("b")!.textContent).toBe("Your invoices");
    expect([...options()[0]!.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["inv"]);
  });

  test("markup in titles, snippets and the question is text", async () => {
    const evil = '<img src=x onerror="window.hacked=1">';
    service.on("GET", "/api/help/search", answer(offer("a", evil, evil)));
    await typing(evil);
    expect(form.querySelector("img")).toBeNull();
    expect(options()[0]!.textContent).toBe(evil + evil);
    expect(options()[1]!.textContent).toBe(`All results for “${evil}”`);
  });

  test.each([
    ["a refusal is read out", { status: 429, body: refusal("rate_limited", "That was a lot at once.") }, "That was a lot at once."],
    ["no connection is read out", "unreachable" as const, "cannot be reached"],
  ])("%s, the form still works", async (_name, reply, words) => {
    service.on("GET", "/api/help/search", reply);
    await typing("word");
    expect(list().hidden).toBe(true);
    expect(form.querySelector('[role="status"]')!.textContent).toContain(words);
  });

  test("nothing found offers to send the question", async () => {
    service.on("GET", "/api/help/search", answer());
    await typing("zzz");
    expect(options().map((o) => o.textContent)).toEqual(["Search for “zzz”"]);
    expect(form.querySelector('[role="status"]')!.textContent).toBe("No article offered.");
  });

  test("a question that stood for a while is told when the page is left, once; one in the making is not", async () => {
    service.on("GET", "/api/help/search", answer());
    await typing("half");
    window.dispatchEvent(new Event("pagehide"));
    await typing("a whole question");
    await vi.advanceTimersByTimeAsync(SETTLED_MS);
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(new Event("pagehide"));
    expect(beacons.map((b) => b.body)).toEqual(['{"question":"a whole question","opened":null}']);
  });

  test("axe finds no violation, closed and open", async () => {
    service.on("GET", "/api/help/search", answer(offer("one"), offer("two")));
    form.querySelector("button")!.textContent = "Search";
    await typing("word");
    press(input, "ArrowDown");
    vi.useRealTimers();
    const { violations } = await axe.run(form, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map((v) => v.id)).toEqual([]);
    vi.useFakeTimers();
  });
});

describe("votes", () => {
  function section(): HTMLElement {
    const made = document.createElement("section");
    made.dataset.vote = "in voices";
    const ask = document.createElement("form");
    for (const value of ["yes", "no"]) {
      const button = Object.assign(document.createElement("button"), { name: "helpful", value, textContent: value });
      button.setAttribute("aria-pressed", "false");
      ask.append(button);
    }
    const thanks = document.createElement("p");
    thanks.className = "thanks";
    made.append(document.createElement("h2"), ask, thanks);
    document.body.append(made);
    takeOverVotes(made, api);
    return made;
  }
  const cast = async (made: HTMLElement, value: string): Promise<void> => {
    const button = made.querySelector<HTMLButtonElement>(`button[value="${value}"]`)!;
    const event = new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: button });
    button.form!.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
  };
  const pressed = (made: HTMLElement): (string | null)[] => [...made.querySelectorAll("button[name=helpful]")].map((b) => b.getAttribute("aria-pressed"));

  test("go without a reload, as the widget's visitor, and can be changed and explained", async () => {
    service.on("POST", "/api/help/articles/in%20voices/vote", { body: { helpful: true } });
    const made = section();
    await cast(made, "yes");
    expect([pressed(made), made.querySelector("h2")!.textContent, made.querySelector(".thanks")!.textContent]).toEqual([["true", "false"], "Glad it helped.", "Thank you, your answer is saved."]);
    await cast(made, "no");
    made.querySelector("textarea")!.value = " Out of date ";
    made.querySelector<HTMLFormElement>(".words")!.requestSubmit();
    await vi.advanceTimersByTimeAsync(0);
    expect(service.calls.map((call) => call.body)).toEqual([{ helpful: true, words: "" }, { helpful: false, words: "" }, { helpful: false, words: "Out of date" }]);
    expect(service.calls[0]!.headers.Authorization).toBe("Bearer tk");
    expect(made.querySelector(".words")).toBeNull();
  });

  test("that fail say so and are not shown as cast", async () => {
    service.on("POST", "/api/help/articles/in%20voices/vote", "unreachable");
    const made = section();
    await cast(made, "yes");
    expect([pressed(made), made.querySelector(".thanks")!.textContent]).toEqual([["false", "false"], "That did not work. Check your connection and try again."]);
  });

  test("that fail leave the one that was cast before", async () => {
    service.on("POST", "/api/help/articles/in%20voices/vote", { body: { helpful: true } });
    const made = section();
    await cast(made, "yes");
    service.on("POST", "/api/help/articles/in%20voices/vote", "unreachable");
    await cast(made, "no");
    expect(pressed(made)).toEqual(["true", "false"]);
  });
});

describe("contact support", () => {
  function link(): HTMLAnchorElement {
    const made = Object.assign(document.createElement("a"), { href: "/contact", textContent: "Contact" });
    made.dataset.contact = "";
    document.body.append(made);
    return made;
  }

  test("opens the chat in place, and is a link where there is no chat or a new tab is wanted", () => {
    const page: { chat?: Chat } = {};
    const open = vi.fn();
    openChatInPlace(document, () => page.chat);
    const made = link();
    const click = (init: MouseEventInit = {}): boolean => {
      const event = new MouseEvent("click", { bubbles: true, cancelable: true, ...init });
      made.dispatchEvent(event);
      return event.defaultPrevented;
    };
    document.addEventListener("click", (event) => event.preventDefault(), { once: true }); // jsdom cannot navigate
    click();
    expect(open).not.toHaveBeenCalled();
    page.chat = { open };
    expect(click()).toBe(true);
    expect(open).toHaveBeenCalledOnce();
    document.addEventListener("click", (event) => event.preventDefault(), { once: true });
    click({ ctrlKey: true });
    expect(open).toHaveBeenCalledOnce();
  });

  test("what needs the chat appears when its script has come", () => {
    const page: { chat?: Chat } = {};
    const script = Object.assign(document.createElement("script"), { src: "" });
    script.setAttribute("src", "https://x.test/widget.js");
    script.type = "text/plain";
    const waiting = document.createElement("section");
    waiting.dataset.chat = "";
    waiting.hidden = true;
    document.body.append(waiting, script);
    showWhenThere(document, () => page.chat);
    expect(waiting.hidden).toBe(true);
    page.chat = { open: () => undefined };
    script.dispatchEvent(new Event("load"));
    expect(waiting.hidden).toBe(false);
  });

  test("it appears too when the script had come before, and only the page was still to come", () => {
    const page: { chat?: Chat } = {};
    const waiting = document.createElement("section");
    waiting.dataset.chat = "";
    waiting.hidden = true;
    document.body.append(waiting);
    showWhenThere(document, () => page.chat);
    document.addEventListener("DOMContentLoaded", () => (page.chat = { open: () => undefined }), { once: true }); // as the widget does, after everybody else
    document.dispatchEvent(new Event("DOMContentLoaded"));
    vi.runAllTimers();
    expect(waiting.hidden).toBe(false);
  });
});
