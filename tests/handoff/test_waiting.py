"""Waiting times that are honest: from what people really took, and none at all with nobody on duty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.routing.waiting import USUAL_MINUTES, Place, QueueState, Staffed, estimate_waits, handling_minutes

ALL: frozenset[str] = frozenset()


def waits(count: int, staffed: list[Staffed], handling: float, team: str | None = None) -> list[float | None]:
    places = estimate_waits([(str(number), team) for number in range(count)], staffed, handling)
    return [place.minutes for place in places.values()]


@pytest.mark.parametrize(
    ("staffed", "handling", "expected"),
    [
        (
            [Staffed(ALL, 3, 3)],
            6,
            [0, 0, 0, 2, 4],
        ),  # three have room; then one of three places is free every two minutes
        ([Staffed(ALL, 1, 0)], 6, [6, 12, 18]),
        ([Staffed(ALL, 5, 0)], 10, [2, 4]),
        ([Staffed(ALL, 0, 0)], 6, [None]),  # there, and taking nothing
        ([], 6, [None, None]),
        ([Staffed(frozenset({"billing"}), 4, 4)], 6, [None]),  # nobody for this team
        ([Staffed(frozenset({"billing"}), 4, 4), Staffed(frozenset({"support"}), 1, 0)], 6, [6, 12]),
        ([Staffed(ALL, 1, 0), Staffed(frozenset({"support"}), 2, 1)], 6, [0, 3, 6, 6, 9]),
    ],
)
def test_the_wait_follows_from_teams_room_capacity_and_how_long_people_take(
    staffed: list[Staffed], handling: float, expected: list[float | None]
) -> None:
    assert waits(len(expected), staffed, handling, "support") == expected


def test_ones_place_counts_those_who_wait_for_the_same_people() -> None:
    queue = [("b1", "billing"), ("s1", "support"), ("b2", "billing"), ("t1", "technical"), ("s2", "support")]
    apart = [Staffed(frozenset({"billing"}), 1, 0), Staffed(frozenset({"support"}), 1, 0)]
    places = estimate_waits(queue, apart, 6)
    assert {name: place.position for name, place in places.items()} == {"b1": 1, "s1": 1, "b2": 2, "t1": 1, "s2": 2}
    together = estimate_waits(queue, [Staffed(ALL, 2, 0)], 6)
    assert [place.position for place in together.values()] == [1, 2, 3, 4, 5]


@given(st.integers(1, 60), st.integers(1, 50), st.integers(0, 50), st.floats(0.1, 600))
def test_nobody_behind_waits_less_and_more_people_never_mean_a_longer_wait(
    count: int, slots: int, taken: int, handling: float
) -> None:
    free = max(0, slots - taken)
    seen = [minutes or 0 for minutes in waits(count, [Staffed(ALL, slots, free)], handling)]
    assert seen == sorted(seen)
    more = [minutes or 0 for minutes in waits(count, [Staffed(ALL, slots + 1, free + 1)], handling)]
    assert all(fewer <= before + 1e-9 for fewer, before in zip(more, seen, strict=True))


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([], USUAL_MINUTES),
        ([6], 6),
        ([14], 8),  # one long one moves it by a quarter
        ([12, 12, 12], 9),  # half and half
        ([20] * 27, (18 + 20 * 27) / 30),
        ([1] * 19 + [600], (18 + 1 * 20) / 23),  # one night shift spoils nothing
    ],
)
def test_handling_takes_the_recent_mean_drawn_to_what_is_usual_while_there_are_few(
    minutes: list[int], expected: float
) -> None:
    assert handling_minutes([timedelta(minutes=one) for one in minutes]) == pytest.approx(expected)


def test_with_nobody_on_duty_there_is_no_waiting_time_but_when_somebody_answers() -> None:
    due, opens = datetime(2026, 11, 23, 17, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    state = QueueState({"cv_1": Place(2, None)}, {"cv_1": due}, {"cv_1": opens}, [], 6)
    assert state.view("cv_1") == {
        "position": 2,
        "staffed": False,
        "wait_minutes": None,
        "wait_is_estimate": False,
        "reply_by": "2026-11-23T17:00:00.000Z",
        "opens_at": "2026-11-23T08:00:00.000Z",
    }


def test_a_conversation_that_does_not_wait_has_no_place() -> None:
    assert QueueState({}, {}, {}, [], 6).view("cv_1") is None
