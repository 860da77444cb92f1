"""Waiting times that are honest: from what people really took, and none at all with nobody on duty."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.waiting import USUAL_MINUTES, QueueState, handling_minutes, wait_minutes


@pytest.mark.parametrize(
    ("position", "staffed", "busy", "handling", "minutes"),
    [
        (1, 1, 0, 6, 1),  # somebody is free
        (3, 3, 0, 6, 1),
        (4, 3, 0, 6, 2),  # one more than there are free people
        (1, 1, 1, 6, 6),  # the only one has to finish first
        (2, 1, 1, 6, 12),
        (1, 3, 3, 6, 2),  # one of three becomes free three times as often
        (4, 3, 3, 6, 8),
        (2, 2, 1, 10, 5),
        (5, 2, 1, 10, 20),
        (1, 2, 5, 6, 3),  # more conversations than people: nobody is free
        (1, 10, 10, 0.5, 1),  # never less than a minute
        (7, 2, 2, 6.5, 23),  # rounded up
    ],
)
def test_the_wait_follows_from_place_people_and_how_long_they_take(
    position: int, staffed: int, busy: int, handling: float, minutes: int
) -> None:
    assert wait_minutes(position, staffed, busy, handling) == minutes


@given(st.integers(1, 200), st.integers(1, 50), st.integers(0, 50), st.floats(0.1, 600))
def test_nobody_behind_waits_less_and_more_people_never_mean_a_longer_wait(
    position: int, staffed: int, busy: int, handling: float
) -> None:
    wait = wait_minutes(position, staffed, busy, handling)
    assert wait >= 1
    assert wait_minutes(position + 1, staffed, busy, handling) >= wait
    assert wait_minutes(position, staffed + 1, busy, handling) <= wait


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([], USUAL_MINUTES),
        ([6], 6),
        ([14], 8),  # one long one moves it by a quarter
        ([12, 12, 12], 9),  # half and half
        ([20] * 27, (18 + 20 * 27) / 30),
        ([1, 1, 1, 600], (18 + 1 * 4) / 7),  # the median: one night shift spoils nothing
    ],
)
def test_handling_takes_the_recent_median_drawn_to_what_is_usual_while_there_are_few(
    minutes: list[int], expected: float
) -> None:
    assert handling_minutes([timedelta(minutes=one) for one in minutes]) == pytest.approx(expected)


def test_with_nobody_on_duty_there_is_no_waiting_time_but_a_time_to_reply_by() -> None:
    from datetime import UTC, datetime

    due = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    state = QueueState({"cv_1": (2, due)}, staffed=0, busy=0, handling_minutes=6)
    assert state.view("cv_1") == {
        "position": 2,
        "staffed": False,
        "wait_minutes": None,
        "wait_is_estimate": False,
        "reply_by": "2026-11-23T17:00:00.000Z",
    }


def test_a_conversation_that_does_not_wait_has_no_place() -> None:
    assert QueueState({}, staffed=1, busy=0, handling_minutes=6).view("cv_1") is None
