"""Who is within their working hours, and what each member of staff has in hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from handoff.records import AFTER_AGENTS, agent_of, agent_owner
from handoff.sla.calendar_data import parse_calendar
from handoff.sla.calendars import next_open
from handoff.tables import conversations


def within_hours(name: str, hours: dict[str, Any] | None, at: datetime) -> bool:
    """Tell whether this is within somebody's working hours, as they are stored with their account."""
    return hours is None or next_open(parse_calendar(name, hours), at) == at


async def loads_of(reader: Reader) -> dict[str, int]:
    """Return how many conversations each member of staff has; who has none is absent."""
    rows = await reader.execute(
        sa.select(conversations.c.owner, sa.func.count())
        .where(conversations.c.owner > agent_owner(""), conversations.c.owner < AFTER_AGENTS)
        .group_by(conversations.c.owner)
    )
    return {agent_of(row[0]) or "": row[1] for row in rows}
