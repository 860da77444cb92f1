"""What systems outside are told of, under which names and in what form; written in the transaction that makes it true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.clock import iso
from core.database import Reader, Transaction
from core.outbox import enqueue, listening
from handoff.package_views import PackageView
from handoff.records import BOT, QUEUE, Conversation, Message, agent_of
from handoff.tables import staff
from handoff.views import message_view
from tickets.tables import tickets
from tickets.ticketing import Ticket, ticket_view

ESCALATION = "sla.escalation"
KINDS: dict[str, str] = {
    "conversation.handed_over": "A conversation was handed to people, with its whole package.",
    "conversation.claimed": "A person has taken a conversation, from the queue or from a colleague.",
    "conversation.released": "A conversation went back to the queue.",
    "conversation.withdrawn": "The customer did not want to wait for a person any longer; the assistant has the conversation again.",
    "conversation.resolved": "A person has finished; the assistant has the conversation again.",
    "conversation.reopened": "The customer came back to a ticket that was resolved.",
    "message.created": "Customer or agent wrote in a conversation that people have or that waits for them. Notes are not told.",
    "sla.warning": "A clock has used the share of its target at which people are warned.",
    "sla.breach": "A clock has passed its deadline.",
    ESCALATION: "An escalation rule calls for a webhook.",
    "rating.created": "The customer has rated the help, or rated it anew.",
}
"""Kinds that an endpoint may ask for, and when each is sent."""


async def tell_handed_over(
    tx: Transaction, conversation: Conversation, ticket: Ticket, package: PackageView, *, at: datetime
) -> None:
    """Tell of a handoff with its package. Idempotent by ticket and the package's version."""
    data = {**_conversation(conversation), "ticket": ticket_view(ticket), "package": package}
    key = f"handed_over:{ticket.id}:{package['version']}"
    await enqueue(tx, "conversation.handed_over", key, data, at=at)


async def tell_owner_changed(tx: Transaction, before: Conversation, after: Conversation, *, at: datetime) -> None:
    """Tell that a conversation has changed hands. Idempotent by conversation and epoch. A handoff tells of itself."""
    kind = kind_of_change(before, after)
    if kind is None or not await listening(tx.connection, kind):
        return
    data = {
        **_conversation(after),
        "ticket": await _ticket(tx.connection, after.ticket_id or before.ticket_id),
        "agent": await _agent(tx.connection, after.agent_id or before.agent_id),
        "before": {"owner": before.owner, "epoch": before.epoch},
        "rating_requested": after.rating_ticket_id is not None and after.rating_ticket_id != before.rating_ticket_id,
    }
    await enqueue(tx, kind, f"owner:{after.id}:{after.epoch}", data, at=at)


def kind_of_change(before: Conversation, after: Conversation) -> str | None:
    """Name a change of owner; None for one that is told as a handoff, or that concerns nobody outside."""
    had_people = before.owner == QUEUE or before.agent_id is not None
    if after.owner == BOT:
        from_people = "conversation.withdrawn" if before.owner == QUEUE else "conversation.resolved"
        return from_people if had_people else None
    if not had_people:
        again = after.ticket_id is not None and after.ticket_id == before.last_ticket_id
        return "conversation.reopened" if again else None
    if agent_of(after.owner) is not None:
        return "conversation.claimed"
    return "conversation.released" if after.owner == QUEUE else None


async def tell_message(tx: Transaction, conversation: Conversation, message: Message, *, at: datetime) -> None:
    """Tell what customer or agent wrote while people have the conversation or it waits for them. Idempotent by message."""
    said_to_people = conversation.owner == QUEUE or conversation.agent_id is not None
    by_a_person = message.author_kind in {"customer", "agent"} and message.kind == "text"
    if not (said_to_people and by_a_person) or not await listening(tx.connection, "message.created"):
        return
    ticket = await _ticket(tx.connection, conversation.ticket_id)
    data = {**_conversation(conversation), "ticket": ticket, "message": message_view(message)}
    await enqueue(tx, "message.created", f"message:{message.id}", data, at=at)


async def tell_rating(
    tx: Transaction, conversation: Conversation, ticket_id: str, score: int, comment: str, *, at: datetime
) -> None:
    """Tell of a rating. Idempotent by ticket and moment, since a customer may change their mind."""
    data = {
        **_conversation(conversation),
        "ticket": await _ticket(tx.connection, ticket_id),
        "rating": {"score": score, "comment": comment},
    }
    await enqueue(tx, "rating.created", f"rating:{ticket_id}:{iso(at)}", data, at=at)


def _conversation(conversation: Conversation) -> dict[str, Any]:
    values = {
        "id": conversation.id,
        "owner": conversation.owner,
        "epoch": conversation.epoch,
        "channel": conversation.channel,
        "reason": conversation.reason,
        "email": conversation.email,
        "customer_id": conversation.customer_id,
    }
    return {"conversation": values}


async def _ticket(reader: Reader, ticket_id: str | None) -> dict[str, Any] | None:
    found = await reader.execute(
        sa.select(tickets.c.id, tickets.c.number, tickets.c.subject, tickets.c.status, tickets.c.priority).where(
            tickets.c.id == ticket_id
        )
    )
    row = found.mappings().one_or_none()
    return None if row is None else {str(name): value for name, value in row.items()}


async def _agent(reader: Reader, staff_id: str | None) -> dict[str, Any] | None:
    found = await reader.execute(sa.select(staff.c.id, staff.c.name).where(staff.c.id == staff_id))
    row = found.one_or_none()
    return None if row is None else {"id": row.id, "name": row.name}
