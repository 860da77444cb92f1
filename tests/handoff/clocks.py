"""Clocks for tests: a ticket with its clocks, a tick, and what it told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.database import Database
from handoff.sla import clocks
from handoff.sla.clocks import Fired, SlaClock
from handoff.sla.policies import Policy, parse_policies
from handoff.sla.sla_rules import shipped_rules
from tickets import ticketing
from tickets.ticketing import Ticket
from tickets.triage import TriageRequest, triage

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
(DEFAULT,) = shipped_rules().policies
TARGETS = {
    "urgent": {"first_response": 30, "resolution": 60},
    "high": {"first_response": 60, "resolution": 120},
    "normal": {"first_response": 120, "resolution": 480},
    "low": {"first_response": 240, "resolution": 960},
}
(OFFICE,) = parse_policies(
    {
        "calendars": {"office": {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}},
        "policies": [{"name": "Office", "calendar": "office", "targets": TARGETS}],
    }
)


async def opened(
    database: Database, text: str = "our account was hacked", policy: Policy = DEFAULT, at: datetime = AT
) -> Ticket:
    """Open a ticket, urgent unless the text says otherwise, with its clocks."""
    async with database.write() as tx:
        result = triage(TriageRequest(text))
        ticket = await ticketing.open_ticket(
            tx, subject=text, text=text, triage=result, source="widget", at=at, conversation_id="cv_1"
        )
        await clocks.start_clocks(tx, ticket, policy, at)
        return ticket


async def fire(database: Database, now: datetime, limit: int = 100) -> list[Fired]:
    async with database.write() as tx:
        return await clocks.fire_due(tx, now, limit)


async def by_metric(database: Database, ticket: Ticket, metric: str) -> SlaClock:
    async with database.read() as reader:
        return [clock for clock in await clocks.clocks_of(reader, ticket.id) if clock.metric == metric][-1]


def told(fired: list[Fired]) -> list[tuple[str, str, int]]:
    return [(entry.clock.metric, entry.what, (entry.at - AT) // MINUTE) for entry in fired]
