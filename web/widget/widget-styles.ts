/** How the widget looks: launcher, panel and banners, and the full screen on a phone. */
import { css } from "lit";
import { base, tokens } from "../shared/tokens.js";

export const styles = [tokens, base, css`
  :host { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; }
  /* A page's rule for "*" meets the host element and wins over :host, so what would be inherited is said again inside. */
  :host > * {
    color: var(--text); font: 400 15px/1.45 var(--font); letter-spacing: normal; word-spacing: normal; text-align: start; text-indent: 0;
    text-shadow: none; text-transform: none; white-space: normal;
  }
  .launcher {
    position: relative; display: grid; place-items: center; width: 56px; height: 56px; border: 0; border-radius: 50%; background: var(--accent); color: var(--on-accent);
    box-shadow: var(--shadow); transition: transform .15s ease, background-color .12s; margin-inline-start: auto;
  }
  .launcher:hover { background: var(--accent-strong); transform: translateY(-1px); }
  .launcher:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
  .unread {
    position: absolute; top: -3px; right: -3px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px; background: #b3261e; color: #fff;
    border: 2px solid var(--bg); font-size: 12px; line-height: 18px; font-weight: 700; text-align: center; font-variant-numeric: tabular-nums;
  }
  .panel {
    position: absolute; right: 0; bottom: 72px; display: flex; flex-direction: column; width: 392px; height: min(680px, calc(100dvh - 112px));
    border: 1px solid var(--border); border-radius: var(--radius-l); background: var(--bg); box-shadow: var(--shadow); overflow: hidden;
    animation: rise .16s ease-out;
  }
  @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
  .head { display: flex; align-items: center; gap: 12px; padding: 14px 12px 14px 16px; border-bottom: 1px solid var(--border); }
  .who { display: grid; place-items: center; flex: none; width: 36px; height: 36px; border-radius: 11px; background: var(--accent); color: var(--on-accent); font-weight: 650; font-size: 13px; }
  .who.agent { border-radius: 50%; background: var(--info-soft); color: var(--info-text); }
  .names { flex: 1; min-width: 0; }
  h2 { font-size: 15px; line-height: 1.3; font-weight: 650; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .status { font-size: 13px; color: var(--text-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .person { display: flex; align-items: center; justify-content: space-between; gap: 8px; padding: 6px 8px 6px 16px; border-bottom: 1px solid var(--border); background: var(--surface); font-size: 13px; color: var(--text-2); }
  .person .button { min-height: 32px; background: var(--bg); }
  .problem { color: var(--danger-text); }
  .banner { padding: 12px 16px; border-bottom: 1px solid var(--border); font-size: 13px; color: var(--text-2); }
  .banner strong { display: block; color: var(--text); font-size: 14px; font-weight: 650; }
  .banner.queue { background: var(--accent-soft); }
  .banner.away, .banner.bot { background: var(--warn-soft); }
  .banner.offline { display: flex; gap: 8px; align-items: center; background: var(--sunken); color: var(--text); padding-block: 8px; animation: appear 0s 1s both; }
  .banner.refused { background: var(--danger-soft); color: var(--danger-text); }
  @keyframes appear { from { visibility: hidden; position: absolute; } }
  .banner p + baton-email { margin-top: 12px; }
  .banner baton-leave-queue { margin-top: 8px; }
  .thanks { display: flex; gap: 8px; align-items: center; justify-content: center; margin-top: 16px; font-size: 13px; color: var(--text-2); }
  .thanks svg { color: var(--accent); }
  baton-rating { margin-top: 16px; }
  @media ${/* one query for the whole full-screen layout */ css`(max-width: 480px), (max-height: 480px)`} {
    :host { inset: auto 16px 16px auto; }
    .panel { position: fixed; inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; padding-bottom: env(safe-area-inset-bottom); animation: none; }
  }
  @media print { :host { display: none; } }
`];
