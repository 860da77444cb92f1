/** Names, roles and structure by axe-core. Contrast and layout need a browser: `npm run shots` runs axe there on every state. */
import axe from "axe-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { AnswerCard } from "../shared/answer-card.js";
import { Countdown } from "../desk/countdown.js";
import { PackagePanel } from "../desk/package-panel.js";
import { SignIn } from "../desk/sign-in.js";
import { Transcript } from "../desk/transcript.js";
import { detail, rows, SCENES } from "../dev/scenarios.js";
import { Composer } from "../widget/composer.js";
import { ConversationModel } from "../widget/conversation-model.js";
import { EmailForm } from "../widget/email-form.js";
import { LeaveQueue } from "../widget/leave-queue.js";
import { MessageLog } from "../widget/message-log.js";
import { RatingForm } from "../widget/rating-form.js";
import { BatonWidget } from "../widget/widget.js";
import { preparePage, rendered } from "./dom.js";

preparePage();
for (const element of [AnswerCard, Composer, Countdown, EmailForm, LeaveQueue, MessageLog, PackagePanel, RatingForm, SignIn, Transcript, BatonWidget]) element.define();

async function violations(element: Element): Promise<string[]> {
  document.body.append(element);
  await rendered(element);
  const { violations, passes } = await axe.run(element, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], rules: { "color-contrast": { enabled: false } } });
  expect(passes.length).toBeGreaterThan(3);
  return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
}

beforeAll(() => {
  document.documentElement.lang = "en";
  document.title = "Test";
});
afterEach(() => document.body.replaceChildren());

test.each(Object.keys(SCENES))("the widget has no violation in the scene %s", async (scene) => {
  const model = new ConversationModel(() => ({ send: () => undefined, typing: () => undefined }), () => "id");
  const { conversation, messages } = SCENES[scene]!();
  model.snapshot(conversation, messages);
  model.link("online");
  const widget = new BatonWidget();
  widget.model = model;
  widget.base = "https://service.test";
  widget.suggestions = ["One?", "Two?"];
  widget.show();
  expect(await violations(widget)).toEqual([]);
});

test("the desk's parts have no violation", async () => {
  const known = detail(rows()[5]!);
  const panel = new PackagePanel();
  panel.detail = known;
  expect(await violations(panel)).toEqual([]);
  const transcript = new Transcript();
  transcript.messages = known.messages;
  expect(await violations(transcript)).toEqual([]);
  expect(await violations(new SignIn())).toEqual([]);
});
