"""What a failing assistant leads to: an offer first, a person at the second time in a row, and the reason kept."""

from __future__ import annotations

import pytest

from core.errors import StaleEpoch
from handoff.failing import Cause
from tests.handoff.conftest import Floor


async def test_a_turn_that_failed_offers_a_person_once_and_cannot_be_answered_afterwards(floor: Floor) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "are you there?")
    for _ in range(2):
        await floor.fail(turn)
    notices = [message for message in await floor.said(conversation) if message.kind == "notice"]
    assert [[button.title for button in message.buttons] for message in notices] == [["Talk to a person"]]
    with pytest.raises(StaleEpoch):
        await floor.answer(turn, "Yes.")


async def test_a_turn_that_fails_after_a_handoff_says_nothing(floor: Floor) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "are you there?")
    waiting = await floor.hand_over(conversation)
    await floor.fail(turn)
    assert len(await floor.said(waiting)) == 2


@pytest.mark.parametrize("cause", ["bot_unavailable", "action_failed"])
async def test_the_second_failure_in_a_row_brings_a_person_for_the_reason_that_it_failed(
    floor: Floor, cause: Cause
) -> None:
    conversation = await floor.visit()
    for text in ("are you there?", "hello?"):
        await floor.fail(await floor.say(conversation, text), cause)
    waiting = await floor.current(conversation)
    assert (waiting.owner, waiting.reason) == ("queue", cause)
    kinds = [message.notice["type"] for message in await floor.said(conversation) if message.notice]
    assert kinds == ["bot_unavailable", "queued"]


async def test_an_answer_in_between_begins_the_count_anew(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.fail(await floor.say(conversation, "are you there?"))
    await floor.answer(await floor.say(conversation, "hello?"), "Here I am.")
    await floor.fail(await floor.say(conversation, "and now?"))
    assert (await floor.current(conversation)).owner == "bot"


async def test_who_asks_for_a_person_because_the_assistant_failed_has_that_as_the_reason(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.fail(await floor.say(conversation, "where are my invoices?"), "action_failed")
    assert (await floor.hand_over(conversation, "asked")).reason == "action_failed"
    other = await floor.visit()
    await floor.fail(await floor.say(other, "where are my invoices?"))
    await floor.answer(await floor.say(other, "a person please"), "Of course.", intent="talk_to_person", confidence=0.9)
    assert (await floor.hand_over(other, "asked")).reason == "bot_unavailable"


async def test_who_asks_for_a_person_after_an_answer_has_simply_asked(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.fail(await floor.say(conversation, "where are my invoices?"))
    await floor.answer(await floor.say(conversation, "my invoices?"), "There.", intent="invoices", confidence=0.9)
    assert (await floor.hand_over(conversation, "asked")).reason == "asked"
