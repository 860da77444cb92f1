/** Two states of an article beside each other: its short fields as what became what, its text line by line. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { ArticleFields } from "./article-types.js";
import { changedFields, FIELD_NAMES, fieldWords, type ShownField } from "./fields.js";
import { type DiffLine, lineDiff } from "./line-diff.js";

export const differenceStyle = css`
  .changes { display: grid; gap: 14px; margin: 0; font-size: 13px; }
  .changes dt { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 4px 8px; font-weight: 600; }
  .changes dd { min-width: 0; margin: 4px 0 0; overflow-wrap: anywhere; }
  .changes del, .changes ins { border-radius: 3px; padding: 1px 4px; text-decoration: none; unicode-bidi: isolate; }
  .changes del { background: var(--danger-soft); color: var(--danger-text); text-decoration: line-through; } .changes ins { background: var(--accent-soft); color: var(--accent-text); }
  .lines { max-height: 46vh; overflow: auto; border: 1px solid var(--border); border-radius: var(--radius-s); font: 12.5px/1.6 var(--mono); }
  .lines:focus-visible { outline-offset: -2px; }
  .line { display: grid; grid-template-columns: 22px minmax(0, 1fr); padding-inline: 4px 10px; white-space: pre-wrap; overflow-wrap: anywhere; }
  .line .sign { user-select: none; text-align: center; }
  .line.added { background: var(--accent-soft); color: var(--accent-text); } .line.removed { background: var(--danger-soft); color: var(--danger-text); }
  .folded { padding: 3px 10px; background: var(--surface); color: var(--text-2); font: 12px/1.6 var(--font); text-align: center; }
`;

const SIGNS = { same: "", added: "+", removed: "−" } as const;
const SPOKEN = { same: "", added: "Added: ", removed: "Removed: " } as const;

export interface Beside {
  titles?: ReadonlyMap<string, string>;
  /** A button for a field, where one of both can be taken. */
  take?: (field: ShownField) => TemplateResult;
}

export function difference(before: ArticleFields, after: ArticleFields, { titles, take }: Beside = {}): TemplateResult {
  const changed = changedFields(before, after);
  if (changed.length === 0) return html`<p data-testid="desk-difference-none">Both say the same.</p>`;
  return html`<dl class="changes" data-testid="desk-difference">${changed.map((name) => html`<div data-field=${name}><dt>${FIELD_NAMES[name]}${take?.(name) ?? nothing}</dt>
    <dd>${name === "content" ? lines(lineDiff(before.content, after.content)) : short(wordsOf(before, name, titles), wordsOf(after, name, titles))}</dd></div>`)}</dl>`;
}

function short(before: string, after: string): TemplateResult {
  return html`${before === "" ? nothing : html`<del dir="auto"><span class="visually-hidden">Before: </span>${before}</del> `}${after === "" ? "(nothing)" : html`<ins dir="auto"><span class="visually-hidden">After: </span>${after}</ins>`}`;
}

function lines(diff: readonly DiffLine[]): TemplateResult {
  return html`<div class="lines" role="region" aria-label="Text, line by line" tabindex="0">${diff.map((line) => line.kind === "folded" ? html`<div class="folded">${line.lines === 1 ? "One line is the same" : `${line.lines.toLocaleString()} lines are the same`}</div>`
    : html`<div class="line ${line.kind}"><span class="sign" aria-hidden="true">${SIGNS[line.kind]}</span><span dir="auto"><span class="visually-hidden">${SPOKEN[line.kind]}</span>${line.text || " "}</span></div>`)}</div>`;
}

function wordsOf(fields: ArticleFields, name: Exclude<ShownField, "content">, titles?: ReadonlyMap<string, string>): string {
  return name === "related" ? fields.related.map((id) => titles?.get(id) ?? id).join(", ") : fieldWords(fields, name);
}
