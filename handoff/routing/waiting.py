"""Place in the queue and an honest waiting time, from what people really took lately and from how many they take at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.database import Reader
from handoff.records import ANSWERING, QUEUE, agent_of, agent_owner
from handoff.routing.presence import present
from handoff.sla.calendars import Calendar, next_open
from handoff.sla.clock_states import SlaClock
from handoff.sla.clocks import sla_clocks
from handoff.tables import assignments, conversations, staff
from handoff.teams import teams_by_name
from handoff.views import QueueView, queue_view
from tickets.tables import tickets

log = structlog.get_logger()
USUAL_MINUTES = 6.0
"""What handling a conversation is taken for until people have handled some here."""
USUAL_WEIGHT = 3
"""How many handled conversations that assumption counts for."""
RECENT = 30
OUTLIER = 0.9
"""Share of recent ones above which one that took longer counts as no longer than those: a night shift spoils nothing."""


@dataclass(frozen=True)
class Staffed:
    """People who serve the same teams, none named meaning every one: conversations that they take at once, and how many more now."""

    teams: frozenset[str]
    slots: int
    free: int

    def serves(self, team: str | None) -> bool:
        """Tell whether a team's conversations are theirs."""
        return not self.teams or team is None or team in self.teams


@dataclass(frozen=True)
class Place:
    """Where a conversation stands among those that wait for the same people, or with it for nobody; the minutes, None with nobody there."""

    position: int
    minutes: float | None


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


def estimate_waits(
    waiting: Iterable[tuple[str, str | None]], staffed: Sequence[Staffed], handling_minutes: float
) -> dict[str, Place]:
    """Estimate how long each conversation waits.

    The queue is walked in its order. Each conversation takes the place that is free earliest among the people who serve its team: a
    free one now; where all are taken, `s` places let one go every `handling_minutes / s` on average, whatever the handling times are
    spread like (the departures of many places together are nearly a Poisson stream).

    Args:
        waiting: conversation and team, in the order that they are answered.
        staffed: who is on duty.
        handling_minutes: mean minutes from getting a conversation to its end.
    """
    groups = [one for one in staffed if one.slots > 0]
    free = [one.free for one in groups]
    ahead = [0.0] * len(groups)
    teams_before: dict[str | None, int] = {}
    places: dict[str, Place] = {}
    able_of: dict[str | None, list[int]] = {}
    for conversation_id, team in waiting:
        if team not in able_of:
            able_of[team] = [index for index, one in enumerate(groups) if one.serves(team)]
        able = able_of[team]
        position = 1 + sum(
            count for other, count in teams_before.items() if able_of[other] == able or set(able_of[other]) & set(able)
        )
        teams_before[team] = teams_before.get(team, 0) + 1
        if not able:
            places[conversation_id] = Place(position, None)
            continue
        chosen = min(
            able, key=lambda index: 0.0 if free[index] > 0 else ahead[index] + handling_minutes / groups[index].slots
        )
        if free[chosen] > 0:
            free[chosen] -= 1
        else:
            ahead[chosen] += handling_minutes / groups[chosen].slots
        places[conversation_id] = Place(position, ahead[chosen])
    return places


def handling_minutes(recent: Sequence[timedelta]) -> float:
    """Return the minutes that handling takes: the mean of recent ones with the longest cut.

    While there are few it is drawn towards `USUAL_MINUTES`.
    """
    if not recent:
        return USUAL_MINUTES
    minutes = sorted(spell.total_seconds() / 60 for spell in recent)
    longest = minutes[math.ceil(OUTLIER * len(minutes)) - 1]
    seen = sum(min(one, longest) for one in minutes) / len(minutes)
    return (USUAL_MINUTES * USUAL_WEIGHT + seen * len(minutes)) / (USUAL_WEIGHT + len(minutes))


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
    rows = (
        await reader.execute(
            sa.select(conversations.c.id, conversations.c.ticket_id, tickets.c.team, due.label("due_at"))
            .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
            .where(conversations.c.owner == QUEUE)
            .order_by(sa.nulls_last(due), conversations.c.id)
        )
    ).all()
    recent = await reader.execute(
        sa.select(assignments.c.claimed_at, assignments.c.ended_at)
        .where(assignments.c.ended_at.is_not(None))
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT)
    )
    handling = handling_minutes([row.ended_at - row.claimed_at for row in recent])
    staffed = await _staffed(reader, redis, at)
    places = estimate_waits([(row.id, row.team) for row in rows], staffed, handling)
    alone = {row.id: (row.ticket_id, row.team) for row in rows if places[row.id].minutes is None}
    opens = await _opens(reader, alone, at) if alone else {}
    return QueueState(places, {row.id: row.due_at for row in rows}, opens, staffed, handling)


async def _staffed(reader: Reader, redis: Redis, at: datetime) -> list[Staffed]:
    """Return who is on duty, those who serve the same teams together."""
    try:
        there = await present(redis, at)
    except RedisError as error:
        log.warning("who is on duty is not known", error=str(error))
        return []
    # Only what is needed of them: reading a thousand whole accounts takes longer than all the rest of this.
    answering = sa.select(staff.c.id, staff.c.teams, staff.c.capacity).where(
        staff.c.active, staff.c.role.in_(ANSWERING)
    )
    on_duty = [one for one in await reader.execute(answering) if there.get(one.id) == "online"] if there else []
    owners = [agent_owner(one.id) for one in on_duty]
    counted = await reader.execute(
        sa.select(conversations.c.owner, sa.func.count())
        .where(conversations.c.owner.in_(owners))
        .group_by(conversations.c.owner)
    )
    loads = {agent_of(row[0]): row[1] for row in counted}
    groups: dict[frozenset[str], tuple[int, int]] = {}
    for one in on_duty:
        slots, free = groups.get(frozenset(one.teams), (0, 0))
        room = max(0, one.capacity - loads.get(one.id, 0))
        groups[frozenset(one.teams)] = (slots + one.capacity, free + room)
    return [Staffed(teams, slots, free) for teams, (slots, free) in groups.items()]


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
