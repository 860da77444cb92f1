/** What is decided without a page: order, place, and the words for what happened. */
import { describe, expect, test } from "vitest";
import { hashOf, placeOf } from "../desk/place.js";
import type { DeskApi } from "../desk/desk-api.js";
import { Lists } from "../desk/lists.js";
import { matterOf, nameOf } from "../desk/customer-name.js";
import { movedFromMe, noticeWords } from "../desk/notice-words.js";
import { belongsTo, clocksInOrder, inOrder } from "../desk/row-order.js";
import type { Clock, Row } from "../shared/desk-protocol.js";
import { MAYA, due, row, mine } from "./desk-page.js";

describe("order and place", () => {
  test("rows without a running clock come last, the oldest first", () => {
    const later = row("x", { clock: null, updated_at: "2026-11-23T14:00:00Z" });
    const older = row("y", { clock: null, updated_at: "2026-11-23T13:00:00Z" });
    expect(inOrder([later, row("b", { clock: due(9) }), older, row("a", { clock: due(-9) })]).map((r) => r.id)).toEqual(["a", "b", "y", "x"]);
  });
  test("a row is mine when I own it", () => {
    expect(belongsTo(mine("a"), "mine", MAYA.id)).toBe(true);
    expect(belongsTo(mine("a"), "mine", "st_ben")).toBe(false);
    expect(belongsTo(mine("a"), "queue", MAYA.id)).toBe(false);
  });
  test("the address holds the place, and a strange one leads to the queue", () => {
    expect(placeOf(hashOf({ view: "mine", id: "cv/1 ä" }))).toEqual({ view: "mine", id: "cv/1 ä" });
    expect(placeOf("#/nonsense/x")).toEqual({ view: "queue", id: null });
    expect(placeOf("#/mine/%E0%A4%A")).toEqual({ view: "mine", id: null });
  });
});

describe("the list", () => {
  test("an answer that comes after a later one's does not take its place, nor does a failure", async () => {
    const asked: { resolve(list: object): void; reject(error: Error): void }[] = [];
    const api = { list: () => new Promise((resolve, reject) => asked.push({ resolve, reject })) } as unknown as DeskApi;
    const lists = new Lists(api, { changed: () => undefined, lostSession: () => false, arrived: () => undefined });
    const [first, second, third] = [lists.refresh(), lists.refresh(), lists.refresh()];
    asked[2]!.resolve({ conversations: [row("new")], counts: {} });
    await third;
    asked[0]!.resolve({ conversations: [row("old")], counts: {} });
    asked[1]!.reject(new Error("too late"));
    await Promise.all([first, second]);
    expect([lists.rows!.map((one) => one.id), lists.problem]).toEqual([["new"], null]);
  });
});

describe("what happened, for agents", () => {
  const words = (notice: object): string => noticeWords({ text: "as the customer reads it", notice: notice as never });
  test.each([
    [{ type: "email_saved", email: "dana@x.example" }, "Customer left dana@x.example"],
    [{ type: "bot_unavailable" }, "The assistant could not answer"],
    [{ type: "rated", score: 4 }, "Customer rated the help 4 of 5"],
    [{ type: "claimed", agent: "Maya Ortiz" }, "Maya Ortiz claimed the conversation"],
    [{ type: "withdrawn" }, "Customer went back to the assistant; the ticket was closed"],
    [{ type: "released" }, "An agent gave the conversation back to the queue"],
    [{ type: "resolved", agent: "Maya Ortiz" }, "Maya Ortiz resolved the conversation"],
    [{ type: "some_new_one" }, "as the customer reads it"],
  ])("%j is told as %s", (notice, told) => {
    expect(words(notice)).toBe(told);
  });
  test.each([
    [{ owner: "agent", agent: { id: "st_ben", name: "Ben" } }, "Ben has FH-1042 · Dana now."],
    [{ owner: "queue", agent: null }, "FH-1042 · Dana went back to the queue."],
    [{ owner: "closed", agent: null }, "FH-1042 · Dana was closed."],
  ] as const)("what is mine no more tells where it went: %j", (now, told) => {
    expect(movedFromMe({ ...now, number: "FH-1042", customer: { name: "Dana" } as Row["customer"] })).toBe(told);
  });
});

describe("clocks and answers owed", () => {
  test("the clock that is due first stands first, those that have ended last", () => {
    const met: Clock = { ...due(5), state: "met" };
    const resolution: Clock = { ...due(600), metric: "resolution" };
    expect(clocksInOrder([met, resolution, due(20)])).toEqual([due(20), resolution, met]);
  });
  test("a team's list has that team's, and colleagues' what others have", () => {
    expect(belongsTo(row("a", { team: "billing" }), "queue", "st_maya", "billing")).toBe(true);
    expect(belongsTo(row("a", { team: "support" }), "queue", "st_maya", "billing")).toBe(false);
    expect(belongsTo(mine("a"), "colleagues", "st_amara")).toBe(true);
    expect(belongsTo(mine("a"), "colleagues", "st_maya")).toBe(false);
  });
});

test.each([
  [{ name: "Dana", plan: null }, null, "Dana"],
  [{ name: null, plan: null }, "7F3A", "Visitor 7F3A"],
  [{ name: null, plan: null }, null, "Visitor"],
])("a row is named after its customer %j, a guest by what tells them apart", (customer, visitor, name) => {
  expect(nameOf({ customer, visitor })).toBe(name);
});

test.each([
  [{ subject: "Export a board", last_message: said("customer", "hello"), page: "Pricing" }, "Export a board"],
  [{ subject: null, last_message: said("customer", "hello"), page: "Pricing" }, "hello"],
  [{ subject: null, last_message: said("bot", "How can I help?"), page: "Pricing" }, "On “Pricing”"],
  [{ subject: null, last_message: said("bot", "How can I help?"), page: null }, "How can I help?"],
  [{ subject: null, last_message: null, page: null }, "No message yet"],
])("of %j a row says what tells most", (row, words) => {
  expect(matterOf(row)).toBe(words);
});

function said(author_kind: "customer" | "bot", text: string): Row["last_message"] {
  return { text, author_kind, at: "2026-11-23T14:41:00Z" };
}
