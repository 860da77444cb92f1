"""Who is in the widget: an anonymous visitor with a secret of their own, joined to a customer only by the host site's token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import Moment, Reader, Transaction
from core.errors import Unauthenticated
from core.identifiers import fingerprint, new_id, new_secret
from core.prepared import Prepared
from handoff.ownership import announce
from handoff.records import BOT, CLOSED, Conversation
from handoff.tables import conversations, visitors
from handoff.transcript import get_conversation
from knowledge.votes import join_votes
from tickets.tables import tickets

VISITOR_LENGTH = timedelta(days=180)
WIDGET = "widget"
"""The channel of conversations that are held in the widget."""


@dataclass(frozen=True)
class Visitor:
    """Somebody in the widget, and the conversation that is theirs."""

    id: str
    customer_id: str | None
    conversation: Conversation


async def new_visitor(
    tx: Transaction,
    *,
    customer_id: str | None,
    page_url: str | None,
    page_title: str | None,
    language: str | None = None,
    at: datetime,
    conversation_id: str | None = None,
    channel: str = WIDGET,
    email: str | None = None,
) -> tuple[Visitor, str]:
    """Make a visitor with an empty conversation; returns it with the secret, which is not stored.

    The conversation gets a new id where none is given.
    """
    visitor_id, secret = await _admit(tx, customer_id, at)
    page = {"page_url": page_url, "page_title": page_title, "language": language}
    made = await _begin(tx, visitor_id, customer_id, channel, at, conversation_id=conversation_id, email=email, **page)
    return Visitor(visitor_id, customer_id, made), secret


async def begin_beside(
    tx: Transaction, chat: Conversation, *, channel: str, page_title: str, at: datetime
) -> Conversation:
    """Begin another conversation of a chat's visitor, who stays in the chat.

    Args:
        tx: the write.
        chat: the conversation that goes on in the widget.
        channel: how the other one is answered; not `widget`.
        page_title: what agents read as the place where it began.
        at: now.
    """
    await tx.execute(
        sa.update(visitors)
        .where(visitors.c.id == chat.visitor_id, visitors.c.conversation_id.is_(None))
        .values(conversation_id=chat.id)
    )
    return await _begin(
        tx, chat.visitor_id, chat.customer_id, channel, at, page_url=chat.page_url, page_title=page_title
    )


async def _begin(
    tx: Transaction,
    visitor_id: str,
    customer_id: str | None,
    channel: str,
    at: datetime,
    *,
    conversation_id: str | None = None,
    **given: str | None,
) -> Conversation:
    made = await tx.execute(
        sa.insert(conversations)
        .values(
            id=conversation_id or new_id("cv"),
            visitor_id=visitor_id,
            customer_id=customer_id,
            channel=channel,
            owner=BOT,
            epoch=1,
            messages=0,
            created_at=at,
            updated_at=at,
            **given,
        )
        .returning(conversations)
    )
    return Conversation.of(made.mappings().one())


async def _admit(
    tx: Transaction, customer_id: str | None, at: datetime, conversation_id: str | None = None
) -> tuple[str, str]:
    """Make a visitor, who has the conversation of that id or is about to get their own; returns their id and secret."""
    visitor_id, secret = new_id("vi"), new_secret()
    await tx.execute(
        sa.insert(visitors).values(
            id=visitor_id,
            token_fingerprint=fingerprint(secret),
            customer_id=customer_id,
            conversation_id=conversation_id,
            created_at=at,
            expires_at=at + VISITOR_LENGTH,
        )
    )
    return visitor_id, secret


_OWN = conversations.alias()
_NEWEST = (
    sa.select(_OWN.c.id)
    .where(_OWN.c.visitor_id == visitors.c.id)
    .order_by(_OWN.c.created_at.desc())
    .limit(1)
    .correlate(visitors)
    .scalar_subquery()
)
_OF_TOKEN = Prepared(
    sa.select(visitors.c.id.label("known_as"), conversations)
    .select_from(visitors)
    .join(conversations, conversations.c.id == sa.func.coalesce(visitors.c.conversation_id, _NEWEST))
    .where(
        visitors.c.token_fingerprint == sa.bindparam("token"),
        visitors.c.expires_at > sa.bindparam("now", type_=Moment),
    )
)


async def visitor_of_token(reader: Reader, secret: str, at: datetime) -> Visitor:
    """Return whose secret this is, with their conversation.

    Raises:
        Unauthenticated: nobody's, or it has expired.
    """
    row = (await _OF_TOKEN.execute(reader, {"token": fingerprint(secret), "now": at})).one_or_none()
    if row is None:
        raise Unauthenticated("This chat has ended. Reload the page to start a new one.")
    conversation = Conversation.of({name: value for name, value in row.items() if name != "known_as"})
    return Visitor(row["known_as"], conversation.customer_id, conversation)


async def sign_in(
    tx: Transaction, visitor: Visitor | None, secret: str, customer_id: str, *, at: datetime
) -> tuple[Visitor, str] | None:
    """Return the conversation that a signed-in customer goes on with, on whatever device they are.

    With a secret of their own it is that secret's. Otherwise the one that a person has or that waits for one, the newest first;
    else what they have just said as a guest; else the newest in which something was said, while a secret of it could still be
    valid; else their conversation as a guest, though empty. A guest's words join the account in any case.

    Args:
        tx: the write.
        visitor: who they were when their secret was looked up, if they had one.
        secret: that secret.
        customer_id: who the host site says they are.
        at: now.

    Returns:
        The visitor and their secret from now on, or None if they have nothing to go on with.
    """
    if visitor is not None and visitor.customer_id == customer_id:
        return visitor, secret
    joined = None
    if visitor is not None and visitor.conversation.messages > 0:
        joined = await join_customer(tx, visitor, secret, customer_id, at=at)
    before = await _to_resume(tx.connection, customer_id, at)
    if before is None and visitor is not None and joined is None:
        return await join_customer(tx, visitor, secret, customer_id, at=at)
    if before is None or (joined is not None and (before.owner == BOT or before.id == joined[0].conversation.id)):
        return joined
    known_as, fresh = await _admit(tx, customer_id, at, before.id)
    return Visitor(known_as, customer_id, before), fresh


async def _to_resume(reader: Reader, customer_id: str, at: datetime) -> Conversation | None:
    """Return the conversation that a customer's new device goes on with: a person's before the bot's, then the newest."""
    with_people = conversations.c.owner.not_in([BOT, CLOSED])
    rows = await reader.execute(
        sa.select(conversations)
        .join(visitors, visitors.c.id == conversations.c.visitor_id)
        .where(
            conversations.c.customer_id == customer_id,
            conversations.c.channel == WIDGET,
            conversations.c.owner != CLOSED,
            conversations.c.messages > 0,
            sa.or_(with_people, visitors.c.expires_at > at),
        )
        .order_by(sa.case((with_people, 0), else_=1), conversations.c.updated_at.desc(), conversations.c.id)
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else Conversation.of(row)


async def join_customer(
    tx: Transaction, visitor: Visitor, secret: str, customer_id: str, *, at: datetime
) -> tuple[Visitor, str] | None:
    """Join an anonymous visitor's conversation, its tickets and votes to a customer; the caller holds both tokens.

    A secret that was anonymous may have been copied by whoever used the browser before, so it ends here. Joining what is this
    customer's already leaves their secret as it is.

    Args:
        tx: the write.
        visitor: who they were when their secret was looked up.
        secret: that secret.
        customer_id: who the host site says they are.
        at: now.

    Returns:
        The visitor and their secret from now on, or None if they are another customer's already and must not be joined.
    """
    if visitor.customer_id == customer_id:
        return visitor, secret
    if visitor.customer_id is not None:
        return None
    # Locked in the one order of `handoff.speaking`, so that a handoff either sees the customer or is seen here with its ticket.
    conversation = await get_conversation(tx.connection, visitor.conversation.id, lock=True)
    if conversation.customer_id == customer_id:
        # Another tab of theirs was faster, and the secret of both has ended: each goes on with one of its own.
        known_as, fresh = await _admit(tx, customer_id, at, conversation.id)
        return Visitor(known_as, customer_id, conversation), fresh
    if conversation.customer_id is not None:
        return None
    joined = await tx.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation.id)
        .values(customer_id=customer_id)
        .returning(conversations)
    )
    fresh = new_secret()
    await tx.execute(
        sa.update(visitors)
        .where(visitors.c.id == visitor.id)
        .values(customer_id=customer_id, token_fingerprint=fingerprint(fresh))
    )
    beside = sa.and_(conversations.c.visitor_id == conversation.visitor_id, conversations.c.customer_id.is_(None))
    await tx.execute(sa.update(conversations).where(beside).values(customer_id=customer_id))
    own = sa.select(conversations.c.id).where(conversations.c.visitor_id == conversation.visitor_id)
    asked = tickets.c.conversation_id.in_(own)
    await tx.execute(sa.update(tickets).where(asked, tickets.c.customer_id.is_(None)).values(customer_id=customer_id))
    await join_votes(tx, visitor.id, customer_id)
    await announce(tx, conversation.id, at=at)
    return Visitor(visitor.id, customer_id, Conversation.of(joined.mappings().one())), fresh


async def note_page(tx: Transaction, conversation_id: str, url: str | None, title: str | None) -> None:
    """Remember the page that the customer is on."""
    await tx.execute(
        sa.update(conversations).where(conversations.c.id == conversation_id).values(page_url=url, page_title=title)
    )
