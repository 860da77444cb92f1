/** One group of questions that ask nearly the same: its figures, and once opened its wordings and what was found. */
import { css, html, nothing, type TemplateResult } from "lit";
import { now } from "../shared/clock.js";
import { icon } from "../shared/icons.js";
import { momentInWords } from "../shared/time-format.js";
import type { FoundArticle, QuestionGroup, SearchKind } from "./feedback-types.js";
import { changeWords, surfaceWords } from "./search-words.js";

export const questionStyle = css`
  .question { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 2px 12px; align-items: start; }
  .question h3 { grid-area: 1 / 1; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; font-size: 14px; font-weight: 550; }
  .question .times { grid-area: 1 / 2 / 3; align-self: center; font-size: 15px; font-weight: 650; text-align: end; font-variant-numeric: tabular-nums; }
  .question .more { grid-area: 2 / 1; } .question .more::first-letter { text-transform: uppercase; }
  .question .toggle { grid-area: 1 / 3 / 3; align-self: center; margin-inline-end: -8px; }
  @media (max-width: 900px) {
    .question { grid-template-columns: minmax(0, 1fr) auto; }
    .question .times { grid-area: 1 / 2; align-self: start; } .question .toggle { grid-area: 3 / 1 / 4 / 3; justify-self: start; margin-inline: -12px 0; }
    .question .more { grid-area: 2 / 1 / 3 / 3; }
  }
  .behind { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr)); gap: 12px 24px; margin-top: 10px; padding-top: 10px; border-top: 1px solid var(--border); }
  .behind ul, .behind ol { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; margin-top: 4px; }
  .try { grid-column: 1 / -1; }
`;

export function questionGroup(one: QuestionGroup, kind: SearchKind, opened: boolean, toggle: () => void): TemplateResult {
  const of = kind === "asked" || one.asked === one.count ? nothing : html`of ${one.asked.toLocaleString()} that asked this · `;
  return html`<div class="question"><h3 class="foreign" dir="auto">${one.question}</h3>
      <span class="times">${one.count.toLocaleString()}<span class="visually-hidden"> ${one.count === 1 ? "search" : "searches"}, </span></span>
      <p class="more">${of}${changeWords(one)} · last ${momentInWords(one.last_asked, now())} · ${surfaceWords(one.surfaces)}</p>
      <button type="button" class="button quiet toggle" aria-expanded=${opened ? "true" : "false"} aria-label=${`Details of ${one.question}`} data-testid="desk-question-open" @click=${toggle}>Details ${icon("down", 14)}</button></div>
    ${opened ? behind(one) : nothing}`;
}

function behind(one: QuestionGroup): TemplateResult {
  return html`<div class="behind"><div><h4>Wordings</h4><ul>${one.wordings.map((words) => html`<li class="foreign" dir="auto" data-testid="desk-wording">${words}</li>`)}</ul></div>
    <div><h4>What was found</h4>${one.articles.length === 0 ? html`<p class="more">No article.</p>` : html`<ol>${one.articles.map((article) => html`<li data-testid="desk-found">${articleLink(article)} <span class="more">${article.shown.toLocaleString()}×</span></li>`)}</ol>`}</div>
    <p class="try"><a class="button" href=${tryAddress(one.question)} target="_blank" rel="noopener" data-testid="desk-try">Try it in the help centre${icon("external", 14)}<span class="visually-hidden"> (opens in a new tab)</span></a></p></div>`;
}

/** An article by its title, a link where the help centre has a page of it. */
export function articleLink({ article_id, title, url }: FoundArticle): TemplateResult {
  const name = html`<span class="foreign" dir="auto">${title ?? article_id}</span>`;
  if (url !== null) return html`<a href=${url} target="_blank" rel="noopener">${name}</a>`;
  return html`<span>${name} <span class="pill">${title === null ? "Not there any more" : "No public page"}</span></span>`;
}

/** Where a question can be tried: the service searches for it without counting it among what customers ask. */
export function tryAddress(question: string): string {
  return `/help?q=${encodeURIComponent(question)}&tried`;
}
