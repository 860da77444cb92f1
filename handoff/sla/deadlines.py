"""The arithmetic of deadlines: when a target runs out, given a calendar and pauses. Pure; the caller has the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.sla.calendars import Calendar, add_working_time, working_time_between


@dataclass(frozen=True)
class Pause:
    """A stretch in which a clock stands still: from `start` on, up to and without `end`; open while `end` is None."""

    start: datetime
    end: datetime | None = None


def deadline(
    target: timedelta, calendar: Calendar, started_at: datetime, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Return the earliest moment by which `target` of working time has run, in UTC.

    Args:
        target: working time that may pass.
        calendar: what counts as working time.
        started_at: when the clock was started.
        pauses: in any order; they may overlap and may begin before the start.

    Returns:
        None if an open pause begins before the target has run out: there is no deadline until it ends.
    """
    left = target
    for start, end in running_stretches(started_at, pauses):
        if end is None:
            return add_working_time(calendar, start, left)
        worked = working_time_between(calendar, start, end)
        if worked >= left:
            return add_working_time(calendar, start, left)
        left -= worked
    return None


def warning(
    target: timedelta, share: float, calendar: Calendar, started_at: datetime, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """Return the moment by which `share` of the target has run, or None like `deadline`."""
    return deadline(target * share, calendar, started_at, pauses)


def used_time(calendar: Calendar, started_at: datetime, pauses: Sequence[Pause], at: datetime) -> timedelta:
    """Return the working time that has run from the start to `at`, pauses left out."""
    used = timedelta(0)
    for start, end in running_stretches(started_at, pauses):
        if start >= at:
            break
        used += working_time_between(calendar, start, at if end is None else min(end, at))
    return used


def remaining_time(
    target: timedelta, calendar: Calendar, started_at: datetime, pauses: Sequence[Pause], at: datetime
) -> timedelta:
    """Return the working time that is left at `at`; below zero is how much too much has run."""
    return target - used_time(calendar, started_at, pauses, at)


def running_stretches(started_at: datetime, pauses: Iterable[Pause]) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield the stretches from the start in which no pause is on, in order; the last is open unless a pause is."""
    start = started_at
    for pause in sorted(pauses, key=lambda pause: pause.start):
        if pause.start > start:
            yield start, pause.start
        if pause.end is None:
            return
        start = max(start, pause.end)
    yield start, None
