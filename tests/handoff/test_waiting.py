"""Waiting times that are honest: from what people really took, and none at all with nobody on duty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.routing.choosing import Need
from handoff.routing.estimating import (
    FORESEEN,
    GOES_ON,
    USUAL_MINUTES,
    Came,
    Expected,
    Place,
    Staffed,
    Waiting,
    estimate_waits,
    expected_from,
    handling_minutes,
)
from handoff.routing.waiting import QueueState

ALL: frozenset[str] = frozenset()
HALF = 1 / 12
"""Conversations a minute that take half of the time of two who take 12 minutes for each."""


def waits(count: int, staffed: list[Staffed], handling: float, team: str | None = None) -> list[float | None]:
    places = estimate_waits([Waiting(str(number), Need(team), None) for number in range(count)], staffed, handling)
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
    teams = {"b1": "billing", "s1": "support", "b2": "billing", "t1": "technical", "s2": "support"}
    queue = [Waiting(name, Need(team), None) for name, team in teams.items()]
    apart = [Staffed(frozenset({"billing"}), 1, 0), Staffed(frozenset({"support"}), 1, 0)]
    places = estimate_waits(queue, apart, 6)
    assert {name: place.position for name, place in places.items()} == {"b1": 1, "s1": 1, "b2": 2, "t1": 1, "s2": 2}
    together = estimate_waits(queue, [Staffed(ALL, 2, 0)], 6)
    assert [place.position for place in together.values()] == [1, 2, 3, 4, 5]


def wait_of(need: Need, staffed: list[Staffed], *ahead: Need) -> float | None:
    queue = [Waiting(str(number), one, None) for number, one in enumerate((*ahead, need))]
    return estimate_waits(queue, staffed, 6)[str(len(ahead))].minutes


def test_who_asks_for_a_skill_or_a_language_waits_for_those_who_have_it_and_for_anybody_where_nobody_has() -> None:
    german = Staffed(ALL, 1, 0, frozenset({"api"}), frozenset({"de", "en"}))
    english = Staffed(ALL, 5, 5, languages=frozenset({"en"}))
    assert wait_of(Need(language="de-AT"), [german, english]) == 6
    assert wait_of(Need(skills=frozenset({"api"})), [german, english]) == 6
    assert wait_of(Need(language="de"), [german, english], Need(language="de"), Need(language="en")) == 12
    assert wait_of(Need(language="en"), [german, english]) == 0
    assert wait_of(Need(language="fr"), [english]) == 0
    assert wait_of(Need(skills=frozenset({"sso"})), [german, english]) == 0


@pytest.mark.parametrize(
    ("due_in", "expected", "told"),
    [
        (30.0, [], 12),
        (None, [Expected(None, 480, HALF)], 24),  # half of the people's time goes to those who are due ever
        (600.0, [Expected(None, 480, HALF)], 24),
        (480.0, [Expected(None, 480, HALF)], 12),  # who comes now is due later already
        (486.0, [Expected(None, 480, HALF)], 15),  # half for six minutes, all for nine
        (600.0, [Expected(None, 480, HALF / 2), Expected(None, 60, HALF / 2)], 24),
        (65.0, [Expected(None, 480, HALF / 2), Expected(None, 60, HALF / 2)], 13.25),
        (600.0, [Expected("billing", 480, HALF)], 24),
        (600.0, [Expected(None, 480, 100.0)], 12 + FORESEEN * 0.8),  # no longer than it is foreseen
        (-5.0, [Expected(None, 480, HALF)], 12),  # late already: next
    ],
)
def test_later_ones_that_are_due_sooner_are_foreseen(
    due_in: float | None, expected: list[Expected], told: float
) -> None:
    queue = [Waiting("ahead", Need(), due_in), Waiting("me", Need(), due_in)]
    places = estimate_waits(queue, [Staffed(ALL, 2, 0)], 12, expected)
    assert places["me"].minutes == pytest.approx(told)


def test_who_others_alone_can_serve_overtakes_nobody() -> None:
    apart = [Staffed(frozenset({"billing"}), 1, 0), Staffed(frozenset({"support"}), 1, 0)]
    expected = [Expected("support", 10, 1.0)]
    assert estimate_waits([Waiting("b", Need("billing"), 600)], apart, 6, expected)["b"].minutes == 6


def test_who_is_expected_are_the_kinds_that_came_within_the_hour() -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    ago = [timedelta(minutes=minutes) for minutes in (70, 40, 30, 20, 1)]
    hours = [timedelta(hours=8), timedelta(hours=8), timedelta(hours=8), timedelta(minutes=30), None]
    came = [Came(at - when, "billing", due) for when, due in zip(ago, hours, strict=True)]
    assert sorted(expected_from(came, at), key=lambda one: one.due_in) == [
        Expected("billing", 30, GOES_ON / 40),
        Expected("billing", 480, GOES_ON * 2 / 40),
    ]
    assert expected_from(came[:1], at) == []
    (one,) = expected_from(came[3:4], at - timedelta(minutes=15))
    assert one.per_minute == GOES_ON / 15


@given(
    st.lists(st.tuples(st.floats(1, 2000), st.floats(0.001, 2)), max_size=6),
    st.floats(-100, 3000),
    st.integers(0, 30),
    st.floats(0.5, 60),
)
def test_whoever_is_expected_makes_the_wait_longer_within_what_is_foreseen(
    kinds: list[tuple[float, float]], due_in: float, before: int, handling: float
) -> None:
    queue = [Waiting(str(number), Need(), due_in) for number in range(before + 1)]
    staffed = [Staffed(ALL, 3, 0)]
    plain = estimate_waits(queue, staffed, handling)[str(before)].minutes or 0.0
    expected = [Expected(None, due, rate) for due, rate in kinds]
    told = estimate_waits(queue, staffed, handling, expected)[str(before)].minutes or 0.0
    assert plain - 1e-6 <= told <= plain + FORESEEN + 1e-6


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
