/** An article's passage: the only foreign markup Baton shows, sanitised a second time here. */
import DOMPurify, { type Config } from "dompurify";

const CONFIG: Config & { RETURN_DOM_FRAGMENT: true } = {
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    "p", "br", "hr", "strong", "b", "em", "i", "u", "s", "del", "code", "pre", "kbd", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "span", "div", "dl", "dt", "dd", "sup", "sub", "mark",
  ],
  ALLOWED_ATTR: ["href", "title", "colspan", "rowspan", "start", "lang", "dir"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|\/(?!\/)|#)/i,
};

/** What a link may lead to: the same as where the service sanitises. */
const SCHEMES = new Set(["https:", "http:", "mailto:", "tel:"]);

/** A whole article has pictures too. */
const WHOLE: typeof CONFIG = { ...CONFIG, ALLOWED_TAGS: [...(CONFIG.ALLOWED_TAGS ?? []), "img"], ALLOWED_ATTR: [...(CONFIG.ALLOWED_ATTR ?? []), "src", "alt"] };

/** A fragment that is safe to show. Links open in a new tab; relative ones are resolved against the service. */
export function passageFragment(html: string, base: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, CONFIG);
  openLinksBeside(fragment, base);
  // A passage sits under a card's own heading: its headings must not enter the host page's outline above that level.
  for (const heading of fragment.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const line = heading.ownerDocument.createElement("p");
    const strong = heading.ownerDocument.createElement("strong");
    strong.replaceChildren(...heading.childNodes);
    line.append(strong);
    heading.replaceWith(line);
  }
  scrollWhatIsWide(fragment);
  return fragment;
}

/** A whole article as the help centre shows it, pictures and headings included; its title is the only one of the first level. */
export function articleFragment(html: string, base: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, WHOLE);
  openLinksBeside(fragment, base);
  for (const heading of fragment.querySelectorAll("h1")) {
    const lower = heading.ownerDocument.createElement("h2");
    lower.append(...heading.childNodes);
    heading.replaceWith(lower);
  }
  for (const picture of fragment.querySelectorAll("img")) {
    const source = picture.getAttribute("src");
    if (source === null || safeUrl(source, base) === null) picture.remove();
  }
  scrollWhatIsWide(fragment);
  return fragment;
}

function openLinksBeside(fragment: DocumentFragment, base: string): void {
  for (const link of fragment.querySelectorAll("a")) {
    const given = link.getAttribute("href");
    const href = given === null ? null : safeUrl(given, base);
    if (href === null) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.setAttribute("href", href);
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
}

function scrollWhatIsWide(fragment: DocumentFragment): void {
  for (const table of fragment.querySelectorAll("table")) {
    const wide = table.ownerDocument.createElement("div");
    table.replaceWith(wide);
    wide.append(table);
    scrollsByItself(wide, "Table");
    wide.classList.add("wide");
  }
  for (const code of fragment.querySelectorAll("pre")) scrollsByItself(code, "Code");
}

/** What is too wide scrolls within itself, and must be reached by keyboard for that. */
function scrollsByItself(element: HTMLElement, name: string): void {
  element.tabIndex = 0;
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", name);
}

/** The passage as plain text, a line to a block: what an agent inserts into a reply. */
export function passageText(html: string): string {
  const fragment = DOMPurify.sanitize(html, CONFIG);
  for (const item of fragment.querySelectorAll("li")) {
    const parent = item.parentElement;
    const mark = parent?.tagName === "OL" ? `${Array.from(parent.children).indexOf(item) + 1}. ` : "• ";
    item.prepend(mark);
  }
  for (const block of fragment.querySelectorAll("p,li,h1,h2,h3,h4,h5,h6,tr,pre,br,blockquote,hr")) block.after("\n");
  return fragment.textContent.replace(/[ \t]+\n/g, "\n").replace(/\n[ \t]+/g, "\n").replace(/\n{2,}/g, "\n").trim();
}

/** A piece of a passage, and how strongly it is marked: not at all, as what answers or matched, or as a matched word of what answers. */
export interface MarkedPiece { text: string; marks: 0 | 1 | 2 }

/** The passage as plain text in pieces, from its first mark on where that stands further down than `within` characters. */
export function markedPieces(html: string, within: number): MarkedPiece[] {
  const fragment = DOMPurify.sanitize(html, CONFIG);
  for (const block of fragment.querySelectorAll("p,li,h1,h2,h3,h4,h5,h6,td,th,pre,br,blockquote")) block.after(" ");
  const pieces: MarkedPiece[] = [];
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const mark = node.parentElement?.closest("mark") ?? null;
    const outer = mark?.parentElement?.closest("mark") ?? null;
    const marks = mark === null ? 0 : outer === null ? 1 : 2;
    const text = (node.textContent ?? "").replace(/\s+/g, " ");
    if (text !== "") pieces.push({ text, marks });
  }
  const first = pieces.findIndex((piece) => piece.marks > 0);
  const before = pieces.slice(0, Math.max(0, first)).reduce((length, piece) => length + piece.text.length, 0);
  return before > within ? [{ text: "… ", marks: 0 }, ...pieces.slice(first)] : pieces;
}

/** An absolute http(s) URL, or null where the text is anything else (`javascript:`, `data:`…). */
export function safeUrl(url: string, base: string): string | null {
  try {
    const parsed = new URL(url, base);
    return SCHEMES.has(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export interface TextPart { text: string; href: string | null }

/** Splits a message into text and http(s) links. Text stays text; closing punctuation stays outside the link. */
export function linkParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"']+/gi)) {
    const url = match[0].replace(/[).,;:!?\]]+$/, "");
    const href = safeUrl(url, "https://invalid.invalid/");
    if (href === null) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index), href: null });
    parts.push({ text: url, href });
    from = match.index + url.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), href: null });
  return parts;
}
