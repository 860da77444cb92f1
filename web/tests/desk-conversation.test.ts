/** One conversation at the desk: claiming it, replying, what stands beside it. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { allById, byId, press, type } from "./dom.js";
import { message, refusal } from "./fakes.js";
import type { Detail } from "../shared/desk-protocol.js";
import { MESSAGE_LIMIT } from "../shared/limits.js";
import { MAYA, due, row, mine, detail, settle, open, service, model, app, given, useDesk } from "./desk-page.js";

useDesk();

describe("claiming", () => {
  test("what waits can be given a note before anybody claims it; claiming leads from there to the reply", async () => {
    service.on("POST", "/api/desk/conversations/a/notes", { body: { message: message(3, { kind: "note", author: { kind: "agent", name: "Maya Ortiz" }, text: "Call her" }) } });
    service.on("POST", "/api/desk/conversations/a/claim", () => {
      given.rows = [mine("a"), row("b")];
      return { body: detail(mine("a")) };
    });
    await open("a");
    expect(allById(app, "desk-composer")).toEqual([]);
    byId(app, "desk-note").click();
    await settle();
    expect(allById(app, "desk-mode-reply")).toEqual([]);
    type(byId(app, "desk-composer"), "Call her");
    await settle();
    byId(app, "desk-send").click();
    await settle();
    expect(service.to("/api/desk/conversations/a/notes").map((call) => (call.body as { text: string }).text)).toEqual(["Call her"]);
    byId(app, "desk-claim").click();
    await settle();
    await vi.advanceTimersByTimeAsync(20); // a frame
    await settle();
    expect(byId(app, "desk-mode-reply").getAttribute("aria-pressed")).toBe("true");
  });

  test("c claims the open conversation with the epoch that was read, and leads to the reply", async () => {
    await open("a");
    service.on("POST", "/api/desk/conversations/a/claim", () => {
      given.rows = [mine("a"), row("b")];
      return { body: detail(mine("a")) };
    });
    press(document.body, "c");
    await settle();
    expect(service.to("/api/desk/conversations/a/claim").map((c) => c.body)).toEqual([{ epoch: 2 }]);
    expect(allById(app, "desk-composer")).toHaveLength(1);
    expect(allById(app, "desk-claim")).toEqual([]);
    // The event that tells of it later is no news, and the same words stand once.
    model.take({ type: "event", event: "conversation", data: { row: mine("a"), removed: false } });
    model.toast("It is yours. The customer has been told.", "info");
    await settle();
    expect(model.toasts.map((toast) => toast.text)).toEqual(["It is yours. The customer has been told."]);
  });

  test("one that was lost to a colleague tells the kind message and reads everything again", async () => {
    await open("a");
    service.on("POST", "/api/desk/conversations/a/claim", () => {
      given.rows = [row("a", { owner: "agent", agent: { id: "st_ben", name: "Ben Adeyemi" }, epoch: 3 }), row("b")];
      return { status: 409, body: refusal("stale_epoch", "Ben Adeyemi has already taken this conversation.") };
    });
    byId(app, "desk-claim").click();
    await settle();
    expect(byId(app, "desk-toast").textContent).toContain("Ben Adeyemi has already taken this conversation.");
    expect(app.shadowRoot?.querySelector("desk-conversation")?.shadowRoot?.textContent).not.toContain("Waiting in the queue");
    expect(model.detail?.row.agent?.name).toBe("Ben Adeyemi");
  });
});

describe("replying", () => {
  beforeEach(() => {
    given.rows = [mine("a")];
  });

  test("Ctrl+Enter sends the reply under the epoch, plain Enter does not", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { body: { message: message(3, { author: { kind: "agent", name: MAYA.name }, client_id: "id1", text: "On it." }) } });
    await open("a");
    press(document.body, "r");
    await settle();
    const field = byId(app, "desk-composer");
    expect((field.getRootNode() as ShadowRoot).activeElement).toBe(field);
    type(field, "On it.");
    press(field, "Enter");
    expect(service.to("/api/desk/conversations/a/replies")).toEqual([]);
    press(field, "Enter", { ctrlKey: true });
    await settle();
    expect(service.to("/api/desk/conversations/a/replies")[0]?.body).toEqual({ epoch: 3, client_id: "id1", text: "On it." });
    expect(allById(app, "message").at(-1)?.textContent).toContain("On it.");
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("");
  });

  test("a reply changes the clocks, so the conversation is read again once the burst is over", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { body: { message: message(3, { author: { kind: "agent", name: MAYA.name }, client_id: "id1" }) } });
    await open("a");
    const reads = service.to("/api/desk/conversations/a").length;
    await model.send("reply", "On it.");
    model.take({ type: "event", event: "message", data: { conversation_id: "a", message: message(4, { author: { kind: "customer", name: "Dana" } }) } });
    expect(service.to("/api/desk/conversations/a").length).toBe(reads);
    await vi.advanceTimersByTimeAsync(800);
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
  });

  test("a reply that came too late is kept, with the reason, and can be taken back into the field", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", { status: 409, body: refusal("stale_epoch", "Ben Adeyemi has taken this conversation over.") });
    await open("a");
    await model.send("reply", "On it.");
    await settle();
    const failed = allById(app, "message").at(-1)!;
    expect(failed.dataset.state).toBe("failed");
    expect(failed.textContent).toContain("Ben Adeyemi has taken this conversation over.");
    [...failed.querySelectorAll("button")].find((b) => b.textContent === "Edit")?.click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("On it.");
  });

  test("a failed reply is tried again under the same client_id", async () => {
    service.on("POST", "/api/desk/conversations/a/replies", "unreachable");
    await open("a");
    await model.send("reply", "On it.");
    await model.retry("id1");
    expect(service.to("/api/desk/conversations/a/replies").map((c) => (c.body as { client_id: string }).client_id)).toEqual(["id1", "id1"]);
  });

  test("a note goes to the notes and never to the customer", async () => {
    service.on("POST", "/api/desk/conversations/a/notes", { body: { message: message(3, { kind: "note", author: { kind: "agent", name: MAYA.name }, client_id: "id1" }) } });
    await open("a");
    press(document.body, "n");
    await settle();
    type(byId(app, "desk-composer"), "Checked with billing.");
    await settle();
    byId(app, "desk-send").click();
    await settle();
    expect(service.to("/api/desk/conversations/a/notes")).toHaveLength(1);
    expect(service.to("/api/desk/conversations/a/replies")).toEqual([]);
  });

  test("reply and note keep drafts of their own", async () => {
    await open("a");
    type(byId(app, "desk-composer"), "to the customer");
    byId(app, "desk-mode-note").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("");
    byId(app, "desk-mode-reply").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe("to the customer");
  });

  test("an article found is inserted as a link; an internal one only into a note", async () => {
    const hit = { article_id: "x", slug: "invoices", title: "Invoices", heading: null, url: "/help/invoices", html: "<p>Open <b>Billing</b>.</p>", score: 1, visibility: "public" };
    service.on("GET", "/api/desk/search", { body: { results: [hit, { ...hit, title: "Refund limits", visibility: "internal" }] } });
    await open("a");
    press(document.body, "/");
    await settle();
    type(byId(app, "desk-search"), "invoice");
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    expect(allById(app, "desk-search-hit")).toHaveLength(2);
    expect(allById(app, "desk-insert-link")).toHaveLength(1);
    byId(app, "desk-insert-link").click();
    await settle();
    expect((byId(app, "desk-composer") as HTMLTextAreaElement).value).toBe(`Invoices: ${location.origin}/help/invoices`);
  });

  test("the article search is gone through with the arrow keys, tells what was inserted, and closes when the reply is sent", async () => {
    const hit = { article_id: "x", slug: "invoices", title: "Invoices", heading: null, url: "/help/invoices", html: "<p>Open.</p>", score: 1, visibility: "public" };
    service.on("GET", "/api/desk/search", { body: { search_id: "se_1", results: [hit, { ...hit, article_id: "y", title: "Receipts" }] } });
    service.on("POST", "/api/searches/se_1/clicks", { body: {} });
    service.on("POST", "/api/desk/conversations/a/replies", "never");
    await open("a");
    press(document.body, "/");
    await settle();
    type(byId(app, "desk-search"), "invoice");
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    const focused = (): HTMLElement => {
      let at = document.activeElement as HTMLElement;
      while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement as HTMLElement;
      return at;
    };
    press(focused(), "ArrowDown");
    press(focused(), "ArrowDown");
    expect(focused().closest("li")?.textContent).toContain("Receipts");
    press(focused(), "ArrowUp");
    press(focused(), "ArrowUp");
    expect(focused()).toBe(byId(app, "desk-search"));
    press(focused(), "ArrowDown");
    focused().click();
    await settle();
    expect(service.to("/api/searches/se_1/clicks").map((call) => call.body)).toEqual([{ article_id: "x" }]);
    byId(app, "desk-articles").click();
    await settle();
    byId(app, "desk-send").click();
    await settle();
    expect(allById(app, "desk-search")).toEqual([]);
  });

  test("after resolving, the focus goes on in the list, to the row that took the place of the resolved one", async () => {
    given.rows = [mine("a"), { ...mine("b"), clock: due(90) }];
    service.on("POST", "/api/desk/conversations/a/resolve", () => {
      given.rows = given.rows.slice(1);
      return { body: {} };
    });
    location.hash = "#/mine/a";
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    await settle();
    byId(app, "desk-resolve").click();
    byId(app, "desk-resolve-confirm").click();
    await settle();
    await settle();
    const list = app.shadowRoot?.querySelector("desk-list");
    expect(app.shadowRoot?.activeElement).toBe(list);
    expect((list?.shadowRoot?.activeElement as HTMLElement).dataset.id).toBe("b");
  });

  test("resolving sends the note with the epoch", async () => {
    service.on("POST", "/api/desk/conversations/a/resolve", { body: {} });
    await open("a");
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(service.to("/api/desk/conversations/a/resolve")[0]?.body).toEqual({ epoch: 3, note: "Added as billing contact." });
  });

  test("names on offer stay until a press on Resolve has ended: it would move from under the pointer", async () => {
    service.on("GET", "/api/desk/conversations/a/readers", { body: { people: [{ id: "st_ben", name: "Ben Adeyemi" }] } });
    service.on("POST", "/api/desk/conversations/a/resolve", { body: {} });
    await open("a");
    byId(app, "desk-resolve").click();
    const note = byId(app, "desk-resolve-note");
    note.focus();
    type(note, "Done @Ben");
    await settle();
    const confirm = byId(app, "desk-resolve-confirm");
    confirm.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, composed: true }));
    note.blur();
    await settle();
    expect(allById(app, "desk-people")).toHaveLength(1);
    confirm.click();
    await settle();
    expect(allById(app, "desk-people")).toEqual([]);
    expect(service.to("/api/desk/conversations/a/resolve")).toHaveLength(1);
    byId(app, "desk-resolve").click();
    note.focus();
    type(note, "@Ben");
    await settle();
    note.blur(); // by the keyboard
    await settle();
    expect(allById(app, "desk-people")).toEqual([]);
  });

  test("a note that could not go out with what it was written for waits among the drafts, behind what is there", async () => {
    service.on("POST", "/api/desk/conversations/a/resolve", { status: 409, body: refusal("stale_epoch", "It is not yours any more.") });
    await open("a");
    model.setDraft("a", { mode: "reply", reply: "", note: "begun before" });
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(model.draft("a").note).toBe("begun before\nAdded as billing contact.");
    expect(model.toasts.map(({ text }) => text)).toContain("It is not yours any more. Your note is kept under “Internal note”.");
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(model.draft("a").note).toBe("begun before\nAdded as billing contact.");
  });

  test("a note whose answer was lost stands in the conversation, and is not kept beside it", async () => {
    await open("a");
    service.on("POST", "/api/desk/conversations/a/resolve", { status: 503, body: refusal("unavailable", "No answer.") });
    const note = message(3, { kind: "note", author: { kind: "agent", name: MAYA.name }, text: "Passed to Billing.\nAdded as billing contact." });
    service.on("GET", "/api/desk/conversations/a", { body: detail(mine("a"), { messages: [note] }) });
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(model.draft("a").note).toBe("");
    expect(model.toasts.map(({ text }) => text)).toContain("No answer. Your note is in the conversation already.");
  });

  test("a note that is too long for one field with what is there stands beside it as not sent", async () => {
    service.on("POST", "/api/desk/conversations/a/resolve", { status: 409, body: refusal("stale_epoch", "It is not yours any more.") });
    await open("a");
    const before = "x".repeat(MESSAGE_LIMIT - 5);
    model.setDraft("a", { mode: "reply", reply: "", note: before });
    byId(app, "desk-resolve").click();
    type(byId(app, "desk-resolve-note"), "Added as billing contact.");
    byId(app, "desk-resolve-confirm").click();
    await settle();
    expect(model.draft("a").note).toBe(before);
    expect(model.pending.map(({ mode, text, state }) => [mode, text, state])).toEqual([["note", "Added as billing contact.", "failed"]]);
    expect(model.toasts.map(({ text }) => text)).toContain("It is not yours any more. Your note stands in the conversation as not sent.");
  });

  test("a closed ticket says its priority and category, and offers no other", async () => {
    service.on("GET", "/api/desk/conversations/a", { body: detail(mine("a"), { ticket: { ...detail(mine("a")).ticket!, status: "closed" } }) });
    await open("a");
    expect(byId(app, "desk-closed").textContent).toContain("High");
    expect([...allById(app, "desk-priority"), ...allById(app, "desk-category")]).toEqual([]);
  });
});

describe("what is the bot's", () => {
  test("offers no reply, and says of a resolved one when one can be sent again", async () => {
    const given_back = row("a", { owner: "bot", number: null, agent: null, epoch: 4 });
    const whole = detail(given_back);
    service.on("GET", "/api/desk/conversations/a", () => ({ body: { ...whole, ticket: whole.ticket && { ...whole.ticket, status: "resolved" } } }));
    await open("a");
    expect(allById(app, "desk-mode-reply")).toEqual([]);
    expect(byId(app, "desk-composer").getAttribute("aria-label")).toContain("Internal note");
    const said = app.shadowRoot?.querySelector("desk-conversation")?.shadowRoot?.querySelector("desk-composer")?.shadowRoot?.querySelector(".why")?.textContent;
    expect(said).toBe("This is resolved, and the bot answers its customer. Nobody can reply until they ask for a person; you can leave an internal note.");
  });
});

describe("the conversation", () => {
  test("a stranger is called what the list calls them, and an untouched bot has an answer of its own", async () => {
    const stranger = row("a", { customer: { name: "kim@example.org", plan: null } });
    service.on("GET", "/api/desk/conversations/a", { body: detail(stranger, { customer: { ...detail(stranger).customer, name: null } }) });
    await open("a");
    const shown = (tag: string): string => app.shadowRoot?.querySelector(tag)?.shadowRoot?.textContent ?? "";
    expect(shown("desk-conversation")).toContain("kim@example.org");
    expect(shown("desk-context")).toContain("Nothing was asked of it.");
  });

  test("a clock that was met says so once", async () => {
    const met = { ...due(5), state: "met", met_at: "2026-11-23T14:40:00Z" } as const;
    service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(row("a"), { clocks: [met] }) }));
    await open("a");
    await settle();
    const clock = byId(app, "desk-clock");
    const shown = `${clock.textContent} ${clock.querySelector("baton-countdown")?.shadowRoot?.querySelector(".shown")?.textContent}`;
    expect(shown.match(/met/gi)).toHaveLength(1);
  });
  test("what an agent marked up is shown so, and a customer's stars are stars", async () => {
    const said = [message(1, { author: { kind: "customer", name: "Dana" }, text: "**hi**" }), message(2, { author: { kind: "agent", name: "Maya" }, text: "**hello**" })];
    service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(row("a"), { messages: said }) }));
    await open("a");
    const [customer, agent] = allById(app, "message").map((one) => one.querySelector(".bubble"));
    expect([customer?.textContent, customer?.querySelector("strong"), agent?.querySelector("strong")?.textContent]).toEqual(["**hi**", null, "hello"]);
  });
  test("shows foreign text as text and a divider where it was handed over", async () => {
    await open("a");
    expect(allById(app, "message")[0]?.textContent).toContain("<b>hi</b>");
    expect(byId(app, "desk-handoff").textContent).toContain("Handed over to people · Asked for a person");
  });
  test("says that the health of a known customer is not known yet, and nothing of a stranger's", async () => {
    const { customer } = detail(row("a"));
    service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(row("a"), { customer: { ...customer, id: "cu_1", known: true } }) }));
    await open("a");
    expect(byId(app, "desk-health").textContent).toContain("Health not known yet");
    expect(byId(app, "desk-customer").textContent).not.toContain("Critical");
  });

  test("says in words why a person is needed and why this priority", async () => {
    await open("a");
    expect(byId(app, "desk-why").textContent).toContain("The customer asked for a person.");
    expect(byId(app, "desk-why-priority").textContent).toContain("Revenue of 5,000 a month or more raises the priority.");
    expect(byId(app, "desk-clock").dataset.metric).toBe("first_response");
  });
  test("an override is sent and what the service made of it is read again", async () => {
    service.on("PATCH", "/api/desk/tickets/tk_1", { body: {} });
    await open("a");
    const reads = service.to("/api/desk/conversations/a").length;
    const select = byId(app, "desk-priority") as HTMLSelectElement;
    select.value = "urgent";
    select.dispatchEvent(new Event("change"));
    await settle();
    expect(service.to("/api/desk/tickets/tk_1")[0]?.body).toEqual({ priority: "urgent" });
    expect(service.to("/api/desk/conversations/a").length).toBe(reads + 1);
  });
  test("an answer that comes late for another conversation is not shown", async () => {
    await open("a");
    let late: (value: { body: Detail }) => void = () => undefined;
    service.on("GET", "/api/desk/conversations/b", () => new Promise((resolve) => (late = resolve)));
    const first = model.open("b");
    await model.open("a");
    late({ body: detail(row("b")) });
    await first;
    expect(model.detail?.row.id).toBe("a");
  });
});
