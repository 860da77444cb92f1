"""A customer who does not want to wait any longer: back to the bot, with nothing owed, and a person as near as before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, StaleEpoch
from core.outbox import outbox_messages
from core.webhook_endpoints import add_endpoint
from handoff.records import Conversation, Staff, Understanding
from handoff.reopening import ticket_to_reopen
from handoff.taking_over import claim, release
from handoff.withdrawing import withdraw
from tests.handoff.conftest import MINUTE, Floor
from tickets.ticketing import get_ticket


async def withdrawn(floor: Floor, conversation: Conversation, client_id: str = "w") -> Conversation:
    await withdraw(floor.database, conversation.id, client_id=client_id, at=floor.clock.now())
    return await floor.current(conversation)


async def test_the_bot_has_it_again_the_ticket_is_closed_and_its_clocks_are_cancelled(floor: Floor) -> None:
    waiting = await floor.waiting()
    floor.later(MINUTE)
    back = await withdrawn(floor, waiting)
    assert (back.owner, back.epoch, back.ticket_id, back.reason) == ("bot", waiting.epoch + 1, None, None)
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, waiting.ticket_id or "")
    assert (ticket.status, ticket.resolved_at) == ("closed", floor.clock.now())
    assert {clock.state for clock in (await floor.clocks(ticket.id)).values()} == {"cancelled"}
    assert ((await floor.said(back))[-1].notice or {})["type"] == "withdrawn"


async def test_a_breach_that_came_before_stays_one(floor: Floor) -> None:
    waiting = await floor.waiting()
    floor.later(timedelta(days=30))
    await withdrawn(floor, waiting)
    assert {clock.state for clock in (await floor.clocks(waiting.ticket_id)).values()} == {"breached"}


async def test_the_same_frame_again_changes_nothing_even_when_the_customer_waits_anew(floor: Floor) -> None:
    back = await withdrawn(floor, await floor.waiting())
    assert await withdrawn(floor, back) == back
    waiting = await floor.current(await floor.hand_over(back))
    assert await withdrawn(floor, waiting) == waiting
    assert (await withdrawn(floor, waiting, "w2")).owner == "bot"


async def test_with_the_bot_already_there_is_nothing_to_leave(floor: Floor) -> None:
    conversation = await floor.visit()
    assert await withdrawn(floor, conversation) == conversation


async def test_once_a_person_has_it_they_end_it(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Conflict, match="A person is here already"):
        await withdrawn(floor, claimed)
    assert await floor.current(claimed) == claimed


async def test_what_an_agent_gave_back_to_the_queue_can_be_left_and_the_agent_is_told_that_nobody_waits(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    waiting = await release(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert (await withdrawn(floor, waiting)).owner == "bot"
    with pytest.raises((Conflict, StaleEpoch), match="nothing to claim"):
        await claim(floor.database, waiting.id, maya, epoch=waiting.epoch, at=floor.clock.now())


async def test_asking_the_same_again_is_the_bots_to_answer(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "my invoices are missing"), "Look here.", intent="invoices")
    back = await withdrawn(floor, await floor.hand_over(conversation))
    again = await floor.say(back, "where are my invoices")
    async with floor.database.read() as reader:
        told = Understanding("invoices")
        within = {"within": timedelta(hours=24), "at": floor.clock.now()}
        assert await ticket_to_reopen(reader, back, again, told, answered=False, **within) is None  # type: ignore[arg-type]


async def test_systems_outside_are_told_that_the_customer_withdrew_and_not_that_somebody_helped(floor: Floor) -> None:
    async with floor.database.write() as tx:
        await add_endpoint(tx, "https://desk.example", ["*"], "", at=floor.clock.now())
    waiting = await floor.waiting()
    floor.later(MINUTE)
    await withdrawn(floor, waiting)
    (told,) = [row for row in await floor.rows(outbox_messages) if row["kind"] != "conversation.handed_over"]
    assert told["kind"] == "conversation.withdrawn"
    assert told["payload"]["ticket"]["status"] == "closed"
    assert told["payload"]["before"] == {"owner": "queue", "epoch": waiting.epoch}
