"""Deadlines with pauses: by hand, against counting every minute, and the worked examples of docs/sla.md."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.sla.calendar_data import parse_calendar
from handoff.sla.calendars import ALWAYS, Calendar
from handoff.sla.deadlines import Pause, deadline, remaining_time, used_time, warning

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NINE_TO_FIVE = parse_calendar("office", {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}})
HOLIDAY = parse_calendar(
    "office", {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}, "holidays": ["2026-12-24", "12-25"]}
)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


START = at(2026, 11, 23, 10, 0)


@pytest.mark.parametrize(
    ("calendar", "start", "target", "pauses", "due"),
    [
        (ALWAYS, START, HOUR, [], at(2026, 11, 23, 11, 0)),
        (ALWAYS, START, HOUR, [Pause(at(2026, 11, 23, 10, 30), at(2026, 11, 23, 12, 0))], at(2026, 11, 23, 12, 30)),
        (NINE_TO_FIVE, START, 8 * HOUR, [], at(2026, 11, 24, 10, 0)),
        # A pause outside of working hours changes nothing.
        (NINE_TO_FIVE, START, 8 * HOUR, [Pause(at(2026, 11, 23, 18), at(2026, 11, 24, 8))], at(2026, 11, 24, 10, 0)),
        # A pause over a weekend costs its Friday and its Monday part.
        (NINE_TO_FIVE, START, 40 * HOUR, [Pause(at(2026, 11, 27, 16), at(2026, 11, 30, 10))], at(2026, 11, 30, 12, 0)),
        # A pause over a holiday: 23 December from 15:00, to 28 December, 11:00.
        (
            HOLIDAY,
            at(2026, 12, 23, 14),
            4 * HOUR,
            [Pause(at(2026, 12, 23, 15), at(2026, 12, 28, 11))],
            at(2026, 12, 28, 14),
        ),
        # An open pause keeps the deadline away, unless the target had run out before.
        (ALWAYS, START, HOUR, [Pause(at(2026, 11, 23, 10, 59))], None),
        (ALWAYS, START, HOUR, [Pause(at(2026, 11, 23, 11, 0))], at(2026, 11, 23, 11, 0)),
        (ALWAYS, START, HOUR, [Pause(at(2026, 11, 23, 11, 1))], at(2026, 11, 23, 11, 0)),
        # Pauses that touch, overlap, lie in one another or began before the clock count once.
        (
            ALWAYS,
            START,
            HOUR,
            [
                Pause(at(2026, 11, 23, 10, 20), at(2026, 11, 23, 10, 30)),
                Pause(at(2026, 11, 23, 9, 0), at(2026, 11, 23, 10, 10)),
                Pause(at(2026, 11, 23, 10, 10), at(2026, 11, 23, 10, 40)),
            ],
            at(2026, 11, 23, 11, 40),
        ),
    ],
)
def test_a_deadline_lies_where_a_person_would_put_it(
    calendar: Calendar, start: datetime, target: timedelta, pauses: list[Pause], due: datetime | None
) -> None:
    assert deadline(target, calendar, start, pauses) == due
    if due is not None:
        assert used_time(calendar, start, pauses, due) == target
        assert remaining_time(target, calendar, start, pauses, due) == timedelta(0)


def test_a_warning_comes_when_its_share_of_the_target_has_run() -> None:
    assert warning(HOUR, 0.8, ALWAYS, START) == START + 48 * MINUTE
    assert warning(8 * HOUR, 0.5, NINE_TO_FIVE, START) == at(2026, 11, 23, 14, 0)


def test_what_is_left_falls_below_zero_only_in_working_time() -> None:
    assert remaining_time(HOUR, NINE_TO_FIVE, at(2026, 11, 20, 16), [], at(2026, 11, 22, 12)) == timedelta(0)
    assert remaining_time(HOUR, NINE_TO_FIVE, at(2026, 11, 20, 16), [], at(2026, 11, 23, 9, 30)) == -30 * MINUTE


@st.composite
def pause_lists(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """Pauses in minutes from the start, in any order; the last in time may be open."""
    pauses = draw(st.lists(st.tuples(st.integers(-60, 2000), st.integers(0, 900)), max_size=4))
    closed: list[tuple[int, int | None]] = [(begin, begin + length) for begin, length in pauses]
    if draw(st.booleans()):
        closed.append((draw(st.integers(0, 3000)), None))
    return draw(st.permutations(closed))


CALENDARS = [
    ALWAYS,
    NINE_TO_FIVE,
    parse_calendar("lunch", {"zone": "Europe/Berlin", "windows": {"mon-sun": ["08:00-12:00", "12:45-18:30"]}}),
    parse_calendar("night", {"zone": "America/New_York", "windows": {"mon-sun": ["00:00-03:15", "20:00-24:00"]}}),
    parse_calendar(
        "rare", {"zone": "Europe/Berlin", "windows": {"wed-sun": ["01:00-10:00"]}, "holidays": ["2026-03-28", "10-24"]}
    ),
]
STARTS = [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)]
HORIZON = 5 * 1440


def open_minutes(calendar: Calendar, start: datetime) -> list[bool]:
    zone, shown = ZoneInfo(calendar.zone), []
    for index in range(HORIZON):
        wall = (start + index * MINUTE).astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        windows = () if calendar.is_holiday(wall.date()) else calendar.week[wall.weekday()]
        shown.append(any(window.start <= minute < window.end for window in windows))
    return shown


OPEN: dict[tuple[str, datetime], list[bool]] = {}


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(CALENDARS), st.sampled_from(STARTS), st.integers(0, 1440), st.integers(1, 1500), pause_lists())
def test_deadline_used_and_remaining_time_agree_with_counting_every_minute(
    calendar: Calendar, day: datetime, offset: int, target: int, minutes: list[tuple[int, int | None]]
) -> None:
    """The slow reference: a minute counts if the calendar is open and no pause is on."""
    key = (calendar.name, day)
    if key not in OPEN:
        OPEN[key] = open_minutes(calendar, day)
    start = day + offset * MINUTE
    running = OPEN[key][offset:]
    for begin, end in minutes:
        for index in range(max(0, begin), len(running) if end is None else min(end, len(running))):
            running[index] = False
    pauses = [Pause(start + begin * MINUTE, None if end is None else start + end * MINUTE) for begin, end in minutes]

    counted, due = 0, None
    for index, counts in enumerate(running):
        counted += counts
        if counted == target:
            due = start + (index + 1) * MINUTE
            break
    found = deadline(target * MINUTE, calendar, start, pauses)
    end = start + len(running) * MINUTE
    if due is None:
        assert found is None or found > end
    else:
        assert found == due
    for moment in (start, start + 700 * MINUTE, end):
        used = sum(running[: (moment - start) // MINUTE]) * MINUTE
        assert used_time(calendar, start, pauses, moment) == used
        assert remaining_time(target * MINUTE, calendar, start, pauses, moment) == target * MINUTE - used


def worked_examples() -> list[dict[str, object]]:
    text = (Path(__file__).parents[2] / "docs" / "sla.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml example\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("example", worked_examples(), ids=lambda example: str(example["example"]))
def test_the_worked_examples_of_the_manual_are_true(example: dict[str, object]) -> None:
    def moment(text: object) -> datetime:
        return datetime.fromisoformat(str(text)).replace(tzinfo=ZoneInfo(calendar.zone))

    calendar = ALWAYS if example["calendar"] == "always" else parse_calendar("example", example["calendar"])
    given_pauses: list[list[object]] = example.get("pauses", [])  # type: ignore[assignment]
    pauses = [Pause(moment(begin), moment(end)) for begin, end in given_pauses]
    target = timedelta(minutes=int(str(example["target_minutes"])))
    start, due = moment(example["started_at"]), moment(example["due_at"])
    assert deadline(target, calendar, start, pauses) == due.astimezone(UTC)
    if "warn_at" in example:
        assert warning(target, 0.8, calendar, start, pauses) == moment(example["warn_at"]).astimezone(UTC)


def test_the_manual_has_worked_examples() -> None:
    assert len(worked_examples()) >= 6
