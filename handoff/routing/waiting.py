"""Place in the queue and an honest waiting time, from what people really took lately and from how many they take at once."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.database import Reader
from handoff.records import ANSWERING, QUEUE
from handoff.routing.arrivals import arrivals
from handoff.routing.duty import loads_of, within_hours
from handoff.routing.estimating import (
    RECENT,
    USUAL_MINUTES,
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
from handoff.sla.clock_tables import COUNTS_DOWN, first_due_at, sla_clocks
from handoff.tables import assignments, conversations, staff
from handoff.teams import teams_by_name
from handoff.views import QueueView, queue_view
from tickets.tables import tickets

log = structlog.get_logger()
MOST_CLOCKS = 2**31 - 1
LOOKED_UP_AT_ONCE = 500
"""Conversations that are looked up in one statement, of those that customers look at."""
MOST_NAMED = 500
"""Conversations that a statement names: a queue may be longer than a statement has variables."""


@dataclass(frozen=True)
class QueueState:
    """The queue at one moment.

    Attributes:
        places: by conversation, in the order that they are due, as far as it was read.
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


async def queue_state(reader: Reader, redis: Redis, at: datetime, shown: Collection[str] | None = None) -> QueueState:
    """Read the queue as it stands. Without Redis nobody counts as on duty.

    Args:
        reader: where to.
        redis: who is on duty.
        at: now.
        shown: the conversations whose places are wanted, whether they wait or not; None for all that wait. Of the others, those that
            come before the last of these are read, because it waits for them, and none behind it.
    """
    rows = await _in_line(reader, shown)
    if shown is not None and not rows:
        return QueueState({}, {}, {}, [], USUAL_MINUTES)
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
    expected = expected_from(await arrivals(reader, at), at) if staffed and rows else []
    places = estimate_waits(waiting, staffed, handling, expected)
    alone = {
        row.id: (row.ticket_id, row.team)
        for row in rows
        if places[row.id].minutes is None and (shown is None or row.id in shown)
    }
    opens = await _opens(reader, alone, at) if alone else {}
    return QueueState(places, {row.id: row.due_at for row in rows}, opens, staffed, handling)


async def _waiting_among(reader: Reader, shown: Collection[str]) -> Sequence[Any]:
    """Return those of these conversations that wait, with when they are due first."""
    waiting = sa.select(conversations.c.id, first_due_at().label("due_at")).where(conversations.c.owner == QUEUE)
    named = list(shown)
    found: list[Any] = []
    for start in range(0, len(named), LOOKED_UP_AT_ONCE):
        found += await reader.execute(waiting.where(conversations.c.id.in_(named[start : start + LOOKED_UP_AT_ONCE])))
    return found


async def _in_line(reader: Reader, shown: Collection[str] | None) -> Sequence[Any]:
    """Return all that wait, or those up to the last of these, with what they ask for, what is due first in front."""
    if shown is None:
        return await _line(reader, None)
    looking = await _waiting_among(reader, shown)
    if not looking:
        return []
    due = [row.due_at for row in looking]
    rows = await _line(reader, None if None in due else max(due))
    # Of several that are due in the same moment the database alone knows the order.
    ids = {row.id for row in looking}
    return rows[: max(place for place, row in enumerate(rows, start=1) if row.id in ids)]


async def _line(reader: Reader, until: datetime | None) -> Sequence[Any]:
    """Return what waits and is due first by then, or all of it, in order."""
    if until is None:
        due_at: sa.ColumnElement[Any] = first_due_at().label("due_at")
        source: sa.FromClause = conversations
        owner: sa.ColumnElement[Any] = conversations.c.owner
    else:
        first = _due_by(until)
        due_at = first.c.due_at
        source = first.join(conversations, conversations.c.ticket_id == first.c.ticket_id)
        # By the index of owners SQLite would go through all that waits, rather than look up the few that are due.
        owner = sa.func.coalesce(conversations.c.owner, "")
    rows = await reader.execute(
        sa.select(conversations.c.id, conversations.c.ticket_id, due_at, *need_columns())
        .select_from(source.outerjoin(tickets, tickets.c.id == conversations.c.ticket_id))
        .where(owner == QUEUE)
        .order_by(sa.nulls_last(due_at), conversations.c.id)
    )
    return rows.all()


def _due_by(until: datetime) -> sa.CTE:
    """Select the tickets that are due first by then, with when. What is due later, in the queue or not, is not looked at."""
    # With an end SQLite reads them by their deadlines, as they are in the index; without one by tickets, and so every clock there is.
    due = (
        sa.select(sla_clocks.c.ticket_id, sla_clocks.c.due_at)
        .where(COUNTS_DOWN, sla_clocks.c.due_at <= until)
        .order_by(sla_clocks.c.due_at)
        .limit(MOST_CLOCKS)
        .subquery("due")
    )
    return sa.select(due.c.ticket_id, sa.func.min(due.c.due_at).label("due_at")).group_by(due.c.ticket_id).cte("first")


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
    by_policy = await _policy_calendars(reader, alone)
    opens = {}
    for conversation_id, (ticket_id, team) in alone.items():
        known = teams.get(team or "")
        calendar = (known and known.hours) or by_policy.get(ticket_id or "")
        if calendar is not None and (moment := next_open(calendar, at)) > at:
            opens[conversation_id] = moment
    return opens


async def _policy_calendars(reader: Reader, conversation_ids: Collection[str]) -> dict[str, Calendar]:
    """Return the calendar of each ticket that waits; of more than can well be named, those of all that wait."""
    named = conversations.c.id.in_(conversation_ids) if len(conversation_ids) <= MOST_NAMED else sa.true()
    rows = await reader.execute(
        sa.select(sla_clocks)
        .join(conversations, conversations.c.ticket_id == sla_clocks.c.ticket_id)
        .where(conversations.c.owner == QUEUE, named, sla_clocks.c.metric == "first_response")
    )
    return {row["ticket_id"]: SlaClock.of(row).policy.calendar for row in rows.mappings()}
