"""Who may speak when: the bot and agents only in the epoch they composed in, the customer whenever, each thing once."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Invalid, StaleEpoch, TooLarge
from core.events import record_event
from handoff.records import Reply, Staff, Understanding
from handoff.sla.clocks import fire_due
from handoff.speaking import say_as_bot, write_note
from handoff.tables import understandings
from handoff.taking_over import release, resolve
from handoff.turns import next_turn
from tests.handoff.conftest import ANSWER, MINUTE, Floor


async def test_a_bot_reply_after_a_handoff_is_dropped_and_stores_nothing(floor: Floor) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "are you there?")
    await floor.hand_over(conversation)
    before = await floor.said(conversation)
    with pytest.raises(StaleEpoch):
        await floor.answer(turn, "Here I am!", intent="greet", confidence=0.9)
    assert await floor.said(conversation) == before
    assert await floor.rows(understandings) == []


async def test_a_bot_reply_after_a_claim_and_a_return_is_still_of_an_old_epoch(floor: Floor, maya: Staff) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "are you there?")
    waiting = await floor.hand_over(conversation)
    taken = await floor.claim(waiting, maya)
    with pytest.raises(StaleEpoch):
        await floor.answer(turn, "Here I am!")
    await resolve(floor.database, waiting.id, maya, epoch=taken.epoch, at=floor.clock.now())
    with pytest.raises(StaleEpoch):
        await floor.answer(turn, "Here I am!")
    assert all(message.author_kind != "bot" for message in await floor.said(conversation))


async def test_a_turn_is_answered_once_however_many_processes_answer_it(floor: Floor) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "are you there?")
    outcomes = await asyncio.gather(*(floor.answer(turn, f"Yes {n}.") for n in range(4)), return_exceptions=True)
    assert sum(isinstance(outcome, StaleEpoch) for outcome in outcomes) == 3
    assert [message.author_kind for message in await floor.said(conversation)] == ["customer", "bot"]


async def test_an_agents_reply_in_an_old_epoch_is_refused_and_stores_nothing(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    before = await floor.said(claimed)
    for agent, epoch in ((maya, claimed.epoch - 1), (maya, claimed.epoch + 1), (jonas, claimed.epoch)):
        with pytest.raises(StaleEpoch, match="not sent"):
            await floor.reply(claimed, agent, "Hello", epoch=epoch)
    assert await floor.said(claimed) == before
    assert (await floor.clocks(claimed.ticket_id))["first_response.0"].state == "running"


async def test_a_reply_that_is_too_late_says_who_has_the_conversation_and_what_can_be_done(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)

    async def refusal(epoch: int) -> str:
        with pytest.raises(StaleEpoch, match="Your reply was not sent") as refused:
            await floor.reply(claimed, maya, "Hello", epoch=epoch)
        return refused.value.message

    now = floor.clock.now()
    waiting = await release(floor.database, claimed.id, maya, epoch=claimed.epoch, at=now)
    assert "Claim it" in await refusal(claimed.epoch)
    his = await floor.claim(waiting, jonas, at=now)
    assert "A colleague has" in await refusal(claimed.epoch)
    solved = await resolve(floor.database, claimed.id, jonas, epoch=his.epoch, at=now)
    assert "with the assistant again" in await refusal(claimed.epoch)
    hers = await floor.claimed(maya)
    with pytest.raises(StaleEpoch, match="came back meanwhile"):
        await floor.reply(hers, maya, "Hello", epoch=hers.epoch - 1)
    assert solved.owner == "bot"


async def test_the_first_response_is_met_by_a_persons_public_reply_alone(floor: Floor, maya: Staff) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "how does this work?")
    await floor.answer(turn, "Like this.")
    waiting = await floor.hand_over(conversation)
    taken = await floor.claim(waiting, maya, at=floor.later(MINUTE))
    await write_note(floor.database, taken.id, maya, client_id="n1", text="on it", at=floor.later(MINUTE))
    clock = (await floor.clocks(taken.ticket_id))["first_response.0"]
    assert (clock.state, clock.met_at) == ("running", None)
    await floor.reply(taken, maya, "Hello Dana.")
    clock = (await floor.clocks(taken.ticket_id))["first_response.0"]
    assert (clock.state, clock.met_at) == ("met", floor.clock.now())
    met_at = floor.clock.now()
    floor.later(MINUTE)
    await floor.reply(taken, maya, "One more thing.")
    assert (await floor.clocks(taken.ticket_id))["first_response.0"].met_at == met_at


async def test_several_unanswered_messages_start_one_next_response_clock_at_the_first_of_them(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    await floor.say(claimed, "hello?")
    assert "next_response.0" not in await floor.clocks(claimed.ticket_id)
    await floor.reply(claimed, maya, "Hello.")
    first = floor.later(MINUTE)
    for _ in range(3):
        await floor.say(claimed, "and another thing")
        floor.later(MINUTE)
    clocks = await floor.clocks(claimed.ticket_id)
    assert [name for name in clocks if name.startswith("next")] == ["next_response.0"]
    assert clocks["next_response.0"].started_at == first
    await floor.reply(claimed, maya, "Here you go.")
    await floor.say(claimed, "thanks, but one more")
    clocks = await floor.clocks(claimed.ticket_id)
    assert {name: clocks[name].state for name in clocks if name.startswith("next")} == {
        "next_response.0": "met",
        "next_response.1": "running",
    }


async def test_a_note_meets_no_clock_is_no_event_of_the_customers_and_not_in_their_transcript(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    note = await write_note(
        floor.database, claimed.id, maya, client_id="n1", text="secret: angry", at=floor.clock.now()
    )
    assert note.id not in [message.id for message in await floor.said(claimed, notes=False)]
    assert note.id in [message.id for message in await floor.said(claimed)]
    shown = await floor.events(claimed, "customer", "both")
    assert all("secret" not in str(event.data) for event in shown)
    assert await floor.events(claimed, "staff") != []
    assert (await floor.clocks(claimed.ticket_id))["first_response.0"].state == "running"


async def test_a_customers_message_wakes_a_closed_conversation_under_a_new_epoch_once(floor: Floor) -> None:
    closed = await floor.close(await floor.visit())
    message = await floor.say(closed, "one more question", "same")
    await floor.say(closed, "one more question", "same")
    current = await floor.current(closed)
    assert (current.owner, current.epoch) == ("bot", closed.epoch + 1)
    assert (message.epoch, message.turn) == (current.epoch, "pending")


async def test_what_an_agent_writes_has_the_customers_limits(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Invalid, match="empty"):
        await floor.reply(claimed, maya, " \x00\n")
    with pytest.raises(TooLarge, match="8,000"):
        await floor.reply(claimed, maya, "a" * 8_001)
    assert (await floor.reply(claimed, maya, "a" * 8_000)).text == "a" * 8_000


async def test_turns_come_up_in_the_order_they_were_written(floor: Floor) -> None:
    conversation = await floor.visit()
    turns = [await floor.say(conversation, f"question {n}") for n in range(3)]
    for turn in turns:
        async with floor.database.glance() as reader:
            found = await next_turn(reader, conversation.id)
        assert found is not None
        assert (found.message.id, found.more) == (turn.id, turn != turns[-1])
        await floor.answer(turn, "Yes.")
    async with floor.database.glance() as reader:
        assert await next_turn(reader, conversation.id) is None


async def test_an_answer_carries_its_article_and_a_message_its_understanding(floor: Floor) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "invoices as pdf?")
    entity = {"entity": "plan", "value": "business", "text": "Business", "start": 0, "end": 8}
    await floor.answer(turn, Reply("Look:", (), ANSWER), intent="invoices", confidence=0.9, entities=[entity])
    answer = (await floor.said(conversation))[-1]
    assert (answer.kind, answer.answer) == ("answer", ANSWER)
    (kept,) = await floor.rows(understandings)
    assert (kept["message_id"], kept["intent"], kept["entities"]) == (turn.id, "invoices", [entity])


async def test_a_reply_and_the_clock_worker_never_wait_for_each_other(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    late = floor.later(500 * MINUTE)
    async with floor.database.write() as tx:
        assert [one.what for one in await fire_due(tx, late)] == ["warning", "breach"]
        reply = asyncio.create_task(floor.reply(claimed, maya, "Sorry for the wait."))
        await floor.somebody_waits()
        await record_event(tx, claimed.id, "clock", {}, at=late, audience="staff")
    assert (await reply).text == "Sorry for the wait."
    assert (await floor.clocks(claimed.ticket_id))["first_response.0"].state == "breached"


async def test_a_message_and_the_clock_worker_never_wait_for_each_other(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await floor.reply(claimed, maya, "Hello.")
    late = floor.later(1300 * MINUTE)
    async with floor.database.write() as tx:
        assert [one.what for one in await fire_due(tx, late)] == ["warning"]
        said = asyncio.create_task(floor.say(claimed, "Are you still there?"))
        await floor.somebody_waits()
        await record_event(tx, claimed.id, "clock", {}, at=late, audience="staff")
    assert (await said).text == "Are you still there?"
    assert (await floor.clocks(claimed.ticket_id))["next_response.0"].started_at == late


async def test_a_bot_that_answers_for_a_conversation_of_a_person_is_refused(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    said = await floor.say(claimed, "hello?")

    async def answer() -> None:
        async with floor.database.write() as tx:
            await say_as_bot(tx, said, [Reply("Me!")], Understanding(), epoch=claimed.epoch, at=floor.clock.now())

    with pytest.raises(StaleEpoch):
        await answer()
