"""A customer who waits for a person changes their mind: out of the queue, and back to the assistant."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa

from core.database import Database, Reader
from core.errors import Conflict, RateLimited
from handoff.contact import address_given
from handoff.gathering import tickets_of_visitor
from handoff.ownership import change_owner
from handoff.pending import stop_waiting
from handoff.records import BOT, QUEUE, Conversation, Message
from handoff.repeats import handled_before
from handoff.routing.assigning import tell
from handoff.sla.clocks import cancel_clocks
from handoff.tables import messages
from handoff.transcript import get_conversation
from handoff.turns import ask_anew
from tickets import ticketing

MOST_AN_HOUR = 10
"""How often a visitor may leave the line within `HOUR`: each time is a ticket, which people and systems outside are told of."""
HOUR = timedelta(hours=1)


async def withdraw(
    database: Database, conversation_id: str, *, client_id: str, at: datetime, runner: str | None = None
) -> bool:
    """Close the ticket of a conversation that waits for a person, and give it back to the bot.

    The ticket is closed, not resolved: nobody helped, so its clocks are cancelled, and the next question is the assistant's instead of
    opening it again. What the customer wrote last, if nobody has answered it, is the bot's to answer now. Idempotent by
    (conversation, client id); where nobody waits nothing changes.

    Args:
        database: where to.
        conversation_id: the conversation.
        client_id: of the frame that asks for it.
        at: now.
        runner: the process that is to have the last question answered, None for any.

    Returns:
        Whether the bot has a question to answer.

    Raises:
        Conflict: a person has it by now.
        RateLimited: they have left the line too often within the hour, and stay in it.
    """
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.agent_id is not None:
            raise Conflict("A person is here already. Tell them that you need nothing more.")
        if await handled_before(tx, conversation_id, client_id, at=at) or conversation.owner != QUEUE:
            return False
        await _check_not_too_often(tx.connection, conversation, at)
        if conversation.ticket_id is not None:
            await ticketing.set_status(tx, conversation.ticket_id, "closed", at=at)
            await stop_waiting(tx, conversation.ticket_id, at)
            await cancel_clocks(tx, conversation.ticket_id, at)
        back = await change_owner(tx, conversation, BOT, at=at, reason=None, ticket_id=None)
        asked = await _left_unanswered(tx.connection, conversation_id)
        if asked is not None:
            await ask_anew(tx, asked, back, runner, at)
        await tell(tx, back, "withdrawn", at=at, wording=None if asked is None else "withdrawn_asked")
        return asked is not None


async def asked_before_leaving(reader: Reader, turn: Message) -> bool:
    """Tell whether the customer wrote what the bot is to answer before they left the queue."""
    later = await reader.execute(
        sa.select(messages.c.notice)
        .where(messages.c.conversation_id == turn.conversation_id, messages.c.epoch == turn.epoch)
        .where(messages.c.seq > turn.seq, messages.c.kind == "notice")
    )
    return any((notice or {}).get("type") == "withdrawn" for notice in later.scalars())


async def _left_unanswered(reader: Reader, conversation_id: str) -> Message | None:
    """Return what the customer wrote last, if neither a person nor the bot answered it; an address was kept when it was given."""
    found = await reader.execute(
        sa.select(messages)
        .where(messages.c.conversation_id == conversation_id, messages.c.kind != "note", messages.c.payload.is_(None))
        .where(messages.c.author_kind.in_(["customer", "agent"]))
        .order_by(messages.c.seq.desc())
        .limit(1)
    )
    row = found.mappings().one_or_none()
    last = None if row is None else Message.of(row)
    if last is None or last.author_kind != "customer" or last.turn not in {None, "dropped"}:
        return None
    return None if address_given(last.text) is not None else last


async def _check_not_too_often(reader: Reader, chat: Conversation, at: datetime) -> None:
    lately = await tickets_of_visitor(reader, chat, limit=2 * MOST_AN_HOUR)
    ended = sorted(
        ticket.resolved_at for ticket in lately if ticket.status == "closed" and ticket.resolved_at is not None
    )
    left = [moment for moment in ended if at - moment < HOUR]
    if len(left) >= MOST_AN_HOUR:
        words = "You have left the line several times within the hour, so this request stays with our team. You can go on writing here."
        raise RateLimited(words, retry_after=ceil((left[-MOST_AN_HOUR] + HOUR - at).total_seconds()))
