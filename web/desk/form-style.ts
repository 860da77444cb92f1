/** How the desk's dialogs and their forms look. */
import { css } from "lit";

export const formStyle = css`
  dialog { width: min(480px, calc(100vw - 32px)); max-height: calc(100dvh - 32px); padding: 24px; overflow-y: auto; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); color: var(--text); box-shadow: var(--shadow); font-size: 14px; line-height: 1.45; }
  dialog::backdrop { background: rgb(10 15 12 / .45); }
  dialog h2 { font-size: 16px; font-weight: 650; }
  dialog h2 + p { margin-top: 4px; color: var(--text-2); font-size: 13px; }
  .field { display: block; margin-top: 16px; font-size: 13px; font-weight: 550; }
  .field input, .field select, .field textarea { display: block; width: 100%; min-height: 36px; margin-top: 6px; padding: 6px 10px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--bg); color: var(--text); font-weight: 400; font-size: 14px; }
  .field textarea { min-height: 80px; resize: vertical; }
  .field small { display: block; margin-top: 4px; font-weight: 400; font-size: 12px; color: var(--text-2); }
  fieldset { margin: 16px 0 0; padding: 0; border: 0; min-width: 0; }
  legend { padding: 0; font-size: 13px; font-weight: 550; }
  .choices { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 6px; }
  .choices label { display: inline-flex; align-items: center; gap: 6px; min-height: 28px; font-size: 13px; overflow-wrap: anywhere; }
  .choices input { width: 16px; height: 16px; margin: 0; accent-color: var(--accent); }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; }
  .problem { margin-top: 16px; padding: 10px 12px; border-radius: var(--radius-s); background: var(--danger-soft); color: var(--danger-text); font-size: 13px; overflow-wrap: anywhere; }
  .row { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; margin-top: 20px; }
  .once { margin-top: 16px; padding: 12px; border: 1px solid var(--border-strong); border-radius: var(--radius-s); background: var(--surface); font: 15px/1.4 var(--mono); overflow-wrap: anywhere; user-select: all; }
  @media (max-width: 480px) { .pair { grid-template-columns: 1fr; } }
`;
