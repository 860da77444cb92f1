/** What jsdom lacks, and how tests look into open shadow roots. */
import { LitElement } from "lit";

class NoResizeObserver {
  observe(): void { /* nothing is laid out in jsdom */ }
  unobserve(): void { /* nothing is laid out in jsdom */ }
  disconnect(): void { /* nothing is laid out in jsdom */ }
}

export function preparePage(): void {
  globalThis.ResizeObserver = NoResizeObserver as unknown as typeof ResizeObserver;
  window.matchMedia = ((query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined })) as unknown as typeof window.matchMedia;
  globalThis.CSS = { supports: () => true } as unknown as typeof CSS;
  // jsdom has these elements but not these methods.
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) { this.open = true; },
    close(this: HTMLDialogElement) { this.open = false; },
  });
  Object.assign(HTMLFormElement.prototype, {
    requestSubmit(this: HTMLFormElement) { this.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })); },
  });
  Object.assign(Element.prototype, { scrollIntoView: () => undefined });
}

/** Waits until this element and all Lit elements below it have rendered. */
export async function rendered(root: Element): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    for (const element of everything(root)) if (element instanceof LitElement) await element.updateComplete;
  }
}

function* everything(root: Element): Generator<Element> {
  yield root;
  const below = root.shadowRoot ? [...root.shadowRoot.querySelectorAll("*"), ...root.children] : [];
  for (const element of below) yield* element.shadowRoot ? everything(element) : [element];
}

/** All elements with a test id, through every open shadow root. */
export function allById(root: Element, id: string): HTMLElement[] {
  return [...everything(root)].filter((element): element is HTMLElement => element instanceof HTMLElement && element.dataset.testid === id);
}

export function byId(root: Element, id: string): HTMLElement {
  const found = allById(root, id)[0];
  if (!found) throw new Error(`no element with data-testid ${id}`);
  return found;
}

export function press(target: EventTarget, key: string, init: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

export function type(field: HTMLElement, text: string): void {
  (field as HTMLInputElement).value = text;
  field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
}
