"""Asking back on a real database: choices, and what a plain yes or no is the answer to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from knowledge.articles import Viewer
from knowledge.searches import log_search, search_entry
from knowledge.tables import searches
from tests.actions.conftest import Scene, articles, directive, result

ASKED = "the pdf thing of last month"


def unsure(scene: Scene, *names: str) -> None:
    scene.understood = {"scope": {"choices": [{"name": name, "confidence": 0.3} for name in names]}}


async def test_the_likely_intents_are_shown_and_the_customers_words_kept(scene: Scene) -> None:
    scene.shelf.answered = False
    unsure(scene, "invoices", "greet", "export_data", "thanks", "api", "refund")
    assert await scene.run("action_clarify", ASKED) == [
        {
            "response": "utter_did_you_mean",
            "custom": {"type": "choices", "choices": ["invoices", "export_data", "api"], "query": ASKED},
        }
    ]
    assert (scene.slots["open_question"], scene.slots["clarified"]) == ("choice", ASKED)


async def test_nothing_is_asked_where_every_choice_would_show_the_same_article(scene: Scene) -> None:
    unsure(scene, "invoices", "export_data")
    assert articles(await scene.run("action_clarify", ASKED)) == ["invoices"]
    assert scene.slots["open_question"] == "helped"


async def test_a_request_among_the_choices_is_asked_about_though_an_article_would_answer(scene: Scene) -> None:
    unsure(scene, "invoices", "ticket_status")
    (said,) = await scene.run("action_clarify", ASKED)
    assert said["custom"]["choices"] == ["invoices", "ticket_status"]
    assert scene.shelf.asked == []


async def test_with_nothing_worth_offering_the_words_themselves_are_looked_for(scene: Scene) -> None:
    unsure(scene, "greet", "thanks")
    assert articles(await scene.run("action_clarify", ASKED)) == ["invoices"]
    scene.understood = {}
    assert articles(await scene.run("action_clarify", ASKED)) == ["invoices"]


async def test_what_goes_on_from_the_question_before_is_answered_instead(scene: Scene) -> None:
    scene.slots["last_question"] = "how do I export my data?"
    scene.shelf.answered = False
    unsure(scene, "integrations", "plans_pricing")
    assert (await scene.run("action_clarify", "and the logo?"))[0]["response"] == "utter_did_you_mean"
    scene.shelf.goes_on = result("export")
    assert articles(await scene.run("action_clarify", "and the attachments?")) == ["export"]


async def test_what_becomes_of_the_chat_is_told_unless_the_question_goes_on_from_the_one_before(scene: Scene) -> None:
    scene.slots["last_question"] = "I deleted a project"
    (said,) = await scene.run("action_about_the_chat", "can i come back later", intent="chat_itself")
    assert said["response"] == "utter_about_the_chat"
    scene.shelf.goes_on = result("restore")
    said = await scene.run("action_about_the_chat", "can i restore it later", intent="chat_itself")
    assert articles(said) == ["restore"]


async def test_a_choice_answers_the_words_from_before_and_else_what_the_choice_says(scene: Scene) -> None:
    pressed: list[dict[str, Any]] = [
        {"entity": "query", "value": ASKED},
        {"entity": "topic", "value": "Invoices and receipts"},
    ]
    assert articles(await scene.run("action_answer_question", "/invoices{…}", entities=pressed)) == ["invoices"]
    assert [question for question, _, _ in scene.shelf.asked] == [ASKED]
    scene.shelf.asked.clear()
    scene.shelf.answered = False
    await scene.run("action_answer_question", "/invoices{…}", entities=pressed)
    assert [question for question, _, _ in scene.shelf.asked] == [ASKED, "Invoices and receipts"]
    assert scene.slots["failed_turns"] == 1.0


async def test_none_of_these_and_a_plain_no_look_for_the_words_from_before(scene: Scene) -> None:
    unsure(scene, "invoices", "api")
    for action, entities in (
        ("action_none_of_these", [{"entity": "query", "value": ASKED}]),
        ("action_none_of_these", []),
        ("action_take_no", []),
    ):
        scene.shelf.answered = False
        await scene.run("action_clarify", ASKED)
        scene.shelf.answered = True
        scene.shelf.asked.clear()
        assert articles(await scene.run(action, "none of these", entities=entities)) == ["invoices"]
        assert [question for question, _, _ in scene.shelf.asked] == [ASKED]
        assert scene.slots["clarified"] is None
    assert await scene.run("action_none_of_these", "none of these") == [{"response": "utter_what_instead"}]


async def test_a_plain_yes_to_several_choices_asks_which(scene: Scene) -> None:
    scene.shelf.answered = False
    unsure(scene, "invoices", "api")
    await scene.run("action_clarify", ASKED)
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_which_one"}]
    assert scene.slots["open_question"] == "choice"


async def test_a_yes_to_the_offer_of_a_person_brings_one_for_the_reason_of_the_offer(scene: Scene) -> None:
    scene.shelf.answered = False
    for _ in range(2):
        await scene.run("action_answer_question", "what is the meaning?")
    assert await scene.run("action_take_yes", "yes please") == directive("repeated_failure")
    scene.slots |= {"failed_turns": 0.0, "open_question": None}
    assert await scene.run("action_article_did_not_help", "no") == [{"response": "utter_offer_person"}]
    assert await scene.run("action_take_yes", "yes") == directive("not_helpful")


async def test_a_no_to_the_offer_of_a_person_leaves_the_word_to_the_customer(scene: Scene) -> None:
    scene.slots["open_question"] = "person"
    assert await scene.run("action_take_no", "no") == [{"response": "utter_what_instead"}]
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_anything_else"}]


async def test_a_yes_to_an_answer_is_a_vote_once(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots |= {"article_id": "invoices", "open_question": "helped"}
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_glad_it_helped"}]
    assert await scene.vote("invoices") is True
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_anything_else"}]


def nothing_for_sure(scene: Scene) -> None:
    titles = (("plans", 0.6), ("upgrade", 0.5), ("trello", 0.4))
    scene.shelf.results = [replace(result(slug), score=score) for slug, score in titles]
    scene.shelf.answered, scene.shelf.close = False, True


def pressed(button: dict[str, Any]) -> list[dict[str, Any]]:
    named = json.loads(button["payload"].removeprefix("/show_article"))
    return [{"entity": name, "value": value} for name, value in named.items()]


@pytest.mark.parametrize("words", ["no thanks", "actually no leave it", "nah, never mind", "no need"])
async def test_a_no_that_lets_the_matter_rest_is_no_vote_and_gets_no_other_article(scene: Scene, words: str) -> None:
    await scene.run("action_answer_question", ASKED)
    assert await scene.run("action_take_no", words, intent="deny") == [{"response": "utter_nothing_more"}]
    assert scene.slots["open_question"] is None
    assert not scene.slots.get("not_helpful_count")


async def test_articles_that_come_close_are_offered_with_a_person_and_the_chosen_one_is_shown(scene: Scene) -> None:
    nothing_for_sure(scene)
    (said,) = await scene.run("action_answer_question", "which one do we need?")
    assert said["response"] == "utter_close_articles"
    assert [one["title"] for one in said["buttons"]] == ["Plans", "Upgrade", "Talk to a person"]
    assert (scene.slots["open_question"], scene.slots["failed_turns"]) == ("article", 1.0)
    shown = await scene.run("action_show_article", "/show_article{…}", entities=pressed(said["buttons"][1]))
    assert (shown[0]["response"], articles(shown)) == ("utter_answer", ["upgrade"])
    assert "search" not in shown[0]["custom"]
    assert (scene.slots["article_id"], scene.slots["open_question"]) == ("upgrade", "helped")
    assert scene.slots["failed_turns"] == 0.0
    assert [question for question, _, _ in scene.shelf.asked] == ["which one do we need?"] * 2


async def test_the_article_that_was_chosen_is_the_click_of_the_search_that_offered_it(scene: Scene) -> None:
    nothing_for_sure(scene)
    (said,) = await scene.run("action_answer_question", "which one do we need?")
    entry = search_entry(
        "which one do we need?",
        surface="bot",
        viewer=Viewer.ANONYMOUS,
        article_ids=["plans", "upgrade", "trello"],
        outcome="unanswered",
        confidence=0.2,
        at=scene.clock.now(),
        conversation_id=scene.conversation.id,
    )
    async with scene.database.write() as tx:
        await log_search(tx, entry)
    await scene.run("action_show_article", "/show_article{…}", entities=pressed(said["buttons"][1]))
    async with scene.database.read() as reader:
        (logged,) = await reader.execute(sa.select(searches.c.id, searches.c.opened))
    assert tuple(logged) == (entry.id, "upgrade")


async def test_a_second_question_in_a_row_without_an_answer_offers_a_person_however_close_articles_come(
    scene: Scene,
) -> None:
    nothing_for_sure(scene)
    await scene.run("action_answer_question", "which one do we need?")
    (said,) = await scene.run("action_answer_question", "for ten of us?")
    assert said["response"] == "utter_still_no_answer"


async def test_an_article_that_is_not_found_any_more_is_not_shown_to_who_chooses_it(scene: Scene) -> None:
    nothing_for_sure(scene)
    chosen = [{"entity": "article_id", "value": "secret"}, {"entity": "query", "value": "which one?"}]
    (said,) = await scene.run("action_show_article", "/show_article{…}", entities=chosen)
    assert said["response"] == "utter_close_articles"


async def test_no_to_the_articles_that_come_close_offers_a_person_and_yes_asks_which(scene: Scene) -> None:
    scene.slots["open_question"] = "article"
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_which_one"}]
    assert scene.slots["open_question"] == "article"
    for action, words in (("action_take_no", "no"), ("action_none_of_these", "none of them")):
        scene.slots["open_question"] = "article"
        assert await scene.run(action, words) == [{"response": "utter_offer_person"}]
        assert scene.slots["open_question"] == "person"


async def test_a_cancellation_in_the_middle_of_a_ticket_keeps_it_and_comes_back_to_it(scene: Scene) -> None:
    kept = {"ticket_subject": "Export fails", "ticket_description": "It stops at half.", "ticket_email": None}
    scene.slots.update(kept)
    waits, asked = await scene.run(
        "action_confirm_cancellation", "cancel my subscription", intent="cancel_subscription"
    )
    assert (waits["response"], waits["subject"]) == ("utter_ticket_waits", "Export fails")
    assert asked["response"] == "utter_confirm_cancellation"
    unchanged, offered = await scene.run("action_take_no", "no", intent="deny")
    assert unchanged["response"] == "utter_nothing_cancelled"
    assert (offered["response"], offered["custom"]) == ("utter_ticket_as_well", {"query": "Export fails"})
    (begun,) = await scene.run("action_take_yes", "yes", intent="affirm")
    assert begun["response"] == "utter_begin_ticket_about"
    assert {name: scene.slots[name] for name in kept} == kept


async def test_a_ticket_about_something_else_begins_empty_though_another_was_begun_before(scene: Scene) -> None:
    scene.slots.update(
        ticket_subject="Export fails", ticket_description="It stops at half.", ticket_email="kim@alder.example"
    )
    await scene.run("action_begin_ticket", "open a ticket about the wrong invoice", intent="open_ticket")
    assert scene.slots["ticket_subject"] != "Export fails"
    assert (scene.slots["ticket_description"], scene.slots["ticket_email"]) == (None, None)
