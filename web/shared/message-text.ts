/** A message's words. What customers and the bot say stays as it is, with its http(s) links made clickable; agents may mark theirs up. */
import { css, html, nothing, type TemplateResult } from "lit";
import { type Block, type Item, readMarkup, type Span } from "./message-markup.js";
import { linkParts } from "./passage.js";
import type { Message } from "./protocol.js";

/** For whoever shows `agentText`. The bubble around it keeps line breaks, so nothing in these templates may be a space too many. */
export const markup = css`
  .part { display: block; } .part + .part { margin-top: 8px; }
  .part ul, .part ol { padding-inline-start: 1.6em; list-style: disc; } .part ol { list-style: decimal; }
  .part li + li { margin-top: 2px; } .part li.deep { margin-inline-start: 1.4em; }
  .bubble code, .bubble pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .92em; background: color-mix(in srgb, currentColor 12%, transparent); }
  .bubble code { padding: 1px 4px; border-radius: 4px; }
  .bubble pre { margin: 0; padding: 8px 10px; border-radius: 6px; overflow-x: auto; white-space: pre; overflow-wrap: normal; }
  .mention { padding: 0 3px; border-radius: 4px; font-weight: 600; background: color-mix(in srgb, currentColor 16%, transparent); }
`;

export function messageText(text: string): TemplateResult {
  return html`${linkParts(text).map((part) => (part.href === null ? part.text : link(part.text, part.href)))}`;
}

/** What an agent wrote, as Lit templates all through: no text of theirs is ever read as HTML. */
export function agentText(text: string, mentioned: readonly string[] = []): TemplateResult {
  const blocks = readMarkup(text, mentioned);
  const [only] = blocks;
  if (blocks.length === 1 && only?.kind === "text") return html`${only.spans.map(span)}`;
  return html`${blocks.map((block) => html`<div class="part">${blockText(block)}</div>`)}`;
}

/** The words of a message by who wrote them. */
export function wordsOf(message: Message): TemplateResult {
  return message.author.kind === "agent" ? agentText(message.text, message.notice?.names ?? []) : messageText(message.text);
}

function blockText(block: Block): TemplateResult {
  if (block.kind === "text") return html`${block.spans.map(span)}`;
  if (block.kind === "code") return html`<pre tabindex="0" role="region" aria-label="Code">${block.text}</pre>`;
  const items = block.items.map(itemText);
  return block.items[0]?.number === null ? html`<ul>${items}</ul>` : html`<ol>${items}</ol>`;
}

function itemText(item: Item): TemplateResult {
  return html`<li class=${item.deep ? "deep" : nothing} value=${item.number ?? nothing}>${item.spans.map(span)}</li>`;
}

function span(one: Span): TemplateResult | string {
  switch (one.kind) {
    case "text": return one.text;
    case "code": return html`<code>${one.text}</code>`;
    case "mention": return html`<span class="mention">${one.text}</span>`;
    case "link": return link(one.text, one.href);
    case "strong": return html`<strong>${one.inner.map(span)}</strong>`;
    case "em": return html`<em>${one.inner.map(span)}</em>`;
  }
}

function link(text: string, href: string): TemplateResult {
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;
}
