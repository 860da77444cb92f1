"""How a ticket's clocks are written: for the desk and for `baton sla --json`, in one form."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from handoff.sla.clock_states import ClockView, clock_view
from handoff.sla.explaining import ExplainedClock
from tickets.ticketing import Ticket


class SegmentView(TypedDict):
    """A stretch of time: `kind` is `counted`, `closed` or `paused`; `mark` what its end is, `warning`, `deadline`, `met` or `now`."""

    start: str
    end: str
    kind: str
    minutes: float
    total_minutes: float
    mark: str | None


class AuditView(TypedDict):
    """What happened: `at` is when it was true, `noted_at` when it was written down."""

    at: str
    noted_at: str
    what: str
    words: str


class EscalationView(TypedDict):
    """A rule that was set going: `state` is `waiting`, `held` while its clock stands still, `done` or `dropped`."""

    rule: str
    firing: str
    since: str
    due_at: str
    state: str
    settled_at: str | None
    words: str


class MeasureView(TypedDict):
    """What a clock is measured by."""

    policy: str
    version: int
    calendar: str
    zone: str
    priority: str
    warn_share: float


class ClockHistoryView(TypedDict):
    """One clock with all that led to its deadline. `left_out` counts stretches that are not written out."""

    id: str
    clock: ClockView
    measure: MeasureView
    used_minutes: float
    segments: list[SegmentView]
    left_out: int
    audit: list[AuditView]
    escalations: list[EscalationView]


class HistoryTicketView(TypedDict):
    """The ticket that the clocks are of."""

    id: str
    number: str
    subject: str
    status: str
    priority: str
    team: str


class TicketHistoryView(TypedDict):
    """A ticket's clocks in the order they were started."""

    ticket: HistoryTicketView
    clocks: list[ClockHistoryView]


def history_view(ticket: Ticket, clocks: list[ExplainedClock], now: datetime) -> TicketHistoryView:
    """Write the clocks of a ticket."""
    return TicketHistoryView(
        ticket=HistoryTicketView(
            id=ticket.id,
            number=ticket.number,
            subject=ticket.subject,
            status=ticket.status,
            priority=ticket.priority,
            team=ticket.team,
        ),
        clocks=[_clock(one, now) for one in clocks],
    )


def _clock(one: ExplainedClock, now: datetime) -> ClockHistoryView:
    clock, policy = one.clock, one.clock.policy
    marks = {now: "now", clock.warn_at: "warning", clock.due_at: "deadline", clock.met_at: "met"}
    return ClockHistoryView(
        id=clock.id,
        clock=clock_view(clock, now),
        measure=MeasureView(
            policy=policy.name,
            version=policy.version,
            calendar=policy.calendar.name,
            zone=policy.calendar.zone,
            priority=clock.priority,
            warn_share=policy.warn_at,
        ),
        used_minutes=_minutes(clock.used(min(now, one.history.until)).total_seconds()),
        segments=[
            SegmentView(
                start=iso(part.start),
                end=iso(part.end),
                kind=part.kind,
                minutes=_minutes(part.counted.total_seconds()),
                total_minutes=_minutes(part.total.total_seconds()),
                mark=marks.get(part.end),
            )
            for part in one.history.segments
        ],
        left_out=one.history.left_out,
        audit=[
            AuditView(at=iso(entry.at), noted_at=iso(entry.noted_at), what=entry.what, words=entry.words)
            for entry in one.audit
        ],
        escalations=[
            EscalationView(
                rule=step.rule,
                firing=step.firing,
                since=iso(step.since),
                due_at=iso(step.due_at),
                state=step.state,
                settled_at=iso_or_none(step.settled_at),
                words=step.words,
            )
            for step in one.escalations
        ],
    )


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)
