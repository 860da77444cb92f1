/** How the parts of the page "Articles" look, beside what they share with the page Feedback. */
import { css } from "lit";

export const studioStyle = css`
  :host { display: block; }
  .actions { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
  .state { flex: none; padding: 0 8px; border-radius: 10px; background: var(--sunken); color: var(--text-2); font-size: 12px; line-height: 20px; white-space: nowrap; }
  .state.shown { background: var(--accent-soft); color: var(--accent-text); }
  .state.changed { background: var(--warn-soft); color: var(--warn-text); }
  .state.unsaved { background: var(--info-soft); color: var(--info-text); }
  button[aria-disabled="true"] { cursor: default; }
`;

/** An article's text as the help centre sets it, at the desk's size. */
export const articleStyle = css`
  .text { font-size: 15px; line-height: 1.65; overflow-wrap: anywhere; }
  .text > :first-child { margin-top: 0; }
  .text p, .text ul, .text ol, .text pre, .text .wide, .text blockquote { margin: 0 0 14px; }
  .text h2 { margin: 30px 0 10px; font-size: 19px; line-height: 1.3; font-weight: 650; letter-spacing: -.015em; }
  .text h3 { margin: 24px 0 8px; font-size: 16px; font-weight: 650; } .text h4, .text h5, .text h6 { margin: 20px 0 6px; font-size: 15px; font-weight: 650; }
  .text ul, .text ol { padding-inline-start: 24px; } .text ul { list-style: disc; } .text ol { list-style: decimal; } .text li { margin: 4px 0; }
  .text a { color: var(--accent-text); text-underline-offset: 2px; }
  .text img { max-width: 100%; height: auto; border: 1px solid var(--border); border-radius: var(--radius); }
  .text code { padding: 1px 4px; border-radius: 4px; background: var(--sunken); font-family: var(--mono); font-size: .88em; }
  .text pre { padding: 12px 14px; overflow-x: auto; border: 1px solid var(--border); border-radius: var(--radius); background: var(--sunken); } .text pre code { padding: 0; background: none; }
  .text .wide { overflow-x: auto; border: 1px solid var(--border); border-radius: var(--radius); overflow-wrap: normal; }
  .text table { width: 100%; border-collapse: collapse; font-size: 14px; }
  .text th, .text td { padding: 8px 12px; border-bottom: 1px solid var(--border); text-align: start; vertical-align: top; } .text th { background: var(--sunken); font-weight: 600; } .text tr:last-child td { border-bottom: 0; }
  .text blockquote { padding-inline-start: 14px; border-inline-start: 3px solid var(--border); color: var(--text-2); }
  .text hr { margin: 24px 0; border: 0; border-top: 1px solid var(--border); }
  .text .wide:focus-visible, .text pre:focus-visible { outline-offset: -2px; }
`;
