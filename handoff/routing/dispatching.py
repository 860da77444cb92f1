"""Assigns what waits to who is on duty, in the order that it falls due; each assignment is a compare-and-set of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from core.database import Database, Reader
from core.errors import StaleEpoch
from handoff.records import QUEUE, Staff, agent_owner
from handoff.routing.assigning import take, tell
from handoff.routing.choosing import Candidate, Need, choose_agent
from handoff.routing.duty import loads_of, within_hours
from handoff.routing.needs import known_skills, need_columns, need_of
from handoff.routing.presence import PresenceState
from handoff.sla.clock_tables import first_due_at
from handoff.tables import assignments, conversations, staff
from handoff.teams import Assignment, members, teams_by_name
from handoff.transcript import get_conversation
from tickets.tables import tickets

READ_AT_ONCE = 200
"""Waiting conversations that are looked at together; most rounds have fewer."""
_Outcome = Literal["assigned", "gone", "full"]
Waiting = tuple[str, int, Need]
"""A conversation that is to be assigned: its id, its epoch, and what it asks for."""


async def assign_waiting(
    database: Database, there: Mapping[str, PresenceState], default: Assignment, *, at: datetime
) -> int:
    """Give waiting conversations of teams with automatic assignment to people; returns how many found somebody.

    Several processes may do this at once: an assignment asks for the epoch that was read, and counts the agent's conversations again
    under the agent's row lock.

    Args:
        database: where conversations are.
        there: who has a desk open, online or away.
        default: how conversations of teams that do not say are assigned.
        at: now.
    """
    found = left = 0
    while True:
        async with database.read() as reader:
            teams = [
                team.name
                for team in (await teams_by_name(reader)).values()
                if (team.assignment or default) == "automatic"
            ]
            # Before anything is read of the queue, however long: mostly it is empty, nobody is there, or they have their hands full.
            if not await _anything_waits(reader, teams):
                return found
            candidates = await candidates_on_duty(reader, there, at)
            free = [one for one in candidates if one.has_room]
            waiting = await to_assign(reader, [team for team in teams if any(one.serves(team) for one in free)], left)
        assigned = await _assign_some(database, waiting, candidates, at)
        found += assigned
        # Who was assigned waits no more, so the next ones follow upon those that are left.
        left += len(waiting) - assigned
        if len(waiting) < READ_AT_ONCE:
            return found


async def _assign_some(
    database: Database, waiting: Sequence[Waiting], candidates: Sequence[Candidate], at: datetime
) -> int:
    found = 0
    for conversation_id, epoch, need in waiting:
        if not any(candidate.has_room for candidate in candidates):
            break
        chosen = choose_agent(candidates, need)
        while chosen is not None:
            outcome = await _assign(database, conversation_id, epoch, chosen.id, at)
            if outcome == "gone":
                break
            found += outcome == "assigned"
            # Another process, or a claim, may have filled them since they were counted.
            busier = replace(chosen, load=chosen.load + 1 if outcome == "assigned" else chosen.capacity, idle_since=at)
            candidates = [busier if one.id == chosen.id else one for one in candidates]
            chosen = choose_agent(candidates, need) if outcome == "full" else None
    return found


def _waits_in(teams: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(conversations.c.owner == QUEUE, tickets.c.team.in_(teams))


async def _anything_waits(reader: Reader, teams: Sequence[str]) -> bool:
    if not teams:
        return False
    joined = conversations.join(tickets, tickets.c.id == conversations.c.ticket_id)
    found = await reader.execute(sa.select(sa.literal(1)).select_from(joined).where(_waits_in(teams)).limit(1))
    return found.first() is not None


async def to_assign(reader: Reader, teams: Sequence[str], after: int = 0) -> list[Waiting]:
    """Return up to `READ_AT_ONCE` that wait in these teams, what is due first in front, `after` so many of them."""
    if not teams:
        return []
    due = first_due_at()
    rows = (
        await reader.execute(
            sa.select(conversations.c.id, conversations.c.epoch, conversations.c.ticket_id, *need_columns())
            .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
            .where(_waits_in(teams))
            .order_by(sa.nulls_last(due), conversations.c.id)
            .limit(READ_AT_ONCE)
            .offset(after)
        )
    ).all()
    if not rows:
        return []
    skills = await known_skills(reader)
    before, gave_back = await _spells(reader, [row.ticket_id for row in rows])
    return [
        (
            row.id,
            row.epoch,
            replace(need_of(row, skills), before=before.get(row.ticket_id), not_by=frozenset(gave_back[row.ticket_id])),
        )
        for row in rows
    ]


async def candidates_on_duty(reader: Reader, there: Mapping[str, PresenceState], at: datetime) -> list[Candidate]:
    """Return who is online within their working hours, with what they have in hand."""
    present = [
        member
        for member in await members(reader)
        if there.get(member.id) == "online" and within_hours(member.name, member.hours, at)
    ]
    loads = await loads_of(reader)
    idle = await _idle_since(reader, [member.id for member in present])
    return [
        Candidate(
            member.id,
            frozenset(member.teams),
            frozenset(member.skills),
            frozenset(member.languages),
            member.capacity,
            loads.get(member.id, 0),
            idle.get(member.id),
        )
        for member in present
    ]


async def _idle_since(reader: Reader, staff_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each last got or ended a conversation."""
    moved = sa.func.max(
        sa.func.coalesce(assignments.c.ended_at, assignments.c.claimed_at), type_=assignments.c.claimed_at.type
    )
    rows = await reader.execute(
        sa.select(assignments.c.staff_id, moved)
        .where(assignments.c.staff_id.in_(staff_ids))
        .group_by(assignments.c.staff_id)
    )
    return {row[0]: row[1] for row in rows}


async def _spells(reader: Reader, ticket_ids: Sequence[str]) -> tuple[dict[str, str], defaultdict[str, set[str]]]:
    """Return who had each ticket last, if they did not pass it on, and who did."""
    rows = await reader.execute(
        sa.select(assignments.c.ticket_id, assignments.c.staff_id, assignments.c.ended_by)
        .where(assignments.c.ticket_id.in_(ticket_ids))
        .order_by(assignments.c.claimed_at)
    )
    last: dict[str, str] = {}
    gave_back: defaultdict[str, set[str]] = defaultdict(set)
    for ticket_id, staff_id, ended_by in rows:
        if ended_by in {"resolved", "returned", "silent"}:
            last[ticket_id] = staff_id
        elif ended_by in {"released", "transferred"}:
            last.pop(ticket_id, None)
            gave_back[ticket_id].add(staff_id)
    return last, gave_back


async def _assign(database: Database, conversation_id: str, epoch: int, staff_id: str, at: datetime) -> _Outcome:
    """Give a conversation to somebody if it still waits in this epoch and they still have room; else it is gone, or they are full."""
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.owner != QUEUE or conversation.epoch != epoch:
            return "gone"
        row = (await tx.execute(sa.select(staff).where(staff.c.id == staff_id).with_for_update())).mappings().one()
        agent = Staff.of(row)
        counted = await tx.execute(
            sa.select(sa.func.count()).where(conversations.c.owner == agent_owner(agent.id)).select_from(conversations)
        )
        if not agent.active or counted.scalar_one() >= agent.capacity:
            return "full"
        try:
            taken = await take(tx, conversation, agent, at=at)
        except StaleEpoch:
            return "gone"
        await tell(tx, taken, "claimed", at=at, agent=agent.name)
        return "assigned"
