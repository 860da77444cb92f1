"""One conversation at the desk, with all that an agent must know without asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import iso
from core.errors import Invalid, NotFound
from customers.demo import seed_customers
from handoff.desk import detail_of, list_rows, row_of
from handoff.desk_views import veiled
from handoff.records import Conversation, Reply, Staff
from handoff.speaking import press_as_customer, write_note
from handoff.taking_over import rate, resolve, save_email
from handoff.visitors import note_page
from handoff.wording import TALK_TO_PERSON
from tests.handoff.conftest import MINUTE, Floor


async def test_the_detail_of_a_known_customer_has_account_health_earlier_tickets_and_priority_reasons(
    floor: Floor, maya: Staff
) -> None:
    async with floor.database.write() as tx:
        dana, *_ = await seed_customers(tx, floor.clock.now())
    first = await floor.waiting("where are my invoices", dana)
    taken = await floor.claim(first, maya)
    await resolve(floor.database, first.id, maya, epoch=taken.epoch, at=floor.later(MINUTE))
    waiting = await floor.waiting("the invoice has the wrong amount", dana)
    async with floor.database.read() as reader:
        detail = await detail_of(reader, waiting.id, floor.clock.now())
    customer = detail["customer"]
    assert (customer["known"], customer["name"], customer["company"]) == (True, "Dana Whitfield", "Brightwater Media")
    assert (customer["plan"], customer["mrr"], customer["currency"], customer["seats"]) == (
        "business",
        6200,
        "USD",
        413,
    )
    assert customer["since"] == iso(floor.clock.now().replace(hour=0, minute=0) - timedelta(days=760))
    assert customer["health"] is not None
    assert len(customer["health"]["signals"]) == 5
    assert [(one["number"], one["status"]) for one in customer["tickets"]] == [("FH-1001", "resolved")]
    ticket = detail["ticket"]
    assert ticket is not None
    assert (ticket["number"], ticket["priority"]) == ("FH-1002", "high")
    assert any("Revenue of 6,200 a month" in reason for reason in ticket["reasons"])
    assert detail["package"] is not None
    assert [clock["metric"] for clock in detail["clocks"]] == ["first_response", "resolution"]
    assert detail["row"]["customer"] == {"name": "Dana Whitfield", "plan": "business"}
    assert detail["row"]["clock"] == detail["clocks"][0]


async def test_health_of_an_account_whose_use_was_never_reported_is_not_known(floor: Floor) -> None:
    waiting = await floor.waiting(account=await floor.customer("acme", name="Dana", plan="business", mrr_minor=500_00))
    async with floor.database.read() as reader:
        customer = (await detail_of(reader, waiting.id, floor.clock.now()))["customer"]
    assert (customer["known"], customer["name"], customer["health"]) == (True, "Dana", None)


async def test_the_ticket_that_is_looked_at_does_not_count_against_its_customers_health(
    floor: Floor, maya: Staff
) -> None:
    async with floor.database.write() as tx:
        dana, *_ = await seed_customers(tx, floor.clock.now())

    async def sentiment(conversation: Conversation) -> tuple[float, str]:
        async with floor.database.read() as reader:
            health = (await detail_of(reader, conversation.id, floor.clock.now()))["customer"]["health"]
        assert health is not None
        return next((one["score"], one["detail"]) for one in health["signals"] if one["name"] == "sentiment")

    first = await floor.waiting("where are my invoices", dana)
    assert await sentiment(first) == (70, "No other tickets in 90 days.")
    floor.later(MINUTE)
    second = await floor.waiting("the invoice has the wrong amount", dana)
    assert await sentiment(first) == (70, "No other tickets in 90 days.")
    assert await sentiment(second) == (0, "0 of 1 other tickets in 90 days resolved.")
    taken = await floor.claim(first, maya)
    await resolve(floor.database, first.id, maya, epoch=taken.epoch, at=floor.later(MINUTE))
    assert await sentiment(first) == (70, "No other tickets in 90 days.")
    assert await sentiment(second) == (100, "1 of 1 other tickets in 90 days resolved.")


async def test_a_rating_stands_on_the_ticket_that_it_was_given_for_and_not_on_the_next(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 4, "", client_id="r1", at=floor.later(MINUTE))
    async with floor.database.read() as reader:
        assert (await detail_of(reader, claimed.id, floor.clock.now()))["rating"] == {"score": 4, "comment": ""}
    await floor.hand_over(claimed)
    async with floor.database.read() as reader:
        again = await detail_of(reader, claimed.id, floor.clock.now())
    assert again["ticket"] is not None
    assert (again["ticket"]["number"], again["rating"]) == ("FH-1002", None)


async def test_an_unknown_visitor_is_unknown_but_for_the_address_they_gave(floor: Floor) -> None:
    waiting = await floor.waiting()
    await save_email(floor.database, waiting.id, "dana@acme.example", client_id="e1", at=floor.clock.now())
    async with floor.database.read() as reader:
        detail = await detail_of(reader, waiting.id, floor.clock.now())
    customer = detail["customer"]
    assert (customer["known"], customer["id"], customer["name"], customer["health"]) == (False, None, None, None)
    assert customer["email"] == "dana@acme.example"
    assert detail["row"]["customer"] == {"name": "dana@acme.example", "plan": None}
    assert detail["row"]["visitor"] is None


async def test_agents_see_notes_and_customers_words_count_as_unanswered(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya, "can somebody help me")
    await write_note(floor.database, claimed.id, maya, client_id="n", text="knows a lot", at=floor.clock.now())
    async with floor.database.read() as reader:
        detail = await detail_of(reader, claimed.id, floor.clock.now())
    assert [message["kind"] for message in detail["messages"]] == ["text", "notice", "notice", "note"]
    row = detail["row"]
    assert (row["owner"], row["agent"], row["unanswered"]) == ("agent", {"id": maya.id, "name": "Maya"}, True)
    assert row["last_message"] == {
        "text": "can somebody help me",
        "author_kind": "customer",
        "at": iso(floor.clock.now()),
    }
    await floor.reply(claimed, maya, "Yes, me.")
    async with floor.database.read() as reader:
        answered = await row_of(reader, claimed.id, floor.clock.now())
    assert answered is not None
    assert not answered["unanswered"]
    assert answered["clock"] is not None
    assert answered["clock"]["metric"] == "resolution"


async def test_a_resolved_conversation_keeps_its_ticket_package_and_rating_in_view(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 5, "quick!", client_id="r1", at=floor.clock.now())
    async with floor.database.read() as reader:
        detail = await detail_of(reader, claimed.id, floor.clock.now())
    assert detail["rating"] == {"score": 5, "comment": "quick!"}
    assert detail["ticket"] is not None
    assert detail["ticket"]["status"] == "resolved"
    assert detail["package"] is not None
    assert detail["row"]["clock"] is None


async def test_a_clock_past_its_deadline_counts_below_zero_before_any_worker_has_looked(floor: Floor) -> None:
    waiting = await floor.waiting()
    floor.later(481 * MINUTE)
    async with floor.database.read() as reader:
        row = await row_of(reader, waiting.id, floor.clock.now())
    assert row is not None
    assert row["clock"] is not None
    assert (row["clock"]["state"], row["clock"]["remaining_seconds"]) == ("breached", -60)


async def test_what_is_not_there_is_not_found(floor: Floor, maya: Staff) -> None:
    async with floor.database.read() as reader:
        assert await row_of(reader, "cv_none", floor.clock.now()) is None
        with pytest.raises(NotFound):
            await detail_of(reader, "cv_none", floor.clock.now())
        with pytest.raises(Invalid, match="queue, mine, colleagues, bot, resolved"):
            await list_rows(reader, "everything", maya, floor.clock.now())


async def test_guests_in_the_queue_are_told_apart_by_four_digits_and_by_their_words_or_the_page_they_are_on(
    floor: Floor, maya: Staff
) -> None:
    silent, asking = await floor.visit(), await floor.visit()
    async with floor.database.write() as tx:
        await note_page(tx, silent.id, "https://fernhill.example/pricing", "Pricing")
    await floor.say(asking, "how do I export a board")
    for one in (silent, asking):
        await floor.hand_over(one)
    async with floor.database.read() as reader:
        rows = {row["id"]: row for row in await list_rows(reader, "queue", maya, floor.clock.now())}
    assert (rows[silent.id]["subject"], rows[silent.id]["page"]) == (None, "Pricing")
    assert (rows[asking.id]["subject"], rows[asking.id]["page"]) == ("how do I export a board", None)
    codes = {rows[one.id]["visitor"] for one in (silent, asking)}
    assert codes == {one.visitor_id[-4:].upper() for one in (silent, asking)}
    assert veiled(rows[silent.id])["page"] is None


async def test_that_somebody_pressed_for_a_person_is_not_what_they_said_last(floor: Floor, maya: Staff) -> None:
    conversation = await floor.visit()
    offered = Reply("I do not know.", buttons=(TALK_TO_PERSON,))
    await floor.answer(await floor.say(conversation, "is it raining"), offered)
    (_, answer) = await floor.said(conversation)
    await press_as_customer(
        floor.database,
        conversation.id,
        client_id="p",
        button_id=answer.buttons[0].id,
        name="Visitor",
        at=floor.clock.now(),
    )
    async with floor.database.read() as reader:
        row = await row_of(reader, conversation.id, floor.clock.now())
    assert row is not None
    assert row["last_message"] is not None
    assert row["last_message"]["text"] == "I do not know."
