"""SLA clocks in the database: what starts, meets, pauses and fires them, each thing exactly once, on each backend."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.database import Database
from handoff.sla import clocks
from handoff.sla.clocks import Fired, SlaClock, clock_view, sla_clocks
from handoff.sla.policies import Policy, parse_policies
from handoff.sla.sla_rules import shipped_rules
from tickets import ticketing
from tickets.ticketing import Ticket
from tickets.triage import TriageRequest, triage

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
(DEFAULT,) = shipped_rules().policies
TARGETS = {
    "urgent": {"first_response": 30, "resolution": 60},
    "high": {"first_response": 60, "resolution": 120},
    "normal": {"first_response": 120, "resolution": 480},
    "low": {"first_response": 240, "resolution": 960},
}
(OFFICE,) = parse_policies(
    {
        "calendars": {"office": {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}},
        "policies": [{"name": "Office", "calendar": "office", "targets": TARGETS}],
    }
)


async def opened(
    database: Database, text: str = "our account was hacked", policy: Policy = DEFAULT, at: datetime = AT
) -> Ticket:
    """Open a ticket, urgent unless the text says otherwise, with its clocks."""
    async with database.write() as tx:
        result = triage(TriageRequest(text))
        ticket = await ticketing.open_ticket(
            tx, subject=text, text=text, triage=result, source="widget", at=at, conversation_id="cv_1"
        )
        await clocks.start_clocks(tx, ticket, policy, at)
        return ticket


async def fire(database: Database, now: datetime, limit: int = 100) -> list[Fired]:
    async with database.write() as tx:
        return await clocks.fire_due(tx, now, limit)


async def by_metric(database: Database, ticket: Ticket, metric: str) -> SlaClock:
    async with database.read() as reader:
        return [clock for clock in await clocks.clocks_of(reader, ticket.id) if clock.metric == metric][-1]


def told(fired: list[Fired]) -> list[tuple[str, str, int]]:
    return [(entry.clock.metric, entry.what, (entry.at - AT) // MINUTE) for entry in fired]


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


async def raised(database: Database, ticket: Ticket, priority: str, at: datetime) -> list[SlaClock]:
    async with database.write() as tx:
        changed = await ticketing.override(tx, ticket.id, "priority", priority, by="Maya", at=at)
        return await clocks.recompute(tx, changed, DEFAULT, at)


async def test_a_new_priority_is_computed_from_the_start(database: Database) -> None:
    ticket = await opened(database, "where are my invoices?")
    first, resolution = await raised(database, ticket, "high", AT + 60 * MINUTE)
    assert (first.state, first.due_at, first.target_minutes, first.priority) == (
        "running",
        AT + 120 * MINUTE,
        120,
        "high",
    )
    assert resolution.due_at == AT + 480 * MINUTE


async def test_a_raised_priority_whose_deadline_has_passed_is_a_breach_at_that_deadline(database: Database) -> None:
    ticket = await opened(database, "where are my invoices?")
    first, resolution = await raised(database, ticket, "urgent", AT + 100 * MINUTE)
    assert (first.state, first.breached_at) == ("breached", AT + 30 * MINUTE)
    assert resolution.state == "running"
    assert told(await fire(database, AT + 100 * MINUTE)) == [
        ("first_response", "warning", 24),
        ("first_response", "breach", 30),
    ]


async def test_a_lowered_priority_takes_a_breach_back_and_its_own_deadline_counts(database: Database) -> None:
    ticket = await opened(database)
    assert len(await fire(database, AT + 60 * MINUTE)) == 2
    first, _ = await raised(database, ticket, "normal", AT + 60 * MINUTE)
    assert (first.state, first.breached_at, first.due_at) == ("running", None, AT + 480 * MINUTE)
    assert told(await fire(database, AT + 480 * MINUTE)) == [
        ("first_response", "warning", 384),
        ("first_response", "breach", 480),
    ]
    async with database.read() as reader:
        audit = [entry.words for entry in await clocks.audit_of(reader, ticket.id) if entry.what == "recomputed"]
    assert "The breach of 2026-11-23 09:30:00 UTC no longer counts." in audit[0]


async def test_a_breach_that_was_told_is_not_told_again_when_the_priority_rises(database: Database) -> None:
    ticket = await opened(database, "this is urgent, nobody can work")  # high: 120 minutes
    assert told(await fire(database, AT + 130 * MINUTE)) == [
        ("first_response", "warning", 96),
        ("first_response", "breach", 120),
    ]
    first, _ = await raised(database, ticket, "urgent", AT + 140 * MINUTE)
    assert (first.state, first.breached_at) == ("breached", AT + 30 * MINUTE)
    assert told(await fire(database, AT + 150 * MINUTE)) == []


async def test_what_is_met_is_not_computed_again(database: Database) -> None:
    ticket = await opened(database, "where are my invoices?")
    async with database.write() as tx:
        met = await clocks.meet(tx, ticket.id, "first_response", AT + 100 * MINUTE)
    first, _ = await raised(database, ticket, "urgent", AT + 110 * MINUTE)
    assert first == met


async def test_a_paused_clock_that_is_computed_again_stays_paused(database: Database) -> None:
    ticket = await opened(database, "where are my invoices?")
    async with database.write() as tx:
        await clocks.pause(tx, ticket.id, AT + 100 * MINUTE)
    _, resolution = await raised(database, ticket, "high", AT + 110 * MINUTE)
    assert (resolution.state, resolution.due_at) == ("paused", None)
    _, resolution = await raised(database, ticket, "urgent", AT + 400 * MINUTE)
    assert (resolution.state, resolution.used(AT + 400 * MINUTE)) == ("paused", 100 * MINUTE)


async def test_a_clock_runs_on_its_calendar(database: Database) -> None:
    friday = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)  # 16:30 in Berlin
    ticket = await opened(database, "this is urgent, nobody can work", OFFICE, friday)
    first = await by_metric(database, ticket, "first_response")
    assert first.due_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert clock_view(first, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))["remaining_seconds"] == 30 * 60
    async with database.read() as reader:
        words = (await clocks.audit_of(reader, ticket.id))[0].words
    assert words == (
        "First response is due 2026-11-23 09:30:00 CET: 1 h of calendar office by policy Office at priority high."
    )


async def test_a_machine_whose_time_is_behind_makes_no_negative_pause(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await clocks.pause(tx, ticket.id, AT - 3 * MINUTE)
        resumed = await clocks.resume(tx, ticket.id, AT - 5 * MINUTE)
    assert resumed is not None
    assert resumed.due_at == AT + 240 * MINUTE


async def test_the_view_shows_a_breach_before_any_worker_has_been_there(database: Database) -> None:
    ticket = await opened(database)
    first = await by_metric(database, ticket, "first_response")
    view = clock_view(first, AT + 31 * MINUTE)
    assert view == {
        "metric": "first_response",
        "state": "breached",
        "started_at": "2026-11-23T09:00:00.000Z",
        "due_at": "2026-11-23T09:30:00.000Z",
        "warn_at": "2026-11-23T09:24:00.000Z",
        "met_at": None,
        "breached_at": "2026-11-23T09:30:00.000Z",
        "target_minutes": 30,
        "remaining_seconds": -60,
    }


async def test_the_history_of_a_ticket_reads_as_sentences(database: Database) -> None:
    ticket = await opened(database)
    await fire(database, AT + 24 * MINUTE)
    async with database.write() as tx:
        await clocks.meet(tx, ticket.id, "first_response", AT + 90 * MINUTE)
        await clocks.pause(tx, ticket.id, AT + 100 * MINUTE)
        await clocks.resume(tx, ticket.id, AT + 130 * MINUTE)
        await clocks.resolve_clocks(tx, ticket.id, AT + 140 * MINUTE)
    async with database.read() as reader:
        words = [entry.words for entry in await clocks.audit_of(reader, ticket.id)]
    assert words[2:] == [
        "80% of 30 min had passed.",
        "First response came 1 h of working time late.",
        "Stands still after 1 h 40 min: the ticket waits for the customer.",
        "Goes on with 1 h 40 min used; due 2026-11-23 13:30:00 UTC.",
        "Resolution came with 2 h 10 min of working time to spare.",
    ]


async def test_a_tick_reads_only_the_index_of_what_is_due(database: Database) -> None:
    query = sa.select(sla_clocks).where(sla_clocks.c.next_due_at <= AT).order_by(sla_clocks.c.next_due_at).limit(100)
    compiled = query.compile(database.engine.sync_engine, compile_kwargs={"literal_binds": False})
    async with database.write() as tx:
        if database.dialect == "sqlite":
            plan = await tx.connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {compiled}", (str(AT.replace(tzinfo=None)), 100, 0)
            )
        else:
            await tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
            plan = await tx.connection.exec_driver_sql(
                "EXPLAIN SELECT * FROM sla_clocks WHERE next_due_at <= now() ORDER BY next_due_at LIMIT 100"
            )
        lines = " ".join(str(row) for row in plan)
    assert "ix_sla_clocks_next_due_at" in lines
