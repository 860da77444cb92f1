"""Messages that the bot has still to answer: what a process picks up after another one died."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.database import Reader, Transaction
from handoff.records import Message
from handoff.speaking import TURN_LEASE
from handoff.tables import messages

_NEXT = (
    sa.select(messages)
    .where(messages.c.conversation_id == sa.bindparam("conversation"), messages.c.turn == "pending")
    .order_by(messages.c.seq)
    .limit(2)
)
"""Built once: for a statement this small, putting it together costs SQLAlchemy more than SQLite needs to run it."""


async def next_turn(reader: Reader, conversation_id: str) -> tuple[Message | None, bool]:
    """Return the oldest message of this conversation that waits for the bot, and whether others wait behind it."""
    rows = (await reader.execute(_NEXT, {"conversation": conversation_id})).mappings().all()
    return (Message.of(rows[0]) if rows else None), len(rows) > 1


async def conversations_with_turns(reader: Reader, *, lease_before: datetime | None) -> list[str]:
    """Return the conversations with a pending turn whose lease ended before that moment, or with any for None."""
    chosen = sa.select(messages.c.conversation_id).where(messages.c.turn == "pending")
    if lease_before is not None:
        chosen = chosen.where(messages.c.turn_lease < lease_before)
    rows = await reader.execute(chosen.order_by(messages.c.turn_lease).limit(1000))
    return list(dict.fromkeys(rows.scalars()))


async def extend_leases(tx: Transaction, conversation_ids: list[str], at: datetime) -> None:
    """Keep other processes from these conversations' turns for another lease."""
    await tx.execute(
        sa.update(messages)
        .where(messages.c.conversation_id.in_(conversation_ids), messages.c.turn == "pending")
        .values(turn_lease=at + TURN_LEASE)
    )
