"""Who came to the queue lately, each counted once: what is passed on or given back was in the house already."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.database import Reader
from handoff.records import QUEUE
from handoff.routing.estimating import RECENT_ARRIVALS, RECENTLY, Came
from handoff.sla.clock_tables import first_due_at, sla_clocks
from handoff.tables import assignments, conversations
from tickets.tables import tickets


async def arrivals(reader: Reader, at: datetime) -> list[Came]:
    """Return who came to the queue lately, whether they still wait or not."""
    taken = await reader.execute(
        sa.select(assignments.c.queued_at, sla_clocks.c.due_at, tickets.c.team)
        .join(tickets, tickets.c.id == assignments.c.ticket_id)
        .outerjoin(sla_clocks, sa.and_(sla_clocks.c.ticket_id == tickets.c.id, sla_clocks.c.metric == "first_response"))
        .where(
            assignments.c.claimed_at >= at - RECENTLY, ~_came_from_people(assignments.c.conversation_id, assignments)
        )
        .order_by(assignments.c.claimed_at.desc())
        .limit(RECENT_ARRIVALS)
    )
    waiting = await reader.execute(
        sa.select(conversations.c.queued_at, first_due_at().label("due_at"), tickets.c.team)
        .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(
            conversations.c.owner == QUEUE,
            conversations.c.queued_at >= at - RECENTLY,
            ~_came_from_people(conversations.c.id, conversations),
        )
        .order_by(conversations.c.queued_at.desc())
        .limit(RECENT_ARRIVALS)
    )
    return [
        Came(row.queued_at, row.team, None if row.due_at is None else row.due_at - row.queued_at)
        for row in (*taken, *waiting)
    ]


def _came_from_people(conversation_id: sa.ColumnElement[str], queued: sa.Table) -> sa.Exists:
    """Tell of a row with `epoch` and `queued_at` whether a person had the conversation until it was queued, or since."""
    spell = assignments.alias("spell")
    return sa.exists().where(
        spell.c.conversation_id == conversation_id,
        spell.c.epoch < queued.c.epoch,
        spell.c.ended_at >= queued.c.queued_at,
    )
