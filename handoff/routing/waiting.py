"""Place in the queue and an honest waiting time, from what people really took lately and from how many they take at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.database import Reader
from handoff.records import ANSWERING, QUEUE
from handoff.routing.duty import loads_of, within_hours
from handoff.routing.estimating import (
    RECENT,
    RECENT_ARRIVALS,
    RECENTLY,
    Came,
    Expected,
    Place,
    Staffed,
    Waiting,
    estimate_waits,
    expected_from,
    handling_minutes,
)
from handoff.routing.needs import known_skills, need_columns, need_of
from handoff.routing.presence import present
from handoff.sla.calendars import Calendar, next_open
from handoff.sla.clock_states import SlaClock
from handoff.sla.clocks import sla_clocks
from handoff.tables import assignments, conversations, staff
from handoff.teams import teams_by_name
from handoff.views import QueueView, queue_view
from tickets.tables import tickets

log = structlog.get_logger()


@dataclass(frozen=True)
class QueueState:
    """The queue at one moment.

    Attributes:
        places: by conversation, in the order that they are due.
        due: when each is due first.
        opens: when somebody answers again, where the calendar says that nobody does now.
        staffed: who is on duty.
        handling_minutes: how long handling takes.
    """

    places: Mapping[str, Place]
    due: Mapping[str, datetime | None]
    opens: Mapping[str, datetime]
    staffed: Sequence[Staffed]
    handling_minutes: float

    def view(self, conversation_id: str) -> QueueView | None:
        """Return where this conversation stands, or None if it does not wait."""
        place = self.places.get(conversation_id)
        if place is None:
            return None
        staffed = place.minutes is not None
        return queue_view(
            position=place.position,
            staffed=staffed,
            wait_minutes=None if place.minutes is None else max(1, math.ceil(place.minutes)),
            reply_by=self.due[conversation_id],
            opens_at=None if staffed else self.opens.get(conversation_id),
        )


def first_due_at() -> sa.ScalarSelect[datetime]:
    """Select when a conversation's ticket is due first. The queue has this order for customers and for agents."""
    return (
        sa.select(sa.func.min(sla_clocks.c.due_at))
        .where(sla_clocks.c.ticket_id == conversations.c.ticket_id, sla_clocks.c.state.in_(["running", "breached"]))
        .where(sla_clocks.c.met_at.is_(None))
        .scalar_subquery()
    )


async def queue_state(reader: Reader, redis: Redis, at: datetime) -> QueueState:
    """Read the queue as it stands. Without Redis nobody counts as on duty."""
    due = first_due_at()
    found = await reader.execute(
        sa.select(
            conversations.c.id,
            conversations.c.ticket_id,
            conversations.c.queued_at,
            due.label("due_at"),
            *need_columns(),
        )
        .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(conversations.c.owner == QUEUE)
        .order_by(sa.nulls_last(due), conversations.c.id)
    )
    rows = found.all()
    recent = await reader.execute(
        sa.select(assignments.c.claimed_at, assignments.c.ended_at)
        .where(assignments.c.ended_at.is_not(None))
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT)
    )
    handling = handling_minutes([row.ended_at - row.claimed_at for row in recent])
    staffed = await _staffed(reader, redis, at)
    skills = await known_skills(reader)
    waiting = [Waiting(row.id, need_of(row, skills), _minutes(row.due_at, at)) for row in rows]
    expected = await _expected(reader, rows, at) if staffed and rows else []
    places = estimate_waits(waiting, staffed, handling, expected)
    alone = {row.id: (row.ticket_id, row.team) for row in rows if places[row.id].minutes is None}
    opens = await _opens(reader, alone, at) if alone else {}
    return QueueState(places, {row.id: row.due_at for row in rows}, opens, staffed, handling)


async def _expected(reader: Reader, waiting: Sequence[Any], at: datetime) -> list[Expected]:
    """Return who is likely to come, going by who came to the queue lately, whether they still wait or not."""
    taken = await reader.execute(
        sa.select(assignments.c.queued_at, sla_clocks.c.due_at, tickets.c.team)
        .join(tickets, tickets.c.id == assignments.c.ticket_id)
        .outerjoin(sla_clocks, sa.and_(sla_clocks.c.ticket_id == tickets.c.id, sla_clocks.c.metric == "first_response"))
        .where(assignments.c.claimed_at >= at - RECENTLY)
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT_ARRIVALS)
    )
    came = [
        Came(row.queued_at, row.team, None if row.due_at is None else row.due_at - row.queued_at)
        for row in (*taken, *waiting)
        if row.queued_at is not None
    ]
    return expected_from(came, at)


async def _staffed(reader: Reader, redis: Redis, at: datetime) -> list[Staffed]:
    """Return who is on duty, those who may be asked for the same things together."""
    try:
        there = await present(redis, at)
    except RedisError as error:
        log.warning("who is on duty is not known", error=str(error))
        return []
    if not there:
        return []
    # Only what is needed of them: reading a thousand whole accounts takes longer than all the rest of this.
    wanted = (
        staff.c.id,
        staff.c.name,
        staff.c.teams,
        staff.c.skills,
        staff.c.languages,
        staff.c.capacity,
        staff.c.hours,
    )
    answering = sa.select(*wanted).where(staff.c.active, staff.c.role.in_(ANSWERING))
    on_duty = [
        one
        for one in await reader.execute(answering)
        if there.get(one.id) == "online" and within_hours(one.name, one.hours, at)
    ]
    loads = await loads_of(reader)
    groups: dict[tuple[frozenset[str], ...], tuple[int, int]] = {}
    for one in on_duty:
        abilities = (frozenset(one.teams), frozenset(one.skills), frozenset(one.languages))
        slots, free = groups.get(abilities, (0, 0))
        groups[abilities] = (slots + one.capacity, free + max(0, one.capacity - loads.get(one.id, 0)))
    return [
        Staffed(teams, slots, free, skills, languages) for (teams, skills, languages), (slots, free) in groups.items()
    ]


def _minutes(due_at: datetime | None, at: datetime) -> float | None:
    return None if due_at is None else (due_at - at).total_seconds() / 60


async def _opens(
    reader: Reader, alone: Mapping[str, tuple[str | None, str | None]], at: datetime
) -> dict[str, datetime]:
    """Return when somebody answers again, for conversations whose calendar is closed now: the team's hours, else its policy's."""
    teams = await teams_by_name(reader)
    by_policy = await _policy_calendars(reader)
    opens = {}
    for conversation_id, (ticket_id, team) in alone.items():
        known = teams.get(team or "")
        calendar = (known and known.hours) or by_policy.get(ticket_id or "")
        if calendar is not None and (moment := next_open(calendar, at)) > at:
            opens[conversation_id] = moment
    return opens


async def _policy_calendars(reader: Reader) -> dict[str, Calendar]:
    """Return the calendar of each ticket that waits. Joined: a queue may be longer than a statement has variables."""
    rows = await reader.execute(
        sa.select(sla_clocks)
        .join(conversations, conversations.c.ticket_id == sla_clocks.c.ticket_id)
        .where(conversations.c.owner == QUEUE, sla_clocks.c.metric == "first_response")
    )
    return {row["ticket_id"]: SlaClock.of(row).policy.calendar for row in rows.mappings()}
