/** Codes of the protocol in words for people. */
import type { Health, Priority, View } from "./desk-protocol.js";

const REASONS: Record<string, string> = {
  asked: "Asked for a person",
  ticket: "Opened a ticket",
  repeated_failure: "Bot found no answer, three times",
  not_helpful: "Articles did not help",
  frustration: "Sounds frustrated",
  cancellation: "Wants to cancel",
  security: "Security concern",
  outage: "Reports an outage",
  key_account: "Important account",
  bot_unavailable: "Bot was unavailable",
  reopened: "Wrote again after it was resolved",
  action_failed: "Something failed in the bot",
};

export function reasonWords(code: string | null): string {
  return code === null ? "" : (REASONS[code] ?? codeWords(code));
}

const ACRONYMS = /\b(?:api|sso|saml|sla|csv|url)\b/g;

/** `feature_request` → `Feature request`, `api` → `API` */
export function codeWords(code: string): string {
  const words = code.replace(/[_-]+/g, " ").trim().replace(ACRONYMS, (word) => word.toUpperCase());
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

export const PRIORITIES: readonly Priority[] = ["urgent", "high", "normal", "low"];
export const VIEW_NAMES: Record<View, string> = { queue: "Queue", mine: "Mine", colleagues: "With colleagues", bot: "With the bot", resolved: "Resolved" };
export const BAND_WORDS: Record<Health["band"], string> = { healthy: "Healthy", at_risk: "At risk", critical: "Critical" };

/** `$4,800 a month` */
export function revenueWords(mrr: number, currency: string | null, locale?: string): string {
  const amount = new Intl.NumberFormat(locale, { style: "currency", currency: currency ?? "USD", maximumFractionDigits: 0 }).format(mrr);
  return `${amount} a month`;
}

/** `de` → `German` */
export function languageWords(code: string): string {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
