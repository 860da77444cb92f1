"""What the conversations in the queue ask for, as they are read from SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from handoff.records import ANSWERING
from handoff.routing.choosing import Need, needed_skills
from handoff.tables import conversations, messages, staff, understandings
from tickets.tables import tickets


def need_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """Return what `need_of` reads, of conversations joined with their tickets. The language is what they wrote in, else their browser's."""
    written_in = (
        sa.select(understandings.c.language)
        .join(messages, messages.c.id == understandings.c.message_id)
        .where(understandings.c.conversation_id == conversations.c.id, understandings.c.language.is_not(None))
        .order_by(messages.c.seq.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    language = sa.func.coalesce(written_in, conversations.c.language).label("language")
    return language, tickets.c.team, tickets.c.category, tickets.c.tags


def need_of(row: Any, skills: Collection[str]) -> Need:
    """Return what a conversation asks for, as anybody on the staff could have it; who had it before is not looked at.

    Args:
        row: with `need_columns`.
        skills: what anybody is good at.
    """
    return Need(row.team, needed_skills(row.category, row.tags or (), skills), row.language)


async def known_skills(reader: Reader) -> frozenset[str]:
    """Return what anybody of the active staff is good at, on duty or not."""
    rows = await reader.execute(sa.select(staff.c.skills).where(staff.c.active, staff.c.role.in_(ANSWERING)))
    return frozenset(skill for (skills,) in rows for skill in skills)
