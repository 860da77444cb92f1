"""Buttons below a message: those that were issued, once, in their epoch and their conversation."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Conflict, NotFound
from handoff.records import Reply
from handoff.replay import missed_events
from handoff.speaking import press_as_customer
from tests.handoff.conftest import Floor

BUTTONS = (("Yes", "/affirm"), ("No", "/deny"))


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
