/** What the buttons and keys above the text do to Markdown: each gives one replacement, so that the browser can undo it. Pure. */

export interface Written { text: string; start: number; end: number }
/** Replace `from`…`to` by `insert`, then select `start`…`end`. */
export interface Replacement { from: number; to: number; insert: string; start: number; end: number }
export type Command = "bold" | "italic" | "heading" | "link" | "list" | "code" | "table";

export const COMMANDS: readonly { command: Command; name: string; shown: string; key: string; shift: boolean }[] = [
  { command: "bold", name: "Bold", shown: "B", key: "b", shift: false },
  { command: "italic", name: "Italics", shown: "I", key: "i", shift: false },
  { command: "heading", name: "Heading", shown: "H", key: "h", shift: true },
  { command: "link", name: "Link", shown: "Link", key: "k", shift: false },
  { command: "list", name: "List", shown: "• List", key: "l", shift: true },
  { command: "code", name: "Code", shown: "</>", key: "e", shift: false },
  { command: "table", name: "Table", shown: "Table", key: "", shift: false },
];

const TABLE = "| Column | Column |\n|---|---|\n|  |  |\n";
const DEEPEST = 3;

export function edited(command: Command, written: Written): Replacement {
  switch (command) {
    case "bold": return wrapped(written, "**", "bold");
    case "italic": return wrapped(written, "*", "italics");
    case "heading": return heading(written);
    case "link": return link(written);
    case "list": return list(written);
    case "code": return code(written);
    case "table": return block(written, TABLE, 2, 8);
  }
}

/** The command of a key press with Ctrl or ⌘, or null. */
export function commandOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): Command | null {
  if ((!ctrlKey && !metaKey) || altKey) return null;
  return COMMANDS.find((one) => one.key !== "" && one.key === key.toLowerCase() && one.shift === shiftKey)?.command ?? null;
}

/** What Enter does within a list: the next item begins, and an empty one ends the list. Null where it is a plain new line. */
export function nextItem({ text, start, end }: Written): Replacement | null {
  if (start !== end) return null;
  const from = lineStart(text, start);
  const match = /^(\s*)([-*+]|(\d{1,9})([.)]))\s+/.exec(text.slice(from, start));
  if (match === null) return null;
  const [mark, indent = "", bullet = "", number, after = ""] = match;
  if (text.slice(from + mark.length, lineEnd(text, start)).trim() === "") return { from, to: start, insert: "", start: from, end: from };
  const next = number === undefined ? bullet : `${Number(number) + 1}${after}`;
  const insert = `\n${indent}${next} `;
  return { from: start, to: start, insert, start: start + insert.length, end: start + insert.length };
}

/** Puts marks around the selection, or takes them away; spaces at its ends stay outside, where marks would not count. */
function wrapped({ text, start, end }: Written, mark: string, placeholder: string): Replacement {
  const chosen = text.slice(start, end);
  const core = chosen.trim();
  const from = start + (core === "" ? chosen.length : chosen.indexOf(core));
  const to = from + core.length;
  const size = mark.length;
  const around = core !== "" && isMark(text, from - size, mark) && isMark(text, to, mark);
  if (around) return { from: from - size, to: to + size, insert: core, start: from - size, end: to - size };
  const words = core === "" ? placeholder : core;
  return { from, to, insert: `${mark}${words}${mark}`, start: from + size, end: from + size + words.length };
}

/** Whether just this mark stands there: one asterisk of two is none. */
function isMark(text: string, at: number, mark: string): boolean {
  const last = mark.at(-1) ?? "";
  return at >= 0 && text.slice(at, at + mark.length) === mark && text[at - 1] !== last && text[at + mark.length] !== last;
}

/** No heading, then levels two and three, then none again: the title is the first. */
function heading({ text, start }: Written): Replacement {
  const from = lineStart(text, start);
  const to = lineEnd(text, start);
  const [marks = "", level = ""] = /^(#{1,6})\s+/.exec(text.slice(from, to)) ?? [];
  const words = text.slice(from + marks.length, to);
  const next = level.length === 0 ? "## " : level.length < DEEPEST ? `${"#".repeat(level.length + 1)} ` : "";
  const insert = `${next}${words === "" ? "Heading" : words}`;
  return { from, to, insert, start: from + next.length, end: from + insert.length };
}

function link({ text, start, end }: Written): Replacement {
  const chosen = text.slice(start, end);
  const address = /^(?:https?:\/\/|mailto:|\/)\S+$/.test(chosen);
  const words = address || chosen === "" ? "words" : chosen;
  const target = address ? chosen : "https://";
  const at = address || chosen === "" ? start + 1 : start + words.length + 3;
  return { from: start, to: end, insert: `[${words}](${target})`, start: at, end: at + (address || chosen === "" ? words.length : target.length) };
}

function list({ text, start, end }: Written): Replacement {
  const from = lineStart(text, start);
  const to = lineEnd(text, end > start && text[end - 1] === "\n" ? end - 1 : end);
  const lines = text.slice(from, to).split("\n");
  const listed = lines.every((line) => line.trim() === "" || /^\s*[-*+]\s/.test(line));
  const insert = lines.map((line) => (listed && lines.some((one) => one.trim() !== "") ? line.replace(/^(\s*)[-*+]\s+/, "$1") : line.trim() === "" && lines.length > 1 ? line : `- ${line}`)).join("\n");
  const one = lines.length === 1;
  return { from, to, insert, start: one ? from + insert.length : from, end: from + insert.length };
}

function code(written: Written): Replacement {
  const chosen = written.text.slice(written.start, written.end);
  if (!chosen.includes("\n")) return wrapped(written, "`", "code");
  const body = chosen.endsWith("\n") ? chosen : `${chosen}\n`;
  return block(written, `\`\`\`\n${body}\`\`\`\n`, 4, 3 + body.length);
}

/** A block of its own: a blank line stands before it, and `from`…`to` of it are selected. */
function block({ text, start, end }: Written, insert: string, from: number, to: number): Replacement {
  const before = text.slice(0, start);
  const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const after = text.slice(end) === "" || text[end] === "\n" ? "" : "\n";
  return { from: start, to: end, insert: `${gap}${insert}${after}`, start: start + gap.length + from, end: start + gap.length + to };
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
