"""A question goes on from the one before where that one's article holds what it asks for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.clock import FrozenClock
from core.database import Database
from knowledge.articles import Viewer
from knowledge.follow_ups import LONGEST_BEFORE, goes_on, leans, may_lean, together, with_own_passage
from knowledge.results import Result, SearchOutcome
from knowledge.spelling import Correction
from tests.knowledge.conftest import Searching, WordsEncoder, keep, make_article

ASKED = {"invit": 1.0, "guest": 2.0, "mani": 1.0, "price": 3.0, "pizza": 6.0}


def found(*held: str, answered: bool = True, corrections: tuple[Correction, ...] = ()) -> SearchOutcome:
    first = Result("a", "a", "A", "", "/help/a", "a", 1.0, "public", "", asked=ASKED, held=frozenset(held))
    return SearchOutcome([first], answered, 0.9, corrections=corrections)


@pytest.mark.parametrize(
    ("question", "held", "expected"),
    [
        ("and the price?", {"guest", "price"}, True),
        ("how can I do that?", {"guest"}, True),
        ("how many pizzas?", {"guest", "mani"}, False),
        ("many prices", {"guest", "price"}, True),
        ("many prices", {"guest", "mani"}, False),
        ("invite many guests", {"invit", "mani", "guest"}, False),
    ],
)
def test_the_article_has_to_hold_most_of_a_short_questions_own_words(
    question: str, held: set[str], expected: bool
) -> None:
    assert goes_on(question, found(*held)) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("is it many?", True),
        ("are there many?", False),
        ("is it pizza?", False),
        ("how many is it?", True),
        ("will they invite many guests at a price?", False),
    ],
)
def test_a_word_for_something_said_before_forgives_common_words_that_the_article_lacks(
    question: str, expected: bool
) -> None:
    assert goes_on(question, found("guest")) is expected


@pytest.mark.parametrize(
    ("question", "held", "expected"),
    [
        ("when is it a price?", {"price"}, True),
        ("when is it a price?", {"guest"}, False),
        ("what is that price?", {"guest"}, True),
        ("many prices for it?", {"mani", "price"}, False),
        ("what is it?", {"guest"}, True),
    ],
)
def test_a_question_of_one_telling_word_leans_on_the_one_before_though_it_has_an_answer(
    question: str, held: set[str], expected: bool
) -> None:
    assert may_lean(question)
    assert leans(question, found(*held)) is expected
    assert not leans(question, found(*held, answered=False))


def test_a_question_without_a_word_for_something_said_before_stands_alone() -> None:
    assert not may_lean("is there an app for android")


def test_a_mistyped_word_counts_as_it_was_corrected() -> None:
    typed = (Correction("prize", "price"),)
    assert goes_on("and the prize?", found("guest", "price", corrections=typed))
    assert not goes_on("and the prize?", found("guest", corrections=typed))


def test_what_has_no_answer_together_with_the_one_before_does_not_go_on() -> None:
    assert not goes_on("and the price?", found("guest", "price", answered=False))
    assert not goes_on("and the price?", SearchOutcome())


def test_of_the_question_before_the_end_is_taken_along() -> None:
    assert together("ab" * LONGEST_BEFORE, "and?") == f"{'ab' * (LONGEST_BEFORE // 2)} and?"


def test_the_passage_is_the_one_that_the_question_itself_is_about() -> None:
    outcome = found("guest")
    own = replace(outcome.results[0], heading="Prices")
    assert with_own_passage(outcome.results[0], SearchOutcome([own])) is own
    assert with_own_passage(outcome.results[0], SearchOutcome()) is outcome.results[0]


async def test_the_log_has_both_questions_where_one_goes_on_and_only_its_own_words_where_it_does_not(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(
        database,
        make_article("invite-a-guest", "Invite a guest by email. The price is nothing."),
        make_article("export", "Download everything as a spreadsheet."),
        make_article("sign-in", "Passwords are long."),
    )
    async with searching(database, words_encoder) as retriever:

        async def asked(question: str, after: str) -> SearchOutcome:
            return await retriever.search(question, viewer=Viewer.ANONYMOUS, after=after, log=False)

        on = await asked("how about the prices", "invite a guest")
        assert (on.answered, on.results[0].slug) == (True, "invite-a-guest")
        off = await asked("any pizza", "invite a guest")
        alone = await asked("invite a guest", "how do I export")
    logged = [one.entry.question for one in (on, off, alone) if one.entry]
    assert logged == ["invite a guest how about the prices", "any pizza", "invite a guest"]
    assert [one.question for one in (on, off, alone)] == logged
    assert not off.answered
