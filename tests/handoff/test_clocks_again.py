"""Clocks computed anew when priority or calendar change, and their history as a person reads it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from core.database import Database
from handoff.sla import clocks
from handoff.sla.clocks import SlaClock, clock_view, sla_clocks
from tests.handoff.clocks import AT, DEFAULT, MINUTE, OFFICE, by_metric, fire, opened, told
from tickets import ticketing
from tickets.ticketing import Ticket


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
