"""How a deadline came to be: a clock's time in stretches that counted, that were closed and that stood still. Pure.

The stretches follow each other without a gap from the clock's start to its end, or while it runs to its deadline or the
moment it is looked at, whichever is later. Their counted minutes add up to what the clock has used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from handoff.sla.calendars import Calendar, open_spans
from handoff.sla.clock_states import SlaClock, settled
from handoff.sla.deadlines import running_stretches

Kind = Literal["counted", "closed", "paused"]
MOST_SEGMENTS = 400
"""Stretches that are written out; a clock of a year has more, and what is left out is said."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a clock's life.

    Attributes:
        start: when it began.
        end: when it ended.
        kind: `counted` is working time, `closed` lies outside the calendar's windows, `paused` was waiting for the
            customer or resolved.
        counted: working time in it; none but in a counted one.
        total: working time used by its end.
    """

    start: datetime
    end: datetime
    kind: Kind
    counted: timedelta
    total: timedelta


@dataclass(frozen=True)
class History:
    """A clock's time until `until`, and how many stretches were left out after those that are here."""

    segments: tuple[Segment, ...]
    until: datetime
    left_out: int


def history_of(clock: SlaClock, at: datetime, ended_at: datetime | None = None) -> History:
    """Explain a clock.

    Args:
        clock: the clock.
        at: now.
        ended_at: when it was cancelled, if it was.
    """
    clock = settled(clock, at)
    until = clock.met_at or ended_at or max(at, clock.due_at or at)
    marks = [moment for moment in (clock.warn_at, clock.due_at) if moment is not None]
    calendar = clock.policy.calendar
    segments: list[Segment] = []
    total = timedelta(0)
    left_out = 0
    for start, end, kind in _cut(_stretches(clock, calendar, until), [*marks, at]):
        counted = end - start if kind == "counted" else timedelta(0)
        total += counted
        if len(segments) < MOST_SEGMENTS:
            segments.append(Segment(start, end, kind, counted, total))
        else:
            left_out += 1
    return History(tuple(segments), until, left_out)


def _stretches(clock: SlaClock, calendar: Calendar, until: datetime) -> Iterator[tuple[datetime, datetime, Kind]]:
    """Yield stretches in order; those of one kind that touch are one."""
    last: tuple[datetime, datetime, Kind] | None = None
    for piece in _pieces(clock, calendar, until):
        if last is not None and last[2] == piece[2]:
            last = (last[0], piece[1], last[2])
        else:
            if last is not None:
                yield last
            last = piece
    if last is not None:
        yield last


def _pieces(clock: SlaClock, calendar: Calendar, until: datetime) -> Iterator[tuple[datetime, datetime, Kind]]:
    reached = clock.started_at
    for start, open_end in running_stretches(clock.started_at, clock.pauses):
        end = until if open_end is None else min(open_end, until)
        if start >= until:
            break
        if start > reached:
            yield reached, start, "paused"
        reached = start
        for begin, close in open_spans(calendar, start):
            if begin >= end:
                break
            if begin > reached:
                yield reached, begin, "closed"
            reached = min(close, end)
            yield begin, reached, "counted"
        if reached < end:
            yield reached, end, "closed"
        reached = end
    if reached < until:
        yield reached, until, "paused"


def _cut(
    stretches: Iterator[tuple[datetime, datetime, Kind]], marks: Sequence[datetime]
) -> Iterator[tuple[datetime, datetime, Kind]]:
    """Cut counted stretches at the warning, the deadline and the present, so that each is an end that people find."""
    for start, end, kind in stretches:
        inside = [mark for mark in sorted(set(marks)) if kind == "counted" and start < mark < end]
        for begin, until in pairwise([start, *inside, end]):
            yield begin, until, kind
