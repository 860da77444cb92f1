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
from handoff.routing.duty import loads_of, within_hours
from handoff.routing.estimating import (
    RECENT,
    RECENT_ARRIVALS,
    RECENTLY,
    USUAL_MINUTES,
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


def first_due_at() -> sa.ScalarSelect[datetime]:
    """Select when a conversation's ticket is due first. The queue has this order for customers and for agents."""
    return (
        sa.select(sa.func.min(sla_clocks.c.due_at))
        .where(sla_clocks.c.ticket_id == conversations.c.ticket_id, sla_clocks.c.state.in_(["running", "breached"]))
        .where(sla_clocks.c.met_at.is_(None))
        .scalar_subquery()
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
    length = None if shown is None else await _length(reader, shown)
    if length == 0:
        return QueueState({}, {}, {}, [], USUAL_MINUTES)
    rows = await _first_in_line(reader, length)
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
    expected = await _expected(reader, at) if staffed and rows else []
    places = estimate_waits(waiting, staffed, handling, expected)
    alone = {
        row.id: (row.ticket_id, row.team)
        for row in rows
        if places[row.id].minutes is None and (shown is None or row.id in shown)
    }
    opens = await _opens(reader, alone, at) if alone else {}
    return QueueState(places, {row.id: row.due_at for row in rows}, opens, staffed, handling)


async def _length(reader: Reader, shown: Collection[str]) -> int:
    """Return how far the queue is to be read for these conversations: the place of the last of them in it, 0 if none waits."""
    waiting = conversations.c.owner == QUEUE
    found = await reader.execute(sa.select(conversations.c.id).where(waiting))
    if set(shown).isdisjoint(found.scalars()):
        return 0
    ids = (await reader.execute(sa.select(conversations.c.id).where(waiting).order_by(*_in_line()))).scalars()
    return max(place for place, one in enumerate(ids, start=1) if one in shown)


async def _first_in_line(reader: Reader, length: int | None) -> Sequence[Any]:
    """Return the first so many that wait, or all, with what they ask for."""
    found = await reader.execute(
        sa.select(conversations.c.id, conversations.c.ticket_id, first_due_at().label("due_at"), *need_columns())
        .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(conversations.c.owner == QUEUE)
        .order_by(*_in_line())
        .limit(length)
    )
    return found.all()


def _in_line() -> tuple[sa.ColumnElement[Any], ...]:
    return sa.nulls_last(first_due_at()), conversations.c.id


async def _expected(reader: Reader, at: datetime) -> list[Expected]:
    """Return who is likely to come, going by who came to the queue lately, whether they still wait or not."""
    taken = await reader.execute(
        sa.select(assignments.c.queued_at, sla_clocks.c.due_at, tickets.c.team)
        .join(tickets, tickets.c.id == assignments.c.ticket_id)
        .outerjoin(sla_clocks, sa.and_(sla_clocks.c.ticket_id == tickets.c.id, sla_clocks.c.metric == "first_response"))
        .where(assignments.c.claimed_at >= at - RECENTLY)
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT_ARRIVALS)
    )
    waiting = await reader.execute(
        sa.select(conversations.c.queued_at, first_due_at().label("due_at"), tickets.c.team)
        .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(conversations.c.owner == QUEUE, conversations.c.queued_at >= at - RECENTLY)
        .order_by(conversations.c.queued_at.desc())
        .limit(RECENT_ARRIVALS)
    )
    came = [
        Came(row.queued_at, row.team, None if row.due_at is None else row.due_at - row.queued_at)
        for row in (*taken, *waiting)
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
