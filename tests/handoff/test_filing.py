"""A ticket that comes in whole is opened once, and a sure answer goes beside it without closing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handoff.filing import Filing, file_ticket
from handoff.tables import packages
from handoff.transcript import get_conversation
from tests.handoff.conftest import ANSWER, Floor
from tickets.reading import Reading
from tickets.ticketing import Ticket

FILING = Filing("zendesk", "8841", "where do I download invoices", subject="Invoices", email="dana@acme.example")


class Sure:
    """A head that is as sure of billing as it is told. Implements `Head`."""

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence

    def read(self, text: str, shares: Any = None) -> Reading:
        return Reading("billing", self.confidence)


async def filed(floor: Floor, filing: Filing = FILING, confidence: float = 0.97) -> tuple[Ticket, bool]:
    async with floor.database.write() as tx:
        return await file_ticket(tx, filing, at=floor.clock.now(), head=Sure(confidence), offered=[ANSWER])


async def said_in(floor: Floor, ticket: Ticket) -> list[tuple[str, str]]:
    async with floor.database.read() as reader:
        conversation = await get_conversation(reader, str(ticket.conversation_id))
    assert (conversation.owner, conversation.channel, conversation.email) == ("queue", "zendesk", "dana@acme.example")
    return [(message.author_kind, message.kind) for message in await floor.said(conversation)]


async def test_a_sure_answer_stands_beside_the_ticket_which_stays_open_for_a_person(floor: Floor) -> None:
    ticket, created = await filed(floor)
    assert (created, ticket.subject, ticket.status, ticket.source) == (True, "Invoices", "open", "zendesk")
    assert "answered with an article" in ticket.reasons[-1]
    assert await said_in(floor, ticket) == [("customer", "text"), ("bot", "answer"), ("system", "notice")]
    assert {name: clock.state for name, clock in (await floor.clocks(ticket.id)).items()} == {
        "first_response.0": "running", "resolution.0": "running",
    }  # fmt: skip
    (package,) = await floor.rows(packages)
    assert [article["article_id"] for article in package["content"]["articles"]] == [ANSWER["article_id"]]


async def test_an_unsure_or_pressing_ticket_is_not_answered_automatically(floor: Floor) -> None:
    unsure, _ = await filed(floor, confidence=0.9)
    pressing, _ = await filed(floor, replace(FILING, reference="8842", text="invoices are wrong, urgent"))
    for ticket in (unsure, pressing):
        assert await said_in(floor, ticket) == [("customer", "text"), ("system", "notice")]
        assert not any("answered" in reason for reason in ticket.reasons)


async def test_the_same_reference_of_the_same_channel_is_the_same_ticket(floor: Floor) -> None:
    first, _ = await filed(floor)
    again, created = await filed(floor, replace(FILING, text="something else"))
    assert (again.id, again.text, created) == (first.id, first.text, False)
    other, created = await filed(floor, replace(FILING, channel="intercom"))
    assert created
    assert other.id != first.id
