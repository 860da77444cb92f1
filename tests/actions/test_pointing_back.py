"""What says nothing by itself is about what was said before: "show me how", "still the same", "since yesterday"."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.pointing_back import says_unchanged
from actions.requests import HOW_TO_CANCEL
from tests.actions.conftest import Scene, articles, directive, result

ROOT = Path(__file__).parents[2]


def told(scene: Scene, form: str) -> None:
    scene.understood = {"told": [{"name": "technical_problem", "text": "", "form": form}]}


async def shown_how(scene: Scene) -> list[Any]:
    return await scene.run("action_answer_question", "just show me", intent="show_how")


async def test_show_me_how_after_the_question_before_a_cancellation_gives_the_steps(scene: Scene) -> None:
    await scene.run("action_confirm_cancellation", "I want to cancel", intent="cancel_subscription")
    assert articles(await shown_how(scene)) == ["invoices"]
    assert [question for question, _, _ in scene.shelf.asked] == [HOW_TO_CANCEL]
    assert scene.slots["open_question"] == "helped"


async def test_the_ticket_beside_the_cancellation_is_offered_after_the_steps(scene: Scene) -> None:
    scene.slots["open_question"] = "cancellation, then ticket"
    assert (await shown_how(scene))[-1]["response"] == "utter_ticket_as_well"


def test_the_button_for_the_steps_asks_what_the_words_ask() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    titles = {one["title"]: one["payload"] for one in domain["responses"]["utter_confirm_cancellation"][0]["buttons"]}
    assert f'"{HOW_TO_CANCEL}"' in titles["Show me how to cancel"]


async def test_show_me_how_elsewhere_goes_on_from_the_last_question(scene: Scene) -> None:
    await scene.run("action_answer_question", "how do I export my data?")
    await scene.was_answered("how do I export my data?", "invoices")
    (said,) = await shown_how(scene)
    assert said["response"] == "utter_answer_again"
    assert scene.shelf.asked[-1][0] == "how do I export my data?"


async def test_show_me_how_where_one_of_some_is_asked_for_asks_which(scene: Scene) -> None:
    scene.slots["open_question"] = "article"
    assert await shown_how(scene) == [{"response": "utter_which_one"}]


async def test_show_me_how_before_anything_was_asked_is_looked_for(scene: Scene) -> None:
    await shown_how(scene)
    assert scene.shelf.asked[-1][0] == "just show me"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("already tried that", True),
        ("did that, the file is empty", True),
        ("still crashing after the update", True),
        ("I followed the steps", True),
        ("same error again", True),
        ("since yesterday", False),
        ("yes i reconnected it", False),
        ("the button is grey", False),
    ],
)
def test_what_was_tried_or_is_as_it_was_is_told_by_its_words(text: str, expected: bool) -> None:
    assert says_unchanged(text) is expected


async def after_an_answer(scene: Scene) -> None:
    await scene.run("action_answer_question", "the export fails")
    await scene.was_answered("the export fails", "invoices")
    scene.shelf.asked.clear()


@pytest.mark.parametrize("action", ["action_answer_question", "action_clarify"])
async def test_that_it_is_still_so_says_that_the_article_did_not_help(scene: Scene, action: str) -> None:
    await after_an_answer(scene)
    told(scene, "trouble")
    scene.shelf.by_word = {"still": None}
    assert articles(await scene.run(action, "still empty after that")) == ["refunds"]
    assert await scene.vote("invoices") is False
    assert await scene.run(action, "still the same") == directive("not_helpful")


async def test_that_it_is_still_so_with_an_answer_of_its_own_is_answered_with_that(scene: Scene) -> None:
    await after_an_answer(scene)
    told(scene, "trouble")
    scene.shelf.by_word = {"locked": result("locked")}
    assert articles(await scene.run("action_answer_question", "still not, it says locked")) == ["locked"]
    assert await scene.vote("invoices") is False
    assert scene.slots["not_helpful_count"] == 1.0


async def test_a_detail_is_noted_and_a_person_offered_and_the_third_brings_one(scene: Scene) -> None:
    await after_an_answer(scene)
    told(scene, "statement")
    scene.shelf.answered = False
    for words in ("since yesterday", "on my laptop only"):
        assert await scene.run("action_answer_question", words) == [{"response": "utter_detail_noted"}]
        assert scene.slots["open_question"] == "details"
        assert scene.slots["last_question"] == "the export fails"
    assert await scene.run("action_answer_question", "windows 11 here") == directive("repeated_failure")


async def test_a_yes_to_the_person_after_a_detail_brings_one(scene: Scene) -> None:
    await after_an_answer(scene)
    told(scene, "statement")
    scene.shelf.answered = False
    await scene.run("action_answer_question", "since yesterday")
    assert await scene.run("action_take_yes", "yes") == directive("asked")


async def test_what_asks_or_has_an_answer_or_follows_no_answer_is_no_detail(scene: Scene) -> None:
    scene.shelf.answered = False
    told(scene, "statement")
    assert (await scene.run("action_answer_question", "since yesterday"))[0]["response"] == "utter_no_answer"
    scene.shelf.answered = True
    await after_an_answer(scene)
    scene.shelf.by_word = {"declined": replace(result("cards"), heading="Declined")}
    assert articles(await scene.run("action_answer_question", "our card was declined")) == ["cards"]
    told(scene, "question")
    scene.shelf.by_word = {"office": None}
    assert (await scene.run("action_answer_question", "where is your office"))[0]["response"] == "utter_no_answer"


async def test_the_second_best_is_looked_for_with_the_question_that_the_article_went_on_from(scene: Scene) -> None:
    await scene.run("action_answer_question", "how do I export my data?")
    await scene.was_answered("how do I export my data?", "invoices")
    scene.shelf.by_word, scene.shelf.goes_on = {"attachments": None}, result("invoices")
    await scene.run("action_answer_question", "and the attachments?")
    await scene.was_answered("and the attachments?", "invoices")
    scene.shelf.goes_on, scene.shelf.by_word = None, {}
    await scene.run("action_article_did_not_help", "no")
    assert scene.shelf.asked[-1][0] == "how do I export my data? and the attachments?"


async def test_the_second_best_of_an_older_article_is_looked_for_with_its_own_question(scene: Scene) -> None:
    await scene.was_answered("invoices", "invoices")
    await scene.run("action_answer_question", "how do I pay my invoices")
    await scene.was_answered("how do I pay my invoices", "refunds")
    scene.slots["article_id"] = "invoices"
    pressed = [{"entity": "article_id", "value": "invoices"}]
    await scene.run("action_article_did_not_help", "/article_did_not_help", entities=pressed)
    assert scene.shelf.asked[-1][0] == "invoices"
