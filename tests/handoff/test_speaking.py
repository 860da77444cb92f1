"""Who may speak when: the bot and agents only in the epoch they composed in, the customer whenever, each thing once."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Conflict, Invalid, NotFound, StaleEpoch, TooLarge
from core.events import record_event
from handoff.records import Reply, Staff, Understanding
from handoff.replay import missed_events
from handoff.sla.clocks import fire_due
from handoff.speaking import press_as_customer, say_as_bot, write_note
from handoff.tables import understandings
from handoff.taking_over import claim, release, resolve
from handoff.turns import next_turn
from handoff.views import message_view
from tests.handoff.conftest import ANSWER, MINUTE, Floor

BUTTONS = (("Yes", "/affirm"), ("No", "/deny"))


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
    taken = await claim(floor.database, waiting.id, maya, epoch=waiting.epoch, at=floor.clock.now())
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
    his = await claim(floor.database, claimed.id, jonas, epoch=waiting.epoch, at=now)
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
    taken = await claim(floor.database, waiting.id, maya, epoch=waiting.epoch, at=floor.later(MINUTE))
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


async def test_the_same_client_id_is_one_message_and_one_event_for_everybody_who_writes(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    said = [await floor.say(claimed, text, "same") for text in ("one", "two")]
    replied = [await floor.reply(claimed, maya, text, client_id="same") for text in ("one", "two")]
    notes = [
        await write_note(floor.database, claimed.id, maya, client_id="note", text=text, at=floor.clock.now())
        for text in ("one", "two")
    ]
    for first, again in (said, replied, notes):
        assert (again.id, again.text) == (first.id, "one")
    texts = [message.text for message in await floor.said(claimed) if message.kind in {"text", "note"}]
    assert texts.count("one") == 3
    assert "two" not in texts


async def test_the_same_client_id_sent_twice_at_once_is_one_message_and_no_error(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    said = await asyncio.gather(*(floor.say(claimed, "hello?", "same") for _ in range(5)))
    replied = await asyncio.gather(*(floor.reply(claimed, maya, "Hello.", client_id="same") for _ in range(5)))
    assert len({message.id for message in said}) == len({message.id for message in replied}) == 1
    assert [message.text for message in await floor.said(claimed)].count("hello?") == 1


async def test_a_repeated_reply_is_acknowledged_even_after_the_conversation_has_gone_on(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    first = await floor.reply(claimed, maya, "Hello.", client_id="same")
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert (await floor.reply(claimed, maya, "Hello.", client_id="same")).id == first.id


async def test_two_agents_may_choose_the_same_client_id(floor: Floor, maya: Staff, jonas: Staff) -> None:
    claimed = await floor.claimed(maya)
    one = await write_note(floor.database, claimed.id, maya, client_id="x", text="mine", at=floor.clock.now())
    other = await write_note(floor.database, claimed.id, jonas, client_id="x", text="mine too", at=floor.clock.now())
    assert one.id != other.id


async def test_a_client_id_is_shown_as_the_client_gave_it(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    said = await floor.say(claimed, "hello?", "tab:1:2")
    replied = await floor.reply(claimed, maya, "Hello.", client_id="desk:7")
    assert (message_view(said)["client_id"], message_view(replied)["client_id"]) == ("tab:1:2", "desk:7")


async def test_a_customers_message_wakes_a_closed_conversation_under_a_new_epoch_once(floor: Floor) -> None:
    closed = await floor.close(await floor.visit())
    message = await floor.say(closed, "one more question", "same")
    await floor.say(closed, "one more question", "same")
    current = await floor.current(closed)
    assert (current.owner, current.epoch) == ("bot", closed.epoch + 1)
    assert (message.epoch, message.turn) == (current.epoch, "pending")


async def test_buttons_work_once_in_their_epoch_and_their_conversation(floor: Floor) -> None:
    conversation, other = await floor.visit(), await floor.visit()
    turn = await floor.say(conversation, "how does this work?")
    await floor.answer(turn, Reply("Like this?", BUTTONS))
    yes, no = (await floor.said(conversation))[-1].buttons

    async def press(button_id: str, client_id: str, where: str = conversation.id) -> str:
        message = await press_as_customer(
            floor.database, where, client_id=client_id, button_id=button_id, name="Dana", at=floor.clock.now()
        )
        return f"{message.text} {message.payload} {message.turn}"

    with pytest.raises(NotFound):
        await press(yes.id, "p0", other.id)
    assert await press(yes.id, "p1") == "Yes /affirm pending"
    assert await press(yes.id, "p1") == "Yes /affirm pending"
    with pytest.raises(Conflict, match="pressed already"):
        await press(yes.id, "p2")
    await floor.hand_over(conversation)
    with pytest.raises(Conflict, match="earlier part"):
        await press(no.id, "p3")
    for forged in ("bt_1", yes.id + "9", yes.id.partition(".")[0], "", "."):
        with pytest.raises(NotFound):
            await press(forged, "p4")
    assert [message.pressed for message in await floor.said(conversation)][1] == {yes.id}


async def test_an_answer_is_voted_on_once_and_a_person_can_be_asked_for_all_the_same(floor: Floor) -> None:
    conversation = await floor.visit()
    choices = (("Yes", "/article_helped"), ("No", "/article_did_not_help"), ("Talk to a person", "/talk_to_person"))
    await floor.answer(await floor.say(conversation, "how does this work?"), Reply("Like this?", choices))
    yes, no, person = (await floor.said(conversation))[-1].buttons

    async def press(button_id: str) -> str:
        message = await press_as_customer(
            floor.database, conversation.id, client_id=button_id, button_id=button_id, name="Dana", at=floor.clock.now()
        )
        return message.text

    assert await press(yes.id) == "Yes"
    with pytest.raises(Conflict, match="already answered “Yes”"):
        await press(no.id)
    assert await press(person.id) == "Talk to a person"
    assert [message.text for message in await floor.said(conversation)][2:] == ["Yes", "Talk to a person"]


async def test_a_button_pressed_twice_at_once_counts_once(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "how does this work?"), Reply("Like this?", BUTTONS))
    button = (await floor.said(conversation))[-1].buttons[0]
    outcomes = await asyncio.gather(
        *(
            press_as_customer(
                floor.database,
                conversation.id,
                client_id=f"p{n}",
                button_id=button.id,
                name="Dana",
                at=floor.clock.now(),
            )
            for n in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3


async def test_a_button_pressed_since_is_told_as_used_when_its_message_is_told_again(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "how does this work?"), Reply("Like this?", BUTTONS))
    first, second = (await floor.said(conversation))[-1].buttons
    await press_as_customer(
        floor.database, conversation.id, client_id="p", button_id=first.id, name="Dana", at=floor.clock.now()
    )
    async with floor.database.read() as reader:
        asked, answered, pressed = await missed_events(reader, conversation.id, 0)
    assert [event.number for event in (asked, answered, pressed)] == [1, 2, 3]
    shown = {button["id"]: button["used"] for button in answered.data["message"]["buttons"]}
    assert shown == {first.id: True, second.id: False}


@pytest.mark.parametrize("client_id", ["", "x" * 61, "é", "a\nb", "\x00"])
async def test_a_client_id_that_is_no_key_is_refused(floor: Floor, maya: Staff, client_id: str) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Invalid, match="client_id"):
        await press_as_customer(
            floor.database, claimed.id, client_id=client_id, button_id="x", name="D", at=floor.clock.now()
        )
    with pytest.raises(Invalid, match="client_id"):
        await write_note(floor.database, claimed.id, maya, client_id=client_id, text="x", at=floor.clock.now())


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
