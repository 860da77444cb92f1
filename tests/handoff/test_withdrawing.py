"""A customer who does not want to wait any longer: back to the bot, with nothing owed, and a person as near as before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, RateLimited, StaleEpoch
from core.outbox import outbox_messages
from core.webhook_endpoints import add_endpoint
from handoff.desk import list_rows
from handoff.ownership import change_owner
from handoff.package import package_of
from handoff.records import CLOSED, Conversation, Staff, Understanding
from handoff.reopening import ticket_to_reopen
from handoff.sla.measuring import apply_to_open_tickets
from handoff.sla.sla_rules import save_rules, shipped_rules
from handoff.taking_over import claim, release
from handoff.turns import drop_turn
from handoff.withdrawing import HOUR, MOST_AN_HOUR, withdraw
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


async def test_new_rules_for_open_tickets_do_not_have_a_breach_of_a_closed_one_run_again(
    floor: Floor, amara: Staff
) -> None:
    waiting = await floor.waiting()
    floor.later(timedelta(days=30))
    await withdrawn(floor, waiting)
    before, at = await floor.clocks(waiting.ticket_id), floor.clock.now()
    slower = shipped_rules().text.replace("resolution: ", "resolution: 9")
    await save_rules(floor.database, slower, amara, base=0, note="", for_open_tickets=True, at=at)
    await apply_to_open_tickets(floor.database, at)
    assert await floor.clocks(waiting.ticket_id) == before


async def test_it_is_no_longer_in_the_queue_and_among_what_the_bot_has_but_not_among_what_was_resolved(
    floor: Floor, maya: Staff
) -> None:
    back = await withdrawn(floor, await floor.waiting())
    async with floor.database.read() as reader:
        lists = {
            view: [row["id"] for row in await list_rows(reader, view, maya, back.updated_at)]
            for view in ("queue", "bot", "resolved")
        }
    assert lists == {"queue": [], "bot": [back.id], "resolved": []}


async def test_the_same_frame_again_changes_nothing_even_when_the_customer_waits_anew(floor: Floor) -> None:
    back = await withdrawn(floor, await floor.waiting())
    assert await withdrawn(floor, back) == back
    waiting = await floor.current(await floor.hand_over(back))
    assert await withdrawn(floor, waiting) == waiting
    assert (await withdrawn(floor, waiting, "w2")).owner == "bot"


async def test_where_nobody_waits_there_is_nothing_to_leave(floor: Floor) -> None:
    conversation = await floor.visit()
    assert await withdrawn(floor, conversation) == conversation
    async with floor.database.write() as tx:
        closed = await change_owner(tx, conversation, CLOSED, at=floor.clock.now())
    assert await withdrawn(floor, closed, "w2") == closed


async def test_once_a_person_has_it_they_end_it(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Conflict, match="A person is here already"):
        await withdrawn(floor, claimed)
    assert await floor.current(claimed) == claimed


async def test_who_joins_and_leaves_the_line_in_a_loop_stays_in_it_until_the_hour_is_over(floor: Floor) -> None:
    conversation = await floor.visit()
    for number in range(MOST_AN_HOUR):
        conversation = await withdrawn(floor, await floor.hand_over(conversation), f"w{number}")
        floor.later(MINUTE)
    waiting = await floor.current(await floor.hand_over(conversation))
    with pytest.raises(RateLimited, match="stays with our team") as refused:
        await withdrawn(floor, waiting, "once more")
    assert await floor.current(waiting) == waiting
    assert refused.value.retry_after == (HOUR - MOST_AN_HOUR * MINUTE).total_seconds()
    floor.later(timedelta(seconds=refused.value.retry_after))
    assert (await withdrawn(floor, waiting, "once more")).owner == "bot"


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


async def test_what_was_written_last_in_line_is_the_bots_to_answer_as_if_it_were_asked_now(floor: Floor) -> None:
    waiting = await floor.waiting()
    await floor.say(waiting, "is anybody there?")
    last = await floor.say(waiting, "how do I export a board")
    back = await withdrawn(floor, waiting)
    (asked,) = [message for message in await floor.said(back) if message.turn == "pending"]
    assert asked == replace(last, epoch=back.epoch, turn="pending")
    await floor.answer(asked, "Like this.")
    waiting = await floor.hand_over(back)
    async with floor.database.read() as reader:
        package = await package_of(reader, waiting.ticket_id or "")
    assert package is not None
    assert package["summary"] == ["“how do I export a board”"]


async def test_a_question_that_the_bot_had_no_time_to_answer_before_is_asked_anew(floor: Floor) -> None:
    conversation = await floor.visit()
    slow = await floor.say(conversation, "how do I export a board")
    back = await withdrawn(floor, await floor.hand_over(conversation))
    with pytest.raises(StaleEpoch):
        await floor.answer(slow, "Too late!")
    async with floor.database.write() as tx:
        await drop_turn(tx, slow)
    (asked,) = [message for message in await floor.said(back) if message.turn == "pending"]
    assert (asked.id, asked.epoch) == (slow.id, back.epoch)


async def test_what_was_answered_and_an_address_that_was_kept_are_not_asked_anew(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await floor.reply(claimed, maya, "I have to go.")
    waiting = await release(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    with_address = await floor.waiting()
    await floor.say(with_address, "dana@acme.example")
    for conversation in (waiting, with_address):
        back = await withdrawn(floor, conversation)
        assert [message.turn for message in await floor.said(back) if message.turn == "pending"] == []


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
