"""What a person does with a conversation: claim it, give it back, resolve it. Each by compare-and-set on the epoch."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.database import Database, Reader, Transaction
from core.errors import Conflict, Invalid, StaleEpoch
from handoff.contact import keep_address
from handoff.mentions import leave_note
from handoff.notifications import tell_of_move
from handoff.ownership import announce, change_owner
from handoff.pending import stop_waiting
from handoff.records import BOT, QUEUE, Conversation, Staff
from handoff.repeats import handled_before
from handoff.routing.assigning import let_go, requeue, take, tell
from handoff.sight import check_sight
from handoff.sinks import tell_rating
from handoff.sla.clocks import resolve_clocks
from handoff.sla.measuring import measure_again
from handoff.staff import staff_names
from handoff.tables import conversations, ratings
from handoff.transcript import SYSTEM_AUTHOR, Saying, append, get_conversation
from handoff.wording import NOTICES, clean_text
from tickets import ticketing
from tickets.ticketing import Ticket


class Claimed(NamedTuple):
    """A conversation that is the agent's, and whether it has become so by this claim."""

    conversation: Conversation
    anew: bool


async def claim(database: Database, conversation_id: str, agent: Staff, *, epoch: int, at: datetime) -> Claimed:
    """Give a waiting conversation to this agent. Claiming one's own again changes nothing.

    A lead or admin may also take over what another agent has.

    Raises:
        StaleEpoch: somebody was faster; the sentence says who.
        Conflict: it is not waiting for a person.
    """
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.agent_id == agent.id:
            return Claimed(conversation, anew=False)
        if conversation.agent_id is not None and not (agent.supervises and conversation.epoch == epoch):
            names = await staff_names(tx.connection)
            raise StaleEpoch(f"{names.get(conversation.agent_id, 'A colleague')} has already taken this conversation.")
        if conversation.owner != QUEUE and conversation.agent_id is None:
            raise Conflict("This conversation is not waiting for a person any more; there is nothing to claim.")
        if conversation.epoch != epoch:
            raise StaleEpoch("This conversation has changed since you looked. Open it again.")
        if conversation.agent_id is not None:
            await let_go(tx, conversation, "taken_over", at=at)
        taken = await take(tx, conversation, agent, at=at)
        await tell(tx, taken, "claimed", at=at, agent=agent.name)
        words = f"{agent.name} took over {{number}}."
        await tell_of_move(tx, taken, [conversation.agent_id], words, by=agent.id, at=at)
        return Claimed(taken, anew=True)


async def resolve(
    database: Database, conversation_id: str, agent: Staff, *, epoch: int, at: datetime, note: str = ""
) -> Conversation:
    """Resolve the ticket, ask the customer for a rating, and give the conversation back to the bot.

    Args:
        database: where to.
        conversation_id: the conversation.
        agent: who resolves it.
        epoch: the epoch that the agent saw.
        at: now.
        note: what was done, for colleagues; whom it names by `@` is told. Empty leaves none.

    Raises:
        StaleEpoch: the conversation is not this agent's in this epoch; the note is not kept either.
    """
    words = clean_text(note, field="note") if note.strip() else ""
    async with database.write() as tx:
        conversation = await _own(tx, conversation_id, agent, epoch)
        asked = {"rating_ticket_id": conversation.ticket_id, "rating_score": None}
        return await _finish(tx, conversation, agent, "resolved", at, words, **asked)


async def give_back(
    database: Database, conversation_id: str, agent: Staff, *, epoch: int, at: datetime
) -> Conversation:
    """Give the conversation back to the bot without asking for a rating; the ticket is resolved as needing nothing more.

    Raises:
        StaleEpoch: the conversation is not this agent's in this epoch.
    """
    async with database.write() as tx:
        conversation = await _own(tx, conversation_id, agent, epoch)
        return await _finish(tx, conversation, agent, "returned", at)


async def _finish(
    tx: Transaction, conversation: Conversation, agent: Staff, how: str, at: datetime, note: str = "", **values: Any
) -> Conversation:
    """Resolve the ticket and give the conversation back to the bot; `values` are columns that change with it."""
    if conversation.ticket_id is not None:
        await ticketing.set_status(tx, conversation.ticket_id, "resolved", at=at)
        await stop_waiting(tx, conversation.ticket_id, at)
        await resolve_clocks(tx, conversation.ticket_id, at)
    if note:
        await leave_note(tx, conversation, agent, note, at=at)
    await let_go(tx, conversation, how, at=at)
    back = await change_owner(tx, conversation, BOT, at=at, reason=None, ticket_id=None, **values)
    await tell(tx, back, how, at=at, agent=agent.name)
    return back


async def release(database: Database, conversation_id: str, agent: Staff, *, epoch: int, at: datetime) -> Conversation:
    """Put the conversation back into the queue, where its clocks keep its place.

    Raises:
        StaleEpoch: the conversation is not this agent's in this epoch.
    """
    async with database.write() as tx:
        conversation = await _own(tx, conversation_id, agent, epoch)
        waiting = await requeue(tx, conversation, "released", at=at)
        await tell(tx, waiting, "released", at=at, agent=agent.name)
        return waiting


async def override_ticket(
    database: Database,
    ticket_id: str,
    agent: Staff,
    changes: dict[str, str],
    *,
    at: datetime,
) -> Ticket:
    """Let a person correct priority or category; a new priority or team has the clocks computed again from their start.

    Raises:
        Invalid: nothing is to be changed, or not to this.
        Forbidden: a colleague of another team has the conversation.
    """
    if not changes:
        raise Invalid("Name a priority or a category to change.")
    async with database.write() as tx:
        before = await ticketing.get_ticket(tx.connection, ticket_id)
        if before.conversation_id is not None:
            await check_sight(tx.connection, agent, before.conversation_id)
        ticket = before
        for field, new in changes.items():
            ticket = await ticketing.override(tx, before.id, field, new, by=agent.name, at=at)  # type: ignore[arg-type]
        if (ticket.priority, ticket.team) != (before.priority, before.team):
            await measure_again(tx, ticket, at)
        if ticket.conversation_id is not None:
            await announce(tx, ticket.conversation_id, at=at)
    return ticket


async def save_email(database: Database, conversation_id: str, email: str, *, client_id: str, at: datetime) -> None:
    """Remember where to reply; the ticket's requester too. Idempotent by (conversation, client id) and by the address."""
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if not await handled_before(tx, conversation_id, client_id, at=at):
            await keep_address(tx, conversation, email, at=at)


async def rate(
    database: Database, conversation_id: str, score: int, comment: str, *, client_id: str, at: datetime
) -> None:
    """Keep the customer's rating of the help that they last got; a new one replaces the old. Idempotent by (conversation, client id).

    Raises:
        Invalid: the score is not 1 to 5.
        Conflict: there is nothing to rate.
    """
    if not 1 <= score <= 5:
        raise Invalid("A rating is a whole number from 1 to 5.", field="score")
    words = clean_text(comment, field="comment", longest=2_000) if comment.strip() else ""
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if await handled_before(tx, conversation_id, client_id, at=at):
            return
        ticket_id = conversation.rating_ticket_id
        if ticket_id is None:
            raise Conflict("There is nothing to rate in this conversation.")
        await tx.execute(sa.delete(ratings).where(ratings.c.ticket_id == ticket_id))
        await tx.execute(
            sa.insert(ratings).values(
                ticket_id=ticket_id, conversation_id=conversation_id, score=score, comment=words, at=at
            )
        )
        await tx.execute(
            sa.update(conversations).where(conversations.c.id == conversation_id).values(rating_score=score)
        )
        await tell_rating(tx, conversation, ticket_id, score, words, at=at)
        if conversation.rating_score is None:
            notice = {"type": "rated", "score": score}
            await append(tx, conversation, Saying(SYSTEM_AUTHOR, NOTICES["rated"], kind="notice", notice=notice), at=at)
        await announce(tx, conversation_id, at=at)


async def rating_of(reader: Reader, ticket_id: str) -> dict[str, object] | None:
    """Return the rating of the help that a ticket got, for the desk; one of an earlier ticket says nothing of this one."""
    rows = await reader.execute(sa.select(ratings.c.score, ratings.c.comment).where(ratings.c.ticket_id == ticket_id))
    row = rows.one_or_none()
    return None if row is None else {"score": row.score, "comment": row.comment}


async def _own(tx: Transaction, conversation_id: str, agent: Staff, epoch: int) -> Conversation:
    conversation = await get_conversation(tx.connection, conversation_id, lock=True)
    if conversation.agent_id != agent.id or conversation.epoch != epoch:
        raise StaleEpoch("This conversation is not yours any more. Open it again to see who has it.")
    return conversation
