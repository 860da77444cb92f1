/** What agents mark up is shown so; what only looks like a mark, and every customer's word, stays as it was typed. */
import { type TemplateResult, render } from "lit";
import { describe, expect, test } from "vitest";
import { plainWords } from "../shared/message-markup.js";
import { agentText, wordsOf } from "../shared/message-text.js";
import { message } from "./fakes.js";

function drawn(template: TemplateResult): HTMLElement {
  const place = document.createElement("div");
  render(template, place);
  return place;
}

/** As HTML, without what Lit notes in it and what every link has. */
function shown(text: string, mentioned: string[] = []): string {
  const html = new XMLSerializer().serializeToString(drawn(agentText(text, mentioned))).replace(/^<div[^>]*>|<\/div>$/g, "");
  return html.replace(/<!--.*?-->/g, "").replace(/ target="_blank" rel="noopener noreferrer nofollow"/g, "");
}

describe("an agent's words", () => {
  test.each([
    ["Open **Billing** first.", "Open <strong>Billing</strong> first."],
    ["that is *really* _all_", "that is <em>really</em> <em>all</em>"],
    ["**bold with *italics* and `a*b`**", "<strong>bold with <em>italics</em> and <code>a*b</code></strong>"],
    ["run `npm **i**`", "run <code>npm **i**</code>"],
    ["see [the article](https://help.example/a_b_c).", 'see <a href="https://help.example/a_b_c">the article</a>.'],
    ["see https://help.example/a_b_c*d*, please", 'see <a href="https://help.example/a_b_c*d*">https://help.example/a_b_c*d*</a>, please'],
    ["[write](mailto:help@fernhill.example)", '<a href="mailto:help@fernhill.example">write</a>'],
  ])("%s", (typed, html) => {
    expect(shown(typed)).toBe(html);
  });

  test.each([
    "2*3*4 = 24", "snake_case_name and __init__", "a ** b ** c", "**never closed", "* ", "3 * 4 * 5", "5 - 3", "-5 degrees", "#12 is fixed", "> not a quote", "```", "`", "[x](y)",
    "two\n\n  lines, indented\nas typed", "mail me@fernhill.example", "1.5 GB",
  ])("%j stays as it was typed", (typed) => {
    expect(shown(typed)).toBe(typed.replace(">", "&gt;"));
  });

  test.each(["[x](javascript:alert(1))", "<b>hi</b><script>alert(1)</script>", "**<img src=x onerror=alert(1)>**", "[<b>](https://a.example)", "`</code><script>`", "- <i>x</i>"])("%s is no markup of the page", (typed) => {
    const place = drawn(agentText(typed));
    expect(place.querySelectorAll("script, img, b, i, [onerror]")).toHaveLength(0);
    expect([...place.querySelectorAll("a")].map((a) => a.protocol)).not.toContain("javascript:");
  });

  test("lines with bullets or numbers are lists that keep their numbers, and the words around keep their lines", () => {
    expect(shown("Please:\nquickly\n\n- open **it**\n  - or not\n* done\n\nThen\n3. three\n4) four")).toBe(
      '<div class="part">Please:\nquickly</div><div class="part"><ul><li>open <strong>it</strong></li><li class="deep">or not</li><li>done</li></ul></div>' +
      '<div class="part">Then</div><div class="part"><ol><li value="3">three</li><li value="4">four</li></ol></div>',
    );
  });

  test("code between fences is shown as it stands", () => {
    expect(shown("Send:\n```json\n{\n  **a**: 1\n}\n```")).toBe('<div class="part">Send:</div><div class="part"><pre tabindex="0" role="region" aria-label="Code">{\n  **a**: 1\n}</pre></div>');
  });

  test("a colleague who was mentioned stands out, the longer of two names first", () => {
    expect(shown("@Maya Ortiz and @maya, not x@Maya or @Mayaa", ["Maya", "Maya Ortiz"])).toBe(
      '<span class="mention">@Maya Ortiz</span> and <span class="mention">@maya</span>, not x@Maya or @Mayaa',
    );
    expect(shown("@A.B (x)", ["A.B (x)"])).toBe('<span class="mention">@A.B (x)</span>');
  });

  test("thousands of marks that are opened and never closed stay as they were typed", () => {
    for (const typed of ["**a ".repeat(2500).trim(), "*a _b ".repeat(1700).trim()]) expect(shown(typed)).toBe(typed);
  });

  test("in one line they are words alone", () => {
    expect(plainWords("**Hi** _you_\n\n- [one](https://a.example)\n- `two`\n```\nthree\n```")).toBe("Hi you one two three");
  });
});

test("what a customer or the bot says is never read for marks", () => {
  for (const kind of ["customer", "bot"] as const) {
    const place = drawn(wordsOf(message(1, { author: { kind, name: "X" }, text: "**a**\n- b https://c.example" })));
    expect(place.textContent).toBe("**a**\n- b https://c.example");
    expect(place.querySelectorAll("a")).toHaveLength(1);
  }
});
