"""Place in the queue and an honest waiting time, from what people really took lately."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.database import Reader
from handoff.clocks import sla_clocks
from handoff.presence import present
from handoff.records import QUEUE, agent_owner
from handoff.tables import assignments, conversations
from handoff.views import QueueView, queue_view

log = structlog.get_logger()
USUAL_MINUTES = 6.0
"""What handling a conversation is taken for until people have handled some here."""
USUAL_WEIGHT = 3
"""How many handled conversations that assumption counts for."""
RECENT = 30


@dataclass(frozen=True)
class QueueState:
    """The queue at one moment: conversations in the order they are due, the staff on duty, and how long handling takes."""

    order: Mapping[str, tuple[int, datetime | None]]
    staffed: int
    busy: int
    handling_minutes: float

    def view(self, conversation_id: str) -> QueueView | None:
        """Return where this conversation stands, or None if it does not wait."""
        placed = self.order.get(conversation_id)
        if placed is None:
            return None
        position, due_at = placed
        minutes = wait_minutes(position, self.staffed, self.busy, self.handling_minutes) if self.staffed else None
        return queue_view(position=position, staffed=self.staffed > 0, wait_minutes=minutes, reply_by=due_at)


def wait_minutes(position: int, staffed: int, busy: int, handling_minutes: float) -> int:
    """Estimate the minutes until a person answers.

    Free agents take the first in the queue within about a minute. For the others the busy ones have to finish: with `staffed` agents one of
    them becomes free every `handling_minutes / staffed` on average.

    Args:
        position: place in the queue, 1 is next.
        staffed: agents on duty, at least 1.
        busy: those of them who have a conversation.
        handling_minutes: minutes from a claim to its end.
    """
    free = max(0, staffed - busy)
    if position <= free:
        return 1
    return max(1, math.ceil((position - free) * handling_minutes / staffed))


def handling_minutes(recent: Sequence[timedelta]) -> float:
    """Return the minutes that handling takes: the median of recent ones, drawn towards `USUAL_MINUTES` while there are few."""
    if not recent:
        return USUAL_MINUTES
    seen = median(spell.total_seconds() / 60 for spell in recent)
    return (USUAL_MINUTES * USUAL_WEIGHT + seen * len(recent)) / (USUAL_WEIGHT + len(recent))


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
    waiting = await reader.execute(
        sa.select(conversations.c.id, due.label("due_at"))
        .where(conversations.c.owner == QUEUE)
        .order_by(sa.nulls_last(due), conversations.c.id)
    )
    order = {row.id: (position, row.due_at) for position, row in enumerate(waiting, start=1)}
    try:
        there = await present(redis, at)
    except RedisError as error:
        log.warning("who is on duty is not known", error=str(error))
        there = {}
    on_duty = [staff_id for staff_id, state in there.items() if state == "online"]
    busy = 0
    if on_duty:
        owners = [agent_owner(staff_id) for staff_id in on_duty]
        counted = await reader.execute(
            sa.select(sa.func.count(sa.distinct(conversations.c.owner))).where(conversations.c.owner.in_(owners))
        )
        busy = counted.scalar_one()
    recent = await reader.execute(
        sa.select(assignments.c.claimed_at, assignments.c.ended_at)
        .where(assignments.c.ended_at.is_not(None))
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT)
    )
    return QueueState(order, len(on_duty), busy, handling_minutes([row.ended_at - row.claimed_at for row in recent]))
