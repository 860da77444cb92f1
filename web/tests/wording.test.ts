import { describe, expect, test } from "vitest";
import { botBanner, emailProblem, lengthWords, noticeText, queueWords, statusWords } from "../widget/wording.js";
import { conversation } from "./fakes.js";

const NOW = Date.parse("2026-11-23T14:45:00Z");
const queue = { position: 2, staffed: true, wait_minutes: 4, wait_is_estimate: true, reply_by: null };

describe("waiting", () => {
  test("the place and the estimate are told", () => {
    expect(queueWords(queue, NOW)).toEqual({ title: "You are number 2 in line", detail: "Estimated wait: about 4 minutes." });
  });
  test("the first in line is next", () => {
    expect(queueWords({ ...queue, position: 1, wait_minutes: 0 }, NOW)).toEqual({ title: "You are next in line", detail: "Estimated wait: less than a minute." });
  });
  test("without an estimate none is made up", () => {
    expect(queueWords({ ...queue, wait_minutes: null }, NOW).detail).toBe("A person will be with you as soon as one is free.");
  });
  test("with nobody on duty it is said when a reply can be expected", () => {
    const words = queueWords({ ...queue, staffed: false, wait_minutes: null, reply_by: "2026-11-24T08:00:00Z" }, NOW, "en-GB", "Europe/Berlin");
    expect(words).toEqual({ title: "Nobody is on duty right now", detail: "Your request is kept. Expect a reply by tomorrow at 09:00." });
  });
  test("a time that has passed is not promised", () => {
    const closed = queueWords({ ...queue, staffed: false, wait_minutes: null, opens_at: "2026-11-30T08:00:00Z" }, NOW, "en-GB", "Europe/Berlin");
    expect(closed).toEqual({ title: "We are closed right now", detail: "We answer from Monday 30 November 09:00. Your request is kept." });
    expect(queueWords({ ...queue, staffed: false, wait_minutes: null, opens_at: "2026-11-23T08:00:00Z" }, NOW).title).toBe("Nobody is on duty right now");
    expect(queueWords({ ...queue, staffed: false, reply_by: "2026-11-23T14:00:00Z" }, NOW).detail).toContain("as soon as someone is back");
  });
});

describe("the status line", () => {
  test.each([
    [conversation(), "online", "The assistant answers right away"],
    [conversation({ bot: "starting" }), "online", "The assistant is starting"],
    [conversation({ owner: "agent", agent: { name: "Maya Ortiz" } }), "online", "You are talking with Maya Ortiz"],
    [conversation({ owner: "queue", queue }), "online", "Waiting for a person"],
    [conversation({ owner: "queue", queue: { ...queue, staffed: false } }), "online", "We will get back to you"],
    [conversation(), "offline", "Reconnecting…"],
    [null, "connecting", "Connecting…"],
  ] as const)("%#: it says %s %s", (c, link, words) => {
    expect(statusWords(c, link)).toBe(words);
  });
  test("a bot that can answer needs no banner", () => {
    expect(botBanner("ready")).toBeNull();
    expect(botBanner("starting")?.title).toBe("The assistant is starting");
    expect(botBanner("down")?.detail).toContain("talk to a person");
  });
});

describe("an e-mail address", () => {
  test.each(["dana@example.com", " dana.whitfield+help@alder-and-finch.co.uk ", "ü@bücher.example"])("%s is one", (email) => {
    expect(emailProblem(email)).toBeNull();
  });
  test.each([
    ["", "Enter your e-mail address."],
    ["dana.example.com", "An e-mail address has an @ in it, like name@example.com."],
    ["dana@", "Check the address: it should look like name@example.com."],
    ["dana@example", "Check the address: it should look like name@example.com."],
    ["dana@example..com", "Check the address: it should look like name@example.com."],
    ["a@b@example.com", "Check the address: it should look like name@example.com."],
    ["dana whitfield@example.com", "Check the address: it should look like name@example.com."],
    [`${"a".repeat(250)}@example.com`, "That e-mail address is too long."],
  ])("%s is none: %s", (email, problem) => {
    expect(emailProblem(email)).toBe(problem);
  });
});

test("the counter appears near the limit only", () => {
  expect(lengthWords(7_499, 8_000)).toBeNull();
  expect(lengthWords(7_500, 8_000)).toBe("500 characters left");
  expect(lengthWords(9_234, 8_000)).toBe("1,234 characters too many");
});

describe("a ticket from the chat", () => {
  const text = "Your ticket FH-1003 is with our team.";
  const notice = (reply_by: string | null): Parameters<typeof noticeText>[0] => ({ text, notice: { type: "ticket_opened", ticket: "FH-1003", reply_by } });

  test("says by when to expect an answer, in the customer's own time", () => {
    expect(noticeText(notice("2026-11-24T09:00:00Z"), NOW, "en-GB", "Europe/Berlin")).toBe(`${text} Expect an answer by tomorrow at 10:00.`);
  });

  test("promises nothing where no time is known or it has passed", () => {
    expect(noticeText(notice(null), NOW)).toBe(text);
    expect(noticeText(notice("2026-11-20T09:00:00Z"), NOW)).toBe(text);
  });
});
