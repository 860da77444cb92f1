"""A message that asks several things gets an answer to each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.actions.conftest import Scene, articles, directive, result


def asked(scene: Scene, **texts: str) -> str:
    scene.understood = {"intents": [{"name": name, "confidence": 0.8, "text": text} for name, text in texts.items()]}
    return " and also ".join(texts.values())


async def test_each_of_two_questions_gets_its_own_passage_named_by_it(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "phone": result("mobile")}
    text = asked(scene, invoices="where are my invoices", mobile_app="is there an app for my phone")
    said = await scene.run("action_answer_question", text)
    assert articles(said) == ["invoices", "mobile"]
    assert [one["response"] for one in said] == ["utter_answer_to"] * 2
    assert scene.slots["article_id"] == "mobile"
    assert scene.slots["open_question"] == "helped"


async def test_what_did_not_help_of_two_answers_is_asked_and_the_one_that_is_chosen_searched_for_again(
    scene: Scene,
) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "phone": result("mobile")}
    text = asked(scene, invoices="where are my invoices", mobile_app="is there an app for my phone")
    await scene.run("action_answer_question", text)
    await scene.was_answered(text, "invoices", "mobile")
    scene.understood = {}
    (which,) = await scene.run("action_article_did_not_help", "that did not help")
    assert which["response"] == "utter_which_did_not_help"
    assert [button["title"] for button in which["buttons"]] == [
        "Where are my invoices",
        "Is there an app for my phone",
        "Talk to a person",
    ]
    assert which["buttons"][0]["payload"] == '/article_did_not_help{"article_id": "invoices"}'
    assert (await scene.vote("invoices"), await scene.vote("mobile")) == (None, None)
    assert scene.slots.get("not_helpful_count", 0.0) == 0.0
    scene.slots["article_id"] = "invoices"
    scene.shelf.by_word = {"invoices": result("receipts")}
    pressed = [{"entity": "article_id", "value": "invoices"}]
    said = await scene.run("action_article_did_not_help", "/article_did_not_help", entities=pressed)
    assert articles(said) == ["receipts"]
    assert scene.shelf.asked[-1][0] == "where are my invoices"
    assert (await scene.vote("invoices"), await scene.vote("mobile")) == (False, None)
    assert scene.slots["answered_together"] is None


async def test_two_answers_that_helped_are_both_voted_for(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "phone": result("refunds")}
    await scene.run("action_answer_question", asked(scene, invoices="my invoices", mobile_app="an app for my phone"))
    scene.understood = {}
    await scene.run("action_article_helped", "great, that helped")
    assert (await scene.vote("invoices"), await scene.vote("refunds")) == (True, True)


async def test_one_of_three_without_an_answer_is_named_and_a_person_offered(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "phone": result("mobile"), "gantt": None}
    text = asked(scene, invoices="my invoices", mobile_app="an app for my phone", projects="a gantt chart")
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer_to", "utter_answer_to", "utter_no_answer_to"]
    assert said[-1]["custom"]["query"] == "a gantt chart"


def clauses(scene: Scene, *told: tuple[str, str, str]) -> str:
    """Have the message consist of these clauses, each with what the gate made of it and its form."""
    scene.understood = {"told": [{"name": name, "text": text, "form": form} for name, text, form in told]}
    names = {name: text for name, text, _ in reversed(told) if not name.startswith("nlu")}
    if len(names) > 1:
        scene.understood["intents"] = [{"name": name, "confidence": 0.8, "text": names[name]} for name in names]
    return " ".join(text for _, text, _ in told)


async def test_two_questions_of_one_intent_are_both_answered(scene: Scene) -> None:
    scene.shelf.by_word = {"stored": result("residency"), "contract": result("dpa")}
    text = clauses(
        scene,
        ("security_privacy", "where is our data stored?", "question"),
        ("security_privacy", "do you sign a contract?", "question"),
    )
    assert articles(await scene.run("action_answer_question", text)) == ["residency", "dpa"]


async def test_a_clause_that_asks_and_was_not_understood_is_named_and_a_statement_is_not(scene: Scene) -> None:
    scene.shelf.by_word = {"okta": result("okta"), "stored": result("residency"), "evaluating": None, "pigeons": None}
    text = clauses(
        scene,
        ("plans_pricing", "We are evaluating Fernhill.", "statement"),
        ("sso", "Do you support okta?", "question"),
        ("security_privacy", "Where is our data stored?", "question"),
        ("nlu_fallback", "do you send pigeons?", "question"),
    )
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer_to", "utter_answer_to", "utter_no_answer_to"]
    assert said[-1]["custom"]["query"] == "do you send pigeons?"


async def test_of_two_questions_the_one_without_an_answer_is_named_and_one_that_goes_on_is_not(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "office": None}
    text = clauses(
        scene,
        ("invoices", "where are my invoices?", "question"),
        ("nlu_fallback", "where is your office?", "question"),
    )
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer_to", "utter_no_answer_to"]
    scene.shelf.goes_on = result("invoices")
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer"]
    assert scene.shelf.after[-2] == "where are my invoices?"


async def test_two_questions_that_one_passage_answers_are_answered_once_by_the_whole(scene: Scene) -> None:
    said = await scene.run("action_answer_question", asked(scene, invoices="my invoices", refund="my money back"))
    assert [one["response"] for one in said] == ["utter_answer"]


async def test_two_passages_of_one_article_that_answer_two_questions_are_both_given(scene: Scene) -> None:
    export, roles = replace(result("admin"), heading="Exporting"), replace(result("admin"), heading="Roles")
    scene.shelf.by_word = {"export": export, "roles": roles}
    text = asked(
        scene, export_data="how do i export", team_members="which roles are there", projects="the export again"
    )
    said = await scene.run("action_answer_question", text)
    assert [(one["response"], one["custom"]["answer"]["heading"]) for one in said] == [
        ("utter_answer_to", "Exporting"),
        ("utter_answer_to", "Roles"),
    ]


async def test_a_cancellation_beside_a_question_is_asked_about_after_the_answer(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "cancel": None}
    text = asked(
        scene, invoices="where are my invoices", thanks="many thanks to you", cancel_subscription="cancel it all"
    )
    said = await scene.run("action_answer_question", text)
    assert articles(said) == ["invoices"]
    assert [question for question, _, _ in scene.shelf.asked] == ["where are my invoices"]
    assert said[-1] == {"response": "utter_confirm_cancellation"}
    assert scene.slots["handover_reason"] == "cancellation", "the button for a person is about the cancellation"
    assert await scene.run("action_take_yes", "yes please") == directive("cancellation")


async def test_a_no_to_the_cancellation_beside_a_question_leaves_the_plan_and_is_no_vote(scene: Scene) -> None:
    text = asked(scene, invoices="where are my invoices", cancel_subscription="cancel it all")
    await scene.run("action_answer_question", text)
    assert await scene.run("action_take_no", "no") == [{"response": "utter_nothing_cancelled"}]
    assert await scene.vote("invoices") is None


async def test_how_tickets_are_going_is_told_after_the_answer_to_the_question(scene: Scene) -> None:
    text = asked(scene, ticket_status="how is my ticket going", invoices="where are my invoices")
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer", "utter_no_tickets"]
    assert scene.slots["open_question"] == "helped"


async def test_a_ticket_beside_a_question_is_offered_and_a_yes_takes_it_down(scene: Scene) -> None:
    text = asked(scene, invoices="where are my invoices", open_ticket="open a ticket about the broken export")
    said = await scene.run("action_answer_question", text)
    assert said[-1] == {"response": "utter_ticket_as_well", "custom": {"query": "the broken export"}}
    begun = await scene.run("action_take_yes", "yes")
    assert begun == [{"response": "utter_begin_ticket_about", "subject": "the broken export"}]
    assert scene.slots["ticket_subject"] == "the broken export"
    assert scene.follows == "ticket_form"


async def test_a_no_to_the_ticket_that_was_offered_takes_none_down(scene: Scene) -> None:
    await scene.run("action_answer_question", asked(scene, invoices="my invoices", open_ticket="open a ticket"))
    assert await scene.run("action_take_no", "no") == [{"response": "utter_anything_else"}]
    assert scene.follows is None


async def test_a_cancellation_beside_the_status_of_a_ticket_is_asked_about(scene: Scene) -> None:
    text = asked(scene, ticket_status="how is my ticket going", cancel_subscription="cancel it all")
    said = await scene.run("action_ticket_status", text)
    assert [one["response"] for one in said] == ["utter_no_tickets", "utter_confirm_cancellation"]
    assert scene.slots["open_question"] == "cancellation"


async def test_a_ticket_beside_a_cancellation_is_offered_after_a_no(scene: Scene) -> None:
    text = asked(scene, open_ticket="open a ticket about the broken export", cancel_subscription="cancel it all")
    said = await scene.run("action_confirm_cancellation", text)
    assert [one["response"] for one in said] == ["utter_confirm_cancellation"]
    declined = await scene.run("action_take_no", "no")
    assert [one["response"] for one in declined] == ["utter_nothing_cancelled", "utter_ticket_as_well"]
    assert declined[-1]["custom"]["query"] == "the broken export"
    await scene.run("action_take_yes", "yes")
    assert scene.slots["ticket_subject"] == "the broken export"


async def test_a_ticket_beside_a_cancellation_is_offered_after_the_steps_and_a_yes_brings_the_person(
    scene: Scene,
) -> None:
    text = asked(scene, open_ticket="open a ticket about the broken export", cancel_subscription="cancel it all")
    await scene.run("action_confirm_cancellation", text)
    assert await scene.run("action_take_yes", "yes") == directive("cancellation")
    await scene.run("action_confirm_cancellation", asked(scene, open_ticket="a ticket", cancel_subscription="cancel"))
    scene.understood = {}
    said = await scene.run("action_answer_question", "/show_how_to_cancel")
    assert [one["response"] for one in said] == ["utter_answer", "utter_ticket_as_well"]
    assert scene.slots["open_question"] == "ticket"


async def test_a_cancellation_alone_is_asked_about_and_a_no_leaves_it_at_that(scene: Scene) -> None:
    assert await scene.run("action_confirm_cancellation", "cancel it") == [{"response": "utter_confirm_cancellation"}]
    assert await scene.run("action_take_no", "no") == [{"response": "utter_nothing_cancelled"}]
    assert scene.slots["open_question"] is None


async def test_a_question_about_it_that_was_guessed_to_be_a_cancellation_goes_on_from_the_last(scene: Scene) -> None:
    scene.shelf.goes_on = result("trial")
    scene.slots["last_question"] = "does the trial need a card"
    scene.understood = {"told": [{"name": "cancel_subscription", "text": "when does it end", "form": "question"}]}
    assert articles(await scene.run("action_confirm_cancellation", "when does it end")) == ["trial"]
    assert scene.slots["handover_reason"] == "asked"
    scene.understood = {"told": [{"name": "cancel_subscription", "text": "can you cancel it", "form": "question"}]}
    said = await scene.run("action_confirm_cancellation", "can you cancel it")
    assert said == [{"response": "utter_confirm_cancellation"}]


async def test_who_has_no_ticket_is_offered_a_person_whom_a_yes_brings(scene: Scene) -> None:
    (said,) = await scene.run("action_ticket_status", "any news on my ticket?")
    assert said["response"] == "utter_no_tickets"
    assert await scene.run("action_take_yes", "yes please") == directive("asked")


async def test_in_the_middle_of_a_ticket_nothing_else_is_asked_about(scene: Scene) -> None:
    scene.slots["requested_slot"] = "ticket_subject"
    for action in ("action_answer_question", "action_ticket_status"):
        text = asked(scene, ticket_status="how is it going", invoices="my invoices", cancel_subscription="cancel it")
        assert "utter_confirm_cancellation" not in [one["response"] for one in await scene.run(action, text)]


@pytest.mark.parametrize(("said_of_it", "vote"), [("article_helped", True), ("article_did_not_help", False)])
async def test_a_word_on_the_last_article_counts_though_the_message_goes_on(
    scene: Scene, said_of_it: str, vote: bool
) -> None:
    await scene.was_answered("my bills", "invoices")
    scene.slots["article_id"] = "invoices"
    scene.shelf.by_word = {"money": result("refunds")}
    text = asked(scene, refund="when do i get my money", **{said_of_it: "that was it"})
    assert articles(await scene.run("action_answer_question", text)) == ["refunds"]
    assert await scene.vote("invoices") is vote
    assert scene.slots.get("not_helpful_count", 0.0) == (0.0 if vote else 1.0)


@pytest.mark.parametrize(
    ("also", "reason"),
    [("cancel_subscription", "cancellation"), ("security_incident", "security"), ("invoices", "asked")],
)
async def test_a_person_comes_for_the_reason_that_the_same_message_gives(scene: Scene, also: str, reason: str) -> None:
    text = asked(scene, talk_to_person="let me talk to a person", **{also: "about this"})
    assert await scene.run("action_hand_over", text) == directive(reason)


async def test_an_address_beside_the_wish_for_a_person_is_kept_before_the_handoff(scene: Scene) -> None:
    text = asked(scene, talk_to_person="let me talk to a person", give_contact="my email is kim@example.com")
    said = await scene.run("action_hand_over", text)
    assert said[1:] == [{"custom": {"type": "contact", "email": "kim@example.com"}}, *directive("asked")]


async def test_whoever_is_handed_over_is_offered_nothing_else(scene: Scene) -> None:
    scene.shelf.answered = False
    scene.slots["failed_turns"] = 2.0
    text = asked(scene, invoices="where are my invoices", cancel_subscription="cancel it all")
    assert await scene.run("action_answer_question", text) == directive("repeated_failure")


async def test_a_button_carries_one_question_whatever_the_words_around_it_were(scene: Scene) -> None:
    text = asked(scene, invoices="where are my invoices", mobile_app="is there an app for my phone")
    carried: list[dict[str, Any]] = [{"entity": "query", "value": "my bills"}]
    await scene.run("action_answer_question", text, entities=carried)
    assert [question for question, _, _ in scene.shelf.asked] == ["my bills"]


async def test_who_only_says_that_this_is_no_cancellation_is_not_shown_how_to_cancel(scene: Scene) -> None:
    said = await scene.run("action_answer_question", "I don't want to cancel", intent="nlu_fallback")
    assert said == [{"response": "utter_nothing_cancelled"}]
    assert scene.shelf.asked == []


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I don't want to cancel", "change_plan"),
        ("cancel the meeting", "nlu_fallback"),
        ("I don't want to cancel but the boards have been slow for us all week", "nlu_fallback"),
    ],
)
async def test_a_denied_cancellation_that_says_more_is_looked_up(scene: Scene, text: str, intent: str) -> None:
    await scene.run("action_answer_question", text, intent=intent)
    assert [question for question, _, _ in scene.shelf.asked] == [text]


async def test_who_says_why_they_cancel_is_asked_again_and_the_reason_stays(scene: Scene) -> None:
    scene.slots.update(open_question="cancellation", handover_reason="asked")
    scene.shelf.answered = False
    said = await scene.run("action_answer_question", "because it is too expensive", intent="plans_pricing")
    assert [one["response"] for one in said] == ["utter_cancellation_noted"]
    assert (scene.slots["open_question"], scene.slots["handover_reason"]) == ("cancellation", "cancellation")
    said = await scene.run("action_answer_question", "hm hm hm", intent="nlu_fallback")
    assert [one["response"] for one in said] == ["utter_still_no_answer"]
    scene.slots.update(open_question="cancellation", failed_turns=0.0)
    scene.shelf.answered = True
    said = await scene.run("action_answer_question", "can I get my invoices as pdf?", intent="invoices")
    assert [one["response"] for one in said] == ["utter_answer"]


async def test_a_reason_for_cancelling_that_is_not_quite_understood_is_taken_and_not_asked_back(scene: Scene) -> None:
    scene.slots.update(open_question="cancellation")
    scene.shelf.answered = False
    scene.understood = {"scope": {"choices": [{"name": "plans_pricing", "confidence": 0.3}]}}
    said = await scene.run("action_clarify", "because it is too expensive", intent="nlu_unsure")
    assert [one["response"] for one in said] == ["utter_cancellation_noted"]


async def test_a_question_without_an_answer_is_no_reason_for_cancelling(scene: Scene) -> None:
    scene.slots.update(open_question="cancellation")
    scene.shelf.answered = False
    text = clauses(scene, ("nlu_fallback", "do you have an office in Berlin?", "question"))
    assert [one["response"] for one in await scene.run("action_answer_question", text)] == ["utter_no_answer"]
    assert scene.slots.get("handover_reason") is None


async def test_a_ticket_asked_after_beside_the_reason_for_cancelling_is_told_too(scene: Scene) -> None:
    scene.slots["open_question"] = "cancellation"
    scene.shelf.answered = False
    scene.understood = {
        "intents": [
            {"name": "plans_pricing", "text": "it is too expensive", "confidence": 0.6},
            {"name": "ticket_status", "text": "where is my ticket", "confidence": 0.9},
        ]
    }
    said = await scene.run("action_answer_question", "it is too expensive, where is my ticket", intent="plans_pricing")
    assert "utter_no_tickets" in [one["response"] for one in said]
