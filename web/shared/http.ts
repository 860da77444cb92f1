/** JSON over fetch, with every failure a ServiceError. */
import { learnServiceTime } from "./clock.js";
import { isErrorEnvelope, NoConnection, ServiceError } from "./errors.js";

export type Fetch = typeof fetch;

export interface JsonRequest {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  credentials?: RequestCredentials;
}

/** Sends and reads JSON; the caller names the answer's type, which the service's own tests hold. */
export async function requestJson(url: string, request: JsonRequest = {}, fetcher: Fetch = fetch): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json", ...request.headers };
  if (request.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetcher(url, {
      method: request.method ?? "GET",
      headers,
      cache: "no-store",
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal ? { signal: request.signal } : {}),
      ...(request.credentials ? { credentials: request.credentials } : {}),
    });
    text = await response.text();
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new NoConnection();
  }
  learnServiceTime(response.headers.get("Date"));
  let value: unknown = null;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch {
    value = null; // a proxy's HTML page: the status below says what is to be said
  }
  if (response.ok) return value;
  if (isErrorEnvelope(value)) throw new ServiceError(value.error, response.status);
  const code = response.status === 401 ? "unauthenticated" : response.status === 404 ? "not_found" : response.status >= 500 ? "unavailable" : "invalid";
  throw new ServiceError({ code, message: `The service answered with an error (${response.status}). Try again in a moment.`, field: null }, response.status);
}
