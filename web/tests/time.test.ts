import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { everySecond, learnServiceTime, now, tickingListeners } from "../shared/clock.js";
import type { Clock } from "../shared/desk-protocol.js";
import { ago, comingTime, countdown, dayName, momentInWords, momentOrDate, shortSpan, spanInWords } from "../shared/time-format.js";

const NOW = Date.parse("2026-11-23T14:45:00Z");

function clock(over: Partial<Clock> = {}): Clock {
  return {
    metric: "first_response", state: "running", started_at: "2026-11-23T14:00:00Z", due_at: "2026-11-23T15:00:00Z", warn_at: "2026-11-23T14:50:00Z", met_at: null, breached_at: null,
    target_minutes: 60, remaining_seconds: 900, ...over,
  };
}

describe("spans", () => {
  test.each([[0, "0:00"], [5, "0:05"], [65, "1:05"], [3599, "59:59"], [3600, "1 h 00 m"], [4980, "1 h 23 m"], [86_399, "23 h 59 m"], [90_000, "1 d 1 h"], [-3, "0:00"]])("%i seconds are shown as %s", (s, text) => {
    expect(shortSpan(s)).toBe(text);
  });
  test.each([[30, "less than a minute"], [60, "1 minute"], [240, "4 minutes"], [3600, "1 hour"], [4800, "1 hour 20 minutes"], [172_800, "2 days"], [176_400, "2 days 1 hour"]])("%i seconds are %s", (s, text) => {
    expect(spanInWords(s)).toBe(text);
  });
});

describe("a countdown", () => {
  test("counts down to what is due", () => {
    expect(countdown(clock(), NOW)).toEqual({ text: "15:00", words: "First response due in 15 minutes", urgency: "calm" });
  });
  test("turns urgent at its warning, not a second before", () => {
    expect(countdown(clock(), NOW + 299_000).urgency).toBe("calm");
    expect(countdown(clock(), NOW + 300_000).urgency).toBe("soon");
  });
  test("shows the last second as a second, and is overdue at its deadline", () => {
    expect(countdown(clock(), NOW + 899_500)).toMatchObject({ text: "0:01", urgency: "soon" });
    expect(countdown(clock(), NOW + 900_000)).toMatchObject({ text: "0:00 overdue", urgency: "overdue" });
  });
  test("says how long it is overdue", () => {
    expect(countdown(clock({ state: "breached" }), NOW + 900_000 + 4_980_000)).toMatchObject({ text: "1 h 23 m overdue", words: "First response overdue by 1 hour 23 minutes" });
  });
  test("stands still while paused, whatever the time", () => {
    const paused = clock({ metric: "resolution", state: "paused", remaining_seconds: 5400 });
    expect(countdown(paused, NOW)).toEqual(countdown(paused, NOW + 9_000_000));
    expect(countdown(paused, NOW)).toMatchObject({ text: "1 h 30 m paused", words: "Resolution paused with 1 hour 30 minutes left" });
  });
  test("met and cancelled count nothing", () => {
    expect(countdown(clock({ state: "met" }), NOW).text).toBe("met");
    expect(countdown(clock({ state: "cancelled" }), NOW).text).toBe("cancelled");
  });
});

describe("the one timer", () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => {
    learnServiceTime(new Date().toUTCString());
    vi.useRealTimers();
  });

  test("every listener shares one interval, which ends with the last of them", () => {
    const ticks: number[] = [];
    const stops = [1, 2, 3].map((n) => everySecond((at) => ticks.push(at + n)));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(ticks).toEqual([NOW + 1001, NOW + 1002, NOW + 1003]);
    stops.forEach((stop) => stop());
    expect(tickingListeners()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
  test("the service's clock counts, not a wrong one on the desk", () => {
    learnServiceTime("Mon, 23 Nov 2026 14:55:00 GMT");
    expect(now()).toBe(NOW + 600_000);
  });
  test("a second's difference is the header's coarseness", () => {
    learnServiceTime("Mon, 23 Nov 2026 14:45:01 GMT");
    expect(now()).toBe(NOW);
  });
});

describe("moments in words", () => {
  const zone = "Europe/Berlin";
  test("a reply to come is today, tomorrow, on a weekday, or on a date", () => {
    expect(comingTime("2026-11-23T16:00:00Z", NOW, "en-GB", zone)).toBe("today at 17:00");
    expect(comingTime("2026-11-24T08:00:00Z", NOW, "en-GB", zone)).toBe("tomorrow at 09:00");
    expect(comingTime("2026-11-26T08:30:00Z", NOW, "en-GB", zone)).toBe("Thursday at 09:30");
    expect(comingTime("2026-12-01T08:00:00Z", NOW, "en-GB", zone)).toMatch(/^Tuesday,? 1 December at 09:00$/);
  });
  test("the day turns in the reader's zone", () => {
    expect(dayName("2026-11-22T23:30:00Z", NOW, "en-GB", zone)).toBe("Today");
    expect(dayName("2026-11-22T22:30:00Z", NOW, "en-GB", zone)).toBe("Yesterday");
  });
  test("ages are short", () => {
    expect(["2026-11-23T14:44:30Z", "2026-11-23T14:41:00Z", "2026-11-23T11:00:00Z", "2026-11-20T11:00:00Z"].map((at) => ago(at, NOW))).toEqual(["now", "4 min", "3 h", "3 d"]);
  });
});

describe("a moment that may be on another day", () => {
  test.each([
    ["2026-11-23T17:00:00Z", "17:00"], ["2026-11-24T02:11:00Z", "tomorrow at 02:11"], ["2026-11-22T16:40:00Z", "yesterday at 16:40"], ["2026-11-26T09:00:00Z", "Thursday at 09:00"],
    ["2026-11-10T09:00:00Z", "Tuesday 10 November at 09:00"],
  ])("%s is %s", (iso, words) => {
    expect(momentInWords(iso, NOW, "en-GB", "UTC")).toBe(words);
  });

  test.each([["2026-11-20T00:00:00.000Z", "20 November 2026"], ["2026-11-20T00:00:00+00:00", "20 November 2026"], ["2026-11-20", "20 November 2026"], ["2026-11-23T00:00:00Z", "23 November 2026"]])("a date, %s, is that day in every zone and has no time of day", (iso, words) => {
    expect(momentOrDate(iso, NOW, "en-GB", "America/New_York")).toBe(words);
  });

  test("a moment a second past midnight is one", () => {
    expect(momentOrDate("2026-11-20T00:00:01Z", NOW, "en-GB", "UTC")).toBe("Friday 20 November at 00:00");
  });
});
