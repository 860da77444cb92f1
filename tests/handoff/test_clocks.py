"""SLA clocks in the database: what starts, meets, pauses and fires them, each thing exactly once, on each backend."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.database import Database
from handoff.sla import clocks
from tests.handoff.clocks import AT, DEFAULT, HOUR, MINUTE, by_metric, fire, opened, told


async def test_a_ticket_starts_with_a_first_response_and_a_resolution_clock(database: Database) -> None:
    ticket = await opened(database)
    async with database.read() as reader:
        first, resolution = await clocks.clocks_of(reader, ticket.id)
        due = await clocks.next_due(reader)
    assert (first.metric, first.state, first.due_at, first.warn_at) == (
        "first_response",
        "running",
        AT + 30 * MINUTE,
        AT + 24 * MINUTE,
    )
    assert (resolution.metric, resolution.due_at) == ("resolution", AT + 240 * MINUTE)
    assert due == AT + 24 * MINUTE
    assert clocks.first_due([resolution, first]) == first


async def test_starting_the_clocks_again_changes_nothing(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        before = await clocks.clocks_of(tx.connection, ticket.id)
        assert await clocks.start_clocks(tx, ticket, DEFAULT, AT + HOUR) == before


async def test_a_warning_comes_at_its_share_and_a_breach_at_the_deadline_each_once(database: Database) -> None:
    await opened(database)
    assert told(await fire(database, AT + 23 * MINUTE)) == []
    assert told(await fire(database, AT + 24 * MINUTE)) == [("first_response", "warning", 24)]
    assert told(await fire(database, AT + 29 * MINUTE)) == []
    assert told(await fire(database, AT + 30 * MINUTE)) == [("first_response", "breach", 30)]
    assert told(await fire(database, AT + 100 * MINUTE)) == []


async def test_a_worker_that_wakes_late_tells_the_true_times(database: Database) -> None:
    ticket = await opened(database)
    late = AT + timedelta(days=3)
    assert told(await fire(database, late)) == [
        ("first_response", "warning", 24),
        ("first_response", "breach", 30),
        ("resolution", "warning", 192),
        ("resolution", "breach", 240),
    ]
    assert await fire(database, late) == []
    first = await by_metric(database, ticket, "first_response")
    assert (first.state, first.breached_at, first.warned_at) == ("breached", AT + 30 * MINUTE, AT + 24 * MINUTE)
    async with database.read() as reader:
        audit = [entry for entry in await clocks.audit_of(reader, ticket.id) if entry.what == "breach"]
        assert await clocks.next_due(reader) is None
    assert [(entry.at, entry.noted_at) for entry in audit] == [(AT + 30 * MINUTE, late), (AT + 240 * MINUTE, late)]


async def test_workers_at_once_tell_everything_once(database: Database) -> None:
    for _ in range(12):
        await opened(database)
    found = await asyncio.gather(*(fire(database, AT + timedelta(days=1), limit=7) for _ in range(6)))
    found.append(await fire(database, AT + timedelta(days=1)))
    events = [(entry.clock.id, entry.what) for batch in found for entry in batch]
    assert len(events) == len(set(events)) == 12 * 2 * 2


async def test_a_tick_takes_the_longest_overdue_first_and_no_more_than_its_limit(database: Database) -> None:
    low = await opened(database, "just a suggestion", at=AT)
    urgent = await opened(database, at=AT + MINUTE)
    fired = await fire(database, AT + timedelta(days=9), limit=1)
    assert {entry.clock.ticket_id for entry in fired} == {urgent.id}
    rest = await fire(database, AT + timedelta(days=9))
    assert low.id in {entry.clock.ticket_id for entry in rest}


async def test_what_a_rolled_back_tick_told_is_told_again(database: Database) -> None:
    await opened(database)

    async def die() -> None:
        async with database.write() as tx:
            assert len(await clocks.fire_due(tx, AT + 30 * MINUTE)) == 2
            raise RuntimeError("the worker dies")

    with pytest.raises(RuntimeError):
        await die()
    assert len(await fire(database, AT + 30 * MINUTE)) == 2


@pytest.mark.parametrize(
    ("after", "state", "breached"),
    [
        (29 * MINUTE, "met", False),
        (30 * MINUTE - timedelta(microseconds=1), "met", False),
        (30 * MINUTE, "breached", True),
        (HOUR, "breached", True),
    ],
)
async def test_a_reply_before_the_deadline_meets_it_and_a_later_one_leaves_it_breached(
    database: Database, after: timedelta, state: str, breached: bool
) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        clock = await clocks.meet(tx, ticket.id, "first_response", AT + after)
        assert await clocks.meet(tx, ticket.id, "first_response", AT + after + MINUTE) is None
    assert clock is not None
    assert (clock.state, clock.met_at) == (state, AT + after)
    assert clock.breached_at == (AT + 30 * MINUTE if breached else None)


async def test_a_breach_before_a_late_reply_is_still_told_once_by_a_worker_that_was_asleep(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + 45 * MINUTE)
    fired = await fire(database, AT + HOUR)
    assert told(fired) == [("first_response", "warning", 24), ("first_response", "breach", 30)]
    assert not fired[0].clock.unanswered
    assert await fire(database, AT + 2 * HOUR) == []


async def test_a_reply_in_time_after_an_untold_warning_leaves_only_the_warning(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + 26 * MINUTE)
    assert told(await fire(database, AT + HOUR)) == [("first_response", "warning", 24)]
    assert (await by_metric(database, ticket, "first_response")).state == "met"


async def test_a_reply_before_the_warning_leaves_nothing_to_tell(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + 10 * MINUTE)
    assert told(await fire(database, AT + 2 * HOUR)) == []
