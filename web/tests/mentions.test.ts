/** Naming a colleague in a note: who is offered while one writes, by keyboard alone, and never in a reply. */
import { beforeEach, describe, expect, test } from "vitest";
import { matching, mentionAt } from "../desk/mentions.js";
import { TransferDialog } from "../desk/transfer-dialog.js";
import { app, detail, given, mine, open, service, settle, useDesk } from "./desk-page.js";
import { allById, byId, press, type } from "./dom.js";

TransferDialog.define();

const PEOPLE = [{ id: "st_jb", name: "Jonas Berg" }, { id: "st_jl", name: "Jonas Lindgren" }, { id: "st_o", name: "Maya Ortiz" }];

const offered = (): string[] => allById(app, "desk-people").flatMap((list) => [...list.querySelectorAll("li")].map((one) => one.textContent));

useDesk();

describe("the name that is being written", () => {
  test.each([["@", 1, { from: 0, typed: "" }], ["ask @Jo", 7, { from: 4, typed: "Jo" }], ["ask @Jonas B now", 12, { from: 4, typed: "Jonas B" }], ["(@a", 3, { from: 1, typed: "a" }]])("%s", (text, caret, found) => {
    expect(mentionAt(text, caret)).toEqual(found);
  });
  test.each([["nobody", 6], ["x@y.example", 11], ["@@", 2], ["@a\nb", 4], ["@Jonas", 0]])("%j is none", (text, caret) => {
    expect(mentionAt(text, caret)).toBeNull();
  });
  test("whose name begins so comes before whose other name does", () => {
    expect(matching([...PEOPLE, { id: "st_ol", name: "Olga Beck" }], "o").map((one) => one.name)).toEqual(["Olga Beck", "Maya Ortiz"]);
    expect(matching(PEOPLE, "jonas ").map((one) => one.name)).toEqual(["Jonas Berg", "Jonas Lindgren"]);
    expect(matching(PEOPLE, "jonas berg and")).toEqual([]);
  });
});

describe("a note", () => {
  beforeEach(async () => {
    given.rows = [mine("a")];
    service.on("GET", "/api/desk/conversations/a/readers", { body: { people: PEOPLE } });
    await open("a");
  });

  async function write(text: string): Promise<HTMLTextAreaElement> {
    const field = byId(app, "desk-composer") as HTMLTextAreaElement;
    type(field, text);
    await settle();
    return field;
  }
  test("offers who may read the conversation, and the arrow keys and Enter name one", async () => {
    press(document.body, "n");
    await settle();
    const field = await write("ask @jo");
    expect(offered()).toEqual(["Jonas Berg", "Jonas Lindgren"]);
    expect(field.getAttribute("aria-activedescendant")).toBe("person-0");
    press(field, "ArrowDown");
    await settle();
    expect(byId(app, "desk-people").querySelector('[aria-selected="true"]')?.textContent).toBe("Jonas Lindgren");
    press(field, "Enter");
    await settle();
    expect([field.value, offered(), field.hasAttribute("aria-activedescendant")]).toEqual(["ask @Jonas Lindgren ", [], false]);
    expect(service.to("/api/desk/conversations/a/notes")).toEqual([]);
  });

  test("Escape puts the list away and stays in the field, which the next one leaves", async () => {
    press(document.body, "n");
    await settle();
    const field = await write("@");
    expect(offered()).toHaveLength(3);
    press(field, "Escape");
    await settle();
    expect(offered()).toEqual([]);
    expect((field.getRootNode() as ShadowRoot).activeElement).toBe(field);
  });

  test("asks who may read it once, and again after it could not be told", async () => {
    service.on("GET", "/api/desk/conversations/a/readers", "unreachable");
    press(document.body, "n");
    await settle();
    await write("@");
    expect(offered()).toEqual([]);
    service.on("GET", "/api/desk/conversations/a/readers", { body: { people: PEOPLE } });
    await write("@m");
    await write("@ma");
    expect(offered()).toEqual(["Maya Ortiz"]);
    expect(service.to("/api/desk/conversations/a/readers")).toHaveLength(2);
  });

  test("a reply to the customer offers nobody", async () => {
    await write("@jo");
    expect(offered()).toEqual([]);
    expect(service.to("/api/desk/conversations/a/readers")).toEqual([]);
  });
});

describe.each([
  ["resolve", "/api/desk/conversations/a/resolve", (): void => byId(app, "desk-resolve-confirm").click()],
  ["transfer", "/api/desk/conversations/a/transfer", (): void => {
    (byId(app, "desk-transfer-to") as HTMLSelectElement).value = "team:billing";
    byId(app, "desk-transfer-confirm").click();
  }],
])("the note of a %s", (name, route, confirm) => {
  let field: HTMLTextAreaElement;

  beforeEach(async () => {
    given.rows = [mine("a"), mine("b")];
    for (const id of ["a", "b"]) service.on("GET", `/api/desk/conversations/${id}/readers`, { body: { people: id === "a" ? PEOPLE : [] } });
    service.on("GET", "/api/desk/conversations/b", () => ({ body: detail(mine("b")) }));
    service.on("GET", "/api/desk/floor", { body: { assignment: "manual", people: [], teams: [{ name: "billing", title: "Billing", assignment: null, hours: null, waiting: 0, members: 2, online: 1 }] } });
    service.on("POST", route, { body: detail(mine("a")) });
    await openFor("a");
  });

  async function openFor(id: string): Promise<void> {
    await open(id);
    byId(app, `desk-${name}`).click();
    await settle();
    field = byId(app, `desk-${name}-note`) as HTMLTextAreaElement;
  }

  async function write(text: string): Promise<void> {
    type(field, text);
    await settle();
  }

  test("completes a name by the keys of the composer, and goes out with it", async () => {
    await write("done, @jo");
    expect([offered(), field.getAttribute("aria-controls"), field.getAttribute("aria-activedescendant")]).toEqual([["Jonas Berg", "Jonas Lindgren"], "people", "person-0"]);
    expect((field.getRootNode() as ShadowRoot).querySelector("[role=status]")?.textContent).toBe("2 colleagues by that name. Arrow keys choose, Enter names.");
    press(field, "ArrowUp");
    await settle();
    expect(field.getAttribute("aria-activedescendant")).toBe("person-1");
    expect(press(field, "Enter").defaultPrevented).toBe(true);
    await settle();
    expect([field.value, offered()]).toEqual(["done, @Jonas Lindgren ", []]);
    confirm();
    await settle();
    expect(service.to(route).map((call) => (call.body as { note: string }).note)).toEqual(["done, @Jonas Lindgren"]);
  });

  test("keeps its dialog open when Escape puts the list away", async () => {
    await write("@");
    expect(press(field, "Escape").defaultPrevented).toBe(true);
    await settle();
    expect(offered()).toEqual([]);
    expect(press(field, "Escape").defaultPrevented).toBe(false);
  });

  test("offers for another conversation whoever may read that one, and begins empty", async () => {
    await write("@m");
    expect(offered()).toEqual(["Maya Ortiz"]);
    await openFor("b");
    expect(field.value).toBe("");
    await write("@m");
    expect(offered()).toEqual([]);
  });
});
