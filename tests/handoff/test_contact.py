"""An address that a customer types: whose it is, and that people can reach them there."""

from __future__ import annotations

import pytest

from handoff.contact import address_beside, address_given, keep_address
from handoff.staff import Staff
from handoff.transcript import get_conversation
from tests.handoff.conftest import Floor
from tickets.ticketing import get_ticket


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kim@example.com", "kim@example.com"),
        ("  kim.lee@firma.example \n", "kim.lee@firma.example"),
        ("my email is kim@example.com.", "kim@example.com"),
        ("My work e-mail address: kim@example.com", "kim@example.com"),
        ("you can reach me at kim@example.com if I'm gone", "kim@example.com"),
        ("please write to me at kim@example.com!", "kim@example.com"),
        ("e-mail: kim@example.com", "kim@example.com"),
        ("please invite bob@example.com to the board", None),
        ("my colleague bob@example.com can't sign in", None),
        ("my email is kim@example.com or lee@example.com", None),
        ("my email is kim@example", None),
        ("my email does not work", None),
        ("my email is kim@example.com " + "and so on " * 30, None),
        ("@" * 150, None),
    ],
)
def test_an_address_is_the_customers_where_it_stands_alone_or_they_say_so(text: str, address: str | None) -> None:
    assert address_given(text) == address


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        (
            "open a ticket about the import, my mail is kim@example.com",
            "kim@example.com",
            "open a ticket about the import",
        ),
        ("the import hangs (my email: kim@example.com) since may", "kim@example.com", "the import hangs since may"),
        ("It hangs. You can reach me at kim@example.com!", "kim@example.com", "It hangs."),
        ("it hangs, e-mail: kim@example.com", "kim@example.com", "it hangs"),
        ("it hangs " * 40 + "my email is kim@example.com", "kim@example.com", ("it hangs " * 40).strip()),
        ("kim@example.com", "kim@example.com", "kim@example.com"),
        ("the import by bob@example.com hangs", None, "the import by bob@example.com hangs"),
        ("my email is kim@example.com, not bob@example.com", None, "my email is kim@example.com, not bob@example.com"),
        ("it hangs, my email is kim@example", None, "it hangs, my email is kim@example"),
        ("." * 7_900 + " kim@example.com", None, "." * 7_900 + " kim@example.com"),
    ],
)
def test_an_address_beside_something_else_is_told_apart_from_it(text: str, address: str | None, rest: str) -> None:
    assert address_beside(text) == (address, rest)


async def test_an_address_typed_while_waiting_is_kept_for_the_ticket_and_said_once(floor: Floor) -> None:
    waiting = await floor.waiting()
    for _ in range(2):
        await floor.say(waiting, "you can reach me at dana@acme.example")
    async with floor.database.read() as reader:
        assert (await get_ticket(reader, str(waiting.ticket_id))).requester_email == "dana@acme.example"
    assert (await floor.current(waiting)).email == "dana@acme.example"
    notices = [message.text for message in await floor.said(waiting) if message.notice is not None]
    assert notices.count("Thank you. The team can reach you at dana@acme.example.") == 1


async def test_an_address_written_to_a_person_is_kept_and_somebody_elses_is_not(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await floor.say(claimed, "please invite bob@acme.example to the board")
    assert (await floor.current(claimed)).email is None
    await floor.say(claimed, "dana@acme.example")
    assert (await floor.current(claimed)).email == "dana@acme.example"


async def test_what_an_address_is_for_is_the_assistants_to_say_while_it_answers(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.say(conversation, "dana@acme.example")
    assert (await floor.current(conversation)).email is None


async def test_an_address_that_the_assistant_has_confirmed_is_not_confirmed_again(floor: Floor) -> None:
    conversation = await floor.visit()
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, conversation.id, lock=True)
        kept = await keep_address(tx, current, "dana@acme.example", at=floor.clock.now(), said=True)
    assert kept == await floor.current(conversation)
    assert kept.email == "dana@acme.example"
    assert await floor.said(conversation) == []
