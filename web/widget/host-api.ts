/** `window.Baton`: what the host page may do with the widget and hear from it. */
import type { Message, Owner } from "../shared/protocol.js";
import type { ConversationModel } from "./conversation-model.js";
import type { GivenContext } from "./page-context.js";
import type { BatonWidget } from "./widget.js";

export interface BatonEvents {
  open: null;
  close: null;
  message: Message;
  owner: { owner: Owner; agent: { name: string } | null };
  unread: { count: number };
  "identity-refused": { message: string };
}

export interface BatonApi {
  open(): void;
  close(): void;
  /** Says who the customer is, by a JWT that the host site signed. */
  identify(jwt: string): void;
  /** Says what the page is about, for the articles that are suggested; null goes back to address and title. */
  context(about: GivenContext): void;
  /** Listens; the returned function stops listening. */
  on<E extends keyof BatonEvents>(event: E, listener: (detail: BatonEvents[E]) => void): () => void;
}

export function batonApi(widget: BatonWidget, model: ConversationModel, identify: (jwt: string) => void, context: (about: GivenContext) => void): BatonApi {
  const host = new EventTarget();
  const forward = (name: keyof BatonEvents, detail: unknown): void => void host.dispatchEvent(new CustomEvent(name, { detail }));
  widget.addEventListener("baton-open", () => forward("open", null));
  widget.addEventListener("baton-close", () => forward("close", null));
  model.addEventListener("message", (event) => forward("message", (event as CustomEvent).detail));
  model.addEventListener("owner", (event) => forward("owner", (event as CustomEvent).detail));
  model.addEventListener("identity-refused", (event) => forward("identity-refused", { message: (event as CustomEvent<{ message: string }>).detail.message }));
  let count = 0;
  model.addEventListener("change", () => {
    if (model.unread === count) return;
    count = model.unread;
    forward("unread", { count });
  });
  return {
    open: () => widget.show(),
    close: () => widget.hide(),
    identify,
    context,
    on(event, listener) {
      const heard = (e: Event): void => listener((e as CustomEvent).detail as BatonEvents[typeof event]);
      host.addEventListener(event, heard);
      return () => host.removeEventListener(event, heard);
    },
  };
}
