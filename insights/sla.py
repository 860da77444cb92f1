"""How well promises are kept: attainment by policy, team, category and week, times, states, and who breaches systematically."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any, Literal, get_args

import sqlalchemy as sa

from core.database import Reader
from core.errors import Invalid
from handoff.records import QUEUE
from handoff.sla.clock_states import SlaClock, pauses_of
from handoff.sla.clock_words import metric_in_words
from handoff.sla.clocks import sla_clocks
from handoff.sla.deadlines import used_time
from handoff.sla.policies import METRICS, Metric, Policy, policy_of_data
from handoff.tables import assignments, conversations
from insights.exact_test import beyond_chance, chance_of_as_many
from tickets.tables import tickets

Dimension = Literal["policy", "team", "category", "week"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
LONGEST_DAYS = 366
LEAST_DECIDED = 10
"""A category with fewer promises decided is not judged."""
PAGE = 200
"""Rows that are looked at together: they are what is in memory, and what others on the loop wait for."""
LEVEL = 0.05
"""How likely it may be that a report without any systematic breach names one."""


@dataclass
class Kept:
    """Promises of one metric that were decided: kept, or late."""

    decided: int = 0
    late: int = 0

    @property
    def attainment(self) -> float | None:
        """Return the share that was kept, None of none."""
        return None if not self.decided else 1 - self.late / self.decided


@dataclass(frozen=True)
class Systematic:
    """A category whose promises are broken more often than all others' by more than chance.

    Attributes:
        category: which.
        metric: of which promise.
        group: what was decided in it.
        others: what was decided in all other categories.
        chance: how likely that is by chance, corrected for all that were looked at.
    """

    category: str
    metric: Metric
    group: Kept
    others: Kept
    chance: float

    @property
    def words(self) -> str:
        """Say it."""
        chance = "less than 0.1 %" if self.chance < 0.001 else f"{self.chance:.1%}"
        return (
            f"{self.category} breaches systematically: {metric_in_words(self.metric).lower()} was late for"
            f" {self.group.late} of {self.group.decided} tickets, against {self.others.late} of {self.others.decided} in all"
            f" other categories. The chance that this is chance is {chance}."
        )


@dataclass(frozen=True)
class Times:
    """Minutes of working time until something was done: how often, the median and the 90th percentile."""

    count: int
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class StateTime:
    """How long tickets were in a state: all minutes together, and the median of those that were in it at all."""

    minutes: float
    median: float | None
    tickets: int


@dataclass
class SlaReport:
    """The promises that were decided from `since` until `until`."""

    since: datetime
    until: datetime
    overall: dict[Metric, Kept] = field(default_factory=dict)
    by: dict[Dimension, dict[str, dict[Metric, Kept]]] = field(default_factory=dict)
    times: dict[Metric, Times] = field(default_factory=dict)
    states: dict[str, StateTime] = field(default_factory=dict)
    systematic: list[Systematic] = field(default_factory=list)


async def sla_report(reader: Reader, days: int, now: datetime) -> SlaReport:
    """Report on the last `days` days. Cancelled clocks promised nothing in the end and do not count.

    Raises:
        Invalid: the number of days is none that a report is made for.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"A report is about 1 to {LONGEST_DAYS} days.", field="days")
    report = SlaReport(now - timedelta(days=days), now)
    await _look_through(reader, report)
    report.states = await _states(reader, report.since, now)
    report.systematic = systematic_breaches(report.by["category"])
    return report


def systematic_breaches(by_category: dict[str, dict[Metric, Kept]]) -> list[Systematic]:
    """Name the categories whose promises are broken more often than the others', the least likely chance first."""
    judged: dict[tuple[str, Metric], tuple[Kept, Kept]] = {}
    chances: dict[tuple[str, Metric], float] = {}
    for metric in METRICS:
        of = {category: kept[metric] for category, kept in by_category.items() if metric in kept}
        decided, late = sum(one.decided for one in of.values()), sum(one.late for one in of.values())
        for category, group in of.items():
            others = Kept(decided - group.decided, late - group.late)
            if group.decided >= LEAST_DECIDED and others.decided >= LEAST_DECIDED:
                judged[category, metric] = (group, others)
                chances[category, metric] = chance_of_as_many(group.late, group.decided, late, decided)
    return [
        Systematic(category, metric, *judged[category, metric], chance)
        for (category, metric), chance in beyond_chance(chances, LEVEL).items()
    ]


async def _look_through(reader: Reader, report: SlaReport) -> None:
    """Count the promises, and measure the working time until they were met: page by page, however many there are.

    Cancelled clocks promised nothing in the end and do not count.
    """
    spans: dict[Metric, array[float]] = {metric: array("d") for metric in METRICS}
    last = ""
    page = _promises(report)
    while True:
        rows = (await reader.execute(page.where(sla_clocks.c.id > last))).all()
        for row in rows:
            measured = _measured_by(row.snapshot)
            _count(report, row, measured.name)
            if row.met_at is not None:
                used = used_time(measured.calendar, row.started_at, pauses_of(row.pauses), row.met_at)
                spans[row.metric].append(used.total_seconds() / 60)
        if len(rows) < PAGE:
            break
        last = rows[-1].id
    report.overall = _in_order(report.overall)
    for dimension in DIMENSIONS:
        by = report.by.get(dimension, {})
        report.by[dimension] = {name: _in_order(by[name]) for name in sorted(by)}
    report.times = {metric: _times(spans[metric]) for metric in METRICS}


def _promises(report: SlaReport) -> sa.Select[Any]:
    """Select the promises that were decided in the report's time, and when: a deadline that has passed is a breach, told or not."""
    table = sla_clocks.c
    passed = sa.case((table.due_at <= report.until, table.due_at))
    decided = sa.func.coalesce(table.breached_at, table.met_at, passed, type_=table.due_at.type)
    since = sa.or_(table.met_at >= report.since, table.breached_at >= report.since, table.due_at >= report.since)
    return (
        sa.select(table.id, table.metric, table.state, table.started_at, table.pauses, table.met_at)
        # As text: what it says is read once for all clocks that were measured alike.
        .add_columns(sa.cast(table.policy_snapshot, sa.Text).label("snapshot"), decided.label("decided_at"))
        .add_columns(tickets.c.team, tickets.c.category)
        .join(tickets, tickets.c.id == table.ticket_id)
        .where(table.state != "cancelled", since, decided >= report.since, decided < report.until)
        .order_by(table.id)
        .limit(PAGE)
    )


@lru_cache(maxsize=256)
def _measured_by(snapshot: str) -> Policy:
    return policy_of_data(json.loads(snapshot))


def _count(report: SlaReport, row: Any, policy: str) -> None:
    day = row.decided_at.astimezone(UTC).date()
    monday = (day - timedelta(days=day.weekday())).isoformat()
    groups: dict[Dimension, str] = {"policy": policy, "team": row.team, "category": row.category, "week": monday}
    counted = [report.overall, *(report.by.setdefault(one, {}).setdefault(groups[one], {}) for one in DIMENSIONS)]
    for kept in counted:
        one = kept.setdefault(row.metric, Kept())
        one.decided += 1
        one.late += row.state != "met"


def _in_order(found: Mapping[Metric, Kept]) -> dict[Metric, Kept]:
    return {metric: found[metric] for metric in METRICS if metric in found}


async def _states(reader: Reader, since: datetime, now: datetime) -> dict[str, StateTime]:
    """Measure where tickets opened since then were: in the queue, with a person, or waiting for their customer. Page by page of tickets."""
    minutes: dict[str, array[float]] = {state: array("d") for state in ("queue", "person", "customer")}
    last = ""
    while True:
        page = sa.select(tickets.c.id).where(tickets.c.created_at >= since, tickets.c.id > last)
        found = list((await reader.execute(page.order_by(tickets.c.id).limit(PAGE))).scalars())
        if found:
            opened = sa.and_(tickets.c.created_at >= since, tickets.c.id > last, tickets.c.id <= found[-1])
            for state, per_ticket in (await _spent(reader, opened, now)).items():
                minutes[state].extend(per_ticket.values())
        if len(found) < PAGE:
            return {state: _state(spent) for state, spent in minutes.items()}
        last = found[-1]


async def _spent(reader: Reader, opened: sa.ColumnElement[bool], now: datetime) -> dict[str, dict[str, float]]:
    """Measure some tickets: minutes by state and ticket."""
    table = assignments.c
    spells = await reader.execute(
        sa.select(table.ticket_id, table.queued_at, table.claimed_at, table.ended_at)
        .join(
            tickets,
            sa.and_(tickets.c.id == table.ticket_id, tickets.c.conversation_id == table.conversation_id),
        )
        .where(opened)
    )
    clocks = await reader.execute(
        sa.select(sla_clocks)
        .join(tickets, tickets.c.id == sla_clocks.c.ticket_id)
        .where(opened, sla_clocks.c.metric == "resolution")
    )
    pauses = {clock.ticket_id: clock.pauses for clock in map(SlaClock.of, clocks.mappings())}
    minutes: dict[str, dict[str, float]] = {state: defaultdict(float) for state in ("queue", "person", "customer")}
    for spell in spells:
        ended = spell.ended_at or now
        waiting = sum(
            _overlap(spell.claimed_at, ended, pause.start, pause.end or now)
            for pause in pauses.get(spell.ticket_id, ())
        )
        minutes["queue"][spell.ticket_id] += _overlap(spell.queued_at, spell.claimed_at, spell.queued_at, now)
        minutes["customer"][spell.ticket_id] += waiting
        minutes["person"][spell.ticket_id] += _overlap(spell.claimed_at, ended, spell.claimed_at, now) - waiting
    queued = await reader.execute(
        sa.select(conversations.c.ticket_id, conversations.c.queued_at)
        .join(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(conversations.c.owner == QUEUE, opened)
    )
    for row in queued:
        if row.queued_at is not None:
            minutes["queue"][row.ticket_id] += (now - row.queued_at).total_seconds() / 60
    return minutes


def _overlap(start: datetime, end: datetime, from_: datetime, until: datetime) -> float:
    return max(0.0, (min(end, until) - max(start, from_)).total_seconds() / 60)


def _state(minutes: Sequence[float]) -> StateTime:
    spent = [one for one in minutes if one > 0]
    return StateTime(round(sum(spent), 1), quantile(spent, 0.5), len(spent))


def _times(minutes: Sequence[float]) -> Times:
    return Times(len(minutes), quantile(minutes, 0.5), quantile(minutes, 0.9))


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed, None of none."""
    ranked = sorted(values)
    return round(ranked[max(0, ceil(share * len(ranked)) - 1)], 2) if ranked else None
