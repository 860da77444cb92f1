"""What happened to an SLA clock, in sentences for the people who read its history."""

from __future__ import annotations

from datetime import datetime, timedelta

from handoff.sla.clock_states import Firing, SlaClock
from handoff.sla.deadlines import remaining_time
from handoff.sla.policies import Metric

_METRICS: dict[Metric, str] = {
    "first_response": "First response",
    "next_response": "Next response",
    "resolution": "Resolution",
}


def metric_in_words(metric: Metric) -> str:
    """Name what a clock measures."""
    return _METRICS[metric]


def started_in_words(clock: SlaClock) -> str:
    """Say what a new clock measures and by when."""
    return f"{_METRICS[clock.metric]} is due {_due(clock)}: {_measure(clock)}."


def fired_in_words(clock: SlaClock, what: Firing) -> str:
    """Say that a warning or a breach came."""
    if what == "warning":
        return f"{clock.policy.warn_at:.0%} of {span_in_words(clock.target)} had passed."
    return f"{_METRICS[clock.metric]} was not there after {span_in_words(clock.target)} of working time."


def change_in_words(before: SlaClock, after: SlaClock, what: str, at: datetime) -> str:
    """Say what a person's or a customer's doing changed. `what` is the audit's word for it."""
    words = {
        "met": _met(after, at),
        "paused": f"Stands still after {span_in_words(after.used(at))}: the ticket waits for the customer.",
        "resumed": f"Goes on with {span_in_words(after.used(at))} used; due {_due(after)}.",
        "reopened": f"Goes on with {span_in_words(after.used(at))} used; due {_due(after)}.",
        "cancelled": "No longer needed: the ticket was finished.",
        "recomputed": f"Now {_measure(after)}, from the start; due {_due(after)}.",
    }[what]
    if after.state == "breached" and before.state != "breached":
        return f"{words} The deadline has passed by that measure." if what == "recomputed" else words
    if before.state == "breached" and after.state != "breached":
        return f"{words} The breach of {_moment(before, before.breached_at)} no longer counts."
    return words


def span_in_words(span: timedelta) -> str:
    """Write a span as `1 d 2 h`, `1 h 20 min`, `4 min` or `30 s`."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [(days, "d"), (hours, "h"), (rest // 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _met(clock: SlaClock, at: datetime) -> str:
    left = remaining_time(clock.target, clock.policy.calendar, clock.started_at, clock.pauses, at)
    if clock.state == "breached":
        return f"{_METRICS[clock.metric]} came {span_in_words(-left)} of working time late."
    return f"{_METRICS[clock.metric]} came with {span_in_words(left)} of working time to spare."


def _measure(clock: SlaClock) -> str:
    policy = clock.policy
    version = f" (version {policy.version})" if policy.version else ""
    return (
        f"{span_in_words(clock.target)} of calendar {policy.calendar.name} "
        f"by policy {policy.name}{version} at priority {clock.priority}"
    )


def _due(clock: SlaClock) -> str:
    return "never while it stands still" if clock.due_at is None else _moment(clock, clock.due_at)


def _moment(clock: SlaClock, moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(clock.policy.calendar.tzinfo).strftime("%Y-%m-%d %H:%M:%S %Z")
