/** A message's words: text, with its http(s) links made clickable. */
import { html, type TemplateResult } from "lit";
import { linkParts } from "./passage.js";

export function messageText(text: string): TemplateResult {
  return html`${linkParts(text).map((part) =>
    part.href === null ? part.text : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`,
  )}`;
}
