"""A choice made in words is a press of the button at that place; what says more, or chooses nothing, is a message."""

from __future__ import annotations

import pytest

from handoff.choosing import LAST, at_place, place_named
from handoff.records import Reply
from tests.handoff.conftest import ANSWER, Floor

CHOICES = (("Invoices", "/invoices"), ("Refunds", "/refund"), ("None of these", "/none_of_these"))
RATING = (("Yes, that helped", "/article_helped"), ("No, it didn't", "/article_did_not_help"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", 1),
        (" 2. ", 2),
        ("3)", 3),
        ("#2", 2),
        ("no. 2", 2),
        ("nr 3", 3),
        ("Number two please", 2),
        ("option 1", 1),
        ("first", 1),
        ("The second one", 2),
        ("the 2nd option pls", 2),
        ("ok, the first one then", 1),
        ("i mean the third", 3),
        ("I'll take the last one", LAST),
        ("the latter", LAST),
        ("it's the second question i think", 2),
    ],
)
def test_a_place_is_named_by_a_number_or_a_word_with_little_around_it(text: str, place: int) -> None:
    assert place_named(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "", "yes", "10", "12345", "1.5", "1,000", "2 seats", "the first invoice", "first of all", "second thoughts", "upgrade to 2",
        "one more thing", "the second one is broken", "the one with the card", "last week", "no", "1 2", "FH-1", "that one",
        "ok " * 30 + "1",
    ],
)  # fmt: skip
def test_what_says_more_than_a_place_names_none(text: str) -> None:
    assert place_named(text) is None


def test_a_list_has_no_place_beyond_its_end() -> None:
    assert [at_place("ab", place) for place in (1, 2, 3, LAST)] == ["a", "b", None, "b"]
    assert at_place("", LAST) is None


async def test_words_that_choose_are_a_press_of_that_button_in_the_customers_own_words(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "the bill thing"), Reply("Which of these?", CHOICES))
    chosen = await floor.say(conversation, "the second one")
    assert (chosen.text, chosen.payload, chosen.turn) == ("the second one", "/refund", "pending")


async def test_which_of_several_articles_did_not_help_can_be_said_by_its_place(floor: Floor) -> None:
    conversation = await floor.visit()
    open_still = tuple(
        (title, f'/article_did_not_help{{"article_id": "{title}"}}') for title in ("invoices", "refunds")
    )
    await floor.answer(await floor.say(conversation, "that did not help"), Reply("Which of these?", open_still))
    assert (await floor.say(conversation, "the last one")).payload == open_still[1][1]


@pytest.mark.parametrize(
    "replies",
    [
        ["How can I help?"],
        [Reply("Did this help?", RATING, ANSWER)],
        [Reply("Use it?", CHOICES[:1])],
        [Reply("Which of these?", CHOICES), Reply("And the details?")],
    ],
)
async def test_where_the_last_words_of_the_bot_offer_no_choice_a_number_is_a_message(
    floor: Floor, replies: list[Reply | str]
) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "the bill thing"), *replies)
    assert (await floor.say(conversation, "1")).payload is None


async def test_a_place_beyond_the_list_and_words_to_a_person_choose_nothing(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.answer(await floor.say(conversation, "the bill thing"), Reply("Which of these?", CHOICES))
    assert (await floor.say(conversation, "4")).payload is None
    await floor.hand_over(conversation)
    said = await floor.say(conversation, "1")
    assert (said.payload, said.turn) == (None, None)
