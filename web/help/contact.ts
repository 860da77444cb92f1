/** "Contact support" opens the widget in place; where there is none the link leads to a page with a form. */

/** The part of `window.Baton` that is used. */
export interface Chat { open(): void }

export function openChatInPlace(root: Document, chat: () => Chat | undefined): void {
  root.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const asked = event.target instanceof Element ? event.target.closest("[data-contact], [data-open-chat]") : null;
    const open = chat();
    if (asked === null || open === undefined) return;
    event.preventDefault();
    open.open();
  });
}

/**
 * Shows what needs the widget once there is one. It comes with a script of its own, in its own time; one that is in the browser's cache has loaded before this runs, and
 * still waits for the page to be there.
 */
export function showWhenThere(root: Document, chat: () => Chat | undefined): void {
  const waiting = root.querySelector<HTMLElement>("[data-chat]");
  if (waiting === null) return;
  const look = (): void => {
    if (chat() !== undefined) waiting.hidden = false;
  };
  look();
  root.querySelector('script[src*="widget.js"]')?.addEventListener("load", look);
  // After every listener of the page's own, the widget's among them.
  root.addEventListener("DOMContentLoaded", () => setTimeout(look), { once: true });
}
