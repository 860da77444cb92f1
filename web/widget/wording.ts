/** The widget's sentences that depend on the conversation. Pure, so that each is tested as a sentence. */
import type { LinkState } from "../shared/chat-ports.js";
import type { BotState, Conversation, Message, Queue } from "../shared/protocol.js";
import { comingTime, momentInWords, spanInWords } from "../shared/time-format.js";

export interface Words { title: string; detail: string }

function place(position: number | null): string {
  if (position === null) return "You are in line for a person";
  return position <= 1 ? "You are next in line" : `You are number ${position} in line`;
}

/** What a waiting customer reads; `now` in milliseconds. */
export function queueWords(queue: Queue | null, now: number, locale?: string, timeZone?: string): Words {
  if (queue === null) return { title: "You are in line for a person", detail: "Keep writing if you like: everything here reaches them." };
  if (!queue.staffed) {
    if (queue.opens_at && Date.parse(queue.opens_at) > now) {
      return { title: "We are closed right now", detail: `We answer from ${comingTime(queue.opens_at, now, locale, timeZone).replace(" at ", " ")}. Your request is kept.` };
    }
    const late = queue.reply_by === null || Date.parse(queue.reply_by) <= now;
    const when = late ? "as soon as someone is back" : `by ${momentInWords(queue.reply_by ?? "", now, locale, timeZone)}`;
    return { title: "Nobody is on duty right now", detail: `Your request is kept. Expect a reply ${when}.` };
  }
  if (queue.wait_minutes === null) return { title: place(queue.position), detail: "A person will be with you as soon as one is free." };
  const span = spanInWords(queue.wait_minutes * 60);
  const about = queue.wait_is_estimate === false || queue.wait_minutes < 1 ? span : `about ${span}`;
  return { title: place(queue.position), detail: `Estimated wait: ${about}.` };
}

/** The line under the widget's title. */
export function statusWords(conversation: Conversation | null, link: LinkState): string {
  if (link === "offline") return "Reconnecting…";
  if (link === "refused") return "Not available on this page";
  if (conversation === null) return link === "connecting" ? "Connecting…" : "We usually answer right away";
  switch (conversation.owner) {
    case "agent":
      return `You are talking with ${conversation.agent?.name ?? "a person"}`;
    case "queue":
      return conversation.queue?.staffed === false ? "We will get back to you" : "Waiting for a person";
    case "closed":
      return "This conversation is closed";
    case "bot":
      return BOT_STATUS[conversation.bot];
  }
}

const BOT_STATUS: Record<BotState, string> = {
  ready: "The assistant answers right away",
  starting: "The assistant is starting",
  down: "The assistant is away",
};

/** The banner above the log while the bot cannot answer, or null. */
export function botBanner(bot: BotState): Words | null {
  if (bot === "starting") {
    return { title: "The assistant is starting", detail: "Write already: your message is kept and answered as soon as it is ready." };
  }
  if (bot === "down") return { title: "The assistant is not available", detail: "Your messages are kept. You can talk to a person instead." };
  return null;
}

/** A notice as its customer reads it: with the moment that it speaks of in their own time. */
export function noticeText(message: Pick<Message, "text" | "notice">, now: number, locale?: string, timeZone?: string): string {
  const by = message.notice?.reply_by;
  if (by === undefined || by === null || Date.parse(by) <= now) return message.text;
  return `${message.text} Expect an answer by ${momentInWords(by, now, locale, timeZone)}.`;
}

/** What is told when messages were still on their way in a conversation that is not shown any more. */
export function unsentWords(count: number): string {
  return count === 1 ? "Your last message was not sent: this is another conversation now." : `Your last ${count} messages were not sent: this is another conversation now.`;
}

/** Why this is not an e-mail address to write to, as a sentence, or null where it is one. */
export function emailProblem(text: string): string | null {
  const email = text.trim();
  if (email === "") return "Enter your e-mail address.";
  if (email.length > 254) return "That e-mail address is too long.";
  if (!email.includes("@")) return "An e-mail address has an @ in it, like name@example.com.";
  if (!/^[^\s@<>()",;:\\]+@[^\s@.<>()",;:\\]+(\.[^\s@.<>()",;:\\]+)+$/u.test(email)) return "Check the address: it should look like name@example.com.";
  return null;
}

export const SCORES: readonly { score: number; label: string }[] = [
  { score: 1, label: "Very poor" },
  { score: 2, label: "Poor" },
  { score: 3, label: "Okay" },
  { score: 4, label: "Good" },
  { score: 5, label: "Excellent" },
];

/** The counter below the composer: null until the limit is near. */
export function lengthWords(length: number, limit: number): string | null {
  const left = limit - length;
  if (left > 500) return null;
  return left >= 0 ? `${left.toLocaleString("en")} characters left` : `${(-left).toLocaleString("en")} characters too many`;
}
