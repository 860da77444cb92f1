"""Tickets and the corrections of their triage as they are read from their rows, and as the protocol writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from tickets.vocabulary import FINISHED, Category, Priority, Status

Field = Literal["category", "priority", "team"]


@dataclass(frozen=True)
class Override:
    """A person's correction of one field; `text` is what the ticket said, so that it can be learnt from."""

    field: Field
    old: str
    new: str
    by: str
    at: datetime
    text: str


@dataclass(frozen=True)
class Ticket:
    """A ticket as it stands."""

    id: str
    number: str
    conversation_id: str | None
    customer_id: str | None
    requester_email: str | None
    subject: str
    text: str
    source: str
    status: Status
    category: Category
    priority: Priority
    team: str
    tags: tuple[str, ...]
    reasons: tuple[str, ...]
    confidence: float
    assignee: str | None
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Ticket:
        """Read a row of `tickets`."""
        values = {str(name): value for name, value in row.items()}
        return cls(**{**values, "tags": tuple(values["tags"]), "reasons": tuple(values["reasons"])})

    @property
    def finished(self) -> bool:
        """Tell whether it asks for nothing more."""
        return self.status in FINISHED


class OverrideView(TypedDict):
    """An override in the protocol."""

    field: str
    old: str
    new: str
    by: str
    at: str


class TicketView(TypedDict):
    """A ticket in the protocol."""

    id: str
    number: str
    subject: str
    status: str
    category: str
    priority: str
    team: str
    tags: list[str]
    reasons: list[str]
    created_at: str
    resolved_at: str | None
    overrides: list[OverrideView]


def ticket_view(ticket: Ticket, overrides: Sequence[Override] = ()) -> TicketView:
    """Write a ticket with its corrections as the desk shows it."""
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        status=ticket.status,
        category=ticket.category,
        priority=ticket.priority,
        team=ticket.team,
        tags=list(ticket.tags),
        reasons=list(ticket.reasons),
        created_at=iso(ticket.created_at),
        resolved_at=iso_or_none(ticket.resolved_at),
        overrides=[
            OverrideView(field=entry.field, old=entry.old, new=entry.new, by=entry.by, at=iso(entry.at))
            for entry in overrides
        ],
    )
