/** The widget's forms: where a reply goes, what is asked while waiting, the rating. */
import { describe, expect, test } from "vitest";
import { allById, byId, rendered, type } from "./dom.js";
import { message } from "./fakes.js";
import { model, sent, show, text, useWidget, widget } from "./widget-page.js";

useWidget();

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

describe("waiting", () => {
  const away = { position: 1, staffed: false, wait_minutes: null, reply_by: null };

  test("can be left for the assistant, once that has been asked", async () => {
    await show({ owner: "queue", queue: away });
    byId(widget, "widget-leave").click();
    await rendered(widget);
    expect(sent).toEqual([]);
    byId(widget, "widget-stay").click();
    await rendered(widget);
    byId(widget, "widget-leave").click();
    await rendered(widget);
    byId(widget, "widget-withdraw").click();
    expect(sent).toEqual([{ type: "withdraw", client_id: "id1" }]);
  });

  test("is not offered for leaving while the assistant is down, nor once a person is there", async () => {
    await show({ owner: "queue", queue: away, bot: "down" });
    expect(allById(widget, "widget-leave")).toEqual([]);
    await show({ owner: "agent", agent: { name: "Maya" } });
    expect(allById(widget, "widget-leave")).toEqual([]);
  });

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
