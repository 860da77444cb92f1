"""What the assistant does, on a real database: slots in, one use-case, an utterance out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import Assistance
from actions.matters import never_offered
from actions.registry import build_actions, build_executor
from core.errors import StaleEpoch, Unavailable
from handoff.visitors import new_visitor
from handoff.wording import REASONS
from knowledge.articles import Viewer
from knowledge.searches import ENTRY_JSON, search_entry
from knowledge.store import remove_article
from tests.actions.conftest import Scene, articles, directive, result
from tickets.ticketing import set_status

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text())
FILLED_IN = {
    "utter_answer_to": {"question"},
    "utter_no_answer_to": {"question"},
    "utter_ticket_status": {"tickets"},
    "utter_contact_kept": {"email"},
    "utter_begin_ticket_about": {"subject"},
    "utter_ticket_waits": {"subject"},
    "utter_offer_email": {"email"},
    "utter_confirm_ticket": {"subject", "description", "email"},
}


async def test_a_question_is_answered_with_the_best_articles_own_passage(scene: Scene) -> None:
    scene.slots["failed_turns"] = 2.0
    (uttered,) = await scene.run("action_answer_question", "can I get my invoices as pdf?")
    assert uttered == {
        "response": "utter_answer",
        "custom": {
            "type": "answer",
            "article_id": "invoices",
            "answer": {
                "article_id": "invoices",
                "slug": "invoices",
                "title": "Invoices",
                "heading": "",
                "url": "/help/invoices",
                "html": "<p>invoices</p>",
                "search_id": None,
            },
        },
    }
    assert scene.slots == {
        "failed_turns": 0.0,
        "article_id": "invoices",
        "answered_together": None,
        "open_question": "helped",
        "last_question": "can I get my invoices as pdf?",
    }
    assert scene.shelf.asked == [("can I get my invoices as pdf?", Viewer.ANONYMOUS, scene.conversation.id)]


async def test_a_search_goes_along_with_what_the_turn_says_and_is_not_written_by_the_action(scene: Scene) -> None:
    scene.shelf.entry = search_entry(
        "invoices", surface="bot", viewer=Viewer.ANONYMOUS, article_ids=["a"], outcome="answered", confidence=0.9,
        at=scene.clock.now(),
    )  # fmt: skip
    for answered, slots in ((True, {}), (False, {}), (False, {"failed_turns": 2.0})):
        scene.shelf.answered = answered
        scene.slots.update(slots)
        last = (await scene.run("action_answer_question", "invoices"))[-1]
        assert ENTRY_JSON.validate_python(last["custom"]["search"]) == scene.shelf.entry


async def test_a_known_customer_searches_what_customers_may_read(scene: Scene) -> None:
    await scene.sign_in()
    await scene.run("action_answer_question", "invoices?")
    assert [viewer for _, viewer, _ in scene.shelf.asked] == [Viewer.CUSTOMER]


async def test_a_buttons_query_is_searched_for_instead_of_its_payload(scene: Scene) -> None:
    query = {"entity": "query", "value": "How do I cancel my subscription?"}
    await scene.run("action_answer_question", "/show_how_to_cancel", entities=[query])
    assert [question for question, _, _ in scene.shelf.asked] == ["How do I cancel my subscription?"]


async def test_the_third_question_in_a_row_without_an_answer_brings_a_person(scene: Scene) -> None:
    scene.shelf.answered = False
    for failed, response in ((1.0, "utter_no_answer"), (2.0, "utter_still_no_answer")):
        (uttered,) = await scene.run("action_answer_question", "what is the meaning?")
        assert uttered == {"response": response, "custom": {"query": "what is the meaning?"}}
        assert (scene.slots["failed_turns"], scene.slots["open_question"]) == (failed, "person")
    assert await scene.run("action_answer_question", "what is the meaning?") == directive("repeated_failure")
    assert scene.slots["failed_turns"] == 0.0


async def test_a_no_with_thanks_wants_no_more_and_says_nothing_of_the_article(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots |= {"article_id": "invoices", "open_question": "helped"}
    assert await scene.run("action_take_no", "no thank you") == [{"response": "utter_nothing_more"}]
    assert await scene.vote("invoices") is None
    assert scene.slots["open_question"] is None


@pytest.mark.parametrize(("score", "response"), [(0.66, "utter_answer_upset"), (0.3, "utter_answer")])
async def test_who_asks_in_anger_gets_the_article_with_a_word_of_regret_and_a_person_beside_it(
    scene: Scene, score: float, response: str
) -> None:
    scene.understood["signals"] = [{"name": "frustration", "score": score, "evidence": []}]
    (uttered,) = await scene.run("action_answer_question", "you charged me twice!! this is ridiculous")
    assert uttered["response"] == response


async def test_a_no_to_the_offer_of_a_person_asks_what_is_wanted_instead(scene: Scene) -> None:
    scene.slots["open_question"] = "person"
    assert await scene.run("action_take_no", "no") == [{"response": "utter_what_instead"}]


async def test_a_question_may_go_on_from_the_one_before_and_the_next_from_both(scene: Scene) -> None:
    await scene.run("action_answer_question", "can I invite a guest?")
    scene.shelf.goes_on = result("guests")
    for asked in ("how many?", "and for free?"):
        (uttered,) = await scene.run("action_answer_question", asked)
        assert (uttered["response"], uttered["custom"]["article_id"]) == ("utter_answer", "guests")
    assert scene.shelf.after == [None, "can I invite a guest?", "can I invite a guest? how many?"]


async def test_a_passage_that_was_shown_is_shown_again_with_other_words(scene: Scene) -> None:
    await scene.run("action_answer_question", "can I invite a guest?")
    await scene.was_answered("can I invite a guest?", "guests")
    scene.shelf.goes_on = result("guests")
    (uttered,) = await scene.run("action_answer_question", "how many?")
    assert (uttered["response"], uttered["custom"]["article_id"]) == ("utter_answer_again", "guests")
    scene.shelf.goes_on = replace(result("guests"), heading="Limits")
    (uttered,) = await scene.run("action_answer_question", "how many?")
    assert uttered["response"] == "utter_answer"


async def test_a_question_that_is_asked_a_second_time_went_on_from_nothing(scene: Scene) -> None:
    (first,) = await scene.run("action_answer_question", "can I invite a guest?")
    await scene.was_answered("can I invite a guest?", first["custom"]["article_id"])
    (uttered,) = await scene.run("action_answer_question", "can I invite a guest? ")
    assert uttered["response"] == "utter_answer"


async def test_what_went_on_and_did_not_help_is_followed_by_the_next_best_of_both(scene: Scene) -> None:
    scene.slots["last_question"] = "can I invite a guest?"
    scene.shelf.goes_on = result("guests")
    await scene.run("action_answer_question", "how many?")
    await scene.was_answered("how many?", "guests")
    scene.shelf.by_word = {"guest": result("plans")}
    (uttered,) = await scene.run("action_article_did_not_help")
    assert uttered["custom"]["article_id"] == "plans"
    assert scene.shelf.asked[-1][0] == "can I invite a guest? how many?"


async def test_an_answer_in_between_begins_the_count_anew(scene: Scene) -> None:
    for answered in (False, False, True, False):
        scene.shelf.answered = answered
        uttered = await scene.run("action_answer_question", "what is the meaning?")
    assert [one["response"] for one in uttered] == ["utter_no_answer"]
    assert scene.slots["failed_turns"] == 1.0


async def test_a_question_of_nothing_is_no_failure_of_the_action(scene: Scene) -> None:
    (uttered,) = await scene.run("action_answer_question", " ")
    assert uttered["response"] == "utter_no_answer"


async def test_before_the_knowledge_base_is_there_the_action_fails_and_says_so(scene: Scene) -> None:
    def not_yet() -> Any:
        raise Unavailable("The knowledge base is still loading.")

    (action, *_) = build_actions(Assistance(scene.database, scene.clock, not_yet))
    tracker = Tracker.from_dict({"sender_id": scene.conversation.rasa_id, "latest_message": {"text": "x"}})
    with pytest.raises(Unavailable):
        await action.run(CollectingDispatcher(), tracker, {})


async def test_an_action_of_an_old_epoch_does_nothing(scene: Scene) -> None:
    before = scene.conversation
    await scene.ask_for_a_person()
    scene.conversation = before
    scene.slots["article_id"] = "invoices"
    for action in ("action_answer_question", "action_article_helped", "action_ticket_status"):
        with pytest.raises(StaleEpoch):
            await scene.run(action, "hello")
    assert await scene.vote("invoices") is None
    assert scene.shelf.asked == []


async def test_a_vote_is_recorded_for_the_article_that_the_button_names_and_can_be_changed(scene: Scene) -> None:
    await scene.was_answered("invoices?", "invoices")
    scene.slots |= {"article_id": "invoices", "failed_turns": 2.0}
    assert await scene.run("action_article_helped") == [{"response": "utter_glad_it_helped"}]
    assert await scene.vote("invoices") is True
    assert scene.slots["failed_turns"] == 0.0
    await scene.run("action_article_did_not_help")
    assert await scene.vote("invoices") is False
    assert await scene.vote("refunds") is None


async def test_thanks_without_an_article_is_no_vote(scene: Scene) -> None:
    assert await scene.run("action_article_helped", "that helped") == [{"response": "utter_glad_it_helped"}]
    assert await scene.vote("invoices") is None


async def test_a_vote_on_an_article_that_is_gone_is_taken_with_thanks_and_counts_for_nothing(scene: Scene) -> None:
    async with scene.database.write() as tx:
        await remove_article(tx, "invoices")
    scene.slots["article_id"] = "invoices"
    assert await scene.run("action_article_helped") == [{"response": "utter_glad_it_helped"}]


async def test_what_did_not_help_is_followed_by_the_second_best_and_then_by_a_person(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots["article_id"] = "invoices"
    uttered = await scene.run("action_article_did_not_help", "/article_did_not_help")
    assert articles(uttered) == ["refunds"]
    assert [question for question, _, _ in scene.shelf.asked] == ["can I get my invoices as pdf?"]
    assert (scene.slots["article_id"], scene.slots["not_helpful_count"]) == ("refunds", 1.0)
    await scene.was_answered("no", "refunds")
    assert await scene.run("action_article_did_not_help") == directive("not_helpful")
    assert (await scene.vote("invoices"), await scene.vote("refunds")) == (False, False)


async def test_no_to_an_older_answer_searches_for_that_answers_question(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    await scene.was_answered("how do I invite people?", "members")
    scene.slots["article_id"] = "invoices"
    assert articles(await scene.run("action_article_did_not_help", "/article_did_not_help")) == ["refunds"]
    assert [question for question, _, _ in scene.shelf.asked] == ["can I get my invoices as pdf?"]
    assert (await scene.vote("invoices"), await scene.vote("members")) == (False, None)


async def test_a_typed_no_counts_for_the_first_answer_and_for_the_second_and_for_nothing_without_one(
    scene: Scene,
) -> None:
    assert await scene.run("action_take_yes", "yes") == [{"response": "utter_anything_else"}]
    assert await scene.run("action_take_no", "no") == [{"response": "utter_nothing_more"}]
    assert "not_helpful_count" not in scene.slots
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots |= {"article_id": "invoices", "open_question": "helped"}
    assert articles(await scene.run("action_take_no", "no")) == ["refunds"]
    await scene.was_answered("no", "refunds")
    assert await scene.run("action_take_no", "no again") == directive("not_helpful")
    assert (await scene.vote("invoices"), await scene.vote("refunds")) == (False, False)


async def test_what_was_asked_before_a_person_helped_is_not_answered_again(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    await scene.helped_by_a_person()
    assert await scene.run("action_article_did_not_help", "that didn't help") == [{"response": "utter_offer_person"}]
    assert scene.shelf.asked == []


async def test_without_a_second_article_a_person_is_offered(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices", "refunds")
    scene.slots["article_id"] = "refunds"
    assert await scene.run("action_article_did_not_help") == [{"response": "utter_offer_person"}]
    assert scene.slots["open_question"] == "person"


async def test_a_second_article_that_is_not_believed_to_answer_by_itself_is_not_shown(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots["article_id"] = "invoices"
    scene.shelf.answers_without = False
    assert await scene.run("action_article_did_not_help") == [{"response": "utter_offer_person"}]
    assert scene.slots["open_question"] == "person"


async def test_unhelpful_words_before_any_question_offer_a_person(scene: Scene) -> None:
    assert await scene.run("action_article_did_not_help", "that did not help") == [{"response": "utter_offer_person"}]
    assert scene.shelf.asked == []


@pytest.mark.parametrize(
    ("slot", "reason"), [*((code, code) for code in REASONS), (None, "asked"), ("nonsense", "asked")]
)
async def test_a_handoff_carries_the_reason_of_its_topic(slot: str | None, reason: str) -> None:
    dispatcher = CollectingDispatcher()
    tracker = Tracker.from_dict({"sender_id": "cv_1.1", "slots": {"handover_reason": slot}})
    (action,) = [one for one in build_actions(None) if one.name() == "action_hand_over"]  # type: ignore[arg-type]
    assert await action.run(dispatcher, tracker, {}) == []
    assert [message.get("response") for message in dispatcher.messages] == ["utter_handing_over", None]
    assert dispatcher.messages[-1]["custom"] == {"type": "hand_over", "reason": reason}


async def test_the_status_of_earlier_requests_is_told_with_numbers_newest_first(scene: Scene) -> None:
    assert await scene.run("action_ticket_status", "where is my ticket") == [{"response": "utter_no_tickets"}]
    await scene.was_answered("the invoice is wrong again")
    await scene.ask_for_a_person()
    assert await scene.run("action_ticket_status") == [
        {"response": "utter_ticket_status", "tickets": "FH-1001 “the invoice is wrong again”: open"}
    ]
    async with scene.database.write() as tx:
        await set_status(tx, str(scene.conversation.ticket_id), "resolved", at=scene.clock.now())
    (told,) = await scene.run("action_ticket_status")
    assert told["tickets"].endswith(": resolved")


async def test_a_known_customer_hears_of_the_tickets_of_all_their_conversations(scene: Scene) -> None:
    await scene.was_answered("the invoice is wrong again")
    await scene.ask_for_a_person()
    await scene.sign_in()
    async with scene.database.write() as tx:
        visitor, _ = await new_visitor(
            tx, customer_id=scene.conversation.customer_id, page_url=None, page_title=None, at=scene.clock.now()
        )
    scene.conversation = visitor.conversation
    (told,) = await scene.run("action_ticket_status")
    assert told["tickets"].startswith("FH-1001 ")


def test_the_actions_of_the_domain_are_the_actions_that_are_registered() -> None:
    registered = build_executor(Assistance(None, None, None)).actions  # type: ignore[arg-type]
    assert sorted(registered) == sorted(DOMAIN["actions"])


@pytest.mark.parametrize("text", ["kim@example.com", "you can reach me at kim@example.com"])
async def test_an_address_is_kept_and_named(scene: Scene, text: str) -> None:
    assert await scene.run("action_take_contact", text) == [
        {"response": "utter_contact_kept", "email": "kim@example.com"},
        {"custom": {"type": "contact", "email": "kim@example.com"}},
    ]


async def test_who_wants_to_be_reached_without_saying_where_is_asked(scene: Scene) -> None:
    assert await scene.run("action_take_contact", "can I leave my address") == [{"response": "utter_which_contact"}]


async def test_an_address_beside_a_question_is_kept_after_the_answer(scene: Scene) -> None:
    scene.understood = {
        "intents": [
            {"name": "invoices", "confidence": 0.8, "text": "where are my invoices"},
            {"name": "give_contact", "confidence": 0.8, "text": "my email is kim@example.com"},
        ]
    }
    said = await scene.run("action_answer_question", "where are my invoices and my email is kim@example.com")
    assert [one.get("response") for one in said] == ["utter_answer", "utter_contact_kept", None]
    assert scene.shelf.asked[-1][0] == "where are my invoices"


def test_every_response_that_code_and_rules_utter_is_in_the_domain() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "actions").glob("*.py"))
    rules = (ROOT / "data" / "rules.yml").read_text()
    uttered = set(re.findall(r"\butter_(?!message\b)\w+", code + rules))
    assert uttered
    uttered |= {
        f"utter_ask_{slot}" for slot in ("ticket_subject", "ticket_description", "ticket_change")
    }  # by Rasa's form
    assert uttered <= set(DOMAIN["responses"])
    assert set(DOMAIN["responses"]) <= uttered


def test_what_an_action_fills_in_is_what_its_response_asks_for() -> None:
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            asked = set(re.findall(r"{(\w+)}", variant["text"]))
            assert asked == FILLED_IN.get(name, set()), name


def test_every_button_of_the_domain_carries_an_intent_of_the_domain() -> None:
    intents = {next(iter(one)) if isinstance(one, dict) else one for one in DOMAIN["intents"]}
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            for button in variant.get("buttons", []):
                intent = re.match(r"/(\w+)", button["payload"])
                assert intent, name
                assert intent[1] in intents, name


def test_every_intent_that_may_be_meant_has_one_button_among_the_choices() -> None:
    intents = {next(iter(one)) if isinstance(one, dict) else one for one in DOMAIN["intents"]}
    for variant in DOMAIN["responses"]["utter_did_you_mean"]:
        offered = [button["payload"].removeprefix("/") for button in variant["buttons"]]
        assert sorted(offered) == sorted(intents - never_offered() | {"none_of_these"})


def test_every_reason_that_a_slot_can_carry_is_one_that_a_handoff_knows() -> None:
    mapped = {str(mapping["value"]) for mapping in DOMAIN["slots"]["handover_reason"]["mappings"]}
    assert mapped <= set(REASONS)
