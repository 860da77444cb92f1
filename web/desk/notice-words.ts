/** What happened, in words for agents: the service's notices are worded for the customer who reads them. */
import type { Row } from "../shared/desk-protocol.js";
import type { Message } from "../shared/protocol.js";
import { nameOf } from "./customer-name.js";

/** A notice as the desk says it; one of a type that is not known here keeps the service's own words. */
export function noticeWords(message: Pick<Message, "text" | "notice">): string {
  const { notice, text } = message;
  const agent = notice?.agent ?? "An agent";
  switch (notice?.type) {
    case "claimed": return `${agent} claimed the conversation`;
    case "released": return `${agent} gave the conversation back to the queue`;
    case "returned": return `${agent} returned the conversation to the bot`;
    case "agent_gone": return `${agent} was not there any more; the conversation went back to the queue`;
    case "moved_to_team": return `${agent} passed the conversation to the team ${notice.team ?? ""}`.trim();
    case "moved_to_person": return `${agent} passed the conversation to ${notice.to ?? "a colleague"}`;
    case "withdrawn": return "Customer went back to the assistant; the ticket was closed";
    case "reopened": return "Customer wrote again on the same topic; the ticket is open again";
    case "resolved": return `${agent} resolved the conversation`;
    case "bot_unavailable": return "The assistant could not answer";
    case "email_saved": return notice.email === undefined ? "Customer left an e-mail address" : `Customer left ${notice.email}`;
    case "rated": return notice.score === undefined ? "Customer rated the help" : `Customer rated the help ${notice.score} of 5`;
    case "ticket_opened": return `The assistant opened ticket ${notice.ticket ?? ""} for the customer`;
    case "tickets_enough": return "Customer was asked to open no more tickets for now";
    case "ticket_open_already": return `Customer sent ticket ${notice.ticket ?? ""} once more`;
    default: return text;
  }
}

/** A conversation has become this agent's by somebody else's doing. */
export function movedToMe(row: Named): string {
  return `${called(row)} is yours now.`;
}

/** A conversation has stopped being this agent's by somebody else's doing. */
export function movedFromMe(row: Named & Pick<Row, "owner" | "agent">): string {
  if (row.owner === "agent") return `${row.agent?.name ?? "A colleague"} has ${called(row)} now.`;
  return row.owner === "closed" ? `${called(row)} was closed.` : `${called(row)} went back to the queue.`;
}

type Named = Pick<Row, "number" | "customer" | "visitor">;

function called(row: Named): string {
  return [row.number, nameOf(row)].filter(Boolean).join(" · ");
}
