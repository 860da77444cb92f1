"""A ticket opened in the chat: people have it, the bot keeps the chat, and the customer knows its number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Invalid
from handoff.desk import detail_of, list_rows
from handoff.records import Conversation, Reply
from handoff.requests import MOST_AN_HOUR, TicketRequest, open_request, reply_address, tickets_of_visitor
from handoff.transcript import get_conversation
from handoff.visitors import join_customer, new_visitor, visitor_of_token
from tests.handoff.conftest import ANSWER, Floor
from tickets.ticketing import Ticket

BROKEN = TicketRequest("The export stops half way", "Since Monday the CSV export ends at row 500.", "kim@example.org")


async def opened(floor: Floor, chat: Conversation, request: TicketRequest = BROKEN) -> Ticket | None:
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, chat.id, lock=True)
        return await open_request(tx, current, request, at=floor.clock.now())


async def test_a_ticket_from_the_chat_waits_at_the_desk_with_its_clocks_while_the_bot_keeps_the_chat(
    floor: Floor,
) -> None:
    chat = await floor.visit()
    turn = await floor.say(chat, "the csv export is broken")
    await floor.answer(turn, Reply("Here:", (), ANSWER))
    ticket = await opened(floor, chat)

    maya = await floor.hire("Maya")
    async with floor.database.read() as reader:
        (row,) = await list_rows(reader, "queue", maya, floor.clock.now())
        seen = await detail_of(reader, row["id"], floor.clock.now())
        kept = await get_conversation(reader, chat.id)
    assert (row["number"], row["subject"], row["reason"]) == (ticket.number, BROKEN.subject, "ticket")
    assert row["clock"] is not None
    assert [message["text"] for message in seen["messages"]][:1] == [BROKEN.description]
    assert seen["package"] is not None
    assert [article["title"] for article in seen["package"]["articles"]] == [ANSWER["title"]]
    assert (seen["customer"]["email"], seen["customer"]["page"]["title"]) == (
        BROKEN.email,
        "Ticket from the chat: answer by e-mail",
    )
    assert (kept.owner, kept.epoch, kept.ticket_id) == ("bot", 1, None)
    notice = (await floor.said(chat))[-1]
    assert notice.text == (
        f"Your ticket {ticket.number}, “{BROKEN.subject}”, is with our team. They will answer to kim@example.org."
    )
    assert notice.notice is not None
    assert notice.notice["reply_by"] is not None


async def test_the_same_ticket_twice_is_one_and_another_is_another(floor: Floor) -> None:
    chat = await floor.visit()
    first = await opened(floor, chat)
    assert (await opened(floor, chat)).id == first.id
    assert (await floor.said(chat))[-1].text.startswith(f"You have sent us this already: it is ticket {first.number}")
    other = await opened(floor, chat, TicketRequest("Another", BROKEN.description, BROKEN.email))
    floor.clock.set(floor.clock.now() + timedelta(days=2))
    assert len({first.id, other.id, (await opened(floor, chat)).id}) == 3


async def test_after_many_tickets_in_an_hour_a_person_is_offered_instead(floor: Floor) -> None:
    chat = await floor.visit()
    for number in range(MOST_AN_HOUR):
        assert await opened(floor, chat, TicketRequest(f"Subject {number}", "The same words.", "kim@example.org"))
    one_more = TicketRequest("One more", "The same words.", "kim@example.org")
    assert await opened(floor, chat, one_more) is None
    notice = (await floor.said(chat))[-1]
    assert notice.notice == {"type": "tickets_enough"}
    assert [button.title for button in notice.buttons] == ["Talk to a person"]
    floor.clock.set(floor.clock.now() + timedelta(hours=1))
    assert await opened(floor, chat, one_more) is not None


async def test_a_visitor_stays_in_the_chat_finds_their_tickets_and_takes_them_along_when_they_sign_in(
    floor: Floor,
) -> None:
    account = await floor.customer(name="Dana", email="dana@fernhill.example")
    async with floor.database.write() as tx:
        visitor, secret = await new_visitor(tx, customer_id=None, page_url="/p", page_title="P", at=floor.clock.now())
    floor.clock.set(floor.clock.now() + timedelta(minutes=1))
    ticket = await opened(floor, visitor.conversation)
    async with floor.database.write() as tx:
        again = await visitor_of_token(tx.connection, secret, floor.clock.now())
        assert again.conversation.id == visitor.conversation.id
        joined = await join_customer(tx, again, secret, account.id, at=floor.clock.now())
    assert joined is not None
    async with floor.database.read() as reader:
        (found,) = await tickets_of_visitor(reader, joined[0].conversation, limit=3)
    assert (found.number, found.customer_id) == (ticket.number, account.id)


async def test_an_accounts_address_is_offered_masked_and_one_given_in_the_chat_as_it_is(floor: Floor) -> None:
    account = await floor.customer(email="dana@fernhill.example")
    guest, known = await floor.visit(), await floor.visit(account)
    async with floor.database.read() as reader:
        assert await reply_address(reader, guest) is None
        found = await reply_address(reader, known)
    assert found is not None
    assert (found.email, found.shown) == ("dana@fernhill.example", "d…@fernhill.example")
    await opened(floor, known, TicketRequest("S", "Something is wrong", "dana@fernhill.example"))
    assert (await floor.said(known))[-1].text.endswith("They will answer to d…@fernhill.example.")


@pytest.mark.parametrize(
    "given", [None, {}, {"subject": "s", "description": "d"}, {"subject": "s", "description": " ", "email": "a@b.example"},
              {"subject": "s", "description": "d", "email": "nobody"}],
)  # fmt: skip
def test_half_a_ticket_is_refused(given: object) -> None:
    with pytest.raises(Invalid):
        TicketRequest.of(given)
