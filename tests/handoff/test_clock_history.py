"""How a deadline came to be: the stretches follow each other without a gap and add up to what was used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.sla.clock_history import history_of
from handoff.sla.policies import Policy
from tests.handoff.test_clocks_states import AT, OFFICE, POLICIES, happenings, lived, new_clock


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(POLICIES), happenings, st.integers(0, 9 * 1440))
def test_stretches_have_no_gap_and_their_minutes_are_those_that_the_clock_has_used(
    policy: Policy, happened: list[tuple[datetime, str]], minutes: int
) -> None:
    clock, _ = lived(policy, happened, [])
    at = max([AT + timedelta(minutes=minutes), *(moment for moment, _ in happened)])
    history = history_of(clock, at)
    assert history.left_out == 0
    if not history.segments:
        assert history.until <= clock.started_at
        return
    assert history.segments[0].start == clock.started_at
    assert history.segments[-1].end == history.until
    assert all(before.end == after.start for before, after in pairwise(history.segments))
    assert history.segments[-1].total == sum((part.counted for part in history.segments), timedelta(0))
    assert history.segments[-1].total == clock.used(history.until)
    for part in history.segments:
        assert part.total == clock.used(part.end)
        if clock.due_at == part.end and part.kind == "counted":
            assert part.total == clock.target


def test_a_lunch_break_reads_as_people_say_it() -> None:
    clock = new_clock(OFFICE)  # Friday 15:00 in Berlin, four hours
    found = [(part.kind, part.counted // timedelta(minutes=1)) for part in history_of(clock, AT).segments]
    assert found == [("counted", 120), ("closed", 0), ("counted", 72), ("counted", 48)]
    assert clock.due_at == datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
