"""A clock's states: what fires depends on what happened to it, never on when the worker woke."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.sla import clock_states as states
from handoff.sla.clock_states import SlaClock
from handoff.sla.policies import Policy, parse_policies
from handoff.sla.sla_rules import shipped_rules

AT = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)  # the Friday before clocks go forward
MINUTE = timedelta(minutes=1)
TARGETS = {priority: {"first_response": 60, "resolution": 240} for priority in ("urgent", "high", "normal", "low")}
(OFFICE,) = parse_policies(
    {
        "calendars": {"office": {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-12:00", "13:00-17:00"]}}},
        "policies": [{"name": "Office", "calendar": "office", "targets": TARGETS}],
    }
)
POLICIES = (*shipped_rules().policies, OFFICE)
CHANGES = {
    "met": states.met,
    "paused": states.paused,
    "resumed": states.resumed,
    "reopened": states.reopened,
    "cancelled": states.cancelled,
}


def new_clock(policy: Policy) -> SlaClock:
    bare = SlaClock(
        id="sc_1",
        ticket_id="tk_1",
        conversation_id=None,
        metric="resolution",
        stretch=0,
        state="running",
        priority="urgent",
        target_minutes=0,
        policy_snapshot={},
        started_at=AT,
    )
    return states.started(bare, policy)


moments = st.integers(0, 6 * 1440).map(lambda minutes: AT + minutes * MINUTE)
happenings = st.lists(st.tuples(moments, st.sampled_from(sorted(CHANGES))), max_size=8).map(sorted)


def lived(
    policy: Policy, happened: list[tuple[datetime, str]], wakings: list[datetime]
) -> tuple[SlaClock, list[object]]:
    """Live through all that happens, with a worker that wakes at these moments and once at the end."""
    clock, told = new_clock(policy), []
    steps = sorted([*happened, *((waking, "worker") for waking in wakings)])
    for at, what in [*steps, (AT + timedelta(days=60), "worker")]:
        if what == "worker":
            clock, fired = states.fired(clock, at)
            told.extend(fired)
            assert all(moment <= at for _, moment in fired)
        else:
            clock = CHANGES[what](clock, at)
    return clock, told


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(POLICIES), happenings, st.lists(moments, max_size=12))
def test_what_fires_is_the_same_whenever_the_worker_wakes(
    policy: Policy, happened: list[tuple[datetime, str]], wakings: list[datetime]
) -> None:
    asleep, told_late = lived(policy, happened, [])
    awake, told = lived(policy, happened, wakings)
    assert awake == asleep
    assert told == told_late
    assert len(told) == len({what for what, _ in told})  # each once at most


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(POLICIES), happenings)
def test_a_clock_is_breached_exactly_when_its_whole_target_ran_while_it_was_unanswered(
    policy: Policy, happened: list[tuple[datetime, str]]
) -> None:
    clock, told = lived(policy, happened, [])
    breaches = [moment for what, moment in told if what == "breach"]
    assert breaches == ([clock.breached_at] if clock.state == "breached" else [])
    if breaches:
        assert clock.used(breaches[0]) == clock.target
    elif clock.met_at is not None:
        assert clock.used(clock.met_at) < clock.target


@given(st.sampled_from(POLICIES), happenings)
@settings(deadline=None)
def test_a_clock_is_kept_and_read_back_as_the_same(policy: Policy, happened: list[tuple[datetime, str]]) -> None:
    clock, _ = lived(policy, happened, [])
    assert SlaClock.of(clock.row()) == clock


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(POLICIES), happenings, moments, st.sampled_from(["urgent", "high", "normal", "low"]))
def test_a_recomputed_clock_stands_as_if_it_had_been_measured_so_from_its_start(
    policy: Policy, happened: list[tuple[datetime, str]], at: datetime, priority: str
) -> None:
    before = [(moment, what) for moment, what in happened if moment <= at and what in {"paused", "resumed"}]
    clock = new_clock(policy)
    fresh = states.started(replace(clock, priority=priority), policy)  # type: ignore[arg-type]
    for moment, what in before:
        clock, fresh = CHANGES[what](clock, moment), CHANGES[what](fresh, moment)
    changed = states.recomputed(clock, policy, priority, at)  # type: ignore[arg-type]
    assert states.settled(changed, at) == states.settled(fresh, at)
