"""The report on promises as JSON: the same for `GET /api/reports/sla` and for `baton report sla --json`."""

from __future__ import annotations

from typing_extensions import TypedDict

from core.clock import iso
from handoff.sla.policies import Metric
from insights.sla import Kept, SlaReport


class KeptView(TypedDict):
    """Promises decided, those broken, and the share that was kept; null of none."""

    decided: int
    late: int
    attainment: float | None


class TimesView(TypedDict):
    """Minutes of working time: how often, median, 90th percentile."""

    count: int
    median_minutes: float | None
    p90_minutes: float | None


class StateTimeView(TypedDict):
    """Minutes in a state in all, the median of the tickets that were in it, and how many those are."""

    minutes: float
    median_minutes: float | None
    tickets: int


class SystematicView(TypedDict):
    """A category that breaches by more than chance."""

    category: str
    metric: str
    late: int
    decided: int
    others_late: int
    others_decided: int
    chance: float
    words: str


class SlaReportView(TypedDict):
    """Attainment in all and by policy, team, category and week, each by metric; times; states; who breaches systematically."""

    since: str
    until: str
    overall: dict[str, KeptView]
    by: dict[str, dict[str, dict[str, KeptView]]]
    times: dict[str, TimesView]
    states: dict[str, StateTimeView]
    systematic: list[SystematicView]


def sla_report_view(report: SlaReport) -> SlaReportView:
    """Write the report."""
    return SlaReportView(
        since=iso(report.since),
        until=iso(report.until),
        overall=_by_metric(report.overall),
        by={
            dimension: {name: _by_metric(kept) for name, kept in groups.items()}
            for dimension, groups in report.by.items()
        },
        times={
            metric: TimesView(count=one.count, median_minutes=one.median, p90_minutes=one.p90)
            for metric, one in report.times.items()
        },
        states={
            state: StateTimeView(minutes=one.minutes, median_minutes=one.median, tickets=one.tickets)
            for state, one in report.states.items()
        },
        systematic=[
            SystematicView(
                category=one.category,
                metric=one.metric,
                late=one.group.late,
                decided=one.group.decided,
                others_late=one.others.late,
                others_decided=one.others.decided,
                chance=one.chance,
                words=one.words,
            )
            for one in report.systematic
        ],
    )


def _by_metric(kept: dict[Metric, Kept]) -> dict[str, KeptView]:
    return {
        metric: KeptView(decided=one.decided, late=one.late, attainment=one.attainment) for metric, one in kept.items()
    }
