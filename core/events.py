"""What happened in a conversation, numbered, so that whoever was away can catch up.

An event is recorded in the transaction that makes it true. Its number is the conversation's own counter, raised under the
row's lock, so numbers have no gaps and no reader can see 42 before 41.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.database import INSERT, Json, Moment, Reader, Transaction, metadata
from core.prepared import Prepared

Audience = Literal["customer", "staff", "both"]

conversation_events = sa.Table(
    "conversation_events",
    metadata,
    sa.Column("conversation_id", sa.String(40), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("audience", sa.String(8), nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
event_counters = sa.Table(
    "event_counters",
    metadata,
    sa.Column("conversation_id", sa.String(40), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
_DRAW = {
    dialect: Prepared(
        insert(event_counters)
        .values(conversation_id=sa.bindparam("conversation"), last=1)
        .on_conflict_do_update(
            index_elements=[event_counters.c.conversation_id], set_={"last": event_counters.c.last + 1}
        )
        .returning(event_counters.c.last)
    )
    for dialect, insert in INSERT.items()
}
"""Draws a conversation's next number, by dialect name."""
_INSERT = Prepared(sa.insert(conversation_events))


@dataclass(frozen=True)
class Event:
    """One thing that happened. `data` is JSON; `number` rises by one in a conversation."""

    conversation_id: str
    number: int
    kind: str
    audience: Audience
    data: dict[str, Any]
    at: datetime


async def record_event(
    tx: Transaction, conversation_id: str, kind: str, data: dict[str, Any], *, at: datetime, audience: Audience = "both"
) -> Event:
    """Number an event and keep it with the rest of the transaction; listeners get it after the commit."""
    draw = _DRAW[tx.connection.dialect.name]
    number = (await draw.execute(tx.connection, {"conversation": conversation_id})).scalar_one()
    event = Event(conversation_id, number, kind, audience, data, at)
    await _INSERT.execute(tx.connection, vars(event))
    tx.events.append(event)
    return event


async def events_after(
    reader: Reader, conversation_id: str, number: int, *, audiences: Sequence[Audience], limit: int = 500
) -> list[Event]:
    """Return the conversation's events with a higher number than `number`, in order, at most `limit`."""
    table = conversation_events
    rows = await reader.execute(
        sa.select(table)
        .where(
            table.c.conversation_id == conversation_id, table.c.number > number, table.c.audience.in_(list(audiences))
        )
        .order_by(table.c.number)
        .limit(limit)
    )
    return [Event(**row) for row in rows.mappings()]


async def last_event(reader: Reader, conversation_id: str) -> int:
    """Return the number of the conversation's last event, 0 if it has none."""
    row = await reader.execute(
        sa.select(event_counters.c.last).where(event_counters.c.conversation_id == conversation_id)
    )
    return row.scalar_one_or_none() or 0
