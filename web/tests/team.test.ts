import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConversationView } from "../desk/conversation-view.js";
import { DeskApi } from "../desk/desk-api.js";
import { DeskApp } from "../desk/desk-app.js";
import { DeskModel } from "../desk/desk-model.js";
import { DeskSocket } from "../desk/desk-socket.js";
import { hoursOf, hoursText } from "../desk/hours.js";
import { MemberForm } from "../desk/member-form.js";
import { MyConversations } from "../desk/my-conversations.js";
import { NotificationsDialog } from "../desk/notifications-dialog.js";
import { OwnSettings } from "../desk/own-settings.js";
import { hashOf, placeOf } from "../desk/place.js";
import { RowListView } from "../desk/row-list.js";
import { TeamForm } from "../desk/team-form.js";
import { TeamPage } from "../desk/team-page.js";
import { Transcript } from "../desk/transcript.js";
import { TransferDialog } from "../desk/transfer-dialog.js";
import type { Detail, Row, Staff } from "../shared/desk-protocol.js";
import { FLOOR, MEMBERS } from "../dev/floor.js";
import { detail, rows as seeded } from "../dev/scenarios.js";
import { allById, byId, preparePage, rendered } from "./dom.js";
import { FakeService, FakeSockets, refusal } from "./fakes.js";

preparePage();
for (const element of [ConversationView, DeskApp, MemberForm, NotificationsDialog, OwnSettings, RowListView, TeamForm, TeamPage, Transcript, TransferDialog]) element.define();

const AMARA: Staff = { id: "st_amara", name: "Amara Osei", email: "amara@fernhill.example", role: "lead" };
const TAKEN = seeded().find((row) => row.id === "cv_r11") as Row;
let service: FakeService;
let model: DeskModel;
let app: DeskApp;
const settle = async (): Promise<void> => {
  for (let i = 0; i < 3; i += 1) {
    await vi.advanceTimersByTimeAsync(0);
    await rendered(app);
  }
};

async function open(hash: string, staff: Staff): Promise<void> {
  location.hash = hash;
  service.on("GET", "/api/staff/session", { body: { staff } });
  document.body.append(app);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  // jsdom has no dialogs.
  HTMLDialogElement.prototype.showModal = function (): void { this.open = true; };
  HTMLDialogElement.prototype.close = function (): void { this.open = false; this.dispatchEvent(new Event("close")); };
  service = new FakeService();
  const sockets = new FakeSockets();
  service.on("PUT", "/api/desk/presence", { body: {} });
  service.on("GET", "/api/desk/conversations", { body: { conversations: [TAKEN], counts: { queue: 0, mine: 0, bot: 0 } } });
  service.on("GET", `/api/desk/conversations/${TAKEN.id}`, { body: detail(TAKEN) });
  service.on("GET", "/api/desk/floor", { body: FLOOR });
  service.on("GET", "/api/staff", { body: { staff: MEMBERS } });
  model = new DeskModel(new DeskApi(service.fetch), () => "id");
  app = new DeskApp();
  app.model = model;
  app.socket = new DeskSocket(() => sockets.open(""), { connected: () => undefined, disconnected: () => undefined, event: (e) => model.take(e), watching: (id) => model.watching(id), ended: () => model.session.ended() }, () => 0.5);
});
afterEach(() => {
  app.remove();
  vi.useRealTimers();
});

describe("the page Team", () => {
  test("a lead sees who is on duty, the teams and the accounts, and adds nobody", async () => {
    await open("#/team", AMARA);
    expect(allById(app, "desk-person").map((one) => one.getAttribute("data-state"))).toEqual(["online", "online", "online", "away", "offline"]);
    expect(allById(app, "desk-team-row")).toHaveLength(FLOOR.teams.length);
    expect(allById(app, "desk-member")).toHaveLength(MEMBERS.length);
    expect(allById(app, "desk-member-add")).toHaveLength(0);
  });

  test("an agent sees no accounts", async () => {
    await open("#/team", { ...AMARA, role: "agent" });
    expect(allById(app, "desk-person")).not.toHaveLength(0);
    expect(allById(app, "desk-member")).toHaveLength(0);
  });

  test("an admin adds a colleague and reads the password once; a refusal stands in the form", async () => {
    await open("#/team", { ...AMARA, role: "admin" });
    service.on("POST", "/api/staff", { status: 409, body: refusal("conflict", "There is an account for that already.") });
    byId(app, "desk-member-add").click();
    await settle();
    (byId(app, "desk-member-email") as HTMLInputElement).value = "nina@fernhill.example";
    (byId(app, "desk-member-name") as HTMLInputElement).value = "Nina";
    byId(app, "desk-member-save").click();
    await settle();
    expect(byId(app, "desk-member-problem").textContent).toBe("There is an account for that already.");
    service.on("POST", "/api/staff", { body: { member: MEMBERS[1], password: "once-only" } });
    byId(app, "desk-member-save").click();
    await settle();
    expect(byId(app, "desk-once").textContent).toBe("once-only");
  });
});

describe("passing on and taking over", () => {
  test("a lead looks in, and takes over what a colleague has after being asked", async () => {
    await open(`#/colleagues/${TAKEN.id}`, AMARA);
    const mine: Detail = { ...detail(TAKEN), row: { ...TAKEN, epoch: 4, agent: { id: AMARA.id, name: AMARA.name } } };
    service.on("POST", `/api/desk/conversations/${TAKEN.id}/claim`, { body: mine });
    byId(app, "desk-takeover").click();
    await settle();
    byId(app, "desk-takeover-confirm").click();
    await settle();
    expect(service.to(`/api/desk/conversations/${TAKEN.id}/claim`).map((call) => call.body)).toEqual([{ epoch: TAKEN.epoch }]);
  });

  test("an agent may neither take over nor pass on what a colleague has", async () => {
    await open(`#/queue/${TAKEN.id}`, { ...AMARA, role: "agent" });
    expect(allById(app, "desk-takeover")).toHaveLength(0);
    expect(allById(app, "desk-transfer")).toHaveLength(0);
  });

  test("a team with nobody in it and a colleague who is offline cannot be chosen", async () => {
    await open(`#/colleagues/${TAKEN.id}`, AMARA);
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "t" }));
    await settle();
    const options = [...byId(app, "desk-transfer-to").querySelectorAll("option")];
    expect(options.filter((one) => one.disabled).map((one) => one.value)).toEqual(["", "team:vip", "agent:st_long"]);
    expect(options.map((one) => one.value)).not.toContain("agent:st_jonas");
  });
});

test("with a password that is not their own somebody sees nothing but the way to one", async () => {
  await open("#/queue", { ...AMARA, password_once: true });
  expect(allById(app, "desk-presence")).toHaveLength(0);
  expect(byId(app, "desk-password-new")).toBeTruthy();
});

test("hours are typed in lines and read back as they were", () => {
  const hours = hoursOf("Mon-Thu 09:00-12:00, 13:00-17:00\n\nfri 09:00-12:00", " Europe/Berlin ", null);
  expect(hours).toEqual({ zone: "Europe/Berlin", windows: { "mon-thu": ["09:00-12:00", "13:00-17:00"], fri: ["09:00-12:00"] } });
  expect(hoursText(FLOOR.teams[1]?.hours ?? null)).toBe("mon-thu 09:00-17:00\nfri 09:00-12:00 13:00-15:30");
  expect(hoursOf("  \n", "UTC", null)).toBeNull();
  expect(hoursOf("mon 09:00-10:00", "UTC", { zone: "UTC", windows: {}, holidays: ["12-25"] })?.holidays).toEqual(["12-25"]);
});

test("what comes and goes by others' doing is news, and nothing is before the list was read", () => {
  const mine = new MyConversations();
  const ours: Row = { ...TAKEN, agent: { id: "me", name: "Me" } };
  expect(mine.take(ours, "me")).toBeNull();
  mine.are([]);
  expect(mine.take(ours, "me")).toBe("came");
  expect(mine.take(ours, "me")).toBeNull();
  expect(mine.take({ ...ours, owner: "queue", agent: null }, "me")).toBe("went");
  expect(mine.take(TAKEN, "me")).toBeNull();
});

test("a page has an address of its own", () => {
  expect(placeOf("#/team")).toEqual({ view: "queue", id: null, page: "team" });
  expect(hashOf({ view: "queue", id: null, page: "team" })).toBe("#/team");
  expect(placeOf("#/colleagues/cv_1")).toEqual({ view: "colleagues", id: "cv_1" });
});

describe("the bell", () => {
  const told = (id: string, extra: object = {}): object => ({ id, conversation_id: "a", words: `FH-1001: First response is overdue (${id}).`, at: "2026-11-23T09:00:00.000Z", read_at: null, ...extra });

  test("counts what is unread, lists it live, and leads to the conversation, which is read from then on", async () => {
    let unread = [told("one"), told("two", { conversation_id: null })];
    const read: unknown[] = [];
    service.on("GET", "/api/desk/notifications", () => ({ body: { unread: unread.length, notifications: unread } }));
    service.on("POST", "/api/desk/notifications/read", () => {
      read.push(service.to("/api/desk/notifications/read").at(-1)?.body);
      unread = [];
      return { body: { unread: 0, notifications: [told("one", { read_at: "2026-11-23T09:05:00.000Z" })] } };
    });
    await open("#/queue", { ...AMARA, role: "agent" });
    await settle();
    expect(byId(app, "desk-unread").textContent).toBe("2");
    expect(byId(app, "desk-bell").getAttribute("aria-label")).toBe("Notifications, 2 unread");
    unread = [told("three"), ...unread];
    model.take({ type: "event", event: "notified", data: { conversation_id: "a", words: "", to: [] } });
    await settle();
    expect(byId(app, "desk-unread").textContent).toBe("3");
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "b", bubbles: true, composed: true }));
    await settle();
    expect(allById(app, "desk-told").map((one) => [one.tagName, one.querySelector(".words")?.textContent.includes("Unread: ")])).toEqual([["BUTTON", true], ["BUTTON", true], ["DIV", true]]);
    allById(app, "desk-told")[0]!.click();
    await settle();
    expect(read).toEqual([{ id: "three" }]);
    expect(location.hash).toContain("/a");
    expect(app.shadowRoot!.activeElement?.id).toBe("main");
    expect(allById(app, "desk-unread")).toHaveLength(0);
    expect(allById(app, "desk-told")).toHaveLength(0);
  });

  test("all is read up to the newest that is shown, and a list that cannot be read says so", async () => {
    service.on("GET", "/api/desk/notifications", { body: { unread: 1, notifications: [told("one")] } });
    service.on("POST", "/api/desk/notifications/read", "unreachable");
    await open("#/queue", { ...AMARA, role: "agent" });
    byId(app, "desk-bell").click();
    await settle();
    byId(app, "desk-read-all").click();
    await settle();
    expect(service.to("/api/desk/notifications/read").at(-1)?.body).toEqual({ until: "2026-11-23T09:00:00.000Z" });
    expect(byId(app, "desk-notifications").querySelector('[role="alert"]')?.textContent).toContain("cannot be reached");
    expect(byId(app, "desk-unread").textContent).toBe("1");
  });
});
