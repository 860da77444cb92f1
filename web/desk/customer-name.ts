/** What a customer is called at the desk: guests by what tells them apart, so that five of them in the queue are five. Pure. */
import type { Row } from "../shared/desk-protocol.js";

export function nameOf({ customer, visitor }: Pick<Row, "customer" | "visitor">): string {
  return customer.name ?? (visitor ? `Visitor ${visitor}` : "Visitor");
}

/** What a row's second line says: what it is about in the customer's words, else what was said last, else where the customer is. */
export function matterOf({ subject, last_message: last, page }: Pick<Row, "subject" | "last_message" | "page">): string {
  const place = page ? `On “${page}”` : null;
  return subject ?? (last?.author_kind === "customer" ? last.text : null) ?? place ?? last?.text ?? "No message yet";
}
