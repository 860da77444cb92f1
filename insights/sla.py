"""How well promises are kept: attainment by policy, team, category and week, times, states, and who breaches systematically."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal, get_args

import sqlalchemy as sa

from core.database import Reader
from core.errors import Invalid
from handoff.records import QUEUE
from handoff.sla.clock_states import SlaClock
from handoff.sla.clock_words import metric_in_words
from handoff.sla.clocks import sla_clocks
from handoff.sla.policies import METRICS, Metric
from handoff.tables import assignments, conversations
from insights.exact_test import beyond_chance, chance_of_as_many
from tickets.tables import tickets

Dimension = Literal["policy", "team", "category", "week"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
LONGEST_DAYS = 366
LEAST_DECIDED = 10
"""A category with fewer promises decided is not judged."""
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


@dataclass(frozen=True)
class _Promise:
    clock: SlaClock
    team: str
    category: str

    def decided_at(self, now: datetime) -> datetime | None:
        """Return when it was broken or kept; a deadline that has passed is a breach whether it was told or not."""
        if self.clock.breached_at is not None:
            return self.clock.breached_at
        if self.clock.met_at is not None:
            return self.clock.met_at
        due = self.clock.due_at
        return due if due is not None and due <= now else None

    def is_late(self, now: datetime) -> bool:
        return self.clock.state != "met" and self.decided_at(now) is not None


async def sla_report(reader: Reader, days: int, now: datetime) -> SlaReport:
    """Report on the last `days` days. Cancelled clocks promised nothing in the end and do not count.

    Raises:
        Invalid: the number of days is none that a report is made for.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"A report is about 1 to {LONGEST_DAYS} days.", field="days")
    report = SlaReport(now - timedelta(days=days), now)
    promises = [
        promise
        for promise in await _promises(reader, report.since)
        if (decided := promise.decided_at(now)) is not None and report.since <= decided < now
    ]
    report.overall = _kept(promises, now)
    for dimension in DIMENSIONS:
        grouped: dict[str, list[_Promise]] = defaultdict(list)
        for promise in promises:
            grouped[_value(dimension, promise, now)].append(promise)
        report.by[dimension] = {name: _kept(grouped[name], now) for name in sorted(grouped)}
    for metric in METRICS:
        done = [one.clock for one in promises if one.clock.metric == metric and one.clock.met_at is not None]
        report.times[metric] = _times([clock.used(clock.met_at) for clock in done if clock.met_at is not None])
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


def _kept(promises: Iterable[_Promise], now: datetime) -> dict[Metric, Kept]:
    found: dict[Metric, Kept] = {}
    for promise in promises:
        kept = found.setdefault(promise.clock.metric, Kept())
        kept.decided += 1
        kept.late += promise.is_late(now)
    return {metric: found[metric] for metric in METRICS if metric in found}


def _value(dimension: Dimension, promise: _Promise, now: datetime) -> str:
    if dimension == "week":
        day = (promise.decided_at(now) or now).astimezone(UTC).date()
        return (day - timedelta(days=day.weekday())).isoformat()
    named = {
        "policy": promise.clock.policy_snapshot["name"],
        "team": promise.team,
        "category": promise.category,
    }
    return str(named[dimension])


async def _promises(reader: Reader, since: datetime) -> list[_Promise]:
    table = sla_clocks.c
    found = await reader.execute(
        sa.select(sla_clocks, tickets.c.team.label("of_team"), tickets.c.category.label("of_category"))
        .join(tickets, tickets.c.id == table.ticket_id)
        .where(
            table.state != "cancelled", sa.or_(table.met_at >= since, table.breached_at >= since, table.due_at >= since)
        )
    )
    promises = []
    for row in found.mappings():
        clock = {column.name: row[column] for column in sla_clocks.columns}
        promises.append(_Promise(SlaClock.of(clock), row["of_team"], row["of_category"]))
    return promises


async def _states(reader: Reader, since: datetime, now: datetime) -> dict[str, StateTime]:
    """Measure where tickets opened since then were: in the queue, with a person, or waiting for their customer."""
    table = assignments.c
    spells = await reader.execute(
        sa.select(table.ticket_id, table.queued_at, table.claimed_at, table.ended_at)
        .join(tickets, tickets.c.id == table.ticket_id)
        .where(tickets.c.created_at >= since)
    )
    clocks = await reader.execute(
        sa.select(sla_clocks)
        .join(tickets, tickets.c.id == sla_clocks.c.ticket_id)
        .where(tickets.c.created_at >= since, sla_clocks.c.metric == "resolution")
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
        .where(conversations.c.owner == QUEUE, tickets.c.created_at >= since)
    )
    for row in queued:
        if row.queued_at is not None:
            minutes["queue"][row.ticket_id] += (now - row.queued_at).total_seconds() / 60
    return {state: _state(list(per_ticket.values())) for state, per_ticket in minutes.items()}


def _overlap(start: datetime, end: datetime, from_: datetime, until: datetime) -> float:
    return max(0.0, (min(end, until) - max(start, from_)).total_seconds() / 60)


def _state(minutes: Sequence[float]) -> StateTime:
    spent = [one for one in minutes if one > 0]
    return StateTime(round(sum(spent), 1), quantile(spent, 0.5), len(spent))


def _times(spans: Sequence[timedelta]) -> Times:
    minutes = [span.total_seconds() / 60 for span in spans]
    return Times(len(minutes), quantile(minutes, 0.5), quantile(minutes, 0.9))


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed, None of none."""
    ranked = sorted(values)
    return round(ranked[max(0, ceil(share * len(ranked)) - 1)], 2) if ranked else None
