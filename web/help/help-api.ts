/** What the help centre's scripts ask of the service, and tell it. */
import { type Fetch, requestJson } from "../shared/http.js";

/** A piece of a text, and whether it is what was typed. */
export type Piece = [text: string, matched: boolean];
export interface Offer { slug: string; title: string; category: string; url: string; snippet: string; title_pieces: Piece[]; snippet_pieces: Piece[] }
export interface Offers { question: string; answered: boolean; results: Offer[] }

export interface HelpApi {
  offers(question: string, signal: AbortSignal): Promise<Offers>;
  /** Tells what was typed and not sent, and what was opened. Survives the page being left; that it arrives is not promised. */
  typed(question: string, opened: string | null): void;
  vote(slug: string, helpful: boolean, words: string): Promise<void>;
}

export interface HelpPorts {
  fetch: Fetch;
  beacon: (url: string, json: string) => void;
  /** The widget's visitor token, so that one person's votes here and in the chat are one. */
  token: () => string | null;
}

export function helpApi(ports: HelpPorts): HelpApi {
  return {
    async offers(question, signal) {
      return (await requestJson(`/api/help/search?q=${encodeURIComponent(question)}`, { signal }, ports.fetch)) as Offers;
    },
    typed(question, opened) {
      ports.beacon("/api/help/searches", JSON.stringify({ question, opened }));
    },
    async vote(slug, helpful, words) {
      const token = ports.token();
      const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
      await requestJson(`/api/help/articles/${encodeURIComponent(slug)}/vote`, { method: "POST", body: { helpful, words }, headers }, ports.fetch);
    },
  };
}
