"""What an agent sees: the lists, ordered by what is due first, and one conversation with all that is known beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa

from core.clock import iso, iso_or_none
from core.database import Reader
from core.errors import Forbidden, Invalid
from customers.tables import customers
from handoff.desk_views import (
    AgentView,
    CustomerView,
    DetailView,
    LastMessageView,
    PageView,
    PersonView,
    RowView,
)
from handoff.gathering import account_of, earlier_tickets, health_beside
from handoff.package import package_of
from handoff.package_views import earlier_ticket_view
from handoff.records import AFTER_AGENTS, BOT, QUEUE, Conversation, Staff, agent_of, agent_owner
from handoff.sight import in_sight, solved
from handoff.sla.clock_states import SlaClock, clock_view
from handoff.sla.clock_tables import first_due_at
from handoff.sla.clocks import clocks_of, sla_clocks
from handoff.staff import staff_names
from handoff.tables import conversations, messages
from handoff.taking_over import rating_of
from handoff.transcript import get_conversation, transcript
from handoff.unanswered import unanswered
from handoff.views import message_view
from handoff.wording import PERSON_PAYLOADS, REASONS
from tickets.tables import tickets
from tickets.ticketing import (
    Ticket,
    get_ticket,
    overrides_of,
    ticket_view,
    tickets_of_conversation,
)

View = Literal["queue", "mine", "colleagues", "bot", "resolved"]
VIEWS: tuple[View, ...] = get_args(View)
ROWS = 200
"""Conversations that a list shows at most; the counts tell of the rest."""
VISITOR_DIGITS = 4
"""The last digits of a visitor's id, random as they are, that tell those apart who wait at the same time."""


async def list_rows(reader: Reader, view: str, agent: Staff, at: datetime, team: str | None = None) -> list[RowView]:
    """Return a list's conversations, of one team or of all: what people have or get by what is due first, the others the newest first.

    What colleagues of other teams have solved is left out (`handoff.sight`).

    Raises:
        Invalid: there is no such list.
        Forbidden: what colleagues have is for leads and admins to look into.
    """
    if view == "colleagues" and not agent.supervises:
        raise Forbidden("Only leads and admins look into what their colleagues have.")
    chosen: dict[str, sa.ColumnElement[bool]] = {
        "queue": conversations.c.owner == QUEUE,
        "mine": conversations.c.owner == agent_owner(agent.id),
        "colleagues": sa.and_(
            conversations.c.owner > agent_owner(""),
            conversations.c.owner < AFTER_AGENTS,
            conversations.c.owner != agent_owner(agent.id),
        ),
        "bot": sa.and_(conversations.c.owner == BOT, conversations.c.messages > 0, in_sight(agent)),
        "resolved": sa.and_(solved(), in_sight(agent)),
    }
    if view not in chosen:
        raise Invalid(f"The list is one of {', '.join(VIEWS)}.", field="view")
    condition = chosen[view] if team is None else sa.and_(chosen[view], tickets.c.team == team)
    by_due = view in {"queue", "mine", "colleagues"}
    return await _rows(reader, condition, at, finished=view == "resolved", by_due=by_due)


async def row_of(reader: Reader, conversation_id: str, at: datetime) -> RowView | None:
    """Return one conversation as a list shows it, or None if there is none."""
    rows = await rows_of(reader, [conversation_id], at)
    return rows[0] if rows else None


async def rows_of(reader: Reader, conversation_ids: Sequence[str], at: datetime) -> list[RowView]:
    """Return conversations as a list shows them, in no order."""
    return await _rows(reader, conversations.c.id.in_(conversation_ids), at, limit=len(conversation_ids))


async def detail_of(reader: Reader, conversation_id: str, at: datetime) -> DetailView:
    """Return one conversation with all that is known beside it.

    Raises:
        NotFound: there is none with this id.
    """
    conversation = await get_conversation(reader, conversation_id)
    row = await row_of(reader, conversation_id, at)
    assert row is not None  # noqa: S101 - it was read above
    ticket = None
    if conversation.ticket_id is not None:
        ticket = await get_ticket(reader, conversation.ticket_id)
    else:
        ticket = next(iter(await tickets_of_conversation(reader, conversation_id, limit=1)), None)
    said = await transcript(reader, conversation_id, notes=True)
    return DetailView(
        row=row,
        messages=[message_view(message) for message in said],
        ticket=None if ticket is None else ticket_view(ticket, await overrides_of(reader, ticket.id)),
        package=None if ticket is None else await package_of(reader, ticket.id),
        clocks=[] if ticket is None else [clock_view(clock, at) for clock in await clocks_of(reader, ticket.id)],
        customer=await _customer(reader, conversation, ticket, at),
        rating=None if ticket is None else await rating_of(reader, ticket.id),
    )


async def _rows(
    reader: Reader,
    condition: sa.ColumnElement[bool],
    at: datetime,
    *,
    finished: bool = False,
    by_due: bool = False,
    limit: int | None = None,
) -> list[RowView]:
    ticket_id = conversations.c.last_ticket_id if finished else conversations.c.ticket_id
    order = (sa.nulls_last(first_due_at()), conversations.c.id) if by_due else (conversations.c.updated_at.desc(),)
    found = await reader.execute(
        sa.select(
            conversations,
            customers.c.name.label("customer_name"),
            customers.c.plan.label("customer_plan"),
            tickets.c.number,
            tickets.c.subject,
            tickets.c.priority,
            tickets.c.category,
            tickets.c.tags,
            tickets.c.team,
            unanswered().label("unanswered"),
        )
        .outerjoin(customers, customers.c.id == conversations.c.customer_id)
        .outerjoin(tickets, tickets.c.id == ticket_id)
        .where(condition)
        .order_by(*order)
        .limit(ROWS if limit is None else limit)
    )
    rows = found.mappings().all()
    names = await staff_names(reader, {agent for row in rows if (agent := agent_of(row["owner"])) is not None})
    last = await _last_messages(reader, [row["id"] for row in rows])
    due = await _next_clocks(reader, [row["ticket_id"] for row in rows if row["ticket_id"]])
    return [_row(row, names, last.get(row["id"]), due.get(row["ticket_id"]), at) for row in rows]


def _row(
    row: sa.RowMapping, names: dict[str, str], last: LastMessageView | None, clock: SlaClock | None, at: datetime
) -> RowView:
    agent_id = agent_of(row["owner"])
    name = row["customer_name"] or row["email"]
    return RowView(
        id=row["id"],
        number=row["number"],
        subject=None if row["subject"] in REASONS.values() else row["subject"],
        customer=PersonView(name=name, plan=row["customer_plan"]),
        visitor=None if name else row["visitor_id"][-VISITOR_DIGITS:].upper(),
        page=row["page_title"] or row["page_url"],
        owner="agent" if agent_id else row["owner"],
        epoch=row["epoch"],
        agent=None if agent_id is None else AgentView(id=agent_id, name=names.get(agent_id, "A former colleague")),
        priority=row["priority"],
        category=row["category"],
        team=row["team"],
        tags=list(row["tags"] or ()),
        reason=row["reason"],
        last_message=last,
        unanswered=bool(row["unanswered"]),
        clock=None if clock is None else clock_view(clock, at),
        updated_at=iso(row["updated_at"]),
    )


async def _last_messages(reader: Reader, conversation_ids: Sequence[str]) -> dict[str, LastMessageView]:
    """Return what was said last in each conversation; that somebody pressed for a person says nothing of their matter."""
    newest = (
        sa.select(messages.c.conversation_id, sa.func.max(messages.c.seq).label("seq"))
        .where(
            messages.c.conversation_id.in_(conversation_ids),
            messages.c.author_kind != "system",
            messages.c.kind != "note",
            sa.or_(messages.c.payload.is_(None), messages.c.payload.not_in(sorted(PERSON_PAYLOADS))),
        )
        .group_by(messages.c.conversation_id)
        .subquery()
    )
    found = await reader.execute(
        sa.select(
            messages.c.conversation_id, messages.c.text, messages.c.answer, messages.c.author_kind, messages.c.at
        ).join(
            newest,
            sa.and_(newest.c.conversation_id == messages.c.conversation_id, newest.c.seq == messages.c.seq),
        )
    )
    return {
        row.conversation_id: LastMessageView(
            text=(row.text or (row.answer or {}).get("title", ""))[:200], author_kind=row.author_kind, at=iso(row.at)
        )
        for row in found
    }


async def _next_clocks(reader: Reader, ticket_ids: Sequence[str]) -> dict[str, SlaClock]:
    """Return each ticket's clock that is due first; where none runs, the one that is paused."""
    found = await reader.execute(
        sa.select(sla_clocks)
        .where(
            sla_clocks.c.ticket_id.in_(ticket_ids),
            sla_clocks.c.met_at.is_(None),
            sla_clocks.c.state.in_(["running", "breached", "paused"]),
        )
        .order_by(sla_clocks.c.state != "paused", sla_clocks.c.due_at.desc())
    )
    return {row["ticket_id"]: SlaClock.of(row) for row in found.mappings()}


async def _customer(reader: Reader, conversation: Conversation, current: Ticket | None, at: datetime) -> CustomerView:
    account = await account_of(reader, conversation)
    found = await earlier_tickets(reader, conversation)
    earlier = [ticket for ticket in found if current is None or ticket.id != current.id]
    return CustomerView(
        id=account.id if account else None,
        name=account.name if account else None,
        email=conversation.email or (account.email if account else None),
        known=account is not None,
        plan=account.plan if account else None,
        mrr=account.mrr if account else None,
        currency=account.currency if account else None,
        since=iso_or_none(account.signed_up_at) if account else None,
        company=account.company if account else None,
        seats=account.seats if account else None,
        health=None if account is None else await health_beside(reader, account, current, at),
        tickets=[earlier_ticket_view(ticket) for ticket in earlier],
        page=PageView(url=conversation.page_url, title=conversation.page_title),
    )
