/** The agents' HTTP routes, one function each. */
import { noteOpened, type Opened } from "../shared/clicks.js";
import { type Fetch, requestJson } from "../shared/http.js";
import type { ArticlesFound, Detail, Message, Priority, RowList, Staff, View } from "../shared/protocol.js";

export class DeskApi {
  readonly #fetch: Fetch;

  constructor(fetcher: Fetch) {
    this.#fetch = fetcher;
  }

  session = async (): Promise<Staff> => ((await this.#read("/api/staff/session")) as { staff: Staff }).staff;
  signIn = async (email: string, password: string): Promise<Staff> =>
    ((await this.#write("POST", "/api/staff/session", { email, password })) as { staff: Staff }).staff;
  signOut = async (): Promise<unknown> => this.#write("DELETE", "/api/staff/session");
  presence = async (state: "online" | "away"): Promise<unknown> => this.#write("PUT", "/api/desk/presence", { state });

  list = async (view: View): Promise<RowList> => (await this.#read(`/api/desk/conversations?view=${view}`)) as RowList;
  detail = async (id: string): Promise<Detail> => (await this.#read(at(id))) as Detail;
  claim = async (id: string, epoch: number): Promise<Detail> => (await this.#write("POST", `${at(id)}/claim`, { epoch })) as Detail;
  reply = async (id: string, epoch: number, clientId: string, text: string): Promise<Message> =>
    ((await this.#write("POST", `${at(id)}/replies`, { epoch, client_id: clientId, text })) as { message: Message }).message;
  note = async (id: string, clientId: string, text: string): Promise<Message> =>
    ((await this.#write("POST", `${at(id)}/notes`, { client_id: clientId, text })) as { message: Message }).message;
  resolve = async (id: string, epoch: number, note: string): Promise<unknown> => this.#write("POST", `${at(id)}/resolve`, { epoch, note });
  returnToBot = async (id: string, epoch: number): Promise<unknown> => this.#write("POST", `${at(id)}/return`, { epoch });
  release = async (id: string, epoch: number): Promise<unknown> => this.#write("POST", `${at(id)}/release`, { epoch });
  override = async (ticketId: string, change: { priority?: Priority; category?: string }): Promise<unknown> =>
    this.#write("PATCH", `/api/desk/tickets/${encodeURIComponent(ticketId)}`, change);
  search = async (q: string, signal: AbortSignal): Promise<ArticlesFound> =>
    (await requestJson(`/api/desk/search?q=${encodeURIComponent(q)}`, { signal, credentials: "same-origin" }, this.#fetch)) as ArticlesFound;
  opened = (opened: Opened): void => noteOpened("", opened, this.#fetch);

  #read(url: string): Promise<unknown> {
    return requestJson(url, { credentials: "same-origin" }, this.#fetch);
  }

  #write(method: string, url: string, body?: unknown): Promise<unknown> {
    return requestJson(url, { method, body, credentials: "same-origin", headers: { "X-Baton": "desk" } }, this.#fetch);
  }
}

function at(id: string): string {
  return `/api/desk/conversations/${encodeURIComponent(id)}`;
}
