"""A ticket that comes in whole, by API or form: conversation, words, triage, clocks and queue in one write."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from core.database import Transaction
from core.errors import NotFound
from core.text import shown_name
from handoff.handing_over import hand_over
from handoff.repeats import check_client_id
from handoff.transcript import Author, Saying, append, get_conversation
from handoff.visitors import new_visitor
from handoff.wording import clean_email, clean_text
from tickets.reading import Head
from tickets.ticketing import Ticket, tickets_of_conversation

REASON = "ticket"
"""The reason code of a conversation that began as a ticket."""


@dataclass(frozen=True)
class Filing:
    """A ticket as its sender has it.

    Attributes:
        channel: where it comes from, such as `api`; at most 16 characters.
        reference: the sender's own id of it, 1 to 60 printable ASCII characters.
        text: what the customer wrote; may be empty where the subject says it all.
        subject: its title, may be empty.
        email: where the customer is answered.
        name: what the customer is called.
        customer_id: whose account it is, if known.
        page_url: the page that it was written on, if on one.
        page_title: what agents read as the place where it began.
    """

    channel: str
    reference: str
    text: str
    subject: str = ""
    email: str | None = None
    name: str | None = None
    customer_id: str | None = None
    page_url: str | None = None
    page_title: str | None = None


async def file_ticket(
    tx: Transaction,
    filing: Filing,
    *,
    at: datetime,
    head: Head | None = None,
    offered: Sequence[Mapping[str, Any]] = (),
) -> tuple[Ticket, bool]:
    """Open a ticket in the queue, and tell whether it is new. Idempotent by (channel, reference).

    An automatic reply is an answer from the bot beside the ticket, which stays open with its clocks running: only a person resolves.

    Args:
        tx: the write.
        filing: what has come in.
        at: now.
        head: what triage learned from labelled tickets; None for the rules alone.
        offered: articles' passages that may answer it, the best first, as answers of the bot are stored.

    Raises:
        Invalid: there is neither subject nor text, the e-mail address is none, or the reference cannot be a key.
        TooLarge: the text is too long.
        IntegrityError: the same is being filed at this moment; `filed_once` tries again in a new write.
    """
    check_client_id(filing.reference, field="reference")
    subject, text = filing.subject.strip(), filing.text.strip()
    words = clean_text(f"{subject}\n\n{text}" if subject and text and not text.startswith(subject) else text or subject)
    email = None if filing.email is None else clean_email(filing.email)
    conversation_id = conversation_of(filing.channel, filing.reference)
    try:
        await get_conversation(tx.connection, conversation_id)
    except NotFound:
        pass
    else:
        # The oldest: a reopened conversation may have had others since.
        return (await tickets_of_conversation(tx.connection, conversation_id))[-1], False
    visitor, _secret = await new_visitor(
        tx,
        customer_id=filing.customer_id,
        page_url=filing.page_url,
        page_title=filing.page_title,
        at=at,
        conversation_id=conversation_id,
        channel=filing.channel,
        email=email,
    )
    author = Author("customer", shown_name(filing.name or "")[:200] or "Visitor")
    await append(tx, visitor.conversation, Saying(author, words, client_id=filing.reference), at=at)
    conversation = await get_conversation(tx.connection, conversation_id, lock=True)
    await hand_over(tx, conversation, REASON, at=at, head=head, subject=subject or None, offered=offered)
    return (await tickets_of_conversation(tx.connection, conversation_id))[0], True


async def filed_once(attempt: Callable[[], Awaitable[tuple[Ticket, bool]]]) -> tuple[Ticket, bool]:
    """Return what a write with `file_ticket` in it returns, from a second one where the same was being filed at the same moment."""
    try:
        return await attempt()
    except IntegrityError:
        return await attempt()


def conversation_of(channel: str, reference: str) -> str:
    """Return the id of the conversation that a filed ticket gets: the same for the same, and no secret."""
    key = f"{channel}\n{reference}".encode()
    return f"cv_{hashlib.sha256(key).hexdigest()[:24]}"
