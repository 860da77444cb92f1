"""A ticket that a customer opens in the chat without leaving the bot: a conversation of its own, which people answer by e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.clock import iso_or_none
from core.database import Reader, Transaction
from core.errors import Invalid
from handoff.gathering import account_of, tickets_of_visitor
from handoff.handing_over import hand_over
from handoff.records import Conversation, Message
from handoff.sla.clocks import clocks_of
from handoff.tables import conversations
from handoff.transcript import SYSTEM_AUTHOR, Author, Saying, append, transcript
from handoff.visitors import begin_beside
from handoff.wording import NOTICES, TALK_TO_PERSON, clean_email, clean_text, masked_email
from tickets.reading import Head
from tickets.ticketing import Ticket, get_ticket, subject_of
from tickets.vocabulary import FINISHED

MOST_LOOKED_AT = 20
CHANNEL = "email"
PLACE = "Ticket from the chat: answer by e-mail"
MOST_AN_HOUR = 10
"""Tickets that one visitor opens; people can be asked for in the chat at any time."""
SAME_WITHIN = timedelta(days=1)
"""The same ticket again within this time is the one that there is."""


@dataclass(frozen=True)
class TicketRequest:
    """What the customer wants people to have."""

    subject: str
    description: str
    email: str

    @classmethod
    def of(cls, given: Any) -> TicketRequest:
        """Read what an action hands over.

        Raises:
            Invalid: a part is missing or cannot be used.
            TooLarge: the description is too long.
        """
        parts = given if isinstance(given, dict) else {}
        subject, description, email = (parts.get(name) for name in ("subject", "description", "email"))
        if not isinstance(subject, str) or not isinstance(description, str) or not isinstance(email, str):
            raise Invalid("A ticket needs a subject, a description and an e-mail address.", field="ticket")
        return cls(subject_of(subject), clean_text(description, field="description"), clean_email(email))


async def open_request(
    tx: Transaction,
    chat: Conversation,
    request: TicketRequest,
    *,
    at: datetime,
    head: Head | None = None,
) -> Ticket | None:
    """Open a ticket for people to answer by e-mail, and tell its number in the chat, which stays with the bot.

    Idempotent by the visitor, the subject and the description for as long as the ticket is open, a day at most.

    Args:
        tx: the write, with the words that led to it.
        chat: the conversation as it was read under its row's lock.
        request: what the customer gave.
        at: now; the clocks start here.
        head: what triage learned from labelled tickets; None for the rules alone.

    Returns:
        The ticket, or None where the customer was told that they have opened enough for now.
    """
    lately = await tickets_of_visitor(tx.connection, chat, limit=MOST_LOOKED_AT)
    opened = _same(lately, request, at)
    if opened is None and sum(at - ticket.created_at < timedelta(hours=1) for ticket in lately) >= MOST_AN_HOUR:
        enough = Saying(
            SYSTEM_AUTHOR, NOTICES["tickets_enough"], kind="notice", notice={"type": "tickets_enough"},
            buttons=(TALK_TO_PERSON,),
        )  # fmt: skip
        await append(tx, chat, enough, at=at)
        return None
    kind = "ticket_opened" if opened is None else "ticket_open_already"
    if opened is None:
        beside = await begin_beside(tx, chat, channel=CHANNEL, page_title=PLACE, at=at)
        email = {"email": request.email}
        await tx.execute(sa.update(conversations).where(conversations.c.id == beside.id).values(**email))
        account = await account_of(tx.connection, chat)
        author = Author("customer", (account and account.name) or "Visitor")
        beside = Conversation(**{**vars(beside), **email})
        await append(tx, beside, Saying(author, request.description), at=at)
        waiting = await hand_over(tx, beside, "ticket", at=at, head=head, subject=request.subject, after=chat)
        opened = await get_ticket(tx.connection, str(waiting.ticket_id))
    due = [clock.due_at for clock in await clocks_of(tx.connection, opened.id) if clock.metric == "first_response"]
    words = NOTICES[kind].format(number=opened.number, subject=opened.subject, email=await _shown(tx, chat, request))
    notice = {"type": kind, "ticket": opened.number, "reply_by": iso_or_none(next(iter(due), None))}
    await append(tx, chat, Saying(SYSTEM_AUTHOR, words, kind="notice", notice=notice), at=at)
    return opened


@dataclass(frozen=True)
class ReplyAddress:
    """Where an answer can go, and how that is shown: an account's address is masked, one that was typed in the chat is not."""

    email: str
    shown: str


async def reply_address(reader: Reader, chat: Conversation) -> ReplyAddress | None:
    """Return the address that is known of this conversation's customer: what they gave here, else their account's."""
    if chat.email:
        return ReplyAddress(chat.email, chat.email)
    account = await account_of(reader, chat)
    shown = masked_email(account.email) if account else None
    return None if account is None or shown is None else ReplyAddress(str(account.email), shown)


async def last_reply(reader: Reader, ticket: Ticket) -> Message | None:
    """Return what a person last wrote to the customer of an unfinished ticket that is not answered in the chat itself."""
    if ticket.source != CHANNEL or ticket.conversation_id is None or ticket.status in FINISHED:
        return None
    said = await transcript(reader, ticket.conversation_id, notes=False)
    return next((message for message in reversed(said) if message.author_kind == "agent"), None)


def _same(lately: Sequence[Ticket], request: TicketRequest, at: datetime) -> Ticket | None:
    return next(
        (
            ticket
            for ticket in lately
            if (ticket.subject, ticket.text) == (request.subject, request.description)
            and ticket.status not in FINISHED
            and at - ticket.created_at < SAME_WITHIN
        ),
        None,
    )


async def _shown(tx: Transaction, chat: Conversation, request: TicketRequest) -> str:
    known = await reply_address(tx.connection, chat)
    return known.shown if known is not None and known.email == request.email else request.email
