"""People's corrections as labelled examples, and how often triage was overridden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.database import Database
from tickets import ticketing
from tickets.corrections import Corrected, corrected_examples, corrections_by_category, merged
from tickets.examples import Example
from tickets.ticketing import Field, Ticket
from tickets.triage import TriageRequest, triage

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def opened(database: Database, text: str) -> Ticket:
    async with database.write() as tx:
        result = triage(TriageRequest(text))
        return await ticketing.open_ticket(tx, subject=text, text=text, triage=result, source="widget", at=AT)


async def correct(database: Database, ticket: Ticket, field: Field, *values: str) -> None:
    for minutes, value in enumerate(values, start=1):
        async with database.write() as tx:
            at = AT + timedelta(minutes=minutes)
            await ticketing.override(tx, ticket.id, field, value, by="Maya Ortiz", at=at)


async def test_the_last_correction_of_a_ticket_is_its_label(database: Database) -> None:
    await opened(database, "my invoice is fine")
    moved = await opened(database, "the invoice import hangs")
    await correct(database, moved, "category", "other", "import-export")
    await correct(database, await opened(database, "urgent invoice"), "priority", "urgent")
    await correct(database, await opened(database, " "), "category", "billing")
    async with database.read() as reader:
        (found,) = await corrected_examples(reader)
    assert found == Example("the invoice import hangs", "import-export", "ticket FH-1002, corrected by Maya Ortiz")


async def test_overrides_are_counted_by_what_triage_said(database: Database) -> None:
    invoices = [await opened(database, f"invoice {number}") for number in range(3)]
    await correct(database, invoices[0], "category", "plans", "other")
    await correct(database, invoices[1], "category", "plans", "billing")
    await correct(database, invoices[1], "priority", "high")
    await opened(database, "the api answers 429")
    async with database.read() as reader:
        found = await corrections_by_category(reader)
    assert found == [Corrected("billing", 3, 1, 1), Corrected("api", 1, 0, 0)]


async def test_without_tickets_nothing_was_corrected(database: Database) -> None:
    async with database.read() as reader:
        assert await corrected_examples(reader) == []
        assert await corrections_by_category(reader) == []


def test_a_correction_outweighs_the_same_text_in_a_file_and_an_older_correction() -> None:
    files = [Example("Where is it?", "billing", "a.csv:2"), Example("locked out", "sign-in", "a.csv:3")]
    people = [Example("where  is it?", "api", "ticket 1"), Example("WHERE is it?", "projects", "ticket 2")]
    assert merged(files, people) == [files[1], people[1]]
