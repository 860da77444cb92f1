"""A ticket's life: opened with its triage, worked on, corrected by people, resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

import sqlalchemy as sa

from core.database import INSERT, Reader, Transaction
from core.errors import Conflict, Invalid, NotFound
from core.identifiers import new_id
from core.text import without_overrides
from customers.health import TicketCounts
from tickets.records import Field, Override, OverrideView, Ticket, TicketView, ticket_view
from tickets.rules import default_rules
from tickets.tables import ticket_numbers, ticket_overrides, tickets
from tickets.triage import Triage
from tickets.vocabulary import CATEGORIES, FINISHED, PRIORITIES, STATUSES, Priority, Status

__all__ = [
    "Field", "Override", "OverrideView", "Ticket", "TicketView", "assign", "get_ticket", "open_ticket", "override",
    "overrides_of", "resolved_share", "set_priority", "set_requester_email", "set_status", "subject_of", "ticket_view",
    "tickets_of_conversation", "tickets_of_customer",
]  # fmt: skip

SERIES = "FH"
FIRST_NUMBER = 1001
LONGEST_SUBJECT = 200
FIELDS: tuple[Field, ...] = get_args(Field)

_MOVES: Mapping[Status, frozenset[Status]] = {
    "open": frozenset({"pending", "resolved", "closed"}),
    "pending": frozenset({"open", "resolved", "closed"}),
    "resolved": frozenset({"open", "closed"}),
    "closed": frozenset(),
}


async def open_ticket(
    tx: Transaction,
    *,
    subject: str,
    text: str,
    triage: Triage,
    source: str,
    at: datetime,
    conversation_id: str | None = None,
    customer_id: str | None = None,
    requester_email: str | None = None,
) -> Ticket:
    """Open a ticket with the next number of its series and what triage made of it.

    The number's row stays locked until the transaction ends, so lock the conversation first that the ticket is for.
    Not idempotent: who retries looks first whether the conversation has its ticket.
    """
    stored = await tx.execute(
        sa.insert(tickets)
        .values(
            id=new_id("tk"),
            number=await _next_number(tx),
            conversation_id=conversation_id,
            customer_id=customer_id,
            requester_email=requester_email,
            subject=subject_of(subject),
            text=text.replace("\x00", ""),
            source=source,
            status="open",
            category=triage.category,
            priority=triage.priority,
            team=triage.team,
            tags=list(triage.tags),
            reasons=list(triage.reasons),
            confidence=triage.confidence,
            created_at=at,
            updated_at=at,
        )
        .returning(tickets)
    )
    return Ticket.of(stored.mappings().one())


def subject_of(text: str) -> str:
    """Make one line of at most 200 characters of any text, cut at a word; a text of nothing is `(no subject)`."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", without_overrides(text)).split())
    if len(line) > LONGEST_SUBJECT:
        line = line[: LONGEST_SUBJECT - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
    return line or "(no subject)"


async def get_ticket(reader: Reader, ticket_id: str) -> Ticket:
    """Return a ticket by its id or its number, in whatever case the number is typed.

    Raises:
        NotFound: there is none.
    """
    row = await reader.execute(
        sa.select(tickets).where(sa.or_(tickets.c.id == ticket_id, tickets.c.number == ticket_id.upper()))
    )
    found = row.mappings().one_or_none()
    if found is None:
        raise NotFound("There is no such ticket.")
    return Ticket.of(found)


async def tickets_of_customer(reader: Reader, customer_id: str, *, limit: int = 50) -> list[Ticket]:
    """Return a customer's tickets, the newest first."""
    return await _newest(reader, tickets.c.customer_id == customer_id, limit)


async def tickets_of_conversation(reader: Reader, conversation_id: str, *, limit: int = 50) -> list[Ticket]:
    """Return the tickets that came out of a conversation, the newest first."""
    return await _newest(reader, tickets.c.conversation_id == conversation_id, limit)


async def _newest(reader: Reader, condition: sa.ColumnElement[bool], limit: int) -> list[Ticket]:
    rows = await reader.execute(
        sa.select(tickets).where(condition).order_by(tickets.c.created_at.desc(), tickets.c.id).limit(limit)
    )
    return [Ticket.of(row) for row in rows.mappings()]


async def set_status(tx: Transaction, ticket_id: str, status: Status, *, at: datetime) -> Ticket:
    """Move a ticket to a status. Moving it to the one it has changes nothing.

    Raises:
        Invalid: no such status.
        NotFound: no such ticket.
        Conflict: the ticket cannot go there; a closed ticket goes nowhere.
    """
    if status not in STATUSES:
        raise Invalid(f"A ticket's status is one of {', '.join(STATUSES)}.", field="status")
    ticket = await _locked(tx, ticket_id)
    if ticket.status == status:
        return ticket
    if status not in _MOVES[ticket.status]:
        raise Conflict(f"Ticket {ticket.number} is {ticket.status} and cannot become {status}.", field="status")
    resolved_at = (ticket.resolved_at or at) if status in FINISHED else None
    return await _change(tx, ticket, at, status=status, resolved_at=resolved_at)


async def assign(tx: Transaction, ticket_id: str, assignee: str | None, *, at: datetime) -> Ticket:
    """Give a ticket to a member of staff, by id, or to nobody."""
    return await _change(tx, await _locked(tx, ticket_id), at, assignee=assignee)


async def set_priority(tx: Transaction, ticket_id: str, priority: Priority, *, at: datetime) -> Ticket:
    """Make a ticket more or less pressing by rule. Triage was not wrong, so nothing is kept to learn from; see `override`."""
    return await _change(tx, await _locked(tx, ticket_id), at, priority=priority)


async def set_requester_email(tx: Transaction, ticket_id: str, email: str, *, at: datetime) -> Ticket:
    """Say where the answer to a ticket is to be sent."""
    return await _change(tx, await _locked(tx, ticket_id), at, requester_email=email)


async def override(tx: Transaction, ticket_id: str, field: Field, new: str, *, by: str, at: datetime) -> Ticket:
    """Let a person correct what triage said, and keep the old value beside the ticket's text as a labelled example.

    The reasons stay as triage gave them: the override itself says who changed what. A value that is there already
    changes nothing. With a new category the ticket goes to the team that the rules of triage give it, which is kept as an
    override of its own. A new priority needs its clocks recomputed: `handoff.sla.clocks.recompute`.

    Raises:
        Invalid: a field or value that tickets do not have.
        NotFound: no such ticket.
        Conflict: the ticket is closed.
    """
    _check_override(field, new)
    ticket = await _locked(tx, ticket_id)
    old = str(getattr(ticket, field))
    if old == new:
        return ticket
    if ticket.status == "closed":
        raise Conflict(f"Ticket {ticket.number} is closed and stays as it is.", field=field)
    changes = {field: new}
    if field == "category" and (team := default_rules().categories[new].team) != ticket.team:  # type: ignore[index]
        changes["team"] = team
    for name, value in changes.items():
        await tx.execute(
            sa.insert(ticket_overrides).values(
                id=new_id("ov"),
                ticket_id=ticket.id,
                field=name,
                old=str(getattr(ticket, name)),
                new=value,
                by=by,
                at=at,
                text=ticket.text,
            )
        )
    return await _change(tx, ticket, at, **changes)


async def overrides_of(reader: Reader, ticket_id: str) -> list[Override]:
    """Return what people corrected in a ticket, in order."""
    table = ticket_overrides
    rows = await reader.execute(
        sa.select(table.c.field, table.c.old, table.c.new, table.c.by, table.c.at, table.c.text)
        .where(table.c.ticket_id == ticket_id)
        .order_by(table.c.at, table.c.id)
    )
    return [Override(*row) for row in rows]


async def resolved_share(
    reader: Reader, customer_id: str, since: datetime, *, beside: Ticket | None = None
) -> TicketCounts:
    """Count a customer's tickets opened at `since` or later, and those of them that are resolved.

    A closed ticket was taken back by its customer: it is counted apart. With `beside`, the ticket that is looked at, only what came
    before it or is finished counts: what has just been asked says nothing yet of how the customer was helped, and neither does what
    was asked after it.
    """
    counted = sa.and_(tickets.c.customer_id == customer_id, tickets.c.created_at >= since)
    if beside is not None:
        earlier = sa.or_(tickets.c.created_at < beside.created_at, tickets.c.status.in_(sorted(FINISHED)))
        counted = sa.and_(counted, tickets.c.id != beside.id, earlier)
    by_status = sa.select(tickets.c.status, sa.func.count()).where(counted).group_by(tickets.c.status)
    found = await reader.execute(by_status)
    counts: dict[str, int] = {row[0]: row[1] for row in found}
    withdrawn = counts.pop("closed", 0)
    return TicketCounts(counts.get("resolved", 0), sum(counts.values()), withdrawn)


def _check_override(field: str, new: str) -> None:
    if field not in FIELDS:
        raise Invalid(f"What can be corrected in a ticket is {', '.join(FIELDS)}.", field="field")
    allowed: Sequence[str] = {"category": CATEGORIES, "priority": PRIORITIES}.get(field, ())
    if allowed and new not in allowed:
        raise Invalid(f"A ticket's {field} is one of {', '.join(allowed)}.", field=field)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", new):
        raise Invalid("A team is named in small letters, digits and hyphens, such as billing.", field=field)


async def _next_number(tx: Transaction) -> str:
    raised = await tx.execute(
        INSERT[tx.connection.dialect.name](ticket_numbers)
        .values(series=SERIES, last=FIRST_NUMBER)
        .on_conflict_do_update(index_elements=[ticket_numbers.c.series], set_={"last": ticket_numbers.c.last + 1})
        .returning(ticket_numbers.c.last)
    )
    return f"{SERIES}-{raised.scalar_one()}"


async def _locked(tx: Transaction, ticket_id: str) -> Ticket:
    row = await tx.execute(sa.select(tickets).where(tickets.c.id == ticket_id).with_for_update())
    found = row.mappings().one_or_none()
    if found is None:
        raise NotFound("There is no such ticket.")
    return Ticket.of(found)


async def _change(tx: Transaction, ticket: Ticket, at: datetime, **values: Any) -> Ticket:
    stored = await tx.execute(
        sa.update(tickets).where(tickets.c.id == ticket.id).values(**values, updated_at=at).returning(tickets)
    )
    return Ticket.of(stored.mappings().one())
