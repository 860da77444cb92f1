"""What people corrected in triage: labelled examples to learn from, and how often each category was corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.database import Reader
from tickets.examples import Example, key_of
from tickets.tables import ticket_overrides, tickets


@dataclass(frozen=True)
class Corrected:
    """How triage did in one category, as it named it: tickets, those moved elsewhere, those given another priority."""

    category: str
    tickets: int
    category_changed: int
    priority_changed: int


async def corrected_examples(reader: Reader) -> list[Example]:
    """Return the tickets whose category a person corrected, with the last correction of each, in order of ticket."""
    table = ticket_overrides
    rows = await reader.execute(
        sa.select(table.c.ticket_id, table.c.text, table.c.new, table.c.by, tickets.c.number)
        .join(tickets, tickets.c.id == table.c.ticket_id)
        .where(table.c.field == "category")
        .order_by(tickets.c.number, table.c.at, table.c.id)
    )
    last = {row.ticket_id: Example(row.text, row.new, f"ticket {row.number}, corrected by {row.by}") for row in rows}
    return [one for one in last.values() if one.text.strip()]


async def corrections_by_category(reader: Reader) -> list[Corrected]:
    """Count tickets by the category that triage gave them, and what of it people changed for good; most corrected first."""
    table = ticket_overrides
    rows = await reader.execute(
        sa.select(table.c.ticket_id, table.c.field, table.c.old, table.c.new)
        .where(table.c.field.in_(("category", "priority")))
        .order_by(table.c.at, table.c.id)
    )
    first: dict[tuple[str, str], str] = {}
    last: dict[tuple[str, str], str] = {}
    for row in rows:
        first.setdefault((row.ticket_id, row.field), row.old)
        last[row.ticket_id, row.field] = row.new
    seen, moved, pressed = Counter[str](), Counter[str](), Counter[str]()
    for ticket_id, now in await reader.execute(sa.select(tickets.c.id, tickets.c.category)):
        given = first.get((ticket_id, "category"), now)
        seen[given] += 1
        moved[given] += given != now
        priority = (ticket_id, "priority")
        pressed[given] += first.get(priority) != last.get(priority)
    found = [Corrected(name, many, moved[name], pressed[name]) for name, many in seen.items()]
    return sorted(found, key=lambda one: (-one.category_changed, -one.priority_changed, one.category))


def merged(files: Sequence[Example], people: Sequence[Example]) -> list[Example]:
    """Join examples of files and of people; where both have a text, and where people have it twice, the last person is right."""
    corrected = {key_of(one.text): one for one in people}
    return [one for one in files if key_of(one.text) not in corrected] + list(corrected.values())
