"""Coming back to what was resolved: whether a message is still about it, and the ticket open again with the time already used."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.database import Reader, Transaction
from core.intents import of_kinds
from handoff.handing_over import no_topic
from handoff.ownership import change_owner
from handoff.package import about_the_chat, package_of, understandings_of
from handoff.records import QUEUE, Conversation, Message, Understanding
from handoff.routing.assigning import tell
from handoff.sla.clocks import customer_wrote, reopen_clocks
from handoff.transcript import transcript
from handoff.turns import drop_turn
from tickets import ticketing
from tickets.rules import default_rules
from tickets.ticketing import Ticket

NOT_SOLVED = frozenset({"frustration", "article_did_not_help"})
"""Intents that say of what was tried last that it did not help."""
UNKNOWN = frozenset({"nlu_fallback", "out_of_scope"})
"""Intents of a message that the assistant knows nothing about."""
RUNNERS_UP = 3
"""Of a message that the assistant is unsure about, the topics that count."""


async def ticket_to_reopen(
    reader: Reader,
    conversation: Conversation,
    message: Message,
    understanding: Understanding,
    *,
    answered: bool,
    within: timedelta,
    at: datetime,
) -> Ticket | None:
    """Return the resolved ticket that a message to the bot goes on about, or None where the bot answers.

    The first thing after resolving that is no small talk decides: from then on it is a new conversation with the bot, whatever else is
    said. It is the same topic where the message's intent was one of the handoff's, or its category is the ticket's; where it says that
    something did not help; and where the assistant cannot tell what it is about and found nothing, since
    then the people who know the matter can. Thanks and other small talk never are, and neither is a button.

    Args:
        reader: where to look.
        conversation: in its present epoch.
        message: what the customer wrote.
        understanding: what the assistant made of it.
        answered: whether the bot has found an article to answer it with.
        within: how long after resolving a ticket is reopened; nothing for never.
        at: now.
    """
    if conversation.last_ticket_id is None or conversation.ticket_id is not None or message.payload is not None:
        return None
    ticket = await ticketing.get_ticket(reader, conversation.last_ticket_id)
    if ticket.status != "resolved" or ticket.resolved_at is None or at >= ticket.resolved_at + within:
        return None
    if understanding.intent in about_the_chat() - NOT_SOLVED or await _went_on(reader, conversation, message):
        return None
    if understanding.intent in NOT_SOLVED:
        return ticket
    package = await package_of(reader, ticket.id)
    earlier = {one["intent"] for one in package["intents"]} if package is not None else set()
    return ticket if is_same_topic(understanding, ticket.category, earlier, answered=answered) else None


def is_same_topic(understanding: Understanding, category: str, earlier: set[str | None], *, answered: bool) -> bool:
    """Tell whether a message that is no small talk is about a ticket of this category, whose handoff had these intents."""
    if understanding.intent in UNKNOWN:
        return not answered
    intents = [understanding.intent]
    if understanding.intent == "nlu_unsure":
        intents = [one["name"] for one in understanding.ranking if one["name"] not in no_topic()][:RUNNERS_UP]
    of_category = default_rules().categories[category].intents  # type: ignore[index]
    return any(intent in of_category or intent in earlier - no_topic() for intent in intents)


async def _went_on(reader: Reader, conversation: Conversation, message: Message) -> bool:
    """Tell whether the customer has said something else than small talk to the bot, or pressed a button, since it has the conversation."""
    understood = await understandings_of(reader, conversation.id)
    before = [
        said
        for said in await transcript(reader, conversation.id, notes=False)
        if said.epoch == conversation.epoch and said.author_kind == "customer" and said.seq < message.seq
    ]
    # What the bot failed to answer it did not understand either.
    meant = [understood[said.id].intent for said in before if said.id in understood]
    passing = of_kinds("small_talk", "reply")
    return any(said.payload is not None for said in before) or any(intent not in passing for intent in meant)


async def reopen(tx: Transaction, conversation: Conversation, ticket: Ticket, *, at: datetime) -> Conversation:
    """Open a resolved ticket again and put its conversation into the queue; the resolution clock goes on with the time already used.

    Args:
        tx: the write; the message that led to it is part of it or came before.
        conversation: as it was read under its row's lock; the bot owns it.
        ticket: its last one, resolved.
        at: now.

    Raises:
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    for message in await transcript(tx.connection, conversation.id, notes=False):
        if message.turn == "pending":
            await drop_turn(tx, message)
    await ticketing.set_status(tx, ticket.id, "open", at=at)
    await reopen_clocks(tx, ticket.id, at)
    await customer_wrote(tx, ticket.id, at)
    waiting = await change_owner(
        tx, conversation, QUEUE, at=at, ticket_id=ticket.id, reason="reopened", rating_ticket_id=None, rating_score=None
    )
    await tell(tx, waiting, "reopened", at=at, ticket=ticket.number)
    return waiting
