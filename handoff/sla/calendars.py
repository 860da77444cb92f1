"""When people work: a time zone, windows on each weekday and holidays, and the arithmetic of working time.

A moment counts as working time when the clock on the wall of the calendar's zone shows a time inside one of the day's
windows and the day is no holiday. Time is counted as it really passes. So when clocks go back, an hour that the wall
clock shows twice inside a window counts twice; when they go forward, the hour that is skipped does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.errors import Invalid

DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_NEVER = datetime(9990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Window:
    """Part of a day, in minutes after midnight on the wall clock: from `start` on, up to and without `end`."""

    start: int
    end: int


Week = tuple[tuple[Window, ...], ...]
"""The windows of the seven weekdays, Monday first."""


@dataclass(frozen=True)
class Calendar:
    """When people work. Make one with `handoff.sla.calendar_data.parse_calendar`, or `ALWAYS`.

    Attributes:
        name: what people call it.
        zone: IANA name of the time zone.
        week: the windows of each weekday, in order and apart from each other.
        holidays: days without work.
        yearly: days without work in every year, as (month, day).
    """

    name: str
    zone: str
    week: Week
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    @property
    def always_open(self) -> bool:
        """Tell whether every moment is working time."""
        return self.week == _FULL_WEEK and not self.holidays and not self.yearly

    @property
    def tzinfo(self) -> ZoneInfo:
        """Return the time zone itself."""
        return ZoneInfo(self.zone)

    def is_holiday(self, day: date) -> bool:
        """Tell whether nobody works on this day although its weekday may have windows."""
        return day in self.holidays or (day.month, day.day) in self.yearly

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the windows of a day."""
        return () if self.is_holiday(day) else self.week[day.weekday()]


_FULL_DAY = (Window(0, DAY_MINUTES),)
_FULL_WEEK: Week = (_FULL_DAY,) * 7

ALWAYS = Calendar("always", "UTC", _FULL_WEEK)
"""Every hour of every day."""


def add_working_time(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """Return the earliest moment by which `duration` of working time has passed since `start`, in UTC.

    An hour that ends exactly when the window closes is over at that moment, not when the next window opens.

    Raises:
        Invalid: the moment would lie beyond the year 9990.
    """
    _check(calendar, start)
    if duration < timedelta(0):
        raise Invalid("Working time to add cannot be negative.")
    start = start.astimezone(UTC)
    if duration == timedelta(0):
        return start
    if calendar.always_open:
        if duration > _NEVER - start:
            raise Invalid("That much working time never comes.")
        return start + duration
    left = duration
    for begin, end in open_spans(calendar, start):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise Invalid(f"Calendar {calendar.name} never has that much working time.")


def working_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time that passes from `start` to `end`; none if `end` is not later."""
    _check(calendar, start)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return timedelta(0)
    if calendar.always_open:
        return end - start
    total = timedelta(0)
    for begin, until in open_spans(calendar, start):
        if begin >= end:
            break
        total += min(until, end) - begin
    return total


def next_open(calendar: Calendar, at: datetime) -> datetime:
    """Return `at` if it is working time, else the moment the next window opens, in UTC.

    Raises:
        Invalid: no window ever opens.
    """
    _check(calendar, at)
    at = at.astimezone(UTC)
    for begin, _ in open_spans(calendar, at):
        return begin
    raise Invalid(f"Calendar {calendar.name} never opens again.")


def _check(calendar: Calendar, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    if not any(calendar.week):
        raise Invalid(f"Calendar {calendar.name} has no working hours at all.", field="windows")


def open_spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield spans of working time from `start` on, in order, in UTC. A window may come in several touching pieces.

    Without windows it goes on for ever without yielding: `parse_calendar` refuses such a calendar.

    The walk goes by days in UTC, cut where the zone's offset changes: inside a piece the wall clock runs evenly, so
    that what repeats or is skipped needs no special case.
    """
    day = datetime(start.year, start.month, start.day, tzinfo=UTC)
    while day < _NEVER:
        for begin, end, offset in _even_pieces(calendar.zone, day):
            if end > start:
                yield from _spans_in_piece(calendar, max(begin, start), end, offset)
        day += _DAY


def _spans_in_piece(
    calendar: Calendar, begin: datetime, end: datetime, offset: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    wall_begin, wall_end = begin + offset, end + offset
    midnight = datetime(wall_begin.year, wall_begin.month, wall_begin.day, tzinfo=UTC)
    while midnight < wall_end:
        for window in calendar.windows_on(midnight.date()):
            opens = max(midnight + window.start * _MINUTE, wall_begin)
            closes = min(midnight + window.end * _MINUTE, wall_end)
            if opens < closes:
                yield opens - offset, closes - offset
        midnight += _DAY


@lru_cache(maxsize=8192)
def _even_pieces(zone: str, day: datetime) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """Cut a day in UTC where the zone's offset changes; zones change at most once in a day."""
    place, end = ZoneInfo(zone), day + _DAY
    before, after = _offset(place, day), _offset(place, end - timedelta.resolution)
    if before == after:
        return ((day, end, before),)
    low, high = day, end
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(place, middle) == before else (low, middle)
    return ((day, high, before), (high, end, after))


def _offset(place: tzinfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(place).utcoffset()
    if offset is None:  # a zone always has one
        raise ValueError(f"{place} has no offset at {moment}")
    return offset
