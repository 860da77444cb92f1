/** Articles for the page, and the one that is being read in the widget. Knows the service, renders nothing. */
import { ServiceError } from "../shared/errors.js";
import { type Fetch, requestJson } from "../shared/http.js";
import type { ReadArticle, SuggestedArticle } from "../shared/protocol.js";
import type { PageContext } from "./page-context.js";

export interface SuggestionPorts { base: string; fetch: Fetch; token: () => string | null }

/** What led to an article: the card of an answer, or a suggestion for the page. */
export type ArticleSource = "answer" | "suggestion";

/** The article that is open: its title is known before its text has come. */
export interface OpenArticle { slug: string; title: string; from: ArticleSource; article: ReadArticle | null; problem: string | null }

export class SuggestedArticles extends EventTarget {
  articles: readonly SuggestedArticle[] = [];
  open: OpenArticle | null = null;
  readonly #ports: SuggestionPorts;
  #asked: string | null = null;
  #asking: AbortController | null = null;

  constructor(ports: SuggestionPorts) {
    super();
    this.#ports = ports;
  }

  /** Looks for articles for this page, once for each page and visitor. A page without any, or a failure, shows none. */
  async suggestFor(page: PageContext, visitor: string): Promise<void> {
    const asked = JSON.stringify([page, visitor]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const answer = (await this.#request("/api/chat/suggestions", { method: "POST", body: page, signal: asking.signal })) as { suggestions: SuggestedArticle[] };
      if (asking.signal.aborted) return;
      this.articles = answer.suggestions;
    } catch {
      if (asking.signal.aborted) return;
      this.articles = [];
      this.#asked = null; // asked again at the next opening
    }
    this.#changed();
  }

  async read(slug: string, title: string, from: ArticleSource = "suggestion"): Promise<void> {
    const opened: OpenArticle = { slug, title, from, article: null, problem: null };
    this.open = opened;
    this.#changed();
    try {
      const article = (await this.#request(`/api/chat/articles/${encodeURIComponent(slug)}?from=${from}`, {})) as ReadArticle;
      if (this.open === opened) this.open = { ...opened, title: article.title, article };
    } catch (error) {
      const problem = error instanceof ServiceError ? error.body.message : "The article could not be loaded. Try again.";
      if (this.open === opened) this.open = { ...opened, problem };
    }
    this.#changed();
  }

  close(): void {
    if (this.open === null) return;
    this.open = null;
    this.#changed();
  }

  #request(path: string, request: { method?: string; body?: unknown; signal?: AbortSignal }): Promise<unknown> {
    const token = this.#ports.token();
    const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
    return requestJson(this.#ports.base + path, { ...request, headers }, this.#ports.fetch);
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
