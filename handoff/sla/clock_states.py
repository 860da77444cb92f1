"""One SLA clock and what can happen to it: pure functions from a clock and a moment to the clock afterwards.

    running ──pause──▶ paused ──resume──▶ running
    running ──met before its deadline──▶ met ──reopen──▶ running
    running ──its deadline──▶ breached (a late reply sets `met_at` and leaves it breached)
    running, paused ──cancel──▶ cancelled

A clock is breached at its deadline because of what did not happen by then, whenever somebody notices. So whatever
touches a clock settles first what had fallen due; and what fires depends on what happened, never on when the worker
woke. `next_due_at` is the next thing to be told; while a clock is breached it is set only until the breach was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from math import floor
from operator import itemgetter
from typing import Any, Literal

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from handoff.sla.deadlines import Pause, deadline, remaining_time, used_time, warning
from handoff.sla.policies import Metric, Policy, policy_data, policy_of_data
from tickets.vocabulary import Priority

State = Literal["running", "paused", "met", "breached", "cancelled"]
Firing = Literal["warning", "breach"]


@dataclass(frozen=True)
class SlaClock:
    """A clock as it stands.

    Attributes:
        id: its own.
        ticket_id: the ticket that it measures.
        conversation_id: the ticket's conversation, if it has one.
        metric: what it measures.
        stretch: 0, or for `next_response` which unanswered stretch it measures.
        state: see the module.
        priority: the ticket's priority that chose the target.
        target_minutes: working time that may pass.
        policy_snapshot: the policy as it was when the clock was started or last recomputed.
        started_at: when its time began.
        pauses: pairs of ISO moments, the last with None while it stands still.
        due_at: its deadline, None while a pause keeps it away.
        warn_at: when its warning is due, None likewise.
        next_due_at: the next thing to fire, None if there is nothing.
        warned_at: the true time of its warning, once that was told.
        breached_at: its deadline, if that was missed.
        met_at: when it was met, late or not.
    """

    id: str
    ticket_id: str
    conversation_id: str | None
    metric: Metric
    stretch: int
    state: State
    priority: Priority
    target_minutes: int
    policy_snapshot: Mapping[str, Any]
    started_at: datetime
    pauses: tuple[Pause, ...] = ()
    due_at: datetime | None = None
    warn_at: datetime | None = None
    next_due_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    met_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> SlaClock:
        """Read a row of `sla_clocks`."""
        values = {str(name): value for name, value in row.items()}
        return cls(**{**values, "pauses": pauses_of(values["pauses"])})

    def row(self) -> dict[str, Any]:
        """Write the clock as a row of `sla_clocks`."""
        pauses = [[pause.start.isoformat(), pause.end and pause.end.isoformat()] for pause in self.pauses]
        return {**{name: getattr(self, name) for name in self.__annotations__}, "pauses": pauses}

    @cached_property
    def policy(self) -> Policy:
        """Return the policy that it is measured by."""
        return policy_of_data(self.policy_snapshot)

    @property
    def target(self) -> timedelta:
        """Return the working time that may pass."""
        return timedelta(minutes=self.target_minutes)

    @property
    def unanswered(self) -> bool:
        """Tell whether somebody still has to do what it measures."""
        return self.met_at is None and self.state != "cancelled"

    @property
    def standing(self) -> bool:
        """Tell whether a pause is on."""
        return bool(self.pauses) and self.pauses[-1].end is None

    def used(self, at: datetime) -> timedelta:
        """Return the working time that has run by `at`."""
        return used_time(self.policy.calendar, self.started_at, self.pauses, at)


def pauses_of(stored: Sequence[tuple[str, str | None]]) -> tuple[Pause, ...]:
    """Read pauses as `sla_clocks` keeps them."""
    return tuple(Pause(_moment(start), _moment(end) if end else None) for start, end in stored)


class ClockView(TypedDict):
    """A clock in the protocol. `remaining_seconds` is working time, below zero once overdue, null once it is over."""

    metric: Metric
    state: State
    started_at: str
    due_at: str | None
    warn_at: str | None
    met_at: str | None
    breached_at: str | None
    target_minutes: int
    remaining_seconds: int | None


def started(clock: SlaClock, policy: Policy) -> SlaClock:
    """Give a new clock its policy, its target and its deadlines."""
    measured = replace(
        clock,
        state="running",
        policy_snapshot=policy_data(policy),
        target_minutes=policy.minutes(clock.priority, clock.metric),
    )
    return _armed(_scheduled(measured))


def settled(clock: SlaClock, at: datetime) -> SlaClock:
    """Call a clock breached whose deadline has come, and leave the telling of it due."""
    if clock.state in {"running", "paused"} and clock.due_at is not None and clock.due_at <= at:
        return replace(clock, state="breached", breached_at=clock.due_at)
    return clock


def met(clock: SlaClock, at: datetime) -> SlaClock:
    """Note that what it measures was done: before the deadline it is met, from the deadline on it stays breached.

    A breach that a machine whose time is ahead has noted before the deadline is taken back.
    """
    if clock.unanswered and clock.breached_at is not None and clock.breached_at > at:
        clock = replace(clock, state="running", breached_at=None)
    clock = settled(clock, at)
    if not clock.unanswered:
        return clock
    if clock.state == "breached":
        return replace(clock, met_at=at)
    return replace(clock, state="met", met_at=at, next_due_at=_untold(clock, at))


def paused(clock: SlaClock, at: datetime) -> SlaClock:
    """Let it stand still. A breached one stays breached; its overdue time stands still."""
    clock = settled(clock, at)
    if not clock.unanswered or clock.standing:
        return clock
    still = replace(clock, pauses=(*clock.pauses, Pause(_not_before(clock, at))))
    return still if still.state == "breached" else _armed(_scheduled(replace(still, state="paused")))


def resumed(clock: SlaClock, at: datetime) -> SlaClock:
    """Let it go on with the time that it has used."""
    if not clock.unanswered or not clock.standing:
        return clock
    last = clock.pauses[-1]
    going = replace(clock, pauses=(*clock.pauses[:-1], Pause(last.start, max(last.start, at))))
    return going if going.state == "breached" else _armed(_scheduled(replace(going, state="running")))


def reopened(clock: SlaClock, at: datetime) -> SlaClock:
    """Let a met clock go on with the time it had used: the time in which it was done counts as a pause."""
    if clock.met_at is None:
        return clock
    done = Pause(clock.met_at, max(clock.met_at, at))
    kept = (*clock.pauses[:-1], Pause(clock.pauses[-1].start, clock.met_at)) if clock.standing else clock.pauses
    going = replace(clock, met_at=None, pauses=(*kept, done))
    return going if going.state == "breached" else _armed(_scheduled(replace(going, state="running")))


def cancelled(clock: SlaClock, at: datetime) -> SlaClock:
    """Stop it for good. What had fallen due by then stays true."""
    clock = settled(clock, at)
    if not clock.unanswered or clock.state == "breached":
        return clock
    return replace(clock, state="cancelled", next_due_at=_untold(clock, at))


def recomputed(clock: SlaClock, policy: Policy, priority: Priority, at: datetime) -> SlaClock:
    """Measure an unanswered clock by another target or calendar, as if it had been so from its start.

    A deadline that has passed by the new measure is a breach at that deadline. One that has not passed yet takes a
    breach by the old measure back. What was told already is told again only if its new moment is still to come.
    """
    if not clock.unanswered:
        return clock
    told_breach = clock.state == "breached" and clock.next_due_at is None
    fresh = replace(
        clock,
        state="paused" if clock.standing else "running",
        priority=priority,
        policy_snapshot=policy_data(policy),
        target_minutes=policy.minutes(priority, clock.metric),
        breached_at=None,
    )
    fresh = _scheduled(fresh)
    if fresh.warn_at is None or fresh.warn_at > at:
        fresh = replace(fresh, warned_at=None)
    fresh = settled(_armed(fresh), at)
    return replace(fresh, next_due_at=None) if told_breach and fresh.state == "breached" else fresh


def fired(clock: SlaClock, now: datetime) -> tuple[SlaClock, list[tuple[Firing, datetime]]]:
    """Return the clock after telling all that is due by `now`, and what that is, in order, with its true times."""
    if clock.next_due_at is None or clock.next_due_at > now:
        return clock, []
    clock = settled(clock, now)
    told: list[tuple[Firing, datetime]] = []
    if clock.warned_at is None and clock.warn_at is not None and clock.warn_at <= now:
        told.append(("warning", clock.warn_at))
        clock = replace(clock, warned_at=clock.warn_at)
    if clock.state == "breached" and clock.breached_at is not None:
        told.append(("breach", clock.breached_at))
    upcoming = clock.due_at if clock.state in {"running", "paused"} else None
    return replace(clock, next_due_at=upcoming), told


def first_due(clocks: Sequence[SlaClock]) -> SlaClock | None:
    """Return the unanswered clock that is or was due first; one that stands still is due never."""
    waiting = [(clock.due_at, clock.metric, clock) for clock in clocks if clock.unanswered and clock.due_at is not None]
    return min(waiting, key=itemgetter(0, 1))[2] if waiting else None


def clock_view(clock: SlaClock, now: datetime) -> ClockView:
    """Write a clock as it is at `now`, also where the worker has not been yet."""
    clock = settled(clock, now)
    remaining = None
    if clock.unanswered:
        left = remaining_time(clock.target, clock.policy.calendar, clock.started_at, clock.pauses, now)
        remaining = floor(left.total_seconds())
    return ClockView(
        metric=clock.metric,
        state=clock.state,
        started_at=iso(clock.started_at),
        due_at=iso_or_none(clock.due_at),
        warn_at=iso_or_none(clock.warn_at),
        met_at=iso_or_none(clock.met_at),
        breached_at=iso_or_none(clock.breached_at),
        target_minutes=clock.target_minutes,
        remaining_seconds=remaining,
    )


def _scheduled(clock: SlaClock) -> SlaClock:
    calendar = clock.policy.calendar
    return replace(
        clock,
        due_at=deadline(clock.target, calendar, clock.started_at, clock.pauses),
        warn_at=warning(clock.target, clock.policy.warn_at, calendar, clock.started_at, clock.pauses),
    )


def _armed(clock: SlaClock) -> SlaClock:
    return replace(clock, next_due_at=clock.warn_at if clock.warned_at is None else clock.due_at)


def _untold(clock: SlaClock, at: datetime) -> datetime | None:
    """Return what was due by `at` and no worker has told yet."""
    return clock.next_due_at if clock.next_due_at is not None and clock.next_due_at <= at else None


def _not_before(clock: SlaClock, at: datetime) -> datetime:
    """Return `at`, or the clock's last moment if another machine's time is behind it."""
    last = clock.pauses[-1].end if clock.pauses else None
    return max(at, last or clock.started_at)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
