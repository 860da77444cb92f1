/** How the two parts of the page Feedback look. What customers write is wrapped wherever it has to be. */
import { css } from "lit";

export const feedbackStyle = css`
  :host { display: block; }
  .head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-bottom: 12px; }
  h2 { flex: 1 1 200px; font-size: 15px; font-weight: 650; }
  h4 { font-size: 12.5px; font-weight: 600; color: var(--text-2); }
  select { min-width: 0; height: 36px; padding: 0 10px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); font-size: 14px; }
  .rows { display: grid; grid-template-columns: minmax(0, 1fr); border: 1px solid var(--border); border-radius: var(--radius); overflow: hidden; }
  .rows > li { min-width: 0; padding: 14px 16px; }
  .rows > li + li { border-top: 1px solid var(--border); }
  .foreign { overflow-wrap: anywhere; unicode-bidi: isolate; }
  .more { color: var(--text-2); font-size: 12.5px; overflow-wrap: anywhere; }
  .nothing, .problem { padding: 16px; border: 1px solid var(--border); border-radius: var(--radius); color: var(--text-2); }
  .nothing h3 { margin-bottom: 4px; font-size: 14px; font-weight: 650; color: var(--text); }
  .nothing p { max-width: 62ch; }
  .problem { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-bottom: 12px; border-color: transparent; background: var(--danger-soft); color: var(--danger-text); overflow-wrap: anywhere; }
  .problem span { flex: 1 1 200px; }
  a { color: var(--accent-text); text-underline-offset: 3px; }
  h3 a, li a { text-decoration: none; } h3 a:hover, li a:hover { text-decoration: underline; }
  a svg { display: inline-block; margin-inline-start: 4px; vertical-align: -2px; }
  .toggle svg { transition: transform .12s; }
  .toggle[aria-expanded="true"] svg { transform: rotate(180deg); }
  .pill { flex: none; padding: 0 8px; border-radius: 10px; background: var(--sunken); color: var(--text-2); font-size: 12px; line-height: 20px; }
`;
