"""Looks up what a handoff package says beside the words: account, health, earlier tickets and articles opened, as of that moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import Reader
from customers.accounts import Account, get_customer
from customers.health import SENTIMENT_WINDOW_DAYS, HealthView, health_of, health_view
from handoff.package import Known
from handoff.records import Conversation
from handoff.tables import conversations
from knowledge.articles import article_url
from knowledge.openings import opened_articles
from knowledge.tables import articles
from tickets.tables import tickets
from tickets.ticketing import Ticket, resolved_share, tickets_of_customer

EARLIER_TICKETS = 20
"""Earlier tickets that a package lists, the newest."""


async def account_of(reader: Reader, conversation: Conversation) -> Account | None:
    """Return the account of a conversation's customer, or None for an anonymous one."""
    return None if conversation.customer_id is None else await get_customer(reader, conversation.customer_id)


async def earlier_tickets(reader: Reader, conversation: Conversation, *, limit: int = 50) -> list[Ticket]:
    """Return the tickets of the customer's account, of a visitor without one those of all their conversations, the newest first."""
    if conversation.customer_id is not None:
        return await tickets_of_customer(reader, conversation.customer_id, limit=limit)
    return await tickets_of_visitor(reader, conversation, limit=limit)


async def tickets_of_visitor(reader: Reader, chat: Conversation, *, limit: int) -> list[Ticket]:
    """Return the tickets of a conversation's customer, else those of its visitor, the newest first."""
    own = sa.select(conversations.c.id).where(conversations.c.visitor_id == chat.visitor_id)
    whose: sa.ColumnElement[bool] = tickets.c.conversation_id.in_(own)
    if chat.customer_id is not None:
        whose = sa.or_(tickets.c.customer_id == chat.customer_id, whose)
    rows = await reader.execute(
        sa.select(tickets).where(whose).order_by(tickets.c.created_at.desc(), tickets.c.id).limit(limit)
    )
    return [Ticket.of(row) for row in rows.mappings()]


async def health_beside(reader: Reader, account: Account, current: Ticket | None, at: datetime) -> HealthView | None:
    """Return an account's health at a moment, the ticket that is looked at not counted; None while its use was never reported."""
    share = await resolved_share(reader, account.id, at - timedelta(days=SENTIMENT_WINDOW_DAYS), beside=current)
    found = await health_of(reader, account.id, at, share)
    return None if found is None else health_view(found)


async def gather(
    reader: Reader,
    conversation: Conversation,
    account: Account | None,
    ticket: Ticket,
    *,
    shown: Sequence[str],
    rule: str | None,
    at: datetime,
) -> Known:
    """Look up what is known at the moment of a handoff.

    Args:
        reader: the handoff's own write, so that nothing changes between this and the rest.
        conversation: what is handed over.
        account: the customer's account, if they have one.
        ticket: the ticket that the handoff has opened.
        shown: articles that were shown; the others that were opened are looked up by name.
        rule: the rule that handed over, if one did.
        at: the moment.
    """
    opened = await opened_articles(reader, conversation.id)
    beside = [article_id for article_id in opened if article_id not in shown]
    earlier = await earlier_tickets(reader, conversation, limit=EARLIER_TICKETS + 1)
    return Known(
        account=account,
        health=None if account is None else await health_beside(reader, account, ticket, at),
        earlier=[one for one in earlier if one.id != ticket.id][:EARLIER_TICKETS],
        ticket=ticket,
        opened=opened,
        titles=await _titles(reader, beside),
        rule=rule,
    )


async def _titles(reader: Reader, article_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not article_ids:
        return {}
    found = await reader.execute(
        sa.select(articles.c.id, articles.c.title, articles.c.slug).where(articles.c.id.in_(article_ids))
    )
    return {row.id: (row.title, article_url(row.slug)) for row in found}
