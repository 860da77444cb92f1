"""Ten thousand deadlines over random calendars, zones, changes of the clocks, holidays and pauses, against counting every minute."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from handoff.sla.calendars import Calendar, Window
from handoff.sla.deadlines import Pause, deadline, used_time

CASES = 10_000
MINUTE = timedelta(minutes=1)
HORIZON = 6 * 1440
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")
# Days before clocks change in one or another of the zones, a turn of the year, a leap day, and an ordinary week.
DAYS = (
    "2026-03-27",
    "2026-10-23",
    "2026-03-06",
    "2026-10-30",
    "2026-10-02",
    "2026-04-03",
    "2026-12-30",
    "2028-02-27",
    "2026-06-10",
)


@cache
def walls(zone: str, day: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what the wall clock shows at each minute from midnight UTC on: day as an ordinal, and minute of the day."""
    start, place = datetime.fromisoformat(day).replace(tzinfo=UTC), ZoneInfo(zone)
    shown = [(start + index * MINUTE).astimezone(place) for index in range(HORIZON)]
    return np.array([wall.toordinal() for wall in shown]), np.array([wall.hour * 60 + wall.minute for wall in shown])


def random_calendar(draw: random.Random, zone: str, day: str) -> Calendar:
    week = []
    for _ in range(7):
        cuts = sorted(draw.sample(range(1441), draw.choice((0, 2, 2, 4, 6))))
        week.append(tuple(Window(*cuts[place : place + 2]) for place in range(0, len(cuts), 2)))
    if not any(week):
        week[draw.randrange(7)] = (Window(0, 1440),)
    first = date.fromisoformat(day)
    holidays = frozenset(first + timedelta(days=draw.randrange(7)) for _ in range(draw.randrange(3)))
    yearly = {
        (moved.month, moved.day)
        for moved in (first + timedelta(days=draw.randrange(7)) for _ in range(draw.randrange(2)))
    }
    return Calendar("random", zone, tuple(week), holidays, frozenset(yearly))


def counted(calendar: Calendar, day: str) -> np.ndarray:
    """The slow rule, for all minutes at once: inside a window of the wall clock's weekday, and no holiday."""
    ordinals, minutes = walls(calendar.zone, day)
    mask = np.zeros(HORIZON, dtype=bool)
    for ordinal in np.unique(ordinals):
        that = date.fromordinal(int(ordinal))
        if that in calendar.holidays or (that.month, that.day) in calendar.yearly:
            continue
        for window in calendar.week[that.weekday()]:
            mask |= (ordinals == ordinal) & (minutes >= window.start) & (minutes < window.end)
    return mask


@pytest.mark.parametrize("seed", range(4))
def test_deadlines_agree_with_counting_every_minute(seed: int) -> None:
    draw = random.Random(seed)
    due_found = 0
    for _ in range(CASES // 40):
        zone, day = draw.choice(ZONES), draw.choice(DAYS)
        calendar = random_calendar(draw, zone, day)
        mask = counted(calendar, day)
        for _ in range(10):
            due_found += agrees(draw, calendar, mask, datetime.fromisoformat(day).replace(tzinfo=UTC))
    assert due_found > CASES // 40 * 3  # enough of them fell due within what was counted


def agrees(draw: random.Random, calendar: Calendar, mask: np.ndarray, day: datetime) -> bool:
    """Check one deadline and the time used at some moments; tells whether it fell due within what was counted."""
    offset, target = draw.randrange(2880), draw.choice((1, 30, 60, 240, draw.randrange(1, 2000)))
    start = day + offset * MINUTE
    running = mask[offset:].copy()
    pauses = []
    for _ in range(draw.randrange(4)):
        begin = draw.randrange(-60, 3000)
        end = begin + draw.randrange(900) if draw.random() < 0.9 else None
        running[max(0, begin) : len(running) if end is None else max(0, end)] = False
        pauses.append(Pause(start + begin * MINUTE, None if end is None else start + end * MINUTE))
    total = np.concatenate(([0], np.cumsum(running)))
    place = int(np.searchsorted(total, target))
    found = deadline(target * MINUTE, calendar, start, pauses)
    case = (calendar, start, target, pauses)
    if place < len(total):
        assert found == start + place * MINUTE, case
    else:
        assert found is None or found > start + len(running) * MINUTE, case
    moment = draw.randrange(len(running))
    assert used_time(calendar, start, pauses, start + moment * MINUTE) == int(total[moment]) * MINUTE, case
    return place < len(total)
