"""A handoff is one transaction: all of it or nothing, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Invalid
from core.events import conversation_events
from handoff import handing_over
from handoff.handing_over import hand_over, subject_for
from handoff.records import Reply, Staff, Understanding
from handoff.sla.clocks import sla_audit, sla_clocks
from handoff.speaking import say_as_bot
from handoff.tables import messages, packages
from handoff.taking_over import resolve
from handoff.transcript import get_conversation
from tests.handoff.conftest import MINUTE, Floor
from tickets.reading import Reading
from tickets.tables import tickets
from tickets.ticketing import get_ticket


async def test_a_handoff_makes_ticket_package_clocks_notice_and_event_together(floor: Floor) -> None:
    waiting = await floor.waiting("our invoices are wrong this month", reason="asked")
    assert (waiting.owner, waiting.epoch, waiting.reason) == ("queue", 2, "asked")
    (ticket,) = await floor.rows(tickets)
    (package,) = await floor.rows(packages)
    assert ticket["id"] == waiting.ticket_id == package["ticket_id"]
    assert (ticket["status"], ticket["subject"]) == ("open", "our invoices are wrong this month")
    assert set(await floor.clocks(waiting.ticket_id)) == {"first_response.0", "resolution.0"}
    notice = (await floor.said(waiting))[-1]
    assert notice.notice == {"type": "queued", "reason": "asked", "ticket": ticket["number"]}
    assert [event.kind for event in await floor.events(waiting)] == ["message", "conversation", "message"]


@pytest.mark.parametrize(
    "step", ["open_ticket", "build_package", "start_clocks", "drop_turn", "change_owner", "append"]
)
async def test_a_handoff_that_fails_at_any_step_leaves_nothing_behind(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    conversation = await floor.visit()
    asked = await floor.say(conversation, "can somebody help me please")
    heard: list[Any] = []
    floor.database.listen(heard.extend)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(handing_over, step, fail)
    with pytest.raises(RuntimeError):
        await floor.hand_over(conversation)
    assert [await floor.rows(table) for table in (tickets, packages, sla_clocks, sla_audit)] == [[]] * 4
    assert [message.id for message in await floor.said(conversation)] == [asked.id]
    assert [message.turn for message in await floor.said(conversation)] == ["pending"]
    assert len(await floor.rows(conversation_events)) == 1
    assert heard == []
    assert (await floor.current(conversation)).epoch == 1


async def test_the_words_that_end_in_a_handoff_are_stored_with_it_or_not_at_all(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await floor.visit()
    turn = await floor.say(conversation, "let me talk to somebody")

    async def turn_and_handoff() -> None:
        async with floor.database.write() as tx:
            current = await handing_over_words(tx)
            await hand_over(tx, current, "asked", at=floor.clock.now())

    async def handing_over_words(tx: Any) -> Any:
        return await say_as_bot(
            tx, turn, [Reply("I am passing you on.")], Understanding(), epoch=1, at=floor.clock.now()
        )

    with monkeypatch.context() as patch:
        patch.setattr(handing_over, "start_clocks", None)
        with pytest.raises(TypeError):
            await turn_and_handoff()
    assert len(await floor.said(conversation)) == 1
    await turn_and_handoff()
    assert [message.author_kind for message in await floor.said(conversation)] == ["customer", "bot", "system"]
    assert (await floor.said(conversation))[0].turn == "answered"


async def test_handing_over_what_waits_already_changes_nothing(floor: Floor, maya: Staff) -> None:
    waiting = await floor.waiting()
    assert await floor.hand_over(waiting) == await floor.current(waiting)
    assert len(await floor.rows(tickets)) == 1
    claimed = await floor.claimed(maya)
    assert (await floor.hand_over(claimed)).owner == f"agent:{maya.id}"


async def test_handoffs_of_one_conversation_at_once_make_one_ticket(floor: Floor) -> None:
    conversation = await floor.visit()
    await asyncio.gather(*(floor.hand_over(conversation) for _ in range(5)))
    assert len(await floor.rows(tickets)) == 1
    assert (await floor.current(conversation)).epoch == 2


async def test_handoffs_of_many_conversations_at_once_each_get_a_number_of_their_own(floor: Floor) -> None:
    waiting = await asyncio.gather(*(floor.waiting(f"please help with matter {n}") for n in range(8)))
    numbers = sorted(row["number"] for row in await floor.rows(tickets))
    assert numbers == [f"FH-{1001 + n}" for n in range(8)]
    assert {row["conversation_id"] for row in await floor.rows(tickets)} == {one.id for one in waiting}


async def test_turns_that_the_bot_has_not_answered_are_dropped_at_a_handoff(floor: Floor) -> None:
    conversation = await floor.visit()
    answered = await floor.say(conversation, "first question")
    await floor.answer(answered, "First answer.")
    await floor.say(conversation, "second question")
    await floor.say(conversation, "third question")
    await floor.hand_over(conversation)
    said = {message.text: message.turn for message in await floor.said(conversation)}
    assert (said["first question"], said["second question"], said["third question"]) == (
        "answered",
        "dropped",
        "dropped",
    )
    assert all(row["turn_lease"] is None for row in await floor.rows(messages))


async def test_a_message_to_the_queue_is_no_turn_of_the_bot(floor: Floor) -> None:
    waiting = await floor.waiting()
    assert (await floor.say(waiting, "hello?")).turn is None


async def test_there_is_no_handoff_for_a_reason_that_nobody_knows(floor: Floor) -> None:
    conversation = await floor.visit()
    with pytest.raises(Invalid, match="reason"):
        await floor.hand_over(conversation, "mood")
    assert await floor.rows(tickets) == []


async def test_the_first_response_clock_starts_at_the_handoff_and_not_at_the_first_message(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.say(conversation, "hello there")
    handed_over_at = floor.later(30 * MINUTE)
    waiting = await floor.hand_over(conversation)
    clock = (await floor.clocks(waiting.ticket_id))["first_response.0"]
    assert clock.started_at == handed_over_at
    assert clock.due_at == handed_over_at + timedelta(minutes=480)


async def test_a_customer_who_asks_for_a_person_without_a_word_still_gets_a_ticket(floor: Floor) -> None:
    waiting = await floor.hand_over(await floor.visit())
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
    assert ticket.subject == "The customer asked for a person."
    assert ticket.category == "other"


async def test_the_second_ticket_of_a_conversation_is_about_what_was_said_since_the_first(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya, "the webhook returns status code 500")
    back = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await floor.say(back, "now my invoice shows the wrong amount")
    waiting = await floor.hand_over(back)
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
    assert ticket.subject == "now my invoice shows the wrong amount"
    assert "webhook" not in ticket.text
    assert ticket.category == "billing"


async def test_a_closed_conversation_can_still_be_handed_to_a_person(floor: Floor) -> None:
    closed = await floor.close(await floor.visit())
    waiting = await floor.hand_over(closed)
    assert (waiting.owner, waiting.epoch) == ("queue", closed.epoch + 1)


@pytest.mark.parametrize(
    ("mrr_minor", "priority"), [(None, "normal"), (499_999, "normal"), (500_000, "high"), (1_430_000, "high")]
)
async def test_revenue_of_5000_a_month_or_more_raises_the_priority_by_one_and_the_reasons_say_so(
    floor: Floor, mrr_minor: int | None, priority: str
) -> None:
    account = await floor.customer(name="Dana", plan="business", mrr_minor=mrr_minor)
    waiting = await floor.waiting("where can I find my invoices", account)
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
    assert ticket.priority == priority
    assert ticket.category == "billing"
    assert any("“invoices”" in reason for reason in ticket.reasons)
    told = [reason for reason in ticket.reasons if reason.startswith("Revenue of")]
    assert bool(told) == (priority == "high")
    if told:
        assert "raises the priority from normal to high" in told[0]


async def test_a_wish_to_cancel_makes_the_ticket_urgent_whatever_was_said_around_it(floor: Floor) -> None:
    waiting = await floor.waiting("no rush, but I want to cancel my subscription", reason="cancellation")
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
    assert ticket.priority == "urgent"
    assert "churn-risk" in ticket.tags
    clock = (await floor.clocks(ticket.id))["first_response.0"]
    assert clock.target_minutes == 30


async def test_the_ticket_is_about_the_topic_and_not_about_the_wish_for_a_person(floor: Floor) -> None:
    conversation = await floor.visit()
    topic = await floor.say(conversation, "it does not do what I expect at all")
    await floor.answer(topic, "Sorry.", intent="api", confidence=0.9)
    wish = await floor.say(conversation, "give me a human")
    await floor.answer(wish, "Of course.", intent="talk_to_person", confidence=0.98)
    waiting = await floor.hand_over(conversation)
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
        current = await get_conversation(reader, waiting.id)
    assert ticket.category == "api"
    assert current.ticket_id == ticket.id


async def test_the_subject_is_what_the_customer_last_asked_about_and_no_small_talk(floor: Floor) -> None:
    conversation = await floor.visit()
    for text, intent in (
        ("how do I export everything", "export_data"),
        ("my invoice shows the wrong amount", "invoices"),
        ("you are not helping me", "frustration"),
        ("let me talk to a person", "talk_to_person"),
    ):
        await floor.answer(await floor.say(conversation, text), "…", intent=intent, confidence=0.9)
    waiting = await floor.hand_over(conversation)
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(waiting.ticket_id))
    assert ticket.subject == "my invoice shows the wrong amount"


def test_without_a_word_of_the_customer_the_subject_is_the_reason() -> None:
    assert subject_for([], {}, "outage") == "The customer reports an outage."


class BillingHead:
    """Reads everything as billing. Implements `Head`."""

    def read(self, text: str, shares: Mapping[str, float] | None = None) -> Reading:
        return Reading("billing", 0.95, ("money",))


async def test_a_handoff_asks_the_trained_head_what_the_ticket_is_about(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.say(conversation, "you took the money two times")
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, conversation.id, lock=True)
        await hand_over(tx, current, "asked", at=floor.clock.now(), head=BillingHead())
    (ticket,) = await floor.rows(tickets)
    assert (ticket["category"], ticket["confidence"]) == ("billing", 0.95)
    assert ticket["reasons"][0] == "It reads like earlier tickets about billing (0.95): “money”."
