/** A priority as bars, with its word for those who do not see them. */
import { html, nothing, svg, type TemplateResult } from "lit";
import type { Priority } from "../shared/desk-protocol.js";
import { codeWords } from "../shared/words.js";

const LIT: Record<Priority, number> = { low: 1, normal: 2, high: 3, urgent: 3 };

export function priorityMark(priority: Priority | null): TemplateResult | typeof nothing {
  if (priority === null) return nothing;
  const word = `${codeWords(priority)} priority`;
  const mark = priority === "urgent"
    ? svg`<rect x="1" y="1" width="14" height="14" rx="4" fill="var(--danger)"/><path d="M8 4.200v4.600M8 11.300v.4" stroke="var(--bg)" stroke-width="2" stroke-linecap="round"/>`
    : [0, 1, 2].map((i) => svg`<rect x=${2 + i * 4.5} y=${9 - i * 3.5} width="3" height=${5 + i * 3.5} rx="1" fill="currentColor" opacity=${i < LIT[priority] ? 1 : 0.25}/>`);
  return html`<span class="priority" title=${word}><svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16">${mark}</svg><span class="visually-hidden">${word}</span></span>`;
}
