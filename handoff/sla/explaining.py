"""Everything that is known of a ticket's clocks: each with its time, what happened to it, and what was escalated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.database import Reader
from handoff.sla.clock_history import History, history_of
from handoff.sla.clock_states import SlaClock, settled
from handoff.sla.clocks import AuditEntry, audit_of, clocks_of
from handoff.sla.escalations import Escalation, escalations_of
from tickets.ticketing import Ticket, get_ticket


@dataclass(frozen=True)
class ExplainedClock:
    """One clock, as it stands now, with how it came to that."""

    clock: SlaClock
    history: History
    audit: tuple[AuditEntry, ...]
    escalations: tuple[Escalation, ...]


async def explain(reader: Reader, ticket: str, at: datetime) -> tuple[Ticket, list[ExplainedClock]]:
    """Explain the clocks of a ticket, given by its id or number, in the order they were started.

    Raises:
        NotFound: there is no such ticket.
    """
    found = await get_ticket(reader, ticket)
    audit = await audit_of(reader, found.id)
    escalations = await escalations_of(reader, found.id)
    explained = []
    for clock in await clocks_of(reader, found.id):
        own = tuple(entry for entry in audit if entry.clock_id == clock.id)
        cancelled = [entry.at for entry in own if entry.what == "cancelled"]
        ended_at = cancelled[-1] if clock.state == "cancelled" and cancelled else None
        escalated = tuple(one for one in escalations if one.clock_id == clock.id)
        explained.append(ExplainedClock(settled(clock, at), history_of(clock, at, ended_at), own, escalated))
    return found, explained
