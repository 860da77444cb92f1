"""Who owns a conversation. The owner changes here and nowhere else, by compare-and-set on the epoch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Transaction
from core.errors import StaleEpoch
from core.events import record_event
from handoff.records import QUEUE, Conversation
from handoff.sinks import tell_owner_changed
from handoff.tables import conversations


async def change_owner(
    tx: Transaction, conversation: Conversation, owner: str, *, at: datetime, **values: Any
) -> Conversation:
    """Give the conversation to `owner` and raise its epoch by one.

    Args:
        tx: the write that this is part of.
        conversation: the conversation as it was read; its epoch must still be the current one.
        owner: `bot`, `queue`, `agent:<id>` or `closed`.
        at: now.
        values: further columns of `conversations` that change with the owner.

    Raises:
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    if owner == QUEUE:
        values["queued_at"] = at
    changed = await tx.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation.id, conversations.c.epoch == conversation.epoch)
        .values(owner=owner, epoch=conversation.epoch + 1, updated_at=at, **values)
        .returning(conversations)
    )
    row = changed.mappings().one_or_none()
    if row is None:
        raise StaleEpoch("The conversation has changed hands meanwhile.")
    changed_hands = Conversation.of(row)
    await announce(tx, conversation.id, at=at)
    await tell_owner_changed(tx, conversation, changed_hands, at=at)
    return changed_hands


async def announce(tx: Transaction, conversation_id: str, *, at: datetime) -> None:
    """Record that the conversation changed in something else than its messages; readers look at it anew."""
    await record_event(tx, conversation_id, "conversation", {}, at=at)
