/** The service's one error envelope, as an exception.
 *
 * ServiceError            the service refused (`body` says why)
 * └── NoConnection        the service could not be reached at all
 */
import type { ErrorBody } from "./protocol.js";

export class ServiceError extends Error {
  constructor(readonly body: ErrorBody, readonly status: number) {
    super(body.message);
    this.name = "ServiceError";
  }
}

export class NoConnection extends ServiceError {
  constructor() {
    super({ code: "unavailable", message: "The service cannot be reached. Check your connection and try again.", field: null }, 0);
    this.name = "NoConnection";
  }
}

export function isErrorEnvelope(value: unknown): value is { error: ErrorBody } {
  if (typeof value !== "object" || value === null || !("error" in value)) return false;
  const { error } = value;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}

/** What to tell a person, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof ServiceError ? error.body.message : "Something went wrong here. Reload the page and try again.";
}
