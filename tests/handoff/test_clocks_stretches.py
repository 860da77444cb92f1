"""Clocks along a ticket: what is owed after each reply, pauses while it waits for the customer, resolving and reopening."""

from __future__ import annotations

from datetime import timedelta

from core.database import Database
from handoff.sla import clocks
from handoff.sla.clocks import clock_view
from tests.handoff.clocks import AT, HOUR, MINUTE, by_metric, fire, opened, told
from tickets import ticketing


async def test_next_response_runs_once_for_each_unanswered_stretch(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        assert await clocks.customer_wrote(tx, ticket.id, AT + MINUTE) is None  # the first response is still owed
        await clocks.meet(tx, ticket.id, "first_response", AT + 5 * MINUTE)
        first = await clocks.customer_wrote(tx, ticket.id, AT + 10 * MINUTE)
        assert await clocks.customer_wrote(tx, ticket.id, AT + 12 * MINUTE) is None  # the same stretch
        met = await clocks.meet(tx, ticket.id, "next_response", AT + 15 * MINUTE)
        assert await clocks.meet(tx, ticket.id, "next_response", AT + 16 * MINUTE) is None  # nothing waits
        second = await clocks.customer_wrote(tx, ticket.id, AT + 20 * MINUTE)
    assert first is not None
    assert met is not None
    assert second is not None
    assert (first.started_at, first.due_at, first.stretch) == (AT + 10 * MINUTE, AT + 40 * MINUTE, 0)
    assert (met.id, met.state) == (first.id, "met")
    assert (second.started_at, second.stretch) == (AT + 20 * MINUTE, 1)


async def test_thanks_on_a_resolved_ticket_starts_nothing(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + MINUTE)
        await ticketing.set_status(tx, ticket.id, "resolved", at=AT + 2 * MINUTE)
        await clocks.resolve_clocks(tx, ticket.id, AT + 2 * MINUTE)
        assert await clocks.customer_wrote(tx, ticket.id, AT + 3 * MINUTE) is None
        assert await clocks.customer_wrote(tx, "tk_none", AT + 3 * MINUTE) is None


async def test_resolving_meets_the_resolution_and_cancels_the_replies_that_were_owed(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.resolve_clocks(tx, ticket.id, AT + 10 * MINUTE)
        await clocks.resolve_clocks(tx, ticket.id, AT + 20 * MINUTE)
    resolution, first = [await by_metric(database, ticket, metric) for metric in ("resolution", "first_response")]
    assert (resolution.state, resolution.met_at) == ("met", AT + 10 * MINUTE)
    assert (first.state, first.met_at) == ("cancelled", None)
    assert await fire(database, AT + timedelta(days=9)) == []


async def test_a_reply_that_was_overdue_when_the_ticket_was_resolved_stays_a_breach(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.resolve_clocks(tx, ticket.id, AT + HOUR)
    assert (await by_metric(database, ticket, "first_response")).state == "breached"
    assert ("first_response", "breach", 30) in told(await fire(database, AT + 2 * HOUR))


async def test_the_resolution_stands_still_while_the_ticket_waits_for_the_customer(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + MINUTE)
        paused = await clocks.pause(tx, ticket.id, AT + 60 * MINUTE)
        assert await clocks.pause(tx, ticket.id, AT + 61 * MINUTE) is None
    assert paused is not None
    assert (paused.state, paused.due_at, paused.next_due_at) == ("paused", None, None)
    view = clock_view(paused, AT + 300 * MINUTE)
    assert (view["state"], view["due_at"], view["remaining_seconds"]) == ("paused", None, 180 * 60)
    assert await fire(database, AT + timedelta(days=1)) == []
    async with database.write() as tx:
        resumed = await clocks.resume(tx, ticket.id, AT + 300 * MINUTE)
        assert await clocks.resume(tx, ticket.id, AT + 301 * MINUTE) is None
    assert resumed is not None
    assert (resumed.state, resumed.due_at) == ("running", AT + 480 * MINUTE)
    assert told(await fire(database, AT + timedelta(days=1))) == [
        ("resolution", "warning", 432),
        ("resolution", "breach", 480),
    ]


async def test_a_pause_that_comes_after_the_deadline_saves_nothing(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        clock = await clocks.pause(tx, ticket.id, AT + 241 * MINUTE)
    assert clock is not None
    assert (clock.state, clock.breached_at) == ("breached", AT + 240 * MINUTE)
    assert ("resolution", "breach", 240) in told(await fire(database, AT + 250 * MINUTE))


async def test_a_warning_that_was_due_before_a_pause_is_told_during_it_and_not_again(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.pause(tx, ticket.id, AT + 200 * MINUTE)
    assert ("resolution", "warning", 192) in told(await fire(database, AT + 300 * MINUTE))
    async with database.write() as tx:
        await clocks.resume(tx, ticket.id, AT + 400 * MINUTE)
    assert told(await fire(database, AT + 500 * MINUTE)) == [("resolution", "breach", 440)]


async def test_a_reopened_ticket_goes_on_with_the_time_already_used(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + MINUTE)
        await clocks.resolve_clocks(tx, ticket.id, AT + 100 * MINUTE)
        reopened = await clocks.reopen_clocks(tx, ticket.id, AT + 1000 * MINUTE)
        assert await clocks.reopen_clocks(tx, ticket.id, AT + 1001 * MINUTE) is None
        next_response = await clocks.customer_wrote(tx, ticket.id, AT + 1000 * MINUTE)
    assert reopened is not None
    assert (reopened.state, reopened.due_at, reopened.met_at) == ("running", AT + 1140 * MINUTE, None)
    assert reopened.used(AT + 1000 * MINUTE) == 100 * MINUTE
    assert next_response is not None


async def test_a_ticket_resolved_while_it_waited_goes_on_with_the_time_used_before_it_waited(
    database: Database,
) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.pause(tx, ticket.id, AT + 50 * MINUTE)
        resolved = await clocks.resume(tx, ticket.id, AT + 60 * MINUTE)
        await clocks.pause(tx, ticket.id, AT + 70 * MINUTE)
        await clocks.resolve_clocks(tx, ticket.id, AT + 100 * MINUTE)
        reopened = await clocks.reopen_clocks(tx, ticket.id, AT + 1000 * MINUTE)
    assert resolved is not None
    assert reopened is not None
    assert (reopened.state, reopened.due_at) == ("running", AT + 1180 * MINUTE)


async def test_a_reopened_ticket_that_was_late_stays_breached_and_is_not_told_again(database: Database) -> None:
    ticket = await opened(database)
    await fire(database, AT + 300 * MINUTE)
    async with database.write() as tx:
        await clocks.resolve_clocks(tx, ticket.id, AT + 310 * MINUTE)
        reopened = await clocks.reopen_clocks(tx, ticket.id, AT + 400 * MINUTE)
    assert reopened is not None
    assert (reopened.state, reopened.met_at, reopened.next_due_at) == ("breached", None, None)
    assert clock_view(reopened, AT + 410 * MINUTE)["remaining_seconds"] == -(70 + 10) * 60
    assert await fire(database, AT + 9999 * MINUTE) == []
