/** The desk of an editor on its page "Articles", with a service that remembers what was done, and what a test does there. */
import { beforeEach } from "vitest";
import { FeedbackPage } from "../desk/feedback-page.js";
import { ReviewDialog } from "../desk/review-dialog.js";
import { ReviewListView } from "../desk/review-list.js";
import { type Answer, StandInArticles } from "../dev/articles.js";
import { REVIEWS } from "../dev/feedback.js";
import { STUDIO } from "../studio/elements.js";
import { app, model, service, settle, useDesk } from "./desk-page.js";
import { allById, byId, type } from "./dom.js";
import type { Call } from "./fakes.js";

export const AMARA = { id: "st_amara", name: "Amara Osei", email: "amara@fernhill.example", role: "content" } as const;
export let articles: StandInArticles;

export function useArticles(): void {
  useDesk(AMARA);
  for (const element of [...STUDIO, FeedbackPage, ReviewDialog, ReviewListView]) element.define();
  beforeEach(() => {
    articles = new StandInArticles(AMARA.name);
    service.on("GET", "/api/desk/reviews", { body: { reviews: REVIEWS, counts: { open: 3, closed: 0 } } });
    service.onUnder("/api/desk/article", answered);
  });
}

const answered = ({ method, url, body }: Call): Answer => articles.answer(method, new URL(url, "https://service.test"), (body ?? {}) as Record<string, unknown>);

/** Does what is asked at once, and answers when the returned function is called. */
export function hold(method: string, path: string): () => Promise<void> {
  const waiting: (() => void)[] = [];
  service.on(method, path, async (call) => {
    const answer = answered(call);
    await new Promise<void>((done) => waiting.push(done));
    return answer;
  });
  return async () => {
    for (const done of waiting.splice(0)) done();
    await settled();
  };
}

export async function settled(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await settle();
}

export async function go(hash: string): Promise<void> {
  await settle();
  location.hash = hash;
  await arrive();
}

/** jsdom tells of a new address later than browsers do. */
export async function arrive(): Promise<void> {
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  await settled();
}

export async function click(id: string, place = 0): Promise<void> {
  allById(app, id)[place]!.click();
  await settled();
}

export async function write(id: string, text: string): Promise<void> {
  type(byId(app, id), text);
  await settle();
}

export const value = (id: string): string => (byId(app, id) as HTMLInputElement).value;
export const words = (id: string): string => byId(app, id).textContent.replace(/\s+/g, " ").trim();
export const rows = (): string[] => allById(app, "desk-article-row").map((one) => one.dataset.id!);
export const off = (id: string): boolean => byId(app, id).getAttribute("aria-disabled") === "true";
export const sent = (method: string, path: string): unknown[] => service.to(path).filter((call) => call.method === method).map((call) => call.body);
export const toasts = (): string[] => model.toasts.map((one) => one.text);
