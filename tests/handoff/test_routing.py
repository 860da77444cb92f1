"""Who gets a conversation: a pure decision, the same for the same question."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.routing.choosing import Candidate, Need, choose_agent, needed_skills

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def agent(name: str, **known: object) -> Candidate:
    return replace(Candidate(name, capacity=3, idle_since=NOON), **known)  # type: ignore[arg-type]


def sets(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("candidates", "need", "chosen"),
    [
        ([], Need(), None),
        ([agent("a", load=2), agent("b", load=1)], Need(), "b"),
        ([agent("a"), agent("b", idle_since=NOON - timedelta(minutes=1))], Need(), "b"),
        ([agent("a"), agent("b", idle_since=None)], Need(), "b"),
        ([agent("b"), agent("a")], Need(), "a"),
        ([agent("a", load=3)], Need(), None),
        ([agent("a", capacity=0)], Need(), None),
        ([agent("a", teams=sets("billing")), agent("b", load=2)], Need("security"), "b"),
        ([agent("a", teams=sets("billing"))], Need("security"), None),
        ([agent("a"), agent("b", load=2, skills=sets("api"))], Need(skills=sets("api")), "b"),
        # It waits for who knows about it, busy as they are; with nobody there who does, anybody is better than nobody.
        ([agent("a"), agent("b", load=3, skills=sets("api"))], Need(skills=sets("api")), None),
        ([agent("a"), agent("b", skills=sets("billing"))], Need(skills=sets("api")), "a"),
        ([agent("a", languages=sets("en")), agent("b", load=1, languages=sets("pt"))], Need(language="pt-BR"), "b"),
        ([agent("a", languages=sets("en"))], Need(language="de"), "a"),
        ([agent("a"), agent("b", load=2)], Need(before="b"), "b"),
        ([agent("a"), agent("b", load=3)], Need(before="b"), "a"),
        ([agent("a"), agent("b", load=2)], Need(not_by=sets("a")), "b"),
        ([agent("a")], Need(not_by=sets("a")), None),
    ],
)
def test_the_choice_follows_team_skills_language_room_load_and_rest(
    candidates: list[Candidate], need: Need, chosen: str | None
) -> None:
    found = choose_agent(candidates, need)
    assert (found and found.id) == chosen


NAMES = st.frozensets(st.sampled_from(["api", "billing", "security"]), max_size=2)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        id=st.text("abcdef", min_size=1, max_size=3),
        teams=NAMES,
        skills=NAMES,
        capacity=st.integers(0, 4),
        load=st.integers(0, 6),
        idle_since=st.none() | st.integers(0, 90).map(lambda minutes: NOON - timedelta(minutes=minutes)),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(CANDIDATES, st.builds(Need, team=st.none() | st.sampled_from(["api", "billing"]), skills=NAMES), st.randoms())
def test_whoever_is_chosen_has_room_in_the_team_and_the_order_of_asking_does_not_matter(
    candidates: list[Candidate], need: Need, shuffle: random.Random
) -> None:
    chosen = choose_agent(candidates, need)
    again = list(candidates)
    shuffle.shuffle(again)
    assert choose_agent(again, need) == chosen
    if chosen is not None:
        assert chosen.load < chosen.capacity
        assert chosen.serves(need.team)
        peers = [one for one in candidates if one.serves(need.team) and one.skills >= need.skills and one.has_room]
        assert not peers or chosen.load <= min(one.load for one in peers)


def test_a_ticket_calls_for_those_of_its_words_that_are_somebodys_skill() -> None:
    assert needed_skills("api", ["enterprise", "churn-risk"], {"enterprise", "api", "rust"}) == {"api", "enterprise"}
    assert needed_skills(None, [], {"api"}) == frozenset()
