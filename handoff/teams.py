"""Teams: which there are, when they answer, and whether their conversations are claimed or assigned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from core.database import INSERT, Reader, Transaction
from core.errors import Invalid, NotFound
from core.text import shown_name
from handoff.records import ANSWERING, Staff
from handoff.sla.calendar_data import calendar_data, parse_calendar
from handoff.sla.calendars import Calendar
from handoff.tables import staff, teams
from tickets.rules import default_rules

Assignment = Literal["manual", "automatic"]
ASSIGNMENTS: tuple[Assignment, ...] = get_args(Assignment)
LONGEST_TITLE = 80
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Team:
    """A team.

    Attributes:
        name: what tickets name it.
        title: what people read.
        assignment: how its conversations find somebody; None for the way that the settings say.
        hours: when it answers; None where the SLA policy's calendar says it.
    """

    name: str
    title: str
    assignment: Assignment | None = None
    hours: Calendar | None = None


async def teams_by_name(reader: Reader) -> dict[str, Team]:
    """Return every team, those of the rules of triage and those that people made, by name and in its order."""
    found = {name: Team(name, title_of(name)) for name in {kind.team for kind in default_rules().categories.values()}}
    for row in (await reader.execute(sa.select(teams))).mappings():
        hours = None if row["hours"] is None else parse_calendar(row["name"], row["hours"])
        found[row["name"]] = Team(row["name"], row["title"], row["assignment"], hours)
    return dict(sorted(found.items()))


async def get_team(reader: Reader, name: str) -> Team:
    """Return one team.

    Raises:
        NotFound: there is none of this name; the sentence says which there are.
    """
    known = await teams_by_name(reader)
    if name not in known:
        raise NotFound(f"There is no team {name!r}. The teams are {', '.join(known)}.", field="team")
    return known[name]


async def put_team(tx: Transaction, name: str, changes: Mapping[str, Any], *, at: datetime) -> Team:
    """Make a team, or change what `changes` names of it: `title`, `assignment`, `hours`. Idempotent by name.

    Args:
        tx: the write.
        name: small letters, digits and hyphens.
        changes: `assignment` is `manual`, `automatic` or None; `hours` a calendar as data (`handoff.sla.calendar_data`) or None.
        at: now.

    Raises:
        Invalid: with the reason and the place.
    """
    if not _NAME.fullmatch(name):
        raise Invalid("A team is named in small letters, digits and hyphens, such as billing.", field="name")
    before = (await teams_by_name(tx.connection)).get(name, Team(name, title_of(name)))
    title = shown_name(str(changes.get("title", before.title)))
    if not 0 < len(title) <= LONGEST_TITLE:
        raise Invalid(f"A team's title has 1 to {LONGEST_TITLE} characters, some of which can be seen.", field="title")
    assignment = changes.get("assignment", before.assignment)
    if assignment not in (None, *ASSIGNMENTS):
        raise Invalid("A team's conversations are assigned manual or automatic.", field="assignment")
    hours = before.hours
    if "hours" in changes:
        hours = None if changes["hours"] is None else parse_calendar(name, changes["hours"])
    values = {
        "title": title,
        "assignment": assignment,
        "hours": None if hours is None else calendar_data(hours),
        "updated_at": at,
    }
    insert = INSERT[tx.connection.dialect.name](teams).values(name=name, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=[teams.c.name], set_=values))
    return Team(name, title, assignment, hours)


async def members(reader: Reader) -> list[Staff]:
    """Return the active staff who answer customers, by name."""
    rows = await reader.execute(
        sa.select(staff).where(staff.c.active, staff.c.role.in_(ANSWERING)).order_by(staff.c.name, staff.c.id)
    )
    return [Staff.of(row) for row in rows.mappings()]


def title_of(name: str) -> str:
    """Return a team's name as people read it, where nobody gave it a title."""
    return name.replace("-", " ").capitalize()
