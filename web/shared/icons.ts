/** The few line icons, drawn here so that nothing is fetched. All are decoration: the control beside them has the name. */
import { svg, type SVGTemplateResult, html, type TemplateResult } from "lit";

const PATHS = {
  chat: svg`<path d="M4 5.5h16v11H9.5L5 20v-3.5H4z"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  down: svg`<path d="m6 9 6 6 6-6"/>`,
  back: svg`<path d="m14.5 6-6 6 6 6"/>`,
  send: svg`<path d="M12 19V5M6 11l6-6 6 6"/>`,
  person: svg`<circle cx="12" cy="8" r="3.5"/><path d="M5 20c.6-3.8 3.4-6 7-6s6.4 2.2 7 6"/>`,
  article: svg`<path d="M6 3.5h8.5L18 7v13.5H6zM9 11h6M9 14.5h6M9 7.5h2.5"/>`,
  external: svg`<path d="M9 5H5v14h14v-4M13 5h6v6M19 5l-8.5 8.5"/>`,
  clock: svg`<circle cx="12" cy="12" r="8"/><path d="M12 7.5V12l3 2"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  alert: svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2"/>`,
  retry: svg`<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4"/>`,
  search: svg`<circle cx="11" cy="11" r="6"/><path d="m15.5 15.5 4.5 4.5"/>`,
  note: svg`<path d="M5 4.5h14v9.5l-5.5 5.5H5zM13.5 19.5V14H19"/>`,
  undo: svg`<path d="M9 6 5 10l4 4M5 10h9a5 5 0 0 1 0 10h-3"/>`,
  bot: svg`<rect x="5" y="8" width="14" height="11" rx="3"/><path d="M12 8V4.5M9.5 13v1M14.5 13v1"/>`,
  queue: svg`<path d="M4 6.5h16M4 12h16M4 17.5h10"/>`,
  panel: svg`<rect x="4" y="5" width="16" height="14" rx="2"/><path d="M14.5 5v14"/>`,
  keyboard: svg`<rect x="3" y="6.5" width="18" height="11" rx="2"/><path d="M7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14h8"/>`,
  bell: svg`<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>`,
  sound: svg`<path d="M4 9.5v5h3.500l5 4v-13l-5 4zM16 9a4.200 4.200 0 0 1 0 6M18.500 6.500a7.800 7.800 0 0 1 0 11"/>`,
  soundOff: svg`<path d="M4 9.5v5h3.500l5 4v-13l-5 4zM16 9.500l5 5M21 9.500l-5 5"/>`,
  offline: svg`<path d="M4 9.5a12 12 0 0 1 16 0M7 13a7.500 7.500 0 0 1 10 0M10 16.500a3 3 0 0 1 4 0M4 4l16 16"/>`,
  up: svg`<path d="M7 11v9H4v-9zM7 11l4-7c1.500 0 2.500 1 2.200 2.500L12.500 10H19l-1.500 10H7"/>`,
  team: svg`<circle cx="9" cy="8.5" r="3"/><path d="M3 19c.5-3.300 2.800-5 6-5s5.500 1.700 6 5M15.500 5.800a3 3 0 0 1 0 5.400M17.500 14.300c2 .700 3.200 2.300 3.500 4.700"/>`,
  eye: svg`<path d="M3 12c2-4 5-6 9-6s7 2 9 6c-2 4-5 6-9 6s-7-2-9-6z"/><circle cx="12" cy="12" r="2.500"/>`,
  forward: svg`<path d="M4 12h14M13 6.500l5.500 5.500-5.500 5.500"/>`,
  settings: svg`<path d="M4 7h9M18 7h2M4 17h2M11 17h9"/><circle cx="15.500" cy="7" r="2.200"/><circle cx="8.500" cy="17" r="2.200"/>`,
  signOut: svg`<path d="M10 5H5v14h5M14 8l4 4-4 4M18 12H9"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 18): TemplateResult {
  return html`<svg aria-hidden="true" width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
    stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${PATHS[name]}</svg>`;
}

/** Baton's mark: two hands of a relay, as two offset bars. */
export function mark(size = 20): TemplateResult {
  return html`<svg aria-hidden="true" width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor"
    stroke-width="3" stroke-linecap="round"><path d="M4 15.500 13 6.500M11 17.500l9-9"/></svg>`;
}

/** One or two letters for an avatar: the first of the first word and of the last. Signs are none; a name of nothing else gives `?`. */
export function initials(name: string | null): string {
  const letters = (name ?? "").split(/\s+/).flatMap((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? []);
  return (letters.length > 1 ? `${letters[0]}${letters.at(-1)}` : (letters[0] ?? "?")).toLocaleUpperCase();
}
