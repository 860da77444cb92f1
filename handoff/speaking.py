"""Saying something in a conversation: the customer whenever they like, bot and agents only while the conversation is theirs.

Rows are locked in one order, here and everywhere: conversation, ticket, clocks, event counter. So the conversation is
locked before a client id is looked up, and clocks are told before a message is appended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from core.database import Database, Transaction
from core.errors import Conflict, NotFound, StaleEpoch
from core.prepared import Prepared
from handoff.choosing import choice_meant
from handoff.contact import address_given, keep_address
from handoff.mentions import leave_note
from handoff.ownership import announce, change_owner
from handoff.pending import customer_is_back, start_waiting
from handoff.records import BOT, CLOSED, QUEUE, Button, Conversation, Message, MessageKind, Reply, Staff, Understanding
from handoff.repeats import check_client_id
from handoff.sight import check_sight
from handoff.sla.clocks import customer_wrote, meet
from handoff.tables import pressed_buttons, understandings
from handoff.transcript import (
    BOT_AUTHOR,
    Author,
    Lease,
    Saying,
    append,
    find_button,
    get_conversation,
    said_before,
)
from handoff.turns import TURN_LEASE, settle_turn
from handoff.wording import PERSON_PAYLOADS, TALK_TO_PERSON, clean_text

Stored = Callable[[Transaction, Conversation], Awaitable[None]]
"""Is called in the write that has stored a message of a customer, before its commit, while the conversation is as it was."""

_UNDERSTAND = Prepared(sa.insert(understandings))


async def say_as_customer(
    database: Database,
    conversation_id: str,
    *,
    client_id: str,
    text: str,
    name: str,
    at: datetime,
    runner: str | None = None,
    stored: Stored | None = None,
) -> Message:
    """Store what a customer wrote. Idempotent by (conversation, client id).

    While the bot owns the conversation the message becomes a turn that it has to answer. `runner` names the process that will see to
    it, unless another one has an earlier turn of the conversation in hand; without a name any process may. `stored` is told of a new turn
    unless the message has changed the conversation's owner as well. An address that a customer gives to people is kept; with the bot
    its turn decides what an address is for. Words that choose one of the buttons shown last ("2") are a turn like a press of it.

    Raises:
        Invalid: the text is empty, or the client id is not 1 to 60 characters.
        TooLarge: the text is too long.
    """
    cleaned = clean_text(text)
    check_client_id(client_id)
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        before = await said_before(tx.connection, conversation_id, "customer", client_id)
        if before is not None:
            return before
        awake = await _awake(tx, conversation, at)
        choice = await choice_meant(tx.connection, awake, cleaned) if awake.owner == BOT else None
        payload = None if choice is None else choice.payload
        author = Author("customer", name)
        saying = Saying(author, cleaned, client_id=client_id, payload=payload, lease=_lease(awake, runner))
        await _tell_clocks(tx, awake, at)
        message = await append(tx, awake, saying, at=at)
        if awake.owner != BOT and (email := address_given(cleaned)) is not None:
            await keep_address(tx, awake, email, at=at)
        if stored is not None and message.turn is not None and awake.epoch == conversation.epoch:
            await stored(tx, awake)
        return message


async def press_as_customer(
    database: Database,
    conversation_id: str,
    *,
    client_id: str,
    button_id: str,
    name: str,
    at: datetime,
    runner: str | None = None,
    stored: Stored | None = None,
) -> Message:
    """Store that a customer pressed a button, as a message with its title. Idempotent by (conversation, client id).

    What the bot has to answer becomes a turn, as in `say_as_customer`.

    Raises:
        NotFound: the service issued no such button in this conversation.
        Conflict: it or another choice of its message was pressed before, or it belongs to an earlier part of the conversation.
    """
    check_client_id(client_id)
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        before = await said_before(tx.connection, conversation_id, "customer", client_id)
        if before is not None:
            return before
        found = await find_button(tx.connection, conversation_id, button_id)
        if found is None:
            raise NotFound("There is no such button in this conversation.", field="button")
        source, button = found
        if source.epoch != conversation.epoch:
            raise Conflict("That button belongs to an earlier part of the conversation. Write what you need instead.")
        await _check_unused(tx, source, button)
        await tx.execute(sa.insert(pressed_buttons).values(button_id=button_id, message_id=source.id, at=at))
        lease = None if button.payload == TALK_TO_PERSON[1] else _lease(conversation, runner)
        saying = Saying(
            Author("customer", name), button.title, client_id=client_id, payload=button.payload, lease=lease
        )
        message = await append(tx, conversation, saying, at=at)
        if stored is not None and message.turn is not None:
            await stored(tx, conversation)
        return message


async def _check_unused(tx: Transaction, source: Message, button: Button) -> None:
    """Refuse a button that was pressed, or whose message got another answer: its buttons are choices. A person can be had always."""
    found = await tx.execute(sa.select(pressed_buttons.c.button_id).where(pressed_buttons.c.message_id == source.id))
    pressed = set(found.scalars())
    if button.id in pressed:
        raise Conflict("That button has been pressed already.")
    chosen = (other for other in source.buttons if other.id in pressed and other.payload not in PERSON_PAYLOADS)
    if button.payload not in PERSON_PAYLOADS and (other := next(chosen, None)) is not None:
        raise Conflict(f"You have already answered “{other.title}” here. Write what you need instead.")


async def say_as_bot(
    tx: Transaction, turn: Message, replies: Sequence[Reply], understanding: Understanding, *, epoch: int, at: datetime
) -> Conversation:
    """Store what the bot answers to `turn`, once.

    Args:
        tx: the write; a handoff that the turn ends in joins it.
        turn: the customer's message that is answered.
        replies: what the bot says, in order.
        understanding: what it made of the message; kept for the handoff package.
        epoch: the epoch that the answer was composed in.
        at: now.

    Raises:
        StaleEpoch: the conversation has changed hands, or the turn was answered meanwhile; nothing is stored.
    """
    conversation = await get_conversation(tx.connection, turn.conversation_id, lock=True)
    if conversation.epoch != epoch or conversation.owner != BOT:
        raise StaleEpoch("A person has taken over; the assistant's answer was dropped.")
    await settle_turn(tx, turn, "answered")
    understood = {"message_id": turn.id, "conversation_id": conversation.id, **vars(understanding)}
    await _UNDERSTAND.execute(tx.connection, understood)
    for reply in replies:
        kind = "text" if reply.answer is None else "answer"
        saying = Saying(BOT_AUTHOR, reply.text, kind=kind, answer=reply.answer, buttons=reply.buttons)  # type: ignore[arg-type]
        await append(tx, conversation, saying, at=at)
    return conversation


async def say_as_agent(
    database: Database,
    conversation_id: str,
    agent: Staff,
    *,
    epoch: int,
    client_id: str,
    text: str,
    at: datetime,
    wait: bool = False,
) -> Message:
    """Store a person's public reply; it meets the first-response clock. Idempotent by (conversation, client id).

    With `wait` the ticket waits for the customer from then on, in the same transaction.

    Raises:
        StaleEpoch: the conversation is not this agent's in this epoch.
    """
    return await _write_as_agent(
        database, conversation_id, agent, kind="text", epoch=epoch, client_id=client_id, text=text, at=at, wait=wait
    )


async def write_note(
    database: Database, conversation_id: str, agent: Staff, *, client_id: str, text: str, at: datetime
) -> Message:
    """Store an internal note; no customer ever sees it. Whom it names by `@` is told. Idempotent by (conversation, client id)."""
    return await _write_as_agent(
        database, conversation_id, agent, kind="note", epoch=None, client_id=client_id, text=text, at=at
    )


async def _write_as_agent(
    database: Database,
    conversation_id: str,
    agent: Staff,
    *,
    kind: MessageKind,
    epoch: int | None,
    client_id: str,
    text: str,
    at: datetime,
    wait: bool = False,
) -> Message:
    """Store what an agent wrote; with an epoch only while the conversation is theirs in it."""
    cleaned = clean_text(text)
    check_client_id(client_id)
    key = f"{agent.id}:{client_id}"
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        before = await said_before(tx.connection, conversation_id, "agent", key)
        if before is not None:
            return before
        if epoch is None:
            await check_sight(tx.connection, agent, conversation_id)
        else:
            await _answer_for(tx, conversation, agent, epoch, at)
        if wait:
            await start_waiting(tx, conversation, at)
            await announce(tx, conversation_id, at=at)
        if kind == "note":
            return await leave_note(tx, conversation, agent, cleaned, client_id=key, at=at)
        saying = Saying(Author("agent", agent.name, agent.id), cleaned, client_id=key)
        return await append(tx, conversation, saying, at=at)


async def _answer_for(tx: Transaction, conversation: Conversation, agent: Staff, epoch: int, at: datetime) -> None:
    if conversation.epoch != epoch or conversation.agent_id != agent.id:
        raise StaleEpoch(f"Your reply was not sent. {_whose(conversation, agent)}")
    if conversation.ticket_id is not None:
        await meet(tx, conversation.ticket_id, "first_response", at)
        await meet(tx, conversation.ticket_id, "next_response", at)


def _whose(conversation: Conversation, agent: Staff) -> str:
    """Say who has a conversation in place of an agent who answers late, and what they can do."""
    if conversation.owner == QUEUE:
        return "This conversation is back in the queue. Claim it to answer."
    if conversation.agent_id == agent.id:
        return "This conversation left you and came back meanwhile. Read what is new, and send it again."
    if conversation.agent_id is not None:
        return "A colleague has this conversation now. Leave them a note."
    return "This conversation is with the assistant again, and comes back to the queue if its customer needs a person."


async def _awake(tx: Transaction, conversation: Conversation, at: datetime) -> Conversation:
    if conversation.owner == CLOSED:
        return await change_owner(tx, conversation, BOT, at=at, ticket_id=None, reason=None)
    return conversation


def _lease(conversation: Conversation, runner: str | None) -> Lease | None:
    return Lease(runner, TURN_LEASE) if conversation.owner == BOT else None


async def _tell_clocks(tx: Transaction, conversation: Conversation, at: datetime) -> None:
    if conversation.owner != BOT and conversation.ticket_id is not None:
        await customer_is_back(tx, conversation.ticket_id, at)
        await customer_wrote(tx, conversation.ticket_id, at)
