/** The agents' HTTP routes, one function each. */
import { noteOpened, type Opened } from "../shared/clicks.js";
import { type Fetch, requestJson } from "../shared/http.js";
import type { ArticlesFound, Deliveries, DeliveryState, Detail, Endpoint, Endpoints, FloorNow, Hired, Member, NotificationList, Priority, RowList, Staff, Team, View } from "../shared/desk-protocol.js";
import type { Message } from "../shared/protocol.js";
import { ArticlesApi } from "../studio/articles-api.js";
import type { ReportQuery, ReviewDetail, ReviewList, ReviewOutcome, ReviewState, SearchReport } from "./feedback-types.js";
import type { Reader } from "./mentions.js";
import type { Rules, RulesCheck, TicketHistory } from "./sla-types.js";

export class DeskApi {
  readonly articles: ArticlesApi;
  readonly #fetch: Fetch;

  constructor(fetcher: Fetch) {
    this.#fetch = fetcher;
    this.articles = new ArticlesApi({ read: (url, signal) => this.#read(url, signal), write: (method, url, body, signal) => this.#write(method, url, body, signal) });
  }

  session = async (): Promise<Staff> => ((await this.#read("/api/staff/session")) as { staff: Staff }).staff;
  signIn = async (email: string, password: string): Promise<Staff> =>
    ((await this.#write("POST", "/api/staff/session", { email, password })) as { staff: Staff }).staff;
  signOut = async (): Promise<unknown> => this.#write("DELETE", "/api/staff/session");
  presence = async (state: "online" | "away"): Promise<unknown> => this.#write("PUT", "/api/desk/presence", { state });

  list = async (view: View, team: string | null = null): Promise<RowList> =>
    (await this.#read(`/api/desk/conversations?view=${view}${team === null ? "" : `&team=${encodeURIComponent(team)}`}`)) as RowList;
  detail = async (id: string): Promise<Detail> => (await this.#read(at(id))) as Detail;
  claim = async (id: string, epoch: number): Promise<Detail> => (await this.#write("POST", `${at(id)}/claim`, { epoch })) as Detail;
  reply = async (id: string, epoch: number, clientId: string, text: string, wait = false): Promise<Message> =>
    ((await this.#write("POST", `${at(id)}/replies`, { epoch, client_id: clientId, text, ...(wait ? { wait } : {}) })) as { message: Message }).message;
  wait = async (id: string, epoch: number, on: boolean): Promise<unknown> => this.#write("POST", `${at(id)}/wait`, { epoch, on });
  note = async (id: string, clientId: string, text: string): Promise<Message> =>
    ((await this.#write("POST", `${at(id)}/notes`, { client_id: clientId, text })) as { message: Message }).message;
  readers = async (id: string): Promise<Reader[]> => ((await this.#read(`${at(id)}/readers`)) as { people: Reader[] }).people;
  resolve = async (id: string, epoch: number, note: string): Promise<unknown> => this.#write("POST", `${at(id)}/resolve`, { epoch, note });
  returnToBot = async (id: string, epoch: number): Promise<unknown> => this.#write("POST", `${at(id)}/return`, { epoch });
  release = async (id: string, epoch: number): Promise<unknown> => this.#write("POST", `${at(id)}/release`, { epoch });
  transfer = async (id: string, epoch: number, to: { team: string } | { agent: string }, note: string): Promise<Detail> =>
    (await this.#write("POST", `${at(id)}/transfer`, { epoch, ...to, note })) as Detail;
  override = async (ticketId: string, change: { priority?: Priority; category?: string }): Promise<unknown> =>
    this.#write("PATCH", `/api/desk/tickets/${encodeURIComponent(ticketId)}`, change);
  search = async (q: string, signal: AbortSignal): Promise<ArticlesFound> =>
    (await requestJson(`/api/desk/search?q=${encodeURIComponent(q)}`, { signal, credentials: "same-origin" }, this.#fetch)) as ArticlesFound;
  opened = (opened: Opened): void => noteOpened("", opened, this.#fetch);

  history = async (ticket: string): Promise<TicketHistory> => (await this.#read(`/api/sla/tickets/${encodeURIComponent(ticket)}`)) as TicketHistory;
  rules = async (version?: number): Promise<Rules> => (await this.#read(`/api/sla/policies${version === undefined ? "" : `?version=${version}`}`)) as Rules;
  saveRules = async (rules: { base: number; text: string; note: string; for_open_tickets: boolean }): Promise<Rules> => (await this.#write("PUT", "/api/sla/policies", rules)) as Rules;
  checkRules = async (text: string): Promise<RulesCheck> => (await this.#write("POST", "/api/sla/policies/check", { text })) as RulesCheck;

  notifications = async (): Promise<NotificationList> => (await this.#read("/api/desk/notifications")) as NotificationList;
  readNotifications = async (what: { until: string } | { id: string }): Promise<NotificationList> => (await this.#write("POST", "/api/desk/notifications/read", what)) as NotificationList;

  floor = async (): Promise<FloorNow> => (await this.#read("/api/desk/floor")) as FloorNow;
  ownPassword = async (current: string, next: string): Promise<unknown> => this.#write("PUT", "/api/staff/me/password", { current, new: next });
  ownCapacity = async (capacity: number): Promise<Member> => (await this.#write("PUT", "/api/staff/me/capacity", { capacity })) as Member;
  staff = async (): Promise<Member[]> => ((await this.#read("/api/staff")) as { staff: Member[] }).staff;
  hire = async (account: object): Promise<Hired> => (await this.#write("POST", "/api/staff", account)) as Hired;
  changeMember = async (id: string, change: object): Promise<Member> => (await this.#write("PATCH", `/api/staff/${encodeURIComponent(id)}`, change)) as Member;
  newPassword = async (id: string): Promise<Hired> => (await this.#write("POST", `/api/staff/${encodeURIComponent(id)}/password`)) as Hired;
  changeTeam = async (name: string, change: object): Promise<Team> => (await this.#write("PUT", `/api/teams/${encodeURIComponent(name)}`, change)) as Team;

  deliveries = async (state: DeliveryState): Promise<Deliveries> => (await this.#read(`/api/deliveries?state=${state}`)) as Deliveries;
  resend = async (id: string): Promise<unknown> => this.#write("POST", `/api/deliveries/${encodeURIComponent(id)}/resend`);
  endpoints = async (): Promise<Endpoints> => (await this.#read("/api/webhooks")) as Endpoints;
  addEndpoint = async (url: string, kinds: string[]): Promise<{ endpoint: Endpoint; secret: string }> =>
    (await this.#write("POST", "/api/webhooks", { url, kinds })) as { endpoint: Endpoint; secret: string };
  changeEndpoint = async (id: string, change: { active: boolean }): Promise<unknown> => this.#write("PATCH", `/api/webhooks/${encodeURIComponent(id)}`, change);
  newSecret = async (id: string): Promise<{ secret: string }> => (await this.#write("POST", `/api/webhooks/${encodeURIComponent(id)}/secret`)) as { secret: string };
  ping = async (id: string): Promise<unknown> => this.#write("POST", `/api/webhooks/${encodeURIComponent(id)}/ping`);
  deleteEndpoint = async (id: string): Promise<unknown> => this.#write("DELETE", `/api/webhooks/${encodeURIComponent(id)}`);

  reviews = async (state: ReviewState, { limit, after }: { limit: number; after?: string }): Promise<ReviewList> =>
    (await this.#read(`/api/desk/reviews?state=${state}&limit=${limit}${after === undefined ? "" : `&after=${encodeURIComponent(after)}`}`)) as ReviewList;
  review = async (id: string): Promise<ReviewDetail> => (await this.#read(`/api/desk/reviews/${encodeURIComponent(id)}`)) as ReviewDetail;
  closeReview = async (id: string, outcome: ReviewOutcome, note: string): Promise<ReviewDetail> =>
    (await this.#write("POST", `/api/desk/reviews/${encodeURIComponent(id)}/close`, { outcome, note })) as ReviewDetail;
  searchReport = async ({ kind, days, surface }: ReportQuery): Promise<SearchReport> =>
    (await this.#read(`/api/desk/reports/searches?kind=${kind}&days=${days}&limit=50${surface === null ? "" : `&surface=${surface}`}`)) as SearchReport;

  #read(url: string, signal?: AbortSignal): Promise<unknown> {
    return requestJson(url, { credentials: "same-origin", ...(signal ? { signal } : {}) }, this.#fetch);
  }

  #write(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    return requestJson(url, { method, body, credentials: "same-origin", headers: { "X-Baton": "desk" }, ...(signal ? { signal } : {}) }, this.#fetch);
  }
}

function at(id: string): string {
  return `/api/desk/conversations/${encodeURIComponent(id)}`;
}
