/** The little Markdown that agents write: bold, italics, code, links and lists. Read into data; anything else stays as it was typed. */
import { linkParts, safeUrl } from "./passage.js";

export type Span =
  | { kind: "text" | "code" | "mention"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "strong" | "em"; inner: Span[] };

/** `number` is null in a list of bullets; `deep` is an item that was indented. */
export interface Item { number: number | null; deep: boolean; spans: Span[] }
export type Block = { kind: "text"; spans: Span[] } | { kind: "code"; text: string } | { kind: "list"; items: Item[] };

/** The longest run of characters that a mark holds: what is opened and never closed costs no more to look for. */
const LONGEST = 1000;
const ITEM = /^(\s*)(?:[-*]|(\d{1,3})[.)])\s+(\S.*)$/;
const FENCE = /^\s*```/;
/* A mark opens before and closes behind what is no space. Browsers of 2022 know no look-behind: `isWithinWord` sees to what stands before it. */
const MARKS = [
  "`(?<code>[^`\\n]+)`",
  "\\[(?<label>[^\\[\\]\\n]{1,300})\\]\\((?<target>(?:https?://|mailto:)[^\\s<>\"']+?)\\)(?!\\))",
  "(?<bare>https?://[^\\s<>\"']+)",
  `\\*\\*(?=\\S)(?<strong>[^\\n]{0,${LONGEST}}?\\S)\\*\\*(?![\\p{L}\\p{N}*])`,
  `\\*(?=[^\\s*])(?<em>[^*\\n]{0,${LONGEST}}?[^\\s*])\\*(?![\\p{L}\\p{N}*])`,
  `_(?=[^\\s_])(?<low>[^_\\n]{0,${LONGEST}}?[^\\s_])_(?![\\p{L}\\p{N}_])`,
];

/** What an agent wrote, in blocks; `names` are the colleagues whom a note mentions. */
export function readMarkup(text: string, names: readonly string[] = []): Block[] {
  const marks = marksWith(names);
  const blocks: Block[] = [];
  let plain: string[] = [];
  const endText = (): void => {
    const said = plain.join("\n");
    // Blank lines around a list or code are the space that is there anyway.
    if (said.trim() !== "") blocks.push({ kind: "text", spans: spansOf(said.replace(/^\n+|\n+$/g, ""), marks) });
    plain = [];
  };
  const lines = text.split("\n");
  let codeEnds = -1;
  for (const [at, line] of lines.entries()) {
    if (at <= codeEnds) continue;
    const end = FENCE.test(line) ? lines.findIndex((later, index) => index > at && FENCE.test(later)) : -1;
    const [, indent, number, words] = ITEM.exec(line) ?? [];
    if (end > at) {
      endText();
      blocks.push({ kind: "code", text: lines.slice(at + 1, end).join("\n") });
      codeEnds = end;
    } else if (words !== undefined) {
      endText();
      listAt(blocks).push({ number: number === undefined ? null : Number(number), deep: indent !== "", spans: spansOf(words, marks) });
    } else {
      plain.push(line);
    }
  }
  endText();
  return blocks;
}

/** The words of it in one line, for where there is no room for more. */
export function plainWords(text: string): string {
  const words = (spans: readonly Span[]): string => spans.map((span) => ("inner" in span ? words(span.inner) : span.text)).join("");
  return readMarkup(text)
    .map((block) => (block.kind === "code" ? block.text : block.kind === "text" ? words(block.spans) : block.items.map((item) => words(item.spans)).join(" ")))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}

/** The items of the list that the blocks end with, a new one where they do not. */
function listAt(blocks: Block[]): Item[] {
  const last = blocks.at(-1);
  if (last?.kind === "list") return last.items;
  const items: Item[] = [];
  blocks.push({ kind: "list", items });
  return items;
}

function marksWith(names: readonly string[]): RegExp {
  const known = [...names].sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  const mention = known.length === 0 ? [] : [`(?<mention>@(?:${known.join("|")}))(?![\\p{L}\\p{N}_])`];
  return new RegExp([...mention, ...MARKS].join("|"), "giu");
}

function spansOf(text: string, marks: RegExp): Span[] {
  const spans: Span[] = [];
  const seek = new RegExp(marks); // with a place of its own: marks hold others
  let from = 0;
  for (let match = seek.exec(text); match !== null; match = seek.exec(text)) {
    if (isWithinWord(match, text)) {
      seek.lastIndex = match.index + 1;
      continue;
    }
    if (match.index > from) spans.push({ kind: "text", text: text.slice(from, match.index) });
    spans.push(...marked(match, marks));
    from = seek.lastIndex;
  }
  if (from < text.length) spans.push({ kind: "text", text: text.slice(from) });
  return spans;
}

/** 2*3*4, snake_case, __init__ and an address of e-mail hold no marks. */
function isWithinWord(match: RegExpExecArray, text: string): boolean {
  const sign = match[0][0] ?? "";
  const before = text[match.index - 1];
  return "*_@".includes(sign) && before !== undefined && (before === sign || /[\p{L}\p{N}]/u.test(before));
}

function marked(match: RegExpExecArray, marks: RegExp): Span[] {
  const found = match.groups ?? {};
  if (found.mention !== undefined) return [{ kind: "mention", text: found.mention }];
  if (found.code !== undefined) return [{ kind: "code", text: found.code }];
  if (found.bare !== undefined) {
    return linkParts(found.bare).map((part): Span => (part.href === null ? { kind: "text", text: part.text } : { kind: "link", text: part.text, href: part.href }));
  }
  if (found.label !== undefined && found.target !== undefined) {
    const href = safeUrl(found.target, "https://invalid.invalid/");
    return [href === null ? { kind: "text", text: match[0] } : { kind: "link", text: found.label, href }];
  }
  if (found.strong !== undefined) return [{ kind: "strong", inner: spansOf(found.strong, marks) }];
  return [{ kind: "em", inner: spansOf(found.em ?? found.low ?? "", marks) }];
}
