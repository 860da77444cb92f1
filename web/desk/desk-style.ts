/** How the desk is laid out: columns, what stands around them, and what becomes of both on narrow screens. */
import { css } from "lit";

export const deskStyle = css`
  :host { display: block; min-height: 100dvh; background: var(--bg); font-size: 14px; line-height: 1.45; }
  .desk { display: grid; grid-template: minmax(0, 1fr) / 344px minmax(0, 1fr) 340px; height: 100dvh; }
  .desk.bannered { grid-template: auto minmax(0, 1fr) / 344px minmax(0, 1fr) 340px; }
  .skip { position: absolute; z-index: 20; top: 8px; inset-inline-start: 8px; padding: 8px 12px; border: 0; border-radius: var(--radius-s); background: var(--accent); color: var(--on-accent); font-weight: 600; transform: translateY(-200%); }
  .skip:focus { transform: none; }
  .banner { grid-column: 1 / -1; display: flex; gap: 8px; align-items: center; justify-content: center; padding: 6px 16px; background: var(--warn-soft); color: var(--warn-text); font-size: 13px; font-weight: 550; }
  .left { display: flex; flex-direction: column; min-height: 0; background: var(--surface); border-inline-end: 1px solid var(--border); }
  .brand { display: flex; align-items: center; gap: 10px; padding: 12px 12px 8px 16px; min-height: 56px; font-weight: 650; font-size: 15px; letter-spacing: -.01em; }
  .brand h1 { font-size: inherit; font-weight: inherit; }
  .brand .mark { display: grid; place-items: center; width: 26px; height: 26px; border-radius: 8px; background: var(--accent); color: var(--on-accent); }
  .brand .grow { flex: 1; }
  .bell { position: relative; }
  .bell .badge { position: absolute; top: 0; inset-inline-end: 0; min-width: 16px; padding: 0 4px; border-radius: 8px; background: var(--danger); color: var(--bg); font-size: 10.5px; line-height: 16px; font-weight: 700; text-align: center; font-variant-numeric: tabular-nums; }
  .presence { display: inline-flex; align-items: center; gap: 7px; min-height: 28px; padding: 0 10px; border: 1px solid var(--border); border-radius: 14px; background: var(--bg); font-size: 12px; font-weight: 550; color: var(--text-2); }
  .presence:hover { border-color: var(--border-strong); }
  .presence i { width: 8px; height: 8px; border-radius: 50%; border: 2px solid var(--text-3); }
  .presence[aria-checked="true"] i { background: var(--accent); border-color: var(--accent); }
  .me { display: flex; align-items: center; gap: 8px; padding: 8px 8px 8px 16px; border-top: 1px solid var(--border); }
  .me .avatar { display: grid; place-items: center; width: 28px; height: 28px; border-radius: 50%; background: var(--info-soft); color: var(--info-text); font-size: 11px; font-weight: 650; flex: none; }
  .me .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13px; font-weight: 550; }
  .desk.paged .middle { grid-column: 2 / -1; }
  .middle { display: flex; min-width: 0; min-height: 0; }
  .right { min-height: 0; display: flex; flex-direction: column; border-inline-start: 1px solid var(--border); background: var(--bg); }
  .right desk-context { flex: 1; }
  .right .nothing { padding: 24px 20px; color: var(--text-3); font-size: 13px; }
  .panel-head { display: none; align-items: center; justify-content: space-between; padding: 8px 8px 8px 20px; border-bottom: 1px solid var(--border); font-weight: 650; }
  .toasts { position: fixed; z-index: 30; top: 116px; inset-inline-start: 50%; transform: translateX(-50%); display: grid; gap: 8px; justify-items: center; width: min(480px, calc(100vw - 32px)); pointer-events: none; }
  /* Within the list's column they take room instead of covering what is being read or written. */
  .left .toasts { position: static; transform: none; justify-items: stretch; width: auto; flex: none; }
  .left .toasts:not(:empty) { padding: 8px 12px; border-top: 1px solid var(--border); }
  .left .toast { justify-content: space-between; box-shadow: none; }
  .toast { display: flex; align-items: center; gap: 10px; padding: 6px 6px 6px 14px; border-radius: var(--radius); background: var(--text); color: var(--bg); box-shadow: var(--shadow); font-size: 13px; pointer-events: auto; max-width: 100%; }
  .toast.problem { background: var(--danger-soft); color: var(--danger-text); border: 1px solid var(--danger); }
  .toast span { overflow-wrap: anywhere; }
  .toast .icon-button { color: inherit; width: 28px; height: 28px; } .toast .icon-button:hover { background: rgb(128 128 128 / .25); }
  dialog { width: min(460px, calc(100vw - 32px)); padding: 24px; border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
  dialog::backdrop { background: rgb(10 15 12 / .45); }
  dialog h2 { font-size: 16px; font-weight: 650; margin-bottom: 12px; }
  dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 8px 20px; align-items: center; font-size: 13px; }
  kbd { padding: 2px 7px; border: 1px solid var(--border); border-bottom-width: 2px; border-radius: 5px; background: var(--surface); font: inherit; font-size: 12px; white-space: nowrap; }
  dialog .row { display: flex; justify-content: flex-end; margin-top: 20px; }
  .loading { display: grid; flex: 1; min-height: 100dvh; place-items: center; color: var(--text-3); }
  @media (max-width: 1279px) {
    .desk, .desk.bannered { grid-template-columns: 320px minmax(0, 1fr); }
    .right { display: none; position: fixed; z-index: 10; inset: 0 0 0 auto; width: min(360px, 100vw); box-shadow: var(--shadow); }
    .right.open { display: flex; }
    .panel-head { display: flex; }
  }
  @media (max-width: 719px) {
    .desk, .desk.bannered { grid-template-columns: minmax(0, 1fr); }
    .desk.reading .left, .desk:not(.reading) .middle { display: none; }
    .desk.paged .middle { grid-column: 1; }
    .left { border: 0; }
    .right { width: 100vw; }
    /* There is no room beside anything: what is told stands above it, and covers nothing. */
    :host { display: flex; flex-direction: column; height: 100dvh; }
    .desk, .desk.bannered { flex: 1; min-height: 0; height: auto; }
    .toasts { position: static; order: -1; flex: none; transform: none; justify-items: stretch; width: auto; }
    .toasts:not(:empty) { padding: 8px 12px; }
    .toast { justify-content: space-between; box-shadow: none; }
    desk-sign-in { flex: 1; min-height: 0; }
  }
`;
