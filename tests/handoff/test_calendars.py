"""Working time: by hand where people trip, and against a slow reference that asks every minute whether it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from handoff.sla.calendar_data import calendar_data, calendar_warnings, parse_calendar
from handoff.sla.calendars import ALWAYS, Calendar, Window, add_working_time, next_open, working_time_between

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def office(zone: str = "Europe/Berlin", windows: tuple[str, ...] = ("09:00-17:00",), *holidays: str) -> Calendar:
    return parse_calendar("office", {"zone": zone, "windows": {"mon-fri": list(windows)}, "holidays": list(holidays)})


NINE_TO_FIVE = office()
LUNCH = office("Europe/Berlin", ("09:00-12:00", "13:00-17:00"))
CHRISTMAS = office("Europe/Berlin", ("09:00-17:00",), "2026-12-24", "12-25", "12-26", "01-01")
NIGHTS = parse_calendar("nights", {"zone": "Europe/Berlin", "windows": {"mon-sun": ["00:00-06:00", "22:00-24:00"]}})
AROUND = parse_calendar("around", {"zone": "Europe/Berlin", "windows": {"mon-sun": ["00:00-24:00"]}})


def berlin(*moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=BERLIN, fold=fold)  # type: ignore[arg-type, misc]


def new_york(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=NEW_YORK)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("calendar", "start", "duration", "end"),
    [
        # Friday 16:30, one hour, nine to five: half an hour is left for Monday.
        (NINE_TO_FIVE, berlin(2026, 11, 20, 16, 30), HOUR, berlin(2026, 11, 23, 9, 30)),
        # An hour that ends with the window ends there, not on Monday morning.
        (NINE_TO_FIVE, berlin(2026, 11, 20, 16, 0), HOUR, berlin(2026, 11, 20, 17, 0)),
        (NINE_TO_FIVE, berlin(2026, 11, 20, 17, 0), MINUTE, berlin(2026, 11, 23, 9, 1)),
        (NINE_TO_FIVE, berlin(2026, 11, 21, 12, 0), 8 * HOUR, berlin(2026, 11, 23, 17, 0)),
        (NINE_TO_FIVE, berlin(2026, 11, 20, 16, 30), timedelta(0), berlin(2026, 11, 20, 16, 30)),
        # The lunch break does not count.
        (LUNCH, berlin(2026, 11, 23, 11, 30), HOUR, berlin(2026, 11, 23, 13, 30)),
        (LUNCH, berlin(2026, 11, 23, 12, 15), HOUR, berlin(2026, 11, 23, 14, 0)),
        (LUNCH, berlin(2026, 11, 23, 9, 0), 14 * HOUR, berlin(2026, 11, 24, 17, 0)),
        # Christmas: Thursday and Friday off, Saturday would be anyway.
        (CHRISTMAS, berlin(2026, 12, 23, 16, 0), 2 * HOUR, berlin(2026, 12, 28, 10, 0)),
        (CHRISTMAS, berlin(2026, 12, 31, 16, 30), HOUR, berlin(2027, 1, 4, 9, 30)),
        # Clocks go forward in Berlin on 29 March 2026: 02:00 to 03:00 does not happen, and the night has an hour less.
        (NIGHTS, berlin(2026, 3, 28, 22, 0), 7 * HOUR, berlin(2026, 3, 29, 6, 0)),
        (AROUND, berlin(2026, 3, 29, 0, 0), 24 * HOUR, berlin(2026, 3, 30, 1, 0)),
        # Clocks go back in Berlin on 25 October 2026: 02:00 to 03:00 happens twice and counts twice.
        (NIGHTS, berlin(2026, 10, 24, 22, 0), 9 * HOUR, berlin(2026, 10, 25, 6, 0)),
        (AROUND, berlin(2026, 10, 25, 0, 0), 24 * HOUR, berlin(2026, 10, 25, 23, 0)),
        # Over the changing weekend nine to five stays nine to five on the wall.
        (NINE_TO_FIVE, berlin(2026, 3, 27, 16, 30), HOUR, berlin(2026, 3, 30, 9, 30)),
        (office("America/New_York"), new_york(2026, 3, 6, 16, 30), HOUR, new_york(2026, 3, 9, 9, 30)),
        (office("America/New_York"), new_york(2026, 10, 30, 16, 30), HOUR, new_york(2026, 11, 2, 9, 30)),
        # A target that spans a year.
        (ALWAYS, datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=365), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_working_time_ends_where_a_person_would_say(
    calendar: Calendar, start: datetime, duration: timedelta, end: datetime
) -> None:
    found = add_working_time(calendar, start, duration)
    assert found == end.astimezone(UTC)
    assert working_time_between(calendar, start, found) == duration


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("window", "on_the_short_day", "on_the_long_day"),
    [("01:30-03:30", 60, 180), ("02:00-03:00", 0, 120), ("02:30-04:00", 60, 120), ("01:00-02:30", 60, 120)],
)
def test_a_window_over_the_change_counts_the_minutes_that_the_wall_clock_shows(
    zone: str, window: str, on_the_short_day: int, on_the_long_day: int
) -> None:
    calendar = parse_calendar("night", {"zone": zone, "windows": {"sun": [window]}})
    short, long = (
        (date(2026, 3, 29), date(2026, 10, 25)) if zone == "Europe/Berlin" else (date(2026, 3, 8), date(2026, 11, 1))
    )
    if zone == "America/New_York" and window == "01:30-03:30":
        on_the_long_day = 150  # there it is 01:00 to 02:00 that happens twice
    elif zone == "America/New_York":
        on_the_long_day = {"02:00-03:00": 60, "02:30-04:00": 90, "01:00-02:30": 150}[window]
    for day, minutes in ((short, on_the_short_day), (long, on_the_long_day)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        worked = working_time_between(calendar, midnight, midnight.astimezone(UTC) + timedelta(hours=26))
        assert worked == minutes * MINUTE


def test_the_next_window_is_found_over_weekend_and_holiday_and_an_open_moment_is_its_own() -> None:
    assert next_open(NINE_TO_FIVE, berlin(2026, 11, 20, 10, 0)) == berlin(2026, 11, 20, 10, 0)
    assert next_open(NINE_TO_FIVE, berlin(2026, 11, 20, 17, 0)) == berlin(2026, 11, 23, 9, 0)
    assert next_open(CHRISTMAS, berlin(2026, 12, 23, 18, 0)) == berlin(2026, 12, 28, 9, 0)
    assert next_open(ALWAYS, berlin(2026, 12, 23, 18, 0)) == berlin(2026, 12, 23, 18, 0)


def test_seconds_count_too() -> None:
    start = berlin(2026, 11, 20, 16, 59, 59, 500_000)
    assert add_working_time(NINE_TO_FIVE, start, timedelta(seconds=1)) == berlin(2026, 11, 23, 9, 0, 0, 500_000)


def test_no_time_passes_backwards_and_a_moment_needs_a_zone() -> None:
    assert working_time_between(NINE_TO_FIVE, berlin(2026, 11, 20, 16), berlin(2026, 11, 20, 10)) == timedelta(0)
    with pytest.raises(Invalid):
        add_working_time(ALWAYS, berlin(2026, 11, 20), -MINUTE)
    with pytest.raises(ValueError, match="time zone"):
        add_working_time(ALWAYS, datetime(2026, 11, 20), MINUTE)  # noqa: DTZ001


def test_time_beyond_the_calendars_end_is_refused() -> None:
    with pytest.raises(Invalid, match="never"):
        add_working_time(ALWAYS, berlin(2026, 11, 20), timedelta(days=365 * 9000))
    with pytest.raises(Invalid, match="no working hours"):
        next_open(Calendar("none", "UTC", ((),) * 7), berlin(2026, 11, 20))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "must have a zone and windows"),
        ({"windows": {"mon": ["09:00-17:00"]}}, "needs a zone"),
        ({"zone": "Europe/Atlantis", "windows": {"mon": ["09:00-17:00"]}}, "no time zone 'Europe/Atlantis'"),
        ({"zone": "../etc/passwd", "windows": {"mon": ["09:00-17:00"]}}, "no time zone"),
        ({"zone": "UTC"}, "needs windows"),
        ({"zone": "UTC", "windows": {}}, "needs windows"),
        ({"zone": "UTC", "windows": {"mon": []}}, "no working hours at all"),
        ({"zone": "UTC", "windows": {"monday": ["09:00-17:00"]}}, "'monday' is no day"),
        ({"zone": "UTC", "windows": {"fri-mon": ["09:00-17:00"]}}, "runs backwards"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"], "mon-fri": ["09:00-17:00"]}}, "names mon twice"),
        ({"zone": "UTC", "windows": {"mon": "09:00-17:00"}}, "must be a list"),
        ({"zone": "UTC", "windows": {"mon": ["9-17"]}}, "'9-17' is no window"),
        ({"zone": "UTC", "windows": {"mon": [540]}}, "540 is no window"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-09:00"]}}, "is empty"),
        ({"zone": "UTC", "windows": {"mon": ["22:00-06:00"]}}, "passes midnight"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-24:01"]}}, "24:01 is no time"),
        ({"zone": "UTC", "windows": {"mon": ["09:60-10:00"]}}, "09:60 is no time"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-13:00", "12:00-17:00"]}}, "09:00-13:00 and 12:00-17:00 of mon overlap"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": "2026-12-24"}, "must be a list"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": None}, "write [] for none"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": False}, "write [] for none"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": ["24.12.2026"]}, "is no holiday"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": ["2026-02-30"]}, "is no holiday"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": ["13-01"]}, "is no holiday"),
        ({"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holiday": []}, "not holiday"),
    ],
)  # fmt: skip
def test_a_calendar_that_is_not_right_is_refused_with_the_reason(data: object, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_calendar("office", data)
    assert told in refusal.value.message


def test_windows_that_touch_are_one() -> None:
    joined = parse_calendar("day", {"zone": "UTC", "windows": {"mon": ["12:00-17:00", "09:00-12:00"]}})
    assert joined.week[0] == (Window(540, 1020),)


def test_holidays_from_yaml_dates_are_taken_and_a_list_from_the_past_is_remarked() -> None:
    data = {"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": [date(2024, 12, 24), "2024-12-31"]}
    old = parse_calendar("office", data)
    assert calendar_warnings(old, berlin(2024, 12, 1)) == []
    assert calendar_warnings(old, berlin(2026, 1, 1)) == [
        "Every holiday of calendar office has passed; the last was 2024-12-31."
    ]
    assert calendar_warnings(replace(old, yearly=frozenset({(12, 25)})), berlin(2026, 1, 1)) == []


def test_a_calendar_is_written_and_read_back_as_the_same() -> None:
    for calendar in (ALWAYS, NINE_TO_FIVE, LUNCH, CHRISTMAS, NIGHTS):
        assert parse_calendar(calendar.name, calendar_data(calendar)) == calendar


# ---- against the slow reference ------------------------------------------------------------------------------------

ZONES = {
    "Europe/Berlin": [(2026, 3, 29), (2026, 10, 25)],
    "America/New_York": [(2026, 3, 8), (2026, 11, 1)],
    "Australia/Lord_Howe": [(2026, 4, 5), (2026, 10, 4)],  # by half an hour
    "Asia/Beirut": [(2026, 3, 29), (2026, 10, 25)],  # at midnight
    "America/St_Johns": [(2006, 4, 2), (2006, 10, 29)],  # at one minute past midnight
    "Pacific/Apia": [(2011, 12, 30)],  # a day that never was
    "Asia/Kolkata": [(2026, 6, 1)],
    "UTC": [(2026, 2, 28)],
}


@st.composite
def days(draw: st.DrawFn) -> tuple[Window, ...]:
    cuts = draw(st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(sorted))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return tuple(Window(start, end) for start, end in pairs)


@st.composite
def calendars_and_starts(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    around = datetime(*draw(st.sampled_from(ZONES[zone])), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = around + draw(st.integers(-2 * 1440, 1440)) * MINUTE
    kinds = [draw(days()), draw(days()), ()]
    week = [kinds[0], *(kinds[draw(st.integers(0, 2))] for _ in range(6))]
    holidays = draw(
        st.frozensets(st.integers(-1, 3).map(lambda offset: (around + timedelta(days=offset)).date()), max_size=2)
    )
    turn = draw(st.integers(0, 6))
    yearly = draw(st.frozensets(st.sampled_from([(around.month, around.day), (1, 1)]), max_size=1))
    return Calendar("random", zone, tuple(week[turn:] + week[:turn]), holidays, yearly), start


def counts(calendar: Calendar, minute: datetime) -> bool:
    """The definition itself: the wall clock shows a time inside a window on a day that is no holiday."""
    day, shown = wall(calendar.zone, minute)
    if day in calendar.holidays or (day.month, day.day) in calendar.yearly:
        return False
    return any(window.start <= shown < window.end for window in calendar.week[day.weekday()])


@cache
def wall(zone: str, minute: datetime) -> tuple[date, int]:
    shown = minute.astimezone(ZoneInfo(zone))
    return shown.date(), shown.hour * 60 + shown.minute


@settings(max_examples=600, deadline=None)
@given(calendars_and_starts(), st.integers(1, 400))
def test_adding_working_time_agrees_with_counting_every_minute(given_: tuple[Calendar, datetime], minutes: int) -> None:
    calendar, start = given_
    left, minute = minutes, start
    for _ in range(10 * 1440):
        left -= counts(calendar, minute)
        minute += MINUTE
        if left == 0:
            assert add_working_time(calendar, start, minutes * MINUTE) == minute
            return
    assert add_working_time(calendar, start, minutes * MINUTE) > minute


@settings(max_examples=600, deadline=None)
@given(calendars_and_starts(), st.integers(0, 3 * 1440))
def test_the_working_time_between_two_moments_is_the_number_of_minutes_that_count(
    given_: tuple[Calendar, datetime], minutes: int
) -> None:
    calendar, start = given_
    expected = sum(counts(calendar, start + index * MINUTE) for index in range(minutes))
    assert working_time_between(calendar, start, start + minutes * MINUTE) == expected * MINUTE


@settings(max_examples=200, deadline=None)
@given(calendars_and_starts())
def test_the_next_open_moment_is_the_first_minute_that_counts(given_: tuple[Calendar, datetime]) -> None:
    calendar, start = given_
    opens = next_open(calendar, start)
    assert counts(calendar, opens)
    assert working_time_between(calendar, start, opens) == timedelta(0)


@settings(max_examples=300, deadline=None)
@given(calendars_and_starts(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_working_time_adds_up_to_the_microsecond(given_: tuple[Calendar, datetime], one: int, other: int) -> None:
    calendar, start = given_
    first, second = timedelta(microseconds=one), timedelta(microseconds=other)
    end = add_working_time(calendar, start, first + second)
    assert end == add_working_time(calendar, add_working_time(calendar, start, first), second)
    assert working_time_between(calendar, start, end) == first + second
