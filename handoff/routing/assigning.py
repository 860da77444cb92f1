"""Spells of work: a person gets a conversation and lets go of it, with the row that waiting times are estimated from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Transaction
from core.errors import NotFound
from handoff.ownership import change_owner
from handoff.records import QUEUE, Conversation, Staff, agent_owner
from handoff.tables import assignments
from handoff.transcript import SYSTEM_AUTHOR, Saying, append
from handoff.wording import NOTICES
from tickets import ticketing


async def take(tx: Transaction, conversation: Conversation, agent: Staff, *, at: datetime) -> Conversation:
    """Make this person the owner, whether the conversation waited or a colleague has just let go of it; the customer is not told.

    Raises:
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    taken = await change_owner(tx, conversation, agent_owner(agent.id), at=at)
    await tx.execute(
        sa.insert(assignments).values(
            conversation_id=taken.id,
            epoch=taken.epoch,
            ticket_id=taken.ticket_id,
            staff_id=agent.id,
            queued_at=conversation.queued_at or conversation.updated_at,
            claimed_at=at,
        )
    )
    if taken.ticket_id is not None:
        await ticketing.assign(tx, taken.ticket_id, agent.id, at=at)
    return taken


async def let_go(tx: Transaction, conversation: Conversation, how: str, *, at: datetime) -> None:
    """End the spell of whoever has the conversation in its epoch.

    Raises:
        NotFound: nobody has it.
    """
    ended = await tx.execute(
        sa.update(assignments)
        .where(assignments.c.conversation_id == conversation.id, assignments.c.epoch == conversation.epoch)
        .values(ended_at=at, ended_by=how)
    )
    if ended.rowcount != 1:
        raise NotFound("This conversation has no open assignment.")


async def requeue(tx: Transaction, conversation: Conversation, how: str, *, at: datetime) -> Conversation:
    """Put what a person has back into the queue, where its clocks keep its place; the customer is not told.

    Raises:
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    await let_go(tx, conversation, how, at=at)
    waiting = await change_owner(tx, conversation, QUEUE, at=at)
    if waiting.ticket_id is not None:
        await ticketing.assign(tx, waiting.ticket_id, None, at=at)
    return waiting


async def tell(
    tx: Transaction, conversation: Conversation, kind: str, *, at: datetime, wording: str | None = None, **named: Any
) -> None:
    """Tell customer and desks what happened: the notice of this kind, with what its words name, by default its own words."""
    words = NOTICES[wording or kind].format(**named)
    await append(tx, conversation, Saying(SYSTEM_AUTHOR, words, kind="notice", notice={"type": kind, **named}), at=at)
