/** The widget on a page: foreign text, where the focus goes, opening and closing. */
import { describe, expect, test } from "vitest";
import { batonApi } from "../widget/host-api.js";
import { allById, byId, press, rendered, type } from "./dom.js";
import { message } from "./fakes.js";
import { model, show, text, useWidget, widget } from "./widget-page.js";

useWidget();

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

test("an offline line is told, in a region that was there before", async () => {
  await show();
  const region = widget.shadowRoot?.querySelector(".banners");
  expect(region?.getAttribute("role")).toBe("status");
  model.link("offline");
  await rendered(widget);
  expect(region?.contains(byId(widget, "widget-offline"))).toBe(true);
  expect(text("widget-offline")).toContain("Reconnecting");
  expect(text("widget-status")).toBe("Reconnecting…");
});

test("the log is a polite log, and text takes its own direction", async () => {
  await show({}, [message(1, { text: "مرحبا" })]);
  const log = byId(widget, "widget-log");
  expect([log.getAttribute("role"), log.getAttribute("aria-live")]).toEqual(["log", "polite"]);
  expect(byId(widget, "message").querySelector(".bubble")?.getAttribute("dir")).toBe("auto");
});
