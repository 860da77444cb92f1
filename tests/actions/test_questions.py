"""A message that asks several things gets an answer to each."""

from __future__ import annotations

from typing import Any

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


async def test_one_of_three_without_an_answer_is_named_and_a_person_offered(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "phone": result("mobile"), "gantt": None}
    text = asked(scene, invoices="my invoices", mobile_app="an app for my phone", projects="a gantt chart")
    said = await scene.run("action_answer_question", text)
    assert [one["response"] for one in said] == ["utter_answer_to", "utter_answer_to", "utter_no_answer_to"]
    assert said[-1]["custom"]["query"] == "a gantt chart"


async def test_two_questions_that_one_passage_answers_are_answered_once_by_the_whole(scene: Scene) -> None:
    said = await scene.run("action_answer_question", asked(scene, invoices="my invoices", refund="my money back"))
    assert [one["response"] for one in said] == ["utter_answer"]


async def test_what_no_article_does_is_offered_after_the_answer_to_the_question(scene: Scene) -> None:
    scene.shelf.by_word = {"invoices": result("invoices"), "cancel": None}
    text = asked(
        scene, invoices="where are my invoices", thanks="many thanks to you", cancel_subscription="cancel it all"
    )
    said = await scene.run("action_answer_question", text)
    assert articles(said) == ["invoices"]
    assert [question for question, _, _ in scene.shelf.asked] == ["where are my invoices"]
    assert said[-1]["response"] == "utter_and_the_other"
    assert said[-1]["custom"] == {"type": "choices", "choices": ["cancel_subscription"], "query": text}
    assert scene.slots["open_question"] == "choice", "a yes to it is no vote for the article"


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
