"""Whether a customer waits for a person's answer: one rule for the desk's lists and for what a silent agent gives back."""

from __future__ import annotations

import sqlalchemy as sa

from handoff.records import QUEUE
from handoff.sla.clocks import sla_clocks
from handoff.tables import conversations, messages


def unanswered() -> sa.ColumnElement[bool]:
    """Select whether a row of `conversations` waits for an answer.

    It does while it is in the queue, while a reply that was promised is owed, and when the customer spoke last. Notices and
    notes say nothing.
    """
    last_speaker = (
        sa.select(messages.c.author_kind)
        .where(messages.c.conversation_id == conversations.c.id, messages.c.author_kind != "system")
        .where(messages.c.kind != "note")
        .order_by(messages.c.seq.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    owed = (
        sa.select(sa.literal(1))
        .where(sla_clocks.c.ticket_id == conversations.c.ticket_id, sla_clocks.c.metric != "resolution")
        .where(sla_clocks.c.state.in_(["running", "breached"]), sla_clocks.c.met_at.is_(None))
        .correlate(conversations)
        .exists()
    )
    return sa.or_(conversations.c.owner == QUEUE, owed, sa.func.coalesce(last_speaker, "") == "customer")
