/** A widget on a page, with a model whose frames a test can look at. */
import { afterEach, beforeEach, vi } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import type { Conversation, DurableFrame, Message } from "../shared/protocol.js";
import { Composer } from "../widget/composer.js";
import { ConversationModel } from "../widget/conversation-model.js";
import { EmailForm } from "../widget/email-form.js";
import { LeaveQueue } from "../widget/leave-queue.js";
import { MessageLog } from "../widget/message-log.js";
import { RatingForm } from "../widget/rating-form.js";
import { BatonWidget } from "../widget/widget.js";
import { byId, preparePage, rendered } from "./dom.js";
import { conversation } from "./fakes.js";

export let sent: DurableFrame[];
export let typed: boolean[];
export let model: ConversationModel;
export let widget: BatonWidget;

export async function show(c: Partial<Conversation> = {}, messages: Message[] = []): Promise<void> {
  model.snapshot(conversation(c), messages);
  model.link("online");
  widget.show();
  await rendered(widget);
}

export const text = (id: string): string => byId(widget, id).textContent.replace(/\s+/g, " ").trim();

/** Puts a widget of its own on the page before each test of a file, at the same moment of the same day. */
export function useWidget(): void {
  preparePage();
  for (const element of [AnswerCard, Composer, EmailForm, LeaveQueue, MessageLog, RatingForm, BatonWidget]) element.define();
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-11-23T14:45:00Z"), toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    sent = [];
    typed = [];
    let ids = 0;
    model = new ConversationModel(() => ({ send: (frame) => sent.push(frame), typing: (on) => typed.push(on) }), () => `id${(ids += 1)}`);
    widget = new BatonWidget();
    widget.model = model;
    widget.base = "https://service.test";
    widget.suggestions = ["Where are my invoices?"];
    document.body.append(widget);
  });
  afterEach(() => {
    widget.remove();
    vi.useRealTimers();
  });
}
