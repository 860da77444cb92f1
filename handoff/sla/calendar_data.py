"""Calendars as data: read from what a person wrote in YAML or an API, checked with the reason, and written back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import Invalid
from handoff.sla.calendars import DAY_MINUTES, Calendar, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_YEARLY = re.compile(r"(\d{2})-(\d{2})")


def parse_calendar(name: str, data: object) -> Calendar:
    """Read a calendar.

    Args:
        name: what people call it.
        data: `zone`, an IANA name; `windows`, by day (`mon`) or days (`mon-fri`), each a list such as
            `["09:00-12:00", "13:00-17:00"]`; `holidays`, a list of dates, `2026-12-24` or, for every year, `12-25`.

    Raises:
        Invalid: with the reason and, as its field, the place.
    """
    if not isinstance(data, Mapping):
        raise Invalid(f"Calendar {name} must have a zone and windows.", field=name)
    if unknown := set(data) - {"zone", "windows", "holidays"}:
        raise Invalid(f"Calendar {name} has zone, windows and holidays, not {_listed(unknown)}.", field=name)
    holidays, yearly = _holidays(name, data.get("holidays", ()))
    return Calendar(name, _zone(name, data.get("zone")), _week(name, data.get("windows")), holidays, yearly)


def calendar_data(calendar: Calendar) -> dict[str, Any]:
    """Write a calendar as JSON that `parse_calendar` reads back as the same one."""
    windows = {day: [_written(window) for window in calendar.week[index]] for index, day in enumerate(DAYS)}
    yearly = [f"{month:02}-{day:02}" for month, day in sorted(calendar.yearly)]
    return {
        "zone": calendar.zone,
        "windows": {day: listed for day, listed in windows.items() if listed},
        "holidays": [day.isoformat() for day in sorted(calendar.holidays)] + yearly,
    }


def calendar_warnings(calendar: Calendar, at: datetime) -> list[str]:
    """Say what is allowed and yet looks forgotten: a list of holidays that lies wholly in the past."""
    if calendar.holidays and not calendar.yearly:
        last = max(calendar.holidays)
        if last < at.astimezone(calendar.tzinfo).date():
            return [f"Every holiday of calendar {calendar.name} has passed; the last was {last.isoformat()}."]
    return []


def _zone(name: str, zone: object) -> str:
    if not isinstance(zone, str) or not zone:
        raise Invalid(f"Calendar {name} needs a zone, such as Europe/Berlin.", field=f"{name}.zone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"Calendar {name}: there is no time zone {zone!r}.", field=f"{name}.zone") from error
    return zone


def _week(name: str, windows: object) -> tuple[tuple[Window, ...], ...]:
    field = f"{name}.windows"
    if not isinstance(windows, Mapping) or not windows:
        raise Invalid(f"Calendar {name} needs windows, such as mon-fri: ['09:00-17:00'].", field=field)
    week: dict[int, tuple[Window, ...]] = {}
    for days, listed in windows.items():
        for day in _days(name, days):
            if day in week:
                raise Invalid(f"Calendar {name} names {DAYS[day]} twice.", field=field)
            week[day] = _day(name, str(days), listed)
    if not any(week.values()):
        raise Invalid(f"Calendar {name} has no working hours at all.", field=field)
    return tuple(week.get(day, ()) for day in range(7))


def _days(name: str, days: object) -> Iterable[int]:
    first, _, last = str(days).partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise Invalid(f"Calendar {name}: {days!r} is no day; write mon, or mon-fri.", field=f"{name}.windows")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise Invalid(f"Calendar {name}: {days} runs backwards; write two entries.", field=f"{name}.windows")
    return range(start, end + 1)


def _day(name: str, days: str, listed: object) -> tuple[Window, ...]:
    field = f"{name}.windows.{days}"
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple):
        raise Invalid(f"Calendar {name}: the windows of {days} must be a list.", field=field)
    windows = sorted(_window(name, field, text) for text in listed)
    for earlier, later in pairwise(windows):
        if later.start < earlier.end:
            reason = f"Calendar {name}: {_written(earlier)} and {_written(later)} of {days} overlap."
            raise Invalid(reason, field=field)
    return _joined(windows)


def _joined(windows: list[Window]) -> tuple[Window, ...]:
    joined: list[Window] = []
    for window in windows:
        if joined and joined[-1].end == window.start:
            joined[-1] = Window(joined[-1].start, window.end)
        else:
            joined.append(window)
    return tuple(joined)


def _window(name: str, field: str, text: object) -> Window:
    match = _WINDOW.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Invalid(f"Calendar {name}: {text!r} is no window; write '09:00-17:00' in quotes.", field=field)
    start, end = (_minutes(name, field, *match.group(part, part + 1)) for part in (1, 3))
    if start == end:
        raise Invalid(f"Calendar {name}: the window {text} is empty.", field=field)
    if start > end:
        raise Invalid(
            f"Calendar {name}: {text} passes midnight; split it into two windows, to 24:00 and from 00:00.", field=field
        )
    return Window(start, end)


def _minutes(name: str, field: str, hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > DAY_MINUTES:
        raise Invalid(f"Calendar {name}: {hours}:{minutes} is no time of day.", field=field)
    return total


def _holidays(name: str, listed: object) -> tuple[frozenset[date], frozenset[tuple[int, int]]]:
    field = f"{name}.holidays"
    if not isinstance(listed, list | tuple):
        raise Invalid(f"Calendar {name}: holidays must be a list of dates; write [] for none.", field=field)
    days: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for item in listed:
        day = _holiday(item)
        if day is None:
            raise Invalid(
                f"Calendar {name}: {item!r} is no holiday; write 2026-12-24, or 12-25 for every year.", field=field
            )
        if isinstance(day, date):
            days.add(day)
        else:
            yearly.add(day)
    return frozenset(days), frozenset(yearly)


def _holiday(item: object) -> date | tuple[int, int] | None:
    if isinstance(item, date) and not isinstance(item, datetime):
        return item  # YAML reads an unquoted date as one
    if not isinstance(item, str):
        return None
    try:
        if match := _YEARLY.fullmatch(item):
            leap = date(2024, int(match.group(1)), int(match.group(2)))
            return leap.month, leap.day
        return date.fromisoformat(item)
    except ValueError:
        return None


def _written(window: Window) -> str:
    return f"{window.start // 60:02}:{window.start % 60:02}-{window.end // 60:02}:{window.end % 60:02}"


def _listed(words: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, words)))
