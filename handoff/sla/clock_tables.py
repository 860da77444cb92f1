"""The tables of SLA clocks and of what happened to them, with the indexes that the worker and the queue read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.database import Json, Moment, metadata
from handoff.tables import conversations
from tickets.tables import tickets

sla_clocks = sa.Table(
    "sla_clocks",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("conversation_id", sa.String(40), index=True),
    sa.Column("metric", sa.String(16), nullable=False),
    sa.Column("stretch", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("priority", sa.String(8), nullable=False),
    sa.Column("target_minutes", sa.Integer, nullable=False),
    sa.Column("policy_snapshot", Json, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("pauses", Json, nullable=False),
    sa.Column("due_at", Moment),
    sa.Column("warn_at", Moment),
    sa.Column("next_due_at", Moment),
    sa.Column("warned_at", Moment),
    sa.Column("breached_at", Moment),
    sa.Column("met_at", Moment),
    sa.UniqueConstraint("ticket_id", "metric", "stretch"),
)
"""One row a clock. The time used is not kept: it follows from the start, the pauses and the calendar."""

sa.Index(
    "ix_sla_clocks_next_due_at",
    sla_clocks.c.next_due_at,
    sqlite_where=sla_clocks.c.next_due_at.is_not(None),
    postgresql_where=sla_clocks.c.next_due_at.is_not(None),
)

COUNTS_DOWN = sa.and_(
    sla_clocks.c.state.in_([sa.literal_column("'running'"), sa.literal_column("'breached'")]),
    sla_clocks.c.met_at.is_(None),
)
"""What is true of a clock whose deadline has its conversation's place in the queue. Written out: an index is of these alone."""

sa.Index(
    "ix_sla_clocks_due_at",
    sla_clocks.c.due_at,
    sla_clocks.c.ticket_id,
    sqlite_where=COUNTS_DOWN,
    postgresql_where=COUNTS_DOWN,
)


def first_due_at() -> sa.ScalarSelect[datetime]:
    """Select when a conversation's ticket is due first. The queue has this order for customers and for agents."""
    return (
        sa.select(sa.func.min(sla_clocks.c.due_at))
        .where(sla_clocks.c.ticket_id == conversations.c.ticket_id, COUNTS_DOWN)
        .scalar_subquery()
    )


sla_audit = sa.Table(
    "sla_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column(
        "clock_id", sa.String(40), sa.ForeignKey(sla_clocks.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("at", Moment, nullable=False),
    sa.Column("noted_at", Moment, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)
"""What happened to a clock, in order. `at` is when it was true, `noted_at` when it was written down."""
