/** The design tokens of every Baton surface: one accent, a 4 px scale, light and dark. Pairs meet WCAG 2.2 AA. */
import { css, unsafeCSS } from "lit";

const light = `
  color-scheme: light;
  --bg: #ffffff; --surface: #f6f7f4; --sunken: #eceee9; --border: #e1e4dd; --border-strong: #838c85;
  --text: #171c19; --text-2: #4b544e; --text-3: #616b65;
  --accent: #0c6a51; --accent-strong: #08523e; --accent-soft: #e2f1ea; --on-accent: #ffffff; --accent-text: #0b5f49;
  --own: #0c6a51; --on-own: #ffffff;
  --danger: #b3261e; --danger-soft: #fcebe9; --danger-text: #96190f;
  --warn: #b45f06; --warn-soft: #fcf1df; --warn-text: #7d4304;
  --note: #fdf6dc; --note-border: #e9d79a; --note-text: #5c4a09;
  --info-soft: #e8eef7; --info-text: #28497a;
  --shadow: 0 1px 2px rgb(20 30 25 / .06), 0 8px 24px rgb(20 30 25 / .12), 0 24px 56px rgb(20 30 25 / .14);
  --shadow-small: 0 1px 2px rgb(20 30 25 / .08);
`;
const dark = `
  color-scheme: dark;
  --bg: #141816; --surface: #1a1f1c; --sunken: #232a26; --border: #2c3430; --border-strong: #74817a;
  --text: #e8edea; --text-2: #b5bfb9; --text-3: #97a39c;
  --accent: #4fc79f; --accent-strong: #74d9b7; --accent-soft: #17332a; --on-accent: #06231a; --accent-text: #7edcbb;
  --own: #14614b; --on-own: #ffffff;
  --danger: #f2857b; --danger-soft: #3a1d1a; --danger-text: #ffaca4;
  --warn: #e8a33d; --warn-soft: #362712; --warn-text: #f5c679;
  --note: #2e2813; --note-border: #5a4d1d; --note-text: #f0dd9c;
  --info-soft: #1c2736; --info-text: #a9c6f0;
  --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 12px 40px rgb(0 0 0 / .5);
  --shadow-small: 0 1px 2px rgb(0 0 0 / .4);
`;

/** For a root custom element: follows the system unless the element's `data-theme` says otherwise. */
export const tokens = css`
  :host {
    ${unsafeCSS(light)}
    --radius-s: 6px; --radius: 10px; --radius-l: 16px;
    --font: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
    --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  }
  @media (prefers-color-scheme: dark) {
    :host(:not([data-theme="light"])) { ${unsafeCSS(dark)} }
  }
  :host([data-theme="dark"]) { ${unsafeCSS(dark)} }
`;

/** What every shadow root starts from. */
export const base = css`
  *, *::before, *::after { box-sizing: border-box; }
  :host { font-family: var(--font); color: var(--text); -webkit-font-smoothing: antialiased; }
  h1, h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
  ul, ol { list-style: none; }
  button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; }
  button { cursor: pointer; }
  button:disabled { cursor: default; }
  [hidden] { display: none !important; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden;
    clip-path: inset(50%); white-space: nowrap; border: 0;
  }
  .button {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 32px; padding: 0 12px;
    border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text);
    font-weight: 550; font-size: 13px; line-height: 1.2; white-space: nowrap; text-decoration: none;
    transition: background-color .12s, border-color .12s, color .12s;
  }
  .button:hover:not(:disabled) { background: var(--surface); border-color: var(--text-3); }
  .button:disabled { color: var(--text-3); border-color: var(--border); background: var(--surface); }
  .button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
  .button.primary:hover:not(:disabled) { background: var(--accent-strong); border-color: var(--accent-strong); }
  .button.primary:disabled { background: var(--sunken); border-color: var(--border); color: var(--text-3); }
  .button[aria-disabled="true"] { opacity: .6; }
  .button.quiet { border-color: transparent; background: transparent; color: var(--text-2); }
  .button.quiet:hover:not(:disabled) { background: var(--sunken); color: var(--text); }
  .icon-button {
    display: inline-grid; place-items: center; flex: none; width: 32px; height: 32px; padding: 0; border: 0; border-radius: var(--radius-s);
    background: transparent; color: var(--text-2);
  }
  .icon-button:hover { background: var(--sunken); color: var(--text); }
  svg { display: block; flex: none; }
  /* What of a passage answers, and the matched words in it. */
  mark { border-radius: 3px; background: var(--accent-soft); color: inherit; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
  mark mark, mark.word { font-weight: 600; }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition-duration: .01ms !important; scroll-behavior: auto !important; }
  }
`;
