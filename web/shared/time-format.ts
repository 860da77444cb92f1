/** Times and spans in words. Pure: the caller hands in now. */
import type { Clock } from "./desk-protocol.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `4:05`, `1 h 20 m`, `2 d 3 h`: short enough for a list, for a span in seconds. */
export function shortSpan(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < HOUR) return `${Math.floor(s / MINUTE)}:${String(s % MINUTE).padStart(2, "0")}`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ${String(Math.floor((s % HOUR) / MINUTE)).padStart(2, "0")} m`;
  return `${Math.floor(s / DAY)} d ${Math.floor((s % DAY) / HOUR)} h`;
}

/** `less than a minute`, `4 minutes`, `1 hour 20 minutes`, `2 days`: for sentences. */
export function spanInWords(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < MINUTE) return "less than a minute";
  const part = (n: number, unit: string): string => (n === 0 ? "" : `${n} ${unit}${n === 1 ? "" : "s"}`);
  const join = (...parts: string[]): string => parts.filter(Boolean).join(" ");
  if (s < HOUR) return part(Math.floor(s / MINUTE), "minute");
  if (s < DAY) return join(part(Math.floor(s / HOUR), "hour"), part(Math.floor((s % HOUR) / MINUTE), "minute"));
  return join(part(Math.floor(s / DAY), "day"), part(Math.floor((s % DAY) / HOUR), "hour"));
}

export type Urgency = "calm" | "soon" | "overdue" | "paused" | "done";
export interface Countdown { text: string; words: string; urgency: Urgency }

const METRIC: Record<Clock["metric"], string> = {
  first_response: "First response",
  next_response: "Next response",
  resolution: "Resolution",
};

export function metricName(metric: Clock["metric"]): string {
  return METRIC[metric];
}

/** What a clock shows at `now` (milliseconds): the text for the eye, the words for a screen reader, and its urgency. */
export function countdown(clock: Clock, now: number): Countdown {
  const metric = METRIC[clock.metric];
  if (clock.state === "met") return { text: "met", words: `${metric} met`, urgency: "done" };
  if (clock.state === "cancelled") return { text: "cancelled", words: `${metric} cancelled`, urgency: "done" };
  if (clock.state === "paused") {
    const left = clock.remaining_seconds;
    if (left === null) return { text: "paused", words: `${metric} paused`, urgency: "paused" };
    return { text: `${shortSpan(left)} paused`, words: `${metric} paused with ${spanInWords(left)} left`, urgency: "paused" };
  }
  if (clock.due_at === null) return { text: "no target", words: `${metric} has no target`, urgency: "calm" };
  const seconds = (Date.parse(clock.due_at) - now) / 1000;
  if (seconds <= 0 || clock.state === "breached") {
    const over = Math.max(0, -seconds);
    return { text: `${shortSpan(over)} overdue`, words: `${metric} overdue by ${spanInWords(over)}`, urgency: "overdue" };
  }
  const soon = clock.warn_at !== null && Date.parse(clock.warn_at) <= now;
  return { text: shortSpan(seconds + 0.999), words: `${metric} due in ${spanInWords(seconds)}`, urgency: soon ? "soon" : "calm" };
}

/** `09:41`, in the reader's locale and zone. */
export function timeOfDay(iso: string, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone }).format(new Date(iso));
}

function dayKey(ms: number, timeZone?: string): string {
  return new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone }).format(new Date(ms));
}

/** `Today`, `Yesterday` or a date: the heading above a day's messages. */
export function dayName(iso: string, now: number, locale?: string, timeZone?: string): string {
  const day = dayKey(Date.parse(iso), timeZone);
  if (day === dayKey(now, timeZone)) return "Today";
  if (day === dayKey(now - DAY * 1000, timeZone)) return "Yesterday";
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", timeZone }).format(new Date(iso));
}

/** Whether two moments fall on one day in the reader's zone. */
export function sameDay(a: string, b: string, timeZone?: string): boolean {
  return dayKey(Date.parse(a), timeZone) === dayKey(Date.parse(b), timeZone);
}

/** `today at 17:00`, `tomorrow at 09:00`, `Tuesday at 09:00`, `Tuesday 1 December at 09:00`: for a time to come. */
export function comingTime(iso: string, now: number, locale?: string, timeZone?: string): string {
  const at = Date.parse(iso);
  const time = timeOfDay(iso, locale, timeZone);
  const day = dayKey(at, timeZone);
  if (day === dayKey(now, timeZone)) return `today at ${time}`;
  if (day === dayKey(now + DAY * 1000, timeZone)) return `tomorrow at ${time}`;
  const far = at - now > 6 * DAY * 1000;
  const options: Intl.DateTimeFormatOptions = far ? { weekday: "long", day: "numeric", month: "long" } : { weekday: "long" };
  return `${new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(new Date(at))} at ${time}`;
}

/** `17:00` for today, else with its day: `tomorrow at 02:11`, `yesterday at 16:40`, `Tuesday at 09:00`, `Tuesday 1 December at 09:00`. */
export function momentInWords(iso: string, now: number, locale?: string, timeZone?: string): string {
  const at = Date.parse(iso);
  const day = dayKey(at, timeZone);
  if (day === dayKey(now, timeZone)) return timeOfDay(iso, locale, timeZone);
  if (day === dayKey(now - DAY * 1000, timeZone)) return `yesterday at ${timeOfDay(iso, locale, timeZone)}`;
  if (at > now) return comingTime(iso, now, locale, timeZone);
  return `${dayName(iso, now, locale, timeZone)} at ${timeOfDay(iso, locale, timeZone)}`;
}

/** Whether it is a date, of which no time of day is known, such as an article's file has: midnight to the millisecond, and the same day everywhere. */
export function isDate(iso: string): boolean {
  return /^\d{4}-\d\d-\d\d(?:T00:00(?::00(?:\.0+)?)?(?:Z|\+00:00))?$/.test(iso);
}

/** As `momentInWords`; of a date the day alone. */
export function momentOrDate(iso: string, now: number, locale?: string, timeZone?: string): string {
  return isDate(iso) ? dateInWords(iso, locale, "UTC") : momentInWords(iso, now, locale, timeZone);
}

/** `now`, `4 min`, `3 h`, `2 d`: how long ago, for a list. */
export function ago(iso: string, now: number): string {
  const s = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (s < MINUTE) return "now";
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h`;
  return `${Math.floor(s / DAY)} d`;
}

/** `3 March 2024` */
export function dateInWords(iso: string, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric", timeZone }).format(new Date(iso));
}
