/** Working hours as people type them: a line for days, `mon-fri 09:00-12:00 13:00-17:00`. Pure; the service checks what they mean. */
import type { Hours } from "../shared/desk-protocol.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** The lines of a calendar's windows; days that are alike and side by side share one. */
export function hoursText(hours: Hours | null): string {
  if (hours === null) return "";
  const lines: { first: string; last: string; windows: string }[] = [];
  for (const [index, day] of DAYS.entries()) {
    const windows = (hours.windows[day] ?? []).join(" ");
    const before = lines.at(-1);
    if (windows === "") continue;
    if (before?.windows === windows && before.last === DAYS[index - 1]) before.last = day;
    else lines.push({ first: day, last: day, windows });
  }
  return lines.map(({ first, last, windows }) => `${first === last ? first : `${first}-${last}`} ${windows}`).join("\n");
}

/** What was typed as a calendar, null where nothing was: always. `before` keeps the holidays that it had. */
export function hoursOf(text: string, zone: string, before: Hours | null): Hours | null {
  const windows: Record<string, string[]> = {};
  for (const line of text.split("\n")) {
    const [days, ...listed] = line.trim().toLowerCase().split(/[\s,]+/).filter(Boolean);
    if (days !== undefined) windows[days] = [...(windows[days] ?? []), ...listed];
  }
  if (Object.keys(windows).length === 0) return null;
  return { zone: zone.trim(), windows, ...(before?.holidays?.length ? { holidays: before.holidays } : {}) };
}

/** The zone of this browser, for hours that are typed for the first time. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
