/** What a customer does in the widget: writes, presses buttons, opens an article, asks for a person. */
import { describe, expect, test, vi } from "vitest";
import { noteOpened } from "../shared/clicks.js";
import type { Message } from "../shared/protocol.js";
import { allById, byId, press, rendered, type } from "./dom.js";
import { conversation, message, refusal } from "./fakes.js";
import { model, sent, show, text, typed, useWidget, widget } from "./widget-page.js";

useWidget();

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
