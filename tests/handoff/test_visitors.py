"""Visitors: a secret of their own, and an account only with the host site's word for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.database import Database
from core.errors import Unauthenticated
from handoff.handing_over import hand_over
from handoff.records import Staff
from handoff.tables import visitors
from handoff.transcript import get_conversation
from handoff.visitors import VISITOR_LENGTH, Visitor, join_customer, new_visitor, note_page, sign_in, visitor_of_token
from tests.handoff.conftest import Floor
from tickets.ticketing import assign, tickets_of_customer


async def arrive(floor: Floor, customer_id: str | None = None) -> tuple[Visitor, str]:
    async with floor.database.write() as tx:
        return await new_visitor(
            tx, customer_id=customer_id, page_url="https://x.example/a", page_title="A", at=floor.clock.now()
        )


async def join(floor: Floor, visitor: Visitor, secret: str, customer_id: str) -> tuple[Visitor, str]:
    async with floor.database.write() as tx:
        joined = await join_customer(tx, visitor, secret, customer_id, at=floor.clock.now())
    assert joined is not None
    return joined


async def test_a_new_visitor_has_an_empty_conversation_with_the_bot(floor: Floor) -> None:
    visitor, _ = await arrive(floor)
    conversation = visitor.conversation
    assert (conversation.owner, conversation.epoch, conversation.messages) == ("bot", 1, 0)
    assert (conversation.page_url, conversation.page_title) == ("https://x.example/a", "A")
    assert visitor.customer_id is None


async def test_a_secret_finds_its_visitor_until_it_expires_and_is_not_stored(floor: Floor) -> None:
    visitor, secret = await arrive(floor)
    async with floor.database.read() as reader:
        just_before = floor.clock.now() + VISITOR_LENGTH - timedelta(microseconds=1)
        assert await visitor_of_token(reader, secret, just_before) == visitor
        with pytest.raises(Unauthenticated, match="Reload"):
            await visitor_of_token(reader, secret, floor.clock.now() + VISITOR_LENGTH)
        stored = (await reader.execute(sa.select(visitors.c.token_fingerprint))).scalar_one()
    assert secret not in stored


@pytest.mark.parametrize("secret", ["", "x", "' OR 1=1 --", "\x00"])
async def test_nobodys_secret_is_refused(database: Database, floor: Floor, secret: str) -> None:
    await arrive(floor)
    async with database.read() as reader:
        with pytest.raises(Unauthenticated):
            await visitor_of_token(reader, secret, floor.clock.now())


async def test_an_anonymous_visitor_joins_a_customer_with_conversation_and_tickets(floor: Floor) -> None:
    visitor, secret = await arrive(floor)
    await floor.hand_over(visitor.conversation)
    account = await floor.customer(name="Dana")
    joined, fresh = await join(floor, visitor, secret, account.id)
    assert (joined.id, joined.customer_id) == (visitor.id, account.id)
    async with floor.database.read() as reader:
        again = await visitor_of_token(reader, fresh, floor.clock.now())
        tickets = await tickets_of_customer(reader, account.id)
    assert (again.customer_id, again.conversation.id) == (account.id, visitor.conversation.id)
    assert [ticket.conversation_id for ticket in tickets] == [visitor.conversation.id]


async def test_a_secret_that_was_a_guests_is_nobodys_once_the_guest_is_a_customer(floor: Floor) -> None:
    visitor, copied = await arrive(floor)
    account = await floor.customer()
    _, fresh = await join(floor, visitor, copied, account.id)
    assert fresh != copied
    async with floor.database.read() as reader:
        with pytest.raises(Unauthenticated):
            await visitor_of_token(reader, copied, floor.clock.now())


async def test_a_join_is_told_to_whoever_shows_the_conversation(floor: Floor) -> None:
    visitor, secret = await arrive(floor)
    await join(floor, visitor, secret, (await floor.customer()).id)
    assert [event.kind for event in await floor.events(visitor.conversation)] == ["conversation"]


async def test_joining_again_changes_nothing_and_another_customer_is_not_joined(floor: Floor) -> None:
    dana, other = await floor.customer("dana"), await floor.customer("other")
    visitor, secret = await arrive(floor, dana.id)
    async with floor.database.write() as tx:
        assert await join_customer(tx, visitor, secret, dana.id, at=floor.clock.now()) == (visitor, secret)
        assert await join_customer(tx, visitor, secret, other.id, at=floor.clock.now()) is None
    assert (await floor.current(visitor.conversation)).customer_id == dana.id


async def test_of_two_customers_who_join_one_visitor_at_once_the_second_gets_none_of_it(floor: Floor) -> None:
    dana, other = await floor.customer("dana"), await floor.customer("other")
    visitor, secret = await arrive(floor)
    await join(floor, visitor, secret, dana.id)
    async with floor.database.write() as tx:
        assert await join_customer(tx, visitor, secret, other.id, at=floor.clock.now()) is None
    assert (await floor.current(visitor.conversation)).customer_id == dana.id


async def test_two_tabs_that_join_at_once_keep_one_conversation(floor: Floor) -> None:
    dana = await floor.customer()
    visitor, secret = await arrive(floor)
    _first, first_secret = await join(floor, visitor, secret, dana.id)
    joined, fresh = await join(floor, visitor, secret, dana.id)
    async with floor.database.read() as reader:
        for held in (first_secret, fresh):
            assert (await visitor_of_token(reader, held, floor.clock.now())).conversation == joined.conversation
        with pytest.raises(Unauthenticated):
            await visitor_of_token(reader, secret, floor.clock.now())
    assert joined.conversation.id == visitor.conversation.id


async def test_a_join_in_the_middle_of_a_handoff_waits_for_it_and_has_its_ticket_as_well(floor: Floor) -> None:
    visitor, secret = await arrive(floor)
    dana = await floor.customer()
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, visitor.conversation.id, lock=True)
        joining = asyncio.create_task(join(floor, visitor, secret, dana.id))
        await asyncio.wait_for(floor.somebody_waits(), 10)
        await hand_over(tx, current, "asked", at=floor.clock.now())
    await asyncio.wait_for(joining, 10)
    async with floor.database.read() as reader:
        (ticket,) = await tickets_of_customer(reader, dana.id)
    assert ticket.conversation_id == visitor.conversation.id


async def test_a_join_and_a_claim_at_once_do_not_wait_for_each_other_for_ever(floor: Floor, maya: Staff) -> None:
    visitor, secret = await arrive(floor)
    waiting = await floor.hand_over(visitor.conversation)
    dana = await floor.customer()
    async with floor.database.write() as tx:
        await get_conversation(tx.connection, waiting.id, lock=True)
        joining = asyncio.create_task(join(floor, visitor, secret, dana.id))
        await asyncio.wait_for(floor.somebody_waits(), 10)
        await assign(tx, str(waiting.ticket_id), maya.id, at=floor.clock.now())
    joined, _ = await asyncio.wait_for(joining, 10)
    assert joined.customer_id == dana.id


async def enter(floor: Floor, customer_id: str, visitor: Visitor | None = None, secret: str = "") -> Visitor | None:
    """Sign in, and return who the secret then is."""
    async with floor.database.write() as tx:
        entered = await sign_in(tx, visitor, secret, customer_id, at=floor.clock.now())
    if entered is None:
        return None
    async with floor.database.read() as reader:
        known = await visitor_of_token(reader, entered[1], floor.clock.now())
    assert (known, known.customer_id) == (entered[0], customer_id)
    return known


async def test_a_customer_on_a_new_device_goes_on_with_what_waits_and_the_first_devices_secret_stays(
    floor: Floor,
) -> None:
    dana = await floor.customer()
    first, secret = await arrive(floor, dana.id)
    await floor.say(first.conversation, "a person please")
    await floor.hand_over(first.conversation)
    floor.later(timedelta(minutes=1))
    await floor.say(await floor.visit(dana), "a later question for the assistant")
    entered = await enter(floor, dana.id)
    assert entered is not None
    assert (entered.conversation.id, entered.conversation.owner) == (first.conversation.id, "queue")
    async with floor.database.read() as reader:
        assert (await visitor_of_token(reader, secret, floor.clock.now())).conversation == entered.conversation


async def test_a_customer_who_was_a_guest_meanwhile_gets_what_waits_and_the_guests_words_are_their_accounts(
    floor: Floor,
) -> None:
    dana = await floor.customer()
    waiting = await floor.waiting(account=dana)
    guest, secret = await arrive(floor)
    empty = await enter(floor, dana.id, guest, secret)
    assert empty is not None
    assert empty.conversation.id == waiting.id
    assert (await floor.current(guest.conversation)).customer_id is None
    await floor.say(guest.conversation, "a question as a guest")
    guest = Visitor(guest.id, None, await floor.current(guest.conversation))
    spoke = await enter(floor, dana.id, guest, secret)
    assert spoke is not None
    assert spoke.conversation.id == waiting.id
    assert (await floor.current(guest.conversation)).customer_id == dana.id


async def test_what_was_said_as_a_guest_goes_on_before_an_older_conversation_with_the_assistant(floor: Floor) -> None:
    dana = await floor.customer()
    await floor.say(await floor.visit(dana), "an old question")
    guest, secret = await arrive(floor)
    await floor.say(guest.conversation, "a question as a guest")
    guest = Visitor(guest.id, None, await floor.current(guest.conversation))
    entered = await enter(floor, dana.id, guest, secret)
    assert entered is not None
    assert (entered.id, entered.conversation.id) == (guest.id, guest.conversation.id)


async def test_nobody_goes_on_with_anothers_conversation_an_empty_one_or_one_of_long_ago(floor: Floor) -> None:
    dana, other = await floor.customer("dana"), await floor.customer("other")
    await floor.waiting(account=other)
    await floor.waiting()
    await floor.visit(dana)
    assert await enter(floor, dana.id) is None
    spoken = await floor.visit(dana)
    await floor.say(spoken, "a question")
    entered = await enter(floor, dana.id)
    assert entered is not None
    assert entered.conversation.id == spoken.id
    floor.later(VISITOR_LENGTH)
    assert await enter(floor, dana.id) is None


async def test_the_page_follows_the_visitor(floor: Floor) -> None:
    visitor, _ = await arrive(floor)
    async with floor.database.write() as tx:
        await note_page(tx, visitor.conversation.id, "https://x.example/b", None)
    current = await floor.current(visitor.conversation)
    assert (current.page_url, current.page_title) == ("https://x.example/b", None)
