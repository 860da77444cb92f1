"""The tables of tickets, of their running number, and of what people corrected in their triage."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import Json, Moment, metadata
from customers.tables import customers

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("number", sa.String(20), nullable=False, unique=True),
    sa.Column("conversation_id", sa.String(40), index=True),
    sa.Column("customer_id", sa.String(40), sa.ForeignKey(customers.c.id, ondelete="SET NULL")),
    sa.Column("requester_email", sa.String(254)),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("priority", sa.String(8), nullable=False),
    sa.Column("team", sa.String(40), nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("assignee", sa.String(40)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("resolved_at", Moment),
    sa.Index("ix_tickets_customer_id_created_at", "customer_id", "created_at"),
)
"""`text` is what triage read: with an override it becomes a labelled example. `reasons` are sentences."""

ticket_overrides = sa.Table(
    "ticket_overrides",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("ticket_id", sa.String(40), sa.ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("field", sa.String(16), nullable=False),
    sa.Column("old", sa.String(40), nullable=False),
    sa.Column("new", sa.String(40), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
"""A person's correction of triage: the labelled example that `baton train` learns from."""

ticket_numbers = sa.Table(
    "ticket_numbers",
    metadata,
    sa.Column("series", sa.String(8), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
"""The last number given out in each series. Raised under the row's lock, so numbers have neither gaps nor twins."""
