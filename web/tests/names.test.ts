/** Names and addresses as people write them, and as nobody should. */
import { afterEach, describe, expect, test } from "vitest";
import { PackagePanel } from "../desk/package-panel.js";
import { initials } from "../shared/icons.js";
import type { Customer } from "../shared/desk-protocol.js";
import { detail, row } from "./desk-page.js";
import { byId } from "./dom.js";

describe("an avatar's letters", () => {
  test.each([
    ["Dana Alder", "DA"], ["dana", "D"], ["Maximiliane-Friederike von Hohenlohe", "MH"], ["Øystein Ås", "ØÅ"], ["李 小龍", "李小"], ["Anna (Acme)", "AA"],
  ])("of %s are %s", (name, letters) => {
    expect(initials(name)).toBe(letters);
  });
  test("are none of the signs of markup", () => {
    expect(initials("<img src=x onerror=alert(1)><script>alert(2)</script>")).toBe("IO");
  });
  test.each([[null], [""], ["  "], ["<>"]])("are a question mark where the name has none: %j", (name) => {
    expect(initials(name)).toBe("?");
  });
});

describe("the customer's e-mail address at the desk", () => {
  PackagePanel.define();
  afterEach(() => document.body.replaceChildren());

  async function shown(email: string): Promise<string> {
    const panel = new PackagePanel();
    const open = detail(row("a"));
    const customer: Customer = { ...open.customer, known: true, email };
    panel.detail = { ...open, customer };
    document.body.append(panel);
    await panel.updateComplete;
    return byId(panel, "desk-customer").querySelector("dd")?.textContent ?? "";
  }

  test.each([["dana@alder.example"], ["no address"], ['"d@a"@alder.example'], ["@"]])("reads as it is: %s", async (email) => {
    expect(await shown(email)).toBe(email);
  });
});
