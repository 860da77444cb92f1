import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import { noteOpened } from "../shared/clicks.js";
import type { Conversation, DurableFrame, Message } from "../shared/protocol.js";
import { Composer } from "../widget/composer.js";
import { ConversationModel } from "../widget/conversation-model.js";
import { EmailForm } from "../widget/email-form.js";
import { batonApi } from "../widget/host-api.js";
import { MessageLog } from "../widget/message-log.js";
import { RatingForm } from "../widget/rating-form.js";
import { BatonWidget } from "../widget/widget.js";
import { allById, byId, preparePage, press, rendered, type } from "./dom.js";
import { conversation, message, refusal } from "./fakes.js";

preparePage();
for (const element of [AnswerCard, Composer, EmailForm, MessageLog, RatingForm, BatonWidget]) element.define();

let sent: DurableFrame[];
let typed: boolean[];
let model: ConversationModel;
let widget: BatonWidget;

async function show(c: Partial<Conversation> = {}, messages: Message[] = []): Promise<void> {
  model.snapshot(conversation(c), messages);
  model.link("online");
  widget.show();
  await rendered(widget);
}
const text = (id: string): string => byId(widget, id).textContent.replace(/\s+/g, " ").trim();

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T14:45:00Z"), toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  sent = [];
  typed = [];
  let ids = 0;
  model = new ConversationModel(() => ({ send: (frame) => sent.push(frame), typing: (on) => typed.push(on) }), () => `id${(ids += 1)}`);
  widget = new BatonWidget();
  widget.model = model;
  widget.base = "https://service.test";
  widget.suggestions = ["Where are my invoices?"];
  document.body.append(widget);
});
afterEach(() => {
  widget.remove();
  vi.useRealTimers();
});

describe("foreign text", () => {
  const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';

  test("markup in messages, names and buttons is shown as typed", async () => {
    await show({ customer: { name: evil } }, [message(1, { text: evil, author: { kind: "bot", name: evil }, buttons: [{ id: "b", title: evil, used: false }], epoch: 1 })]);
    const shown = byId(widget, "message");
    expect(shown.querySelector("img, script")).toBeNull();
    expect(shown.textContent).toContain(evil);
    expect(byId(widget, "message-button").textContent).toBe(evil);
  });

  test("an article's passage keeps its markup and loses everything that acts", async () => {
    const html = `<p onclick="x()">Press <strong>Save</strong>.</p>${evil}<a href="javascript:alert(1)">no</a><a href="/help/x">yes</a><iframe src="https://evil.test"></iframe><form><input></form><p style="position:fixed">s</p>`;
    await show({}, [message(1, { kind: "answer", answer: { article_id: "a", slug: "s", title: evil, heading: null, url: "/help/s", html } })]);
    const card = byId(widget, "answer-card");
    expect(card.querySelector("strong")?.textContent).toBe("Save");
    expect(card.querySelector("img, script, iframe, form, input, [onclick], [style]")).toBeNull();
    expect([...card.querySelectorAll(".passage a")].map((a) => [a.textContent, a.getAttribute("href"), a.getAttribute("target")])).toEqual([["yes", "https://service.test/help/x", "_blank"]]);
    expect((window as { hacked?: number }).hacked).toBeUndefined();
  });

  test("an article's link that is no web address is no link", async () => {
    await show({}, [message(1, { kind: "answer", answer: { article_id: "a", slug: "s", title: "T", heading: null, url: "javascript:alert(1)", html: "" } })]);
    expect(allById(widget, "answer-link")).toEqual([]);
    expect(byId(widget, "answer-card").textContent).toContain("T");
  });

  test("web addresses in a message are links, with the full stop outside", async () => {
    await show({}, [message(1, { text: "See https://a.example/x?y=1. Not javascript:alert(1)" })]);
    const links = [...byId(widget, "message").querySelectorAll(".bubble a")];
    expect(links.map((a) => a.getAttribute("href"))).toEqual(["https://a.example/x?y=1"]);
    expect(links[0]?.getAttribute("rel")).toContain("noopener");
  });
});

describe("the focus", () => {
  const field = (): HTMLElement => byId(widget, "widget-input");
  const focused = (): Element | null => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at;
  };

  test("goes to the message field after a button below a message", async () => {
    await show({}, [message(1, { epoch: 1, buttons: [{ id: "b1", title: "Yes", used: false }] })]);
    byId(widget, "message-button").focus();
    byId(widget, "message-button").click();
    await rendered(widget);
    expect(focused()).toBe(field());
  });

  test("goes to the message field when the address has been saved, and stays in the form until then", async () => {
    await show({ owner: "queue", queue: { position: 1, staffed: false, wait_minutes: null, reply_by: null } });
    type(byId(widget, "widget-email"), "dana@x.example");
    byId(widget, "widget-email-save").focus();
    byId(widget, "widget-email-save").click();
    await rendered(widget);
    expect(focused()).toBe(byId(widget, "widget-email-save"));
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(focused()).toBe(field());
  });

  test("goes to the message field when the rating has been taken or put off", async () => {
    await show({ rating: { requested: true, score: null } });
    byId(widget, "rating-4").click();
    await rendered(widget);
    byId(widget, "rating-send").focus();
    byId(widget, "rating-send").click();
    await rendered(widget);
    expect(focused()).toBe(byId(widget, "rating-send"));
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(focused()).toBe(field());
  });

  test("is left where the customer has put it on the page", async () => {
    await show({ rating: { requested: true, score: null } });
    const other = document.body.appendChild(document.createElement("input"));
    other.focus();
    model.dismissRating();
    await rendered(widget);
    expect(focused()).toBe(other);
    other.remove();
  });
});

describe("where a reply goes", () => {
  const away = { owner: "queue", queue: { position: 1, staffed: false, wait_minutes: null, reply_by: null } } as const;

  test("is the account's address, said masked, until another one is given", async () => {
    await show({ ...away, customer: { name: "Dana", email: "d…@whitfield.example" } });
    expect(text("widget-email-saved")).toContain("We will reply to d…@whitfield.example, the address of your account.");
    expect(allById(widget, "widget-email")).toEqual([]);
    byId(widget, "widget-email-change").click();
    await rendered(widget);
    type(byId(widget, "widget-email"), "dana@home.example");
    byId(widget, "widget-email-save").click();
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(sent).toEqual([{ type: "email", client_id: "id1", email: "dana@home.example" }]);
    expect(text("widget-email-saved")).toContain("We will reply to dana@home.example.");
  });

  test("is asked for where the account has no address", async () => {
    await show({ ...away, customer: { name: "Dana", email: null } });
    expect(allById(widget, "widget-email")).toHaveLength(1);
  });

  test("closes again when the same address is saved once more", async () => {
    await show({ ...away, email: "dana@x.example" });
    byId(widget, "widget-email-change").click();
    await rendered(widget);
    byId(widget, "widget-email-save").click();
    await rendered(widget);
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(text("widget-email-saved")).toContain("dana@x.example");
  });
});

describe("opening an answer's article", () => {
  const answer = (over: object): Message => message(1, { kind: "answer", answer: { article_id: "fh-1", slug: "s", title: "T", heading: null, url: "/help/s", html: "", ...over } });
  const opened = (): unknown[] => {
    const heard: unknown[] = [];
    widget.addEventListener("baton-opened", (event) => heard.push((event as CustomEvent).detail));
    return heard;
  };

  test("is told once, with the search that found it", async () => {
    const heard = opened();
    await show({}, [answer({ search_id: "se_1" })]);
    byId(widget, "answer-link").click();
    byId(widget, "answer-link").dispatchEvent(new MouseEvent("auxclick", { button: 1 }));
    expect(heard).toEqual([{ searchId: "se_1", articleId: "fh-1" }]);
  });

  test("is not told for an answer that no search is known of, nor for the right button", async () => {
    const heard = opened();
    await show({}, [answer({ search_id: null })]);
    byId(widget, "answer-link").click();
    model.event({ type: "event", id: 11, event: "message", data: { message: { ...answer({ search_id: "se_1" }), id: "ms_2", seq: 2 } } });
    await rendered(widget);
    allById(widget, "answer-link")[1]?.dispatchEvent(new MouseEvent("auxclick", { button: 2 }));
    expect(heard).toEqual([]);
  });

  test("is sent to the service so that it outlives the page", () => {
    const calls: [string, RequestInit | undefined][] = [];
    noteOpened("https://service.test", { searchId: "se_1", articleId: "fh-1" }, ((url: string, init?: RequestInit) => {
      calls.push([url, init]);
      return Promise.reject(new TypeError("offline"));
    }) as typeof fetch);
    expect(calls[0]?.[0]).toBe("https://service.test/api/searches/se_1/clicks");
    expect(calls[0]?.[1]).toMatchObject({ method: "POST", keepalive: true, body: '{"article_id":"fh-1"}' });
  });
});

describe("asking for a person", () => {
  test.each(["ready", "starting", "down"] as const)("is one press away while the bot is %s", async (bot) => {
    await show({ bot });
    byId(widget, "widget-person").click();
    expect(sent).toEqual([{ type: "person", client_id: "id1" }]);
  });
  test("is not offered when a person has the conversation or is asked for already", async () => {
    await show({ owner: "agent", agent: { name: "Maya" } });
    expect(allById(widget, "widget-person")).toEqual([]);
    model.conversationIs(conversation({ owner: "queue", last_event: 11 }));
    await rendered(widget);
    expect(allById(widget, "widget-person")).toEqual([]);
  });
  test("that fails says why and can be done again", async () => {
    await show();
    byId(widget, "widget-person").click();
    model.failed("id1", refusal("unavailable", "Not sent. Check your connection and try again.").error);
    await rendered(widget);
    expect(byId(widget, "widget-panel").querySelector('[role="alert"]')?.textContent).toContain("Not sent.");
    expect((byId(widget, "widget-person") as HTMLButtonElement).disabled).toBe(false);
  });
});

describe("buttons below a message", () => {
  const offer = message(1, { epoch: 1, buttons: [{ id: "b1", title: "Yes", used: false }, { id: "b2", title: "No", used: false }] });
  const disabled = (): boolean[] => allById(widget, "message-button").map((b) => (b as HTMLButtonElement).disabled);

  test("go when the owner changes, the focus stays in the conversation, and what was chosen can still be read", async () => {
    await show({}, [{ ...offer, id: "m0", seq: 0, buttons: offer.buttons.map((b) => ({ ...b, id: `a${b.id}`, used: b.id === "b1" })) }, offer]);
    expect(disabled()).toEqual([true, false, false]);
    allById(widget, "message-button")[2]?.focus();
    model.conversationIs(conversation({ owner: "queue", epoch: 2, last_event: 11 }));
    await rendered(widget);
    expect(allById(widget, "message-button").map((b) => b.textContent.trim())).toEqual(["Yes(chosen)"]);
    const scroller = byId(widget, "widget-log").closest<HTMLElement>(".scroll");
    expect((scroller?.getRootNode() as ShadowRoot).activeElement).toBe(scroller);
  });
  test("send their id and are spent", async () => {
    await show({}, [offer]);
    allById(widget, "message-button")[1]?.click();
    expect(sent).toEqual([{ type: "press", client_id: "id1", button: "b2" }]);
    await rendered(widget);
    expect(disabled()).toEqual([true, true]);
  });
});

describe("writing", () => {
  test("Enter sends and empties the field; Shift+Enter and a composing Enter do not", async () => {
    await show();
    const field = byId(widget, "widget-input") as HTMLTextAreaElement;
    type(field, "hello");
    expect(press(field, "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
    press(field, "Enter", { isComposing: true });
    expect(sent).toEqual([]);
    press(field, "Enter");
    expect(sent).toEqual([{ type: "message", client_id: "id1", text: "hello" }]);
    expect(field.value).toBe("");
  });
  test("too long a message cannot be sent and is counted", async () => {
    await show();
    const field = byId(widget, "widget-input");
    type(field, "x".repeat(8_003));
    await rendered(widget);
    expect(text("widget-count")).toBe("3 characters too many");
    expect((byId(widget, "widget-send") as HTMLButtonElement).disabled).toBe(true);
    press(field, "Enter");
    expect(sent).toEqual([]);
  });
  test("typing is told once per three seconds and ended by sending", async () => {
    await show();
    const field = byId(widget, "widget-input");
    type(field, "h");
    type(field, "he");
    expect(typed).toEqual([true]);
    press(field, "Enter");
    expect(typed).toEqual([true, false]);
    type(field, "again");
    vi.advanceTimersByTime(4_000);
    expect(typed).toEqual([true, false, true, false]);
  });
  test("a closed conversation takes no words", async () => {
    await show({ owner: "closed" });
    expect((byId(widget, "widget-input") as HTMLTextAreaElement).disabled).toBe(true);
  });
  test("a failed message offers to try again, under the same client_id", async () => {
    await show();
    model.say("hello");
    model.failed("id1", refusal("unavailable", "Not sent.").error);
    await rendered(widget);
    expect(text("message")).toContain("Not sent.");
    byId(widget, "message-retry").click();
    expect(sent.map((f) => f.client_id)).toEqual(["id1", "id1"]);
  });
  test("a suggested question is asked", async () => {
    await show();
    byId(widget, "widget-suggestion").click();
    expect(sent).toMatchObject([{ type: "message", text: "Where are my invoices?" }]);
    await rendered(widget);
    expect(allById(widget, "widget-welcome")).toEqual([]);
  });
});

describe("waiting", () => {
  const away = { position: 1, staffed: false, wait_minutes: null, reply_by: null };

  test("with nobody on duty an e-mail address is asked for, checked, sent and then shown as saved", async () => {
    await show({ owner: "queue", queue: away });
    const field = byId(widget, "widget-email");
    type(field, "dana@");
    byId(widget, "widget-email-save").click();
    await rendered(widget);
    expect(sent).toEqual([]);
    expect(field.getAttribute("aria-invalid")).toBe("true");
    type(field, "dana@example.com");
    byId(widget, "widget-email-save").click();
    expect(sent).toEqual([{ type: "email", client_id: "id1", email: "dana@example.com" }]);
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(text("widget-email-saved")).toContain("We will reply to dana@example.com.");
  });
  test("while somebody is on duty no address is asked for", async () => {
    await show({ owner: "queue", queue: { position: 3, staffed: true, wait_minutes: 7, wait_is_estimate: true, reply_by: null } });
    expect(text("widget-queue")).toBe("You are number 3 in lineEstimated wait: about 7 minutes.");
    expect(allById(widget, "widget-email")).toEqual([]);
  });
});

describe("rating", () => {
  test("needs a score, takes a comment, and goes away when stored", async () => {
    await show({ rating: { requested: true, score: null } }, [message(1, { kind: "notice", author: { kind: "system", name: "" }, notice: { type: "claimed", agent: "Maya Ortiz" } })]);
    expect(text("widget-rating")).toContain("How was the help from Maya Ortiz?");
    expect(text("widget-rating")).toContain("Very poor");
    expect((byId(widget, "rating-send") as HTMLButtonElement).disabled).toBe(true);
    byId(widget, "rating-4").click();
    await rendered(widget);
    type(byId(widget, "rating-comment"), "quick");
    byId(widget, "rating-send").click();
    expect(sent).toEqual([{ type: "rate", client_id: "id1", score: 4, comment: "quick" }]);
    model.acked({ type: "ack", client_id: "id1", message: null });
    await rendered(widget);
    expect(allById(widget, "widget-rating")).toEqual([]);
  });
});

describe("opening and closing", () => {
  test("opening puts the focus into the field; Escape closes and gives it back", async () => {
    await show();
    const field = byId(widget, "widget-input");
    expect((field.getRootNode() as ShadowRoot).activeElement).toBe(field);
    press(field, "Escape");
    await rendered(widget);
    expect(widget.open).toBe(false);
    expect(widget.shadowRoot?.activeElement).toBe(byId(widget, "widget-launcher"));
  });
  test("what arrives while closed is counted on the launcher and announced", async () => {
    await show({}, [message(1)]);
    widget.hide();
    model.event({ type: "event", id: 11, event: "message", data: { message: message(2, { author: { kind: "agent", name: "Maya" } }) } });
    await rendered(widget);
    expect(text("widget-unread")).toBe("1");
    expect(byId(widget, "widget-launcher").getAttribute("aria-label")).toBe("Open support chat, 1 unread message");
    expect(widget.shadowRoot?.querySelector('p[role="status"]')?.textContent).toBe("New message from Maya");
    widget.show();
    await rendered(widget);
    expect(allById(widget, "widget-unread")).toEqual([]);
  });
  test("the page hears what it asked for, until it stops listening", async () => {
    await show();
    const api = batonApi(widget, model, () => undefined, () => undefined);
    const heard: string[] = [];
    api.on("open", () => heard.push("open"));
    const stop = api.on("message", (m) => heard.push(m.text));
    api.close();
    api.open();
    model.event({ type: "event", id: 11, event: "message", data: { message: message(2) } });
    stop();
    model.event({ type: "event", id: 12, event: "message", data: { message: message(3) } });
    expect(heard).toEqual(["open", "message 2"]);
  });
});

test("an offline line is told", async () => {
  await show();
  model.link("offline");
  await rendered(widget);
  expect(text("widget-offline")).toContain("Reconnecting");
  expect(text("widget-status")).toBe("Reconnecting…");
});

test("the log is a polite log, and text takes its own direction", async () => {
  await show({}, [message(1, { text: "مرحبا" })]);
  const log = byId(widget, "widget-log");
  expect([log.getAttribute("role"), log.getAttribute("aria-live")]).toEqual(["log", "polite"]);
  expect(byId(widget, "message").querySelector(".bubble")?.getAttribute("dir")).toBe("auto");
});
