"""A ticket's life in the database: numbers, statuses, corrections and counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from customers.accounts import upsert_customer
from customers.health import TicketCounts
from tickets import ticketing
from tickets.ticketing import Ticket
from tickets.triage import TriageRequest, triage

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def opened(database: Database, text: str = "where are my invoices?", **given: object) -> Ticket:
    async with database.write() as tx:
        values = {"subject": text, "text": text, "triage": triage(TriageRequest(text)), "source": "widget", "at": AT}
        return await ticketing.open_ticket(tx, **{**values, **given})  # type: ignore[arg-type]


async def test_a_ticket_is_opened_with_its_number_and_its_triage(database: Database) -> None:
    ticket = await opened(database, conversation_id="cv_1", requester_email="ann@acme.example")
    assert (ticket.number, ticket.status, ticket.category, ticket.team) == ("FH-1001", "open", "billing", "billing")
    assert ticket.reasons == ("“invoices” is about billing.",)
    async with database.read() as reader:
        assert await ticketing.get_ticket(reader, ticket.id) == ticket
        assert await ticketing.get_ticket(reader, "FH-1001") == ticket
        assert await ticketing.get_ticket(reader, "fh-1001") == ticket
        assert await ticketing.tickets_of_conversation(reader, "cv_1") == [ticket]
        with pytest.raises(NotFound):
            await ticketing.get_ticket(reader, "FH-9999")


async def test_tickets_opened_at_once_have_numbers_without_gaps_or_twins(database: Database) -> None:
    tickets = await asyncio.gather(*(opened(database) for _ in range(25)))
    assert sorted(ticket.number for ticket in tickets) == [f"FH-{number}" for number in range(1001, 1026)]


async def test_a_number_of_a_ticket_that_was_rolled_back_is_given_again(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.write() as tx:
            result = triage(TriageRequest("hello"))
            await ticketing.open_ticket(tx, subject="", text="", triage=result, source="api", at=AT)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    assert (await opened(database)).number == "FH-1001"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("  two\n lines\t", "two lines"),
        ("", "(no subject)"),
        ("\x00\x07", "(no subject)"),
        ("word " * 60, ("word " * 39).strip() + "…"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_any_text_makes_a_subject_of_one_line(text: str, subject: str) -> None:
    assert ticketing.subject_of(text) == subject
    assert len(ticketing.subject_of(text)) <= 200


async def test_a_text_with_a_null_byte_is_kept_without_it(database: Database) -> None:
    assert (await opened(database, "in\x00voice")).text == "invoice"


async def test_a_ticket_is_resolved_reopened_and_closed(database: Database) -> None:
    ticket = await opened(database)
    later = AT + timedelta(hours=1)
    async with database.write() as tx:
        resolved = await ticketing.set_status(tx, ticket.id, "resolved", at=later)
        same = await ticketing.set_status(tx, ticket.id, "resolved", at=later + timedelta(hours=1))
        reopened = await ticketing.set_status(tx, ticket.id, "open", at=later + timedelta(hours=2))
        closed = await ticketing.set_status(tx, ticket.id, "closed", at=later + timedelta(hours=3))
        with pytest.raises(Conflict, match="closed and cannot become open"):
            await ticketing.set_status(tx, ticket.id, "open", at=later)
        with pytest.raises(Invalid):
            await ticketing.set_status(tx, ticket.id, "gone", at=later)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await ticketing.set_status(tx, "tk_none", "open", at=later)
    assert resolved == same
    assert (resolved.finished, resolved.resolved_at) == (True, later)
    assert (reopened.finished, reopened.resolved_at) == (False, None)
    assert closed.resolved_at == later + timedelta(hours=3)


async def test_an_override_keeps_the_old_value_and_the_text_as_an_example(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        changed = await ticketing.override(tx, ticket.id, "category", "plans", by="Maya Ortiz", at=AT)
        changed = await ticketing.override(
            tx, ticket.id, "priority", "high", by="Maya Ortiz", at=AT + timedelta(hours=1)
        )
        again = await ticketing.override(tx, ticket.id, "priority", "high", by="Maya Ortiz", at=AT + timedelta(hours=2))
    assert changed == again
    assert (changed.category, changed.priority, changed.reasons) == ("plans", "high", ticket.reasons)
    async with database.read() as reader:
        overrides = await ticketing.overrides_of(reader, ticket.id)
    assert [(entry.field, entry.old, entry.new, entry.by, entry.text) for entry in overrides] == [
        ("category", "billing", "plans", "Maya Ortiz", "where are my invoices?"),
        ("priority", "normal", "high", "Maya Ortiz", "where are my invoices?"),
    ]
    view = ticketing.ticket_view(changed, overrides)
    assert view["overrides"][0] == {
        "field": "category",
        "old": "billing",
        "new": "plans",
        "by": "Maya Ortiz",
        "at": "2026-11-23T09:00:00.000Z",
    }


async def test_a_ticket_of_another_category_goes_to_that_categorys_team_and_both_are_kept(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        changed = await ticketing.override(tx, ticket.id, "category", "api", by="Maya Ortiz", at=AT)
        assert (changed.category, changed.team) == ("api", "technical")
        same_team = await ticketing.override(
            tx, ticket.id, "category", "integrations", by="Maya Ortiz", at=AT + timedelta(hours=1)
        )
        assert (same_team.category, same_team.team) == ("integrations", "technical")
        kept = await ticketing.overrides_of(tx.connection, ticket.id)
    assert sorted((entry.field, entry.old, entry.new) for entry in kept) == [
        ("category", "api", "integrations"),
        ("category", "billing", "api"),
        ("team", "billing", "technical"),
    ]


@pytest.mark.parametrize(
    ("field", "new", "wrong"),
    [
        ("status", "open", "field"),
        ("category", "biling", "category"),
        ("priority", "P1", "priority"),
        ("team", "A B", "team"),
    ],
)
async def test_an_override_to_what_tickets_do_not_have_is_refused(
    database: Database, field: str, new: str, wrong: str
) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        with pytest.raises(Invalid) as refusal:
            await ticketing.override(tx, ticket.id, field, new, by="Maya", at=AT)  # type: ignore[arg-type]
    assert refusal.value.field == wrong


async def test_a_closed_ticket_is_not_overridden(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        await ticketing.set_status(tx, ticket.id, "closed", at=AT)
        with pytest.raises(Conflict):
            await ticketing.override(tx, ticket.id, "priority", "high", by="Maya", at=AT)


async def test_a_ticket_is_given_to_somebody_and_to_nobody(database: Database) -> None:
    ticket = await opened(database)
    async with database.write() as tx:
        assert (await ticketing.assign(tx, ticket.id, "st_1", at=AT)).assignee == "st_1"
        assert (await ticketing.assign(tx, ticket.id, None, at=AT)).assignee is None
        changed = await ticketing.set_requester_email(tx, ticket.id, "ann@acme.example", at=AT)
    assert changed.requester_email == "ann@acme.example"


async def test_the_resolved_share_counts_tickets_since_a_moment_and_apart_what_was_withdrawn(
    database: Database,
) -> None:
    async with database.write() as tx:
        account = await upsert_customer(tx, "acme", at=AT)
    since = AT - timedelta(days=90)
    moments = [AT, AT - timedelta(days=1), since, since - timedelta(seconds=1)]
    made = [await opened(database, customer_id=account.id, at=moment) for moment in moments]
    await opened(database)
    async with database.write() as tx:
        for ticket in (made[0], made[3]):
            await ticketing.set_status(tx, ticket.id, "resolved", at=AT)
        await ticketing.set_status(tx, made[1].id, "closed", at=AT)
    async with database.read() as reader:
        assert await ticketing.resolved_share(reader, account.id, since) == TicketCounts(1, 2, withdrawn=1)
        assert await ticketing.resolved_share(reader, "cu_none", since) == TicketCounts(0, 0)
        theirs = await ticketing.tickets_of_customer(reader, account.id)
    assert [ticket.id for ticket in theirs] == [ticket.id for ticket in made]


def test_a_subject_has_no_marks_that_turn_the_direction_of_text() -> None:
    assert ticketing.subject_of("\u202einvoice\u2069 gone") == "invoice gone"
    assert ticketing.subject_of("\u202e") == "(no subject)"
