/** A reply that failed and is edited: it may have been stored though its answer was lost, and is never stored twice. */
import { beforeEach, describe, expect, test } from "vitest";
import { allById, byId } from "./dom.js";
import { message } from "./fakes.js";
import type { Message } from "../shared/protocol.js";
import { MAYA, app, detail, given, mine, model, open, row, service, settle, useDesk } from "./desk-page.js";

useDesk();

const REPLIES = "/api/desk/conversations/a/replies";
const NOW = { body: { message: message(4, { author: { kind: "agent", name: MAYA.name }, client_id: "id2", text: "On it, Dana." }) } };
const lost = (text = "On it."): Message => message(3, { author: { kind: "agent", name: MAYA.name }, client_id: "id1", text });
const sent = (): unknown[] => service.to(REPLIES).map((call) => call.body);
const field = (): HTMLTextAreaElement => byId(app, "desk-composer") as HTMLTextAreaElement;

/** The service has stored what it was sent, or has not, and nobody got its answer. */
function storedAtTheService(messages: Message[]): void {
  service.on("GET", "/api/desk/conversations/a", () => ({ body: detail(given.rows[0]!, { messages }) }));
}

async function takenBack(): Promise<void> {
  await model.send("reply", "On it.");
  await settle();
  model.takeBack("id1");
  await settle();
}

beforeEach(async () => {
  given.rows = [mine("a"), row("b")];
  service.on("POST", REPLIES, "unreachable");
  await open("a");
});

describe("a failed reply that is taken back", () => {
  test("keeps its id while its text is what it was", async () => {
    await takenBack();
    await model.send("reply", "On it. ");
    expect(sent()).toEqual([1, 2].map(() => ({ epoch: 3, client_id: "id1", text: "On it." })));
  });

  test("goes out under a new one when it was changed and the first is not there", async () => {
    await takenBack();
    service.on("POST", REPLIES, NOW);
    await model.send("reply", "On it, Dana.");
    await settle();
    expect(sent().at(-1)).toEqual({ epoch: 3, client_id: "id2", text: "On it, Dana." });
    expect(model.pending).toEqual([]);
  });

  test("is not sent when it was changed and the first had been stored, which is said; trying again sends it too", async () => {
    await takenBack();
    storedAtTheService([lost()]);
    service.on("POST", REPLIES, NOW);
    await model.send("reply", "On it, Dana.");
    await settle();
    expect(sent()).toHaveLength(1);
    const [first, second] = allById(app, "message").slice(-2);
    expect(first?.textContent).toContain("On it.");
    expect(second?.dataset.state).toBe("failed");
    expect(second?.textContent).toContain("had been sent after all");
    await model.retry("id2");
    expect(sent().at(-1)).toEqual({ epoch: 3, client_id: "id2", text: "On it, Dana." });
  });

  test("is looked for again when the first look failed too, and when the change was taken back as well", async () => {
    await takenBack();
    service.on("GET", "/api/desk/conversations/a", "unreachable");
    await model.send("reply", "On it, Dana.");
    model.takeBack("id2");
    storedAtTheService([lost()]);
    await model.send("reply", "On it, dear Dana.");
    expect(sent()).toHaveLength(1);
    expect(model.pending[0]?.problem).toContain("had been sent after all");
  });

  test("with whether to wait changed counts as changed, since the first may be stored without", async () => {
    await takenBack();
    storedAtTheService([lost()]);
    await model.send("reply", "On it.", true);
    expect(sent()).toHaveLength(1);
    expect(model.pending[0]?.problem).toContain("had been sent after all");
  });
});

describe("a reply in the field that turns out to be stored", () => {
  test("is a draft no more when nobody has touched it", async () => {
    await takenBack();
    model.take({ type: "event", event: "message", data: { conversation_id: "a", message: lost() } });
    await settle();
    expect(field().value).toBe("");
    expect(model.toasts.at(-1)?.text).toContain("had been sent after all");
  });

  test("leaves what was made of it, and says that this is not sent", async () => {
    await takenBack();
    model.setDraft("a", { ...model.draft("a"), reply: "On it, Dana." });
    storedAtTheService([lost()]);
    await model.reread();
    await settle();
    expect(field().value).toBe("On it, Dana.");
    expect(model.toasts.at(-1)?.text).toContain("What is in the field has not been sent.");
    service.on("POST", REPLIES, NOW);
    await model.send("reply", "On it, Dana.");
    expect(sent().at(-1)).toEqual({ epoch: 3, client_id: "id2", text: "On it, Dana." });
  });

  test("is not shown as failed beside itself", async () => {
    await model.send("reply", "On it.");
    storedAtTheService([lost()]);
    await model.reread();
    expect(model.pending).toEqual([]);
  });
});
