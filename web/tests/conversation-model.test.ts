import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DurableFrame, Message } from "../shared/protocol.js";
import { MESSAGE_LIMIT } from "../shared/limits.js";
import { buttonsAlive, ConversationModel } from "../widget/conversation-model.js";
import { conversation, message, refusal } from "./fakes.js";
import { unsentWords } from "../widget/wording.js";

let sent: DurableFrame[];
let model: ConversationModel;
let ids: number;

const buttons = [{ id: "bt_1", title: "Yes", used: false }, { id: "bt_2", title: "No", used: false }];
const person = (seq: number, over: Partial<Message> = {}): Message => message(seq, { author: { kind: "agent", name: "Maya Ortiz" }, ...over });
const notice = (seq: number, type: "queued" | "claimed" | "resolved" | "rated"): Message => message(seq, { kind: "notice", author: { kind: "system", name: "" }, notice: { type } });

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-23T14:45:00Z") });
  sent = [];
  ids = 0;
  model = new ConversationModel(() => ({ send: (frame) => sent.push(frame), typing: () => undefined }), () => `id${(ids += 1)}`);
  model.snapshot(conversation(), []);
});
afterEach(() => vi.useRealTimers());

describe("saying something", () => {
  test("it is shown at once as sending, and replaced by the stored message on its ack", () => {
    model.say("  hello  ");
    expect(model.pending).toMatchObject([{ clientId: "id1", text: "hello", state: "sending" }]);
    expect(sent).toEqual([{ type: "message", client_id: "id1", text: "hello" }]);
    model.acked({ type: "ack", client_id: "id1", message: message(1, { client_id: "id1", text: "hello" }) });
    expect(model.pending).toEqual([]);
    expect(model.messages.map((m) => m.text)).toEqual(["hello"]);
  });

  test("ack and event of one message show it once", () => {
    model.say("hello");
    const stored = message(1, { client_id: "id1", text: "hello" });
    model.event({ type: "event", id: 11, event: "message", data: { message: stored } });
    model.acked({ type: "ack", client_id: "id1", message: stored });
    expect(model.messages).toHaveLength(1);
    expect(model.pending).toEqual([]);
  });

  test("a failed message is tried again under the same client_id", () => {
    model.say("hello");
    model.failed("id1", refusal("unavailable", "Not sent.").error);
    expect(model.pending).toMatchObject([{ state: "failed", problem: "Not sent." }]);
    model.retry("id1");
    expect(sent).toEqual([sent[0], sent[0]]);
    expect(sent[1]?.client_id).toBe("id1");
    expect(model.pending).toMatchObject([{ state: "sending", problem: null }]);
  });

  test("a failed message that did arrive is recognised in a snapshot", () => {
    model.say("hello");
    model.failed("id1", refusal("unavailable", "Not sent.").error);
    model.snapshot(conversation(), [message(1, { client_id: "id1" })]);
    expect(model.pending).toEqual([]);
  });

  test("another conversation takes nothing of this one's over, and says how much was lost", () => {
    model.say("hello");
    model.askForPerson();
    model.failed("id1", refusal("conflict", "Not sent.").error);
    model.snapshot(conversation({ id: "cv_2" }), []);
    expect(model.pending).toEqual([]);
    expect(model.requests.person.state).toBe("none");
    expect(unsentWords(model.unsent)).toBe("Your last message was not sent: this is another conversation now.");
    model.say("hello again");
    expect(model.unsent).toBe(0);
  });

  test("nothing and too much are not sent; the limit counts characters, not UTF-16 halves", () => {
    expect(model.say("   ")).toBe(false);
    expect(model.say("x".repeat(MESSAGE_LIMIT + 1))).toBe(false);
    expect(model.say("🎉".repeat(MESSAGE_LIMIT))).toBe(true);
    expect(sent).toHaveLength(1);
  });
});

describe("buttons", () => {
  test("live under the epoch they were offered in, and dead in the next", () => {
    const offer = message(1, { buttons, epoch: 1 });
    expect(buttonsAlive(offer, [offer], 1)).toBe(true);
    expect(buttonsAlive(offer, [offer], 2)).toBe(false);
  });
  test("without an epoch, a notice of a changed owner ends them", () => {
    const offer = message(1, { buttons });
    expect(buttonsAlive(offer, [offer, message(2)], 1)).toBe(true);
    expect(buttonsAlive(offer, [offer, notice(2, "rated")], 1)).toBe(true);
    expect(buttonsAlive(offer, [offer, notice(2, "queued")], 1)).toBe(false);
    expect(buttonsAlive(message(3, { buttons }), [notice(2, "queued"), message(3, { buttons })], 1)).toBe(true);
  });
  test("one used button ends its siblings, in whichever tab it was pressed", () => {
    model.snapshot(conversation(), [message(1, { buttons, epoch: 1 })]);
    expect(model.isAlive(model.messages[0]!)).toBe(true);
    model.live({ type: "live", event: "button", data: { message_id: "ms_1", button_id: "bt_1" } });
    expect(model.messages[0]?.buttons.map((b) => b.used)).toEqual([true, false]);
    expect(model.isAlive(model.messages[0]!)).toBe(false);
  });
  test("pressing sends the button's id, once while it is under way", () => {
    model.snapshot(conversation(), [message(1, { buttons, epoch: 1 })]);
    model.press(buttons[0]!);
    model.press(buttons[1]!);
    expect(sent).toEqual([{ type: "press", client_id: "id1", button: "bt_1" }]);
    model.acked({ type: "ack", client_id: "id1", message: null });
    expect(model.messages[0]?.buttons[0]?.used).toBe(true);
  });
});

describe("the conversation", () => {
  test("a replayed older change does not undo the newest", () => {
    model.conversationIs(conversation({ owner: "agent", epoch: 3, last_event: 20, agent: { name: "Maya" } }));
    model.event({ type: "event", id: 15, event: "conversation", data: { conversation: conversation({ owner: "queue", epoch: 2, last_event: 15 }) } });
    expect(model.conversation).toMatchObject({ owner: "agent", epoch: 3 });
  });

  test("a change of owner is told to the page, with the agent's name", () => {
    const heard: unknown[] = [];
    model.addEventListener("owner", (e) => heard.push((e as CustomEvent).detail));
    model.conversationIs(conversation({ owner: "agent", epoch: 3, last_event: 11, agent: { name: "Maya" } }));
    expect(heard).toEqual([{ owner: "agent", agent: { name: "Maya" } }]);
  });

  test("the place in the queue is updated only while waiting", () => {
    const queue = { position: 1, staffed: true, wait_minutes: 1, reply_by: null };
    model.live({ type: "live", event: "queue", data: { queue } });
    expect(model.conversation?.queue).toBeNull();
    model.conversationIs(conversation({ owner: "queue", last_event: 12 }));
    model.live({ type: "live", event: "queue", data: { queue } });
    expect(model.conversation?.queue).toEqual(queue);
  });

  test("typing ends with the message, by itself after six seconds, and when the line drops", () => {
    const author = { kind: "agent", name: "Maya" } as const;
    model.live({ type: "live", event: "typing", data: { author, on: true } });
    expect(model.typist).toEqual(author);
    model.event({ type: "event", id: 11, event: "message", data: { message: person(1) } });
    expect(model.typist).toBeNull();
    model.live({ type: "live", event: "typing", data: { author, on: true } });
    vi.advanceTimersByTime(6_000);
    expect(model.typist).toBeNull();
    model.live({ type: "live", event: "typing", data: { author, on: true } });
    model.link("offline");
    expect(model.typist).toBeNull();
  });
});

describe("unread", () => {
  test("what the bot and agents said since the last look counts, notices and one's own words do not", () => {
    model.snapshot(conversation(), [message(1)]);
    model.markSeen();
    for (const m of [message(2), person(3), notice(4, "claimed"), message(5, { author: { kind: "customer", name: "Dana" } })]) {
      model.event({ type: "event", id: 10 + m.seq, event: "message", data: { message: m } });
    }
    expect(model.unread).toBe(2);
    model.markSeen();
    expect(model.unread).toBe(0);
  });
  test("another tab's mark counts for the same conversation only", () => {
    model.snapshot(conversation(), [message(1), message(2)]);
    model.restoreSeen("cv_other:99");
    expect(model.unread).toBe(2);
    model.restoreSeen("cv_1:2");
    expect(model.unread).toBe(0);
  });
  test("a mark from before a reload holds, unless the conversation is another one", () => {
    const fresh = (): ConversationModel => new ConversationModel(() => ({ send: () => undefined, typing: () => undefined }), () => "id");
    const same = fresh();
    same.restoreSeen("cv_1:2");
    same.snapshot(conversation(), [message(1), message(2), message(3)]);
    expect(same.unread).toBe(1);
    const other = fresh();
    other.restoreSeen("cv_0:50");
    other.snapshot(conversation(), [message(1)]);
    expect(other.unread).toBe(1);
  });
});

describe("rating and e-mail", () => {
  test("a rating is wanted once it is requested, until it is given or put off", () => {
    expect(model.ratingWanted).toBe(false);
    model.conversationIs(conversation({ last_event: 11, rating: { requested: true, score: null } }));
    expect(model.ratingWanted).toBe(true);
    model.rate(4, "  quick  ");
    expect(sent).toEqual([{ type: "rate", client_id: "id1", score: 4, comment: "quick" }]);
    model.acked({ type: "ack", client_id: "id1", message: null });
    expect(model.ratingWanted).toBe(false);
  });
  test("one that was put off is asked again after the next resolution", () => {
    model.conversationIs(conversation({ last_event: 11, rating: { requested: true, score: null } }));
    model.dismissRating();
    expect(model.ratingWanted).toBe(false);
    model.conversationIs(conversation({ last_event: 12, owner: "queue" }));
    model.conversationIs(conversation({ last_event: 13, rating: { requested: true, score: null } }));
    expect(model.ratingWanted).toBe(true);
  });
  test("a refused e-mail address keeps the service's words", () => {
    model.saveEmail("dana@nowhere");
    model.failed("id1", refusal("invalid", "That does not look like an e-mail address.").error);
    expect(model.requests.email).toEqual({ state: "failed", problem: "That does not look like an e-mail address." });
    expect(model.conversation?.email).toBeNull();
  });
  test("asking for a person twice asks once", () => {
    model.askForPerson();
    model.askForPerson();
    expect(sent).toEqual([{ type: "person", client_id: "id1" }]);
  });
  test("leaving the line twice leaves it once, and a refusal keeps the service's words", () => {
    model.withdraw();
    model.withdraw();
    expect(sent).toEqual([{ type: "withdraw", client_id: "id1" }]);
    model.failed("id1", refusal("conflict", "A person is here already.").error);
    expect(model.requests.withdraw).toEqual({ state: "failed", problem: "A person is here already." });
  });
  test("what was refused because a person had come is forgotten when the conversation waits again", () => {
    model.conversationIs(conversation({ owner: "agent", last_event: 11, agent: { name: "Maya" } }));
    model.withdraw();
    model.failed("id1", refusal("conflict", "A person is here already.").error);
    model.conversationIs(conversation({ owner: "queue", last_event: 12 }));
    expect(model.requests.withdraw).toEqual({ state: "none", problem: null });
  });
});
