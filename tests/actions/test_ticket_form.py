"""The ticket form's actions on a real database; how a message is read is tested apart, in test_form_reading.py."""

from __future__ import annotations

from typing import Any

import pytest

from actions.form_reading import CONFIRMED, DESCRIPTION, EMAIL, OTHER_EMAIL, SUBJECT
from actions.ticket_form import Wish, read_wish, topic_of
from core.errors import StaleEpoch
from handoff.requests import TicketRequest, open_request
from handoff.speaking import say_as_agent
from handoff.staff import add_staff
from handoff.taking_over import claim, save_email
from handoff.transcript import get_conversation
from tests.actions.conftest import Scene

FORM = "ticket_form"
FILLED = {SUBJECT: "Slow boards", DESCRIPTION: "They take a minute to load.", EMAIL: "kim@example.org"}


async def answer(scene: Scene, requested: str, text: str, intent: str | None = None, **more: Any) -> list[Any]:
    """Have the form get a message while it waits for `requested`."""
    scene.slots["requested_slot"] = requested
    return await scene.run("validate_ticket_form", text, intent=intent, ran=(FORM,), **more)


@pytest.mark.parametrize(
    ("wish", "topic"),
    [
        ("open a ticket about the wrong total", "the wrong total"),
        ("raise a ticket because the import stops half way", "the import stops half way"),
        ("new ticket: webhooks arrive twice!", "webhooks arrive twice"),
        ("open a ticket for our team please", ""),
        ("open a ticket", ""),
    ],
)
def test_the_topic_of_a_ticket_is_what_follows_about_because_or_a_colon(wish: str, topic: str) -> None:
    assert topic_of(wish) == topic


@pytest.mark.parametrize(
    ("text", "topic", "email"),
    [
        ("open a ticket please, my mail is kim@example.org", "", "kim@example.org"),
        ("can you create a ticket for me? you can reach me at kim@example.org.", "", "kim@example.org"),
        (
            "raise a ticket about the import that hangs, my e-mail is kim@example.org",
            "the import that hangs",
            "kim@example.org",
        ),
        ("my email is kim@example.org, i need a ticket", "", "kim@example.org"),
        ("new ticket: webhooks arrive twice. mail: kim@example.org", "webhooks arrive twice", "kim@example.org"),
        ("ticket please kim@example.org", "", "kim@example.org"),
        ("I’d like to open a support ticket (kim@example.org)", "", "kim@example.org"),
        ("open a ticket to remove bob@example.org", "", None),
        ("open a ticket because bob@example.org cannot log in", "bob@example.org cannot log in", None),
        ("open a ticket, kim@example", "", None),
    ],
)
def test_a_wish_for_a_ticket_tells_its_topic_and_where_the_answer_goes(
    text: str, topic: str, email: str | None
) -> None:
    assert read_wish(text) == Wish(topic, email)


async def test_an_address_in_the_wish_for_a_ticket_is_not_asked_for_again(scene: Scene) -> None:
    said = await scene.run("action_begin_ticket", "open a ticket please, my mail is kim@example.org")
    assert said == [{"response": "utter_begin_ticket"}, {"response": "utter_email_noted"}]
    assert {name: scene.slots[name] for name in FILLED} == {SUBJECT: None, DESCRIPTION: None, EMAIL: "kim@example.org"}


async def test_a_ticket_begins_empty_or_with_what_was_said_of_it(scene: Scene) -> None:
    scene.slots |= {**FILLED, CONFIRMED: True, OTHER_EMAIL: True}
    assert await scene.run("action_begin_ticket", "open a ticket") == [{"response": "utter_begin_ticket"}]
    assert not any(scene.slots.values())
    (said,) = await scene.run("action_begin_ticket", "Please open a ticket about the wrong VAT on our bill.")
    assert said == {"response": "utter_begin_ticket_about", "subject": "the wrong VAT on our bill"}
    asked = {"entity": "query", "value": "my invoices lack our address " * 5}
    await scene.run("action_begin_ticket", "/open_ticket", entities=[asked])
    assert scene.slots[SUBJECT].startswith("my invoices lack our address")
    assert scene.slots[DESCRIPTION] == asked["value"]
    assert scene.slots[EMAIL] is None


@pytest.mark.parametrize("action", ["action_answer_question", "action_clarify"])
async def test_a_wish_for_a_ticket_in_the_first_words_begins_one_whatever_it_is_about(
    scene: Scene, action: str
) -> None:
    (said,) = await scene.run(
        action, "hi, can you raise a ticket about wrong vat on invoice INV-2041", intent="invoices"
    )
    assert said == {"response": "utter_begin_ticket_about", "subject": "wrong vat on invoice INV-2041"}
    assert scene.follows == "ticket_form"
    assert scene.slots["ticket_subject"] == "wrong vat on invoice INV-2041"


@pytest.mark.parametrize(
    "text",
    [
        "how do i open a ticket about invoices",
        "open a ticket",
        "the ticket about my invoice is gone",
        "where can i make a case for more seats, asking because of our team",
        "i made a ticket about invoices",
        "can you " * 2000,
    ],
)
async def test_what_begins_otherwise_or_names_no_topic_is_left_to_the_articles(scene: Scene, text: str) -> None:
    await scene.run("action_answer_question", text, intent="invoices")
    assert scene.follows is None


async def test_answers_fill_the_ticket_one_after_the_other(scene: Scene) -> None:
    assert await answer(scene, SUBJECT, "Slow boards", "projects") == []
    assert await answer(scene, DESCRIPTION, "They take a minute to load.", "technical_problem") == []
    assert await answer(scene, EMAIL, "kim@example.org", "talk_to_person") == []
    assert {name: scene.slots[name] for name in FILLED} == FILLED
    assert await answer(scene, CONFIRMED, "/affirm", "affirm") == []
    assert scene.slots[CONFIRMED] is True


async def test_what_cannot_be_used_gets_a_word_of_help_and_is_asked_for_again(scene: Scene) -> None:
    assert await answer(scene, EMAIL, "kim@example") == [{"response": "utter_email_wrong"}]
    assert scene.slots[EMAIL] is None
    assert "requested_slot" in scene.slots


async def test_a_message_that_is_not_for_the_form_sets_nothing_so_that_the_other_rules_get_it(scene: Scene) -> None:
    before = dict(scene.slots)
    assert await answer(scene, SUBJECT, "how do I export my data?", "export_data") == []
    assert scene.slots == before | {"requested_slot": SUBJECT}
    assert await answer(scene, SUBJECT, '/invoices{"query": "x"}', "invoices") == []
    assert scene.slots == before | {"requested_slot": SUBJECT}


async def test_coming_back_to_the_form_after_an_answer_reads_nothing_twice(scene: Scene) -> None:
    scene.slots["requested_slot"] = SUBJECT
    uttered = await scene.run("action_answer_question", "how do I export my data?", ran=())
    assert uttered[0]["response"] == "utter_answer"
    assert scene.slots["ticket_aside"] == SUBJECT
    text = "how do I export my data?"
    assert await scene.run("validate_ticket_form", text, ran=("action_answer_question", FORM)) == []
    assert scene.slots.get(SUBJECT) is None
    await answer(scene, SUBJECT, text, "export_data")
    assert (scene.slots[SUBJECT], scene.slots["ticket_aside"]) == (text, None)


async def test_giving_up_ends_the_form_and_sends_nothing(scene: Scene) -> None:
    scene.slots |= FILLED
    await answer(scene, EMAIL, "never mind", "deny")
    assert (scene.slots[CONFIRMED], scene.slots["requested_slot"]) == (False, None)
    assert await scene.run("action_finish_ticket", "never mind") == [{"response": "utter_ticket_dropped"}]
    assert not any(scene.slots.values())


async def test_a_no_to_the_summary_asks_what_to_change(scene: Scene) -> None:
    scene.slots |= FILLED
    await answer(scene, CONFIRMED, "/deny", "deny")
    assert scene.slots["requested_slot"] == "ticket_change"
    field = {"entity": "field", "value": "email"}
    await answer(scene, "ticket_change", '/correct_field{"field": "email"}', "correct_field", entities=[field])
    assert scene.slots[EMAIL] is None
    assert scene.slots[SUBJECT] == "Slow boards"


async def test_a_confirmed_ticket_is_handed_to_the_service_and_the_slots_are_emptied(scene: Scene) -> None:
    scene.slots |= {**FILLED, CONFIRMED: True}
    assert await scene.run("action_finish_ticket", "yes") == [
        {"response": "utter_ticket_sent"},
        {
            "custom": {
                "type": "open_ticket",
                "ticket": {
                    "subject": "Slow boards",
                    "description": "They take a minute to load.",
                    "email": "kim@example.org",
                },
            }
        },
    ]
    assert not any(scene.slots.values())


async def test_the_known_address_is_offered_taken_with_a_yes_and_shown_as_it_was_offered(scene: Scene) -> None:
    assert await scene.run("action_ask_ticket_email") == [{"response": "utter_ask_email"}]
    now = scene.clock.now()
    await save_email(scene.database, scene.conversation.id, "kim@example.org", client_id="e", at=now)
    assert await scene.run("action_ask_ticket_email") == [{"response": "utter_offer_email", "email": "kim@example.org"}]
    await answer(scene, EMAIL, "yes please", "affirm")
    assert scene.slots[EMAIL] == "kim@example.org"
    await answer(scene, EMAIL, "no", "deny")
    assert scene.slots[EMAIL] is None
    assert await scene.run("action_ask_ticket_email") == [{"response": "utter_ask_email"}]


async def test_the_summary_shows_what_will_be_sent_and_a_long_description_shortened(scene: Scene) -> None:
    scene.slots |= FILLED | {DESCRIPTION: "word " * 200}
    (shown,) = await scene.run("action_ask_ticket_confirmed")
    assert (shown["subject"], shown["email"]) == ("Slow boards", "kim@example.org")
    assert len(shown["description"]) <= 300
    assert shown["description"].endswith("…")


@pytest.mark.parametrize("action", ["action_ask_ticket_email", "action_ask_ticket_confirmed"])
async def test_a_form_of_an_old_epoch_asks_nothing(scene: Scene, action: str) -> None:
    before = scene.conversation
    await scene.ask_for_a_person()
    scene.conversation = before
    with pytest.raises(StaleEpoch):
        await scene.run(action)


async def test_the_status_tells_of_a_ticket_from_the_chat_and_what_a_person_has_answered(scene: Scene) -> None:
    now = scene.clock.now()
    async with scene.database.write() as tx:
        chat = await get_conversation(tx.connection, scene.conversation.id, lock=True)
        request = TicketRequest("Slow boards", "They take a minute to load.", "kim@example.org")
        ticket = await open_request(tx, chat, request, at=now)
    assert await scene.run("action_ticket_status", "any news?") == [
        {"response": "utter_ticket_status", "tickets": f"{ticket.number} “Slow boards”: open"}
    ]
    maya = await add_staff(
        scene.database, email="maya@fernhill.example", name="Maya", role="agent", password="long enough", at=now
    )
    beside = str(ticket.conversation_id)
    claimed = (await claim(scene.database, beside, maya, epoch=2, at=now)).conversation
    await say_as_agent(scene.database, beside, maya, epoch=claimed.epoch, client_id="r", text="We are on it.", at=now)
    (told,) = await scene.run("action_ticket_status", "any news?")
    assert told["tickets"].splitlines()[1] == "Maya: “We are on it.”"
