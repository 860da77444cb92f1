"""Escalations in tests: rules that count, a worker that wakes, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from handoff.notifications import notifications_of
from handoff.records import Conversation, Staff
from handoff.sla.clocks import Fired
from handoff.sla.escalating import escalate_due, fire
from handoff.sla.escalations import Escalation, escalations_of
from handoff.sla.sla_rules import save_rules
from tests.handoff.conftest import Floor
from tickets.ticketing import Ticket, get_ticket

TARGETS = """
calendars:
  office: {zone: Europe/Berlin, windows: {mon-fri: ["09:00-17:00"]}}
policies:
  - name: Everyone
    calendar: CALENDAR
    targets:
      urgent: {first_response: 5, resolution: 100}
      high: {first_response: 10, resolution: 200}
      normal: {first_response: 20, resolution: 400}
      low: {first_response: 40, resolution: 800}
escalations:
"""


CHAIN = """
  - {name: Warn, starts: warning, when: {metric: first_response}, do: {notify: assignee}}
  - {name: Breach, starts: breach, when: {metric: first_response}, do: {notify: [assignee, leads], channel: on-call}}
  - {name: Still nobody, follows: Breach, after: 30, do: {raise_priority: true, move_to: lead}}
"""


async def rule(floor: Floor, lead: Staff, escalations: str, calendar: str = "always") -> None:
    text = TARGETS.replace("CALENDAR", calendar) + escalations
    at = floor.clock.now()
    await save_rules(floor.database, text, lead, base=0, note="", for_open_tickets=False, at=at)


async def tick(floor: Floor, by: timedelta = timedelta(0)) -> list[Fired]:
    """Do what a worker does that wakes after `by`."""
    now = floor.later(by)
    fired = []
    while True:
        async with floor.database.write() as tx:
            batch = await fire(tx, now, 50)
        fired += batch
        if not await escalate_due(floor.database, now) and not batch:
            return fired


async def told(floor: Floor, member: Staff) -> list[str]:
    async with floor.database.read() as reader:
        return [one.words for one in await notifications_of(reader, member.id)]


async def steps(floor: Floor, conversation: Conversation) -> list[Escalation]:
    async with floor.database.read() as reader:
        return await escalations_of(reader, str(conversation.ticket_id))


async def ticket_of(floor: Floor, conversation: Conversation) -> Ticket:
    async with floor.database.read() as reader:
        return await get_ticket(reader, str(conversation.ticket_id))
