/** The script a page includes: reads its own tag, puts the widget on the page, and gives the page `window.Baton`. */
import { AnswerCard } from "../shared/answer-card.js";
import { ChatConnection } from "../shared/chat-connection.js";
import type { ChatPorts } from "../shared/chat-ports.js";
import { type Opened, noteOpened } from "../shared/clicks.js";
import { now } from "../shared/clock.js";
import { safeStorage, SEEN_KEY, subjectOf, TOKEN_KEY, tokenStore } from "../shared/token-store.js";
import { ArticleReader } from "./article-reader.js";
import { Composer } from "./composer.js";
import { ConversationModel } from "./conversation-model.js";
import { EmailForm } from "./email-form.js";
import { batonApi, type BatonApi } from "./host-api.js";
import { LeaveQueue } from "./leave-queue.js";
import { MessageLog } from "./message-log.js";
import { type GivenContext, pageContext } from "./page-context.js";
import { RatingForm } from "./rating-form.js";
import { readTag } from "./script-tag.js";
import { SuggestedArticles } from "./suggested-articles.js";
import { BatonWidget } from "./widget.js";

declare global {
  interface Window {
    Baton?: BatonApi;
  }
}

const FOLLOW_MS = 10_000;

function start(script: HTMLScriptElement | null): void {
  if (window.Baton !== undefined) return; // included twice: the first one stays
  const settings = readTag(script, window.location.href);
  const storage = safeStorage(() => window.localStorage);
  let identity = settings.identity;
  const ports: ChatPorts = {
    base: settings.base,
    fetch: (input, init) => window.fetch(input, init),
    socket: (url) => new WebSocket(url),
    tokens: tokenStore(storage, () => subjectOf(identity)),
    random: Math.random,
    // Without query and fragment: they may hold what is nobody else's, such as a token to reset a password.
    page: () => ({ url: window.location.origin + window.location.pathname, title: document.title }),
  };

  let connection: ChatConnection | null = null;
  const model = new ConversationModel((sink) => (connection = new ChatConnection(ports, sink)), newId);
  const line = connection as unknown as ChatConnection;
  model.restoreSeen(storage.read(SEEN_KEY));
  model.addEventListener("seen", () => storage.write(SEEN_KEY, model.seenMark));

  for (const element of [AnswerCard, ArticleReader, Composer, EmailForm, LeaveQueue, MessageLog, RatingForm, BatonWidget]) element.define();
  const widget = new BatonWidget();
  widget.model = model;
  widget.base = settings.base;
  widget.titleText = settings.title;
  widget.suggestions = settings.suggestions;
  if (settings.theme !== null) widget.dataset.theme = settings.theme;

  const articles = new SuggestedArticles({ base: settings.base, fetch: ports.fetch, token: () => ports.tokens.read() });
  widget.articles = articles;
  let given: GivenContext = settings.context === "" ? null : settings.context;
  // Only for somebody who has the chat open and has not said anything: nobody else sees the cards.
  const suggest = (): void => {
    if (!widget.open || model.conversation === null || model.messages.length > 0) return;
    const who = `${model.conversation.id} ${model.conversation.customer?.name ?? ""}`;
    void articles.suggestFor(pageContext(window.location, document.title, given), who);
  };
  model.addEventListener("change", suggest);
  widget.addEventListener("baton-open", suggest);

  widget.addEventListener("baton-opened", (event) => noteOpened(settings.base, (event as CustomEvent<Opened>).detail, ports.fetch));

  let followedAt = 0;
  const connect = (): void => {
    if (line.state === "idle") void line.start(identity);
  };
  widget.addEventListener("baton-open", connect);

  window.Baton = batonApi(widget, model, (jwt) => {
    identity = jwt;
    if (line.state !== "idle" || ports.tokens.read() !== null) void line.start(identity);
  }, (about) => {
    given = about;
    suggest();
  });

  window.addEventListener("online", () => line.hurry());
  window.addEventListener("pageshow", () => line.hurry());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") line.hurry();
  });
  window.addEventListener("storage", (event) => {
    if (event.key === SEEN_KEY) model.restoreSeen(event.newValue);
    // Another tab became someone else (a new visitor, or joined an account): follow it, but not so fast that two tabs chase each other.
    if (event.key === TOKEN_KEY && event.newValue !== null && line.state !== "idle" && now() - followedAt > FOLLOW_MS) {
      followedAt = now();
      void line.start(identity);
    }
  });

  document.body.append(widget);
  // Someone who has been here before may have an answer waiting. A new visitor costs the service nothing until they open the chat.
  if (ports.tokens.read() !== null) connect();
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs a secure context; this does not
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : document.querySelector<HTMLScriptElement>('script[src*="widget.js"]');
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => start(script), { once: true });
else start(script);
