"""Back to the bot and back again: on the same topic, in time, with the clock that went on; and nobody falls into an old handoff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff.records import Conversation, Reply, Staff, Understanding
from handoff.reopening import is_same_topic, reopen, ticket_to_reopen
from handoff.taking_over import resolve
from handoff.transcript import get_conversation
from tests.handoff.conftest import ANSWER, MINUTE, Floor
from tickets.ticketing import Ticket, get_ticket

DAY = timedelta(hours=24)


async def resolved(floor: Floor, maya: Staff, intent: str = "invoices") -> Conversation:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "my invoices are missing")
    await floor.answer(turn, "Here is an article.", intent=intent, confidence=0.9)
    waiting = await floor.hand_over(conversation)
    claimed = await floor.claim(waiting, maya)
    await floor.reply(claimed, maya, "It is there now.")
    return await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.later(10 * MINUTE))


async def asked(
    floor: Floor,
    conversation: Conversation,
    intent: str | None,
    *,
    answered: bool = False,
    within: timedelta = DAY,
    **more: Any,
) -> Ticket | None:
    message = await floor.say(conversation, "something")
    async with floor.database.read() as reader:
        return await ticket_to_reopen(
            reader,
            conversation,
            message,
            Understanding(intent, **more),
            answered=answered,
            within=within,
            at=floor.clock.now(),
        )


@pytest.mark.parametrize(
    ("intent", "answered", "reopens"),
    [
        ("invoices", True, True),  # what the handoff was about
        ("double_charge", True, True),  # the ticket's category
        ("frustration", False, True),
        ("article_did_not_help", False, True),
        ("nlu_fallback", False, True),
        ("out_of_scope", True, False),
        ("sso", False, False),
        ("thanks", False, False),
        ("goodbye", False, False),
        ("affirm", False, False),
        ("praise", False, False),
        ("talk_to_person", False, False),
        (None, False, False),
    ],
)
async def test_the_same_topic_reopens_and_thanks_never_does(
    floor: Floor, maya: Staff, intent: str | None, answered: bool, reopens: bool
) -> None:
    back = await resolved(floor, maya)
    found = await asked(floor, back, intent, answered=answered)
    assert (found is not None) == reopens
    assert found is None or found.id == back.last_ticket_id


def test_a_message_that_the_assistant_is_unsure_of_counts_by_what_it_may_be_about() -> None:
    def unsure(*names: str) -> Understanding:
        return Understanding(
            "nlu_unsure", ranking=[{"name": name, "confidence": 0.3} for name in ("nlu_unsure", *names)]
        )

    assert is_same_topic(unsure("sso", "invoices"), "billing", set(), answered=False)
    assert not is_same_topic(unsure("sso", "two_factor"), "billing", set(), answered=False)


async def test_after_the_set_time_and_with_the_time_set_to_nothing_the_bot_answers(floor: Floor, maya: Staff) -> None:
    back = await resolved(floor, maya)
    assert await asked(floor, back, "invoices", within=timedelta()) is None
    floor.later(DAY - MINUTE)
    assert await asked(floor, back, "invoices") is not None
    floor.later(MINUTE)
    assert await asked(floor, back, "invoices") is None


async def test_small_talk_changes_nothing_and_another_topic_begins_a_new_conversation(
    floor: Floor, maya: Staff
) -> None:
    back = await resolved(floor, maya)
    await floor.answer(await floor.say(back, "thanks!"), "You are welcome.", intent="thanks")
    assert await asked(floor, await floor.current(back), "invoices") is not None
    again = await resolved(floor, maya)
    await floor.answer(await floor.say(again, "how do I set up sso"), Reply("Like this.", answer=ANSWER), intent="sso")
    for intent in ("article_did_not_help", "invoices", "nlu_fallback"):
        assert await asked(floor, await floor.current(again), intent) is None


async def test_a_reopened_ticket_waits_with_the_time_used_before_and_is_answered_and_resolved_like_any(
    floor: Floor, maya: Staff
) -> None:
    back = await resolved(floor, maya)
    before = (await floor.clocks(back.last_ticket_id))["resolution.0"]
    floor.later(60 * MINUTE)
    again = await floor.say(back, "they are gone again")
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, back.id, lock=True)
        ticket = await get_ticket(tx.connection, str(back.last_ticket_id))
        waiting = await reopen(tx, current, ticket, at=floor.clock.now())
    assert (waiting.owner, waiting.ticket_id, waiting.reason) == ("queue", ticket.id, "reopened")
    assert (waiting.rating_ticket_id, waiting.epoch) == (None, back.epoch + 1)
    clocks = await floor.clocks(ticket.id)
    assert clocks["resolution.0"].state == "running"
    assert before.due_at is not None
    assert clocks["resolution.0"].due_at == before.due_at + 60 * MINUTE
    assert clocks["next_response.0"].state == "running"
    said = {message.id: message for message in await floor.said(waiting)}
    assert said[again.id].turn == "dropped"
    claimed = await floor.claim(waiting, maya)
    await floor.reply(claimed, maya, "Again, sorry.")
    done = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    async with floor.database.read() as reader:
        assert (await get_ticket(reader, ticket.id)).status == "resolved"
    # Nobody loops back into an old handoff: what is said now is the bot's, in an epoch of its own.
    assert (done.owner, done.ticket_id) == ("bot", None)
    assert done.rasa_id != back.rasa_id
    turn = await floor.say(done, "how do I set up sso")
    assert turn.turn == "pending"
    fresh = await floor.hand_over(done)
    assert fresh.ticket_id != ticket.id
