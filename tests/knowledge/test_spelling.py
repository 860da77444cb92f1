"""Mistyped words: corrected to what the viewer may read, said in the result, and left alone where they are right."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import ANY

import pytest

from core.clock import FrozenClock
from core.database import Database
from knowledge.articles import Viewer
from knowledge.full_text import FullText
from knowledge.retriever import Retriever
from knowledge.spelling import Correction, Vocabulary, little_word, replaced, suspects
from knowledge.terms import terms
from tests.knowledge.conftest import Searching, WordsEncoder, keep, make_article

WORDS = Vocabulary(
    {"invoic": 5, "password": 9, "singl": 2, "sign": 4, "subscript": 3, "saml": 1, "calendar": 3, "base": 2}
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("invoci", "invoic"), ("passwrod", "password"), ("singel", "singl"), ("pasword", "password"),
     ("subscripton", "subscript"), ("calender", "calendar"), ("passsword", "password"), ("smal", "saml")],
)  # fmt: skip
def test_the_nearest_word_is_what_was_meant(typed: str, meant: str) -> None:
    assert WORDS.nearest(typed) == meant


@pytest.mark.parametrize("typed", ["password", "salesforce", "bake", "sml", "xyz", "402", "", "figma", "kubernetes"])
def test_right_foreign_and_short_words_have_no_other_meaning(typed: str) -> None:
    assert WORDS.nearest(typed) is None


@pytest.mark.parametrize(
    ("typed", "meant"), [("chnage", "chang"), ("chnge", "chang"), ("upgarde", "upgrad"), ("vote", None)]
)
def test_a_mistyped_word_may_keep_the_silent_e_that_a_right_one_loses(typed: str, meant: str | None) -> None:
    (stem,) = terms(typed)
    assert Vocabulary({"chang": 3, "upgrad": 1, "note": 1}).nearest(stem) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("wher", "where"), ("Teh", "the"), ("cna", "can"), ("shoud", "should"), ("wich", "which"), ("xyz", None),
     ("wat", None), ("invocie", None)],
)  # fmt: skip
def test_a_mistyped_little_word_is_a_little_word(typed: str, meant: str | None) -> None:
    assert little_word(typed) == meant


def test_of_two_equally_near_words_the_more_frequent_is_meant() -> None:
    assert Vocabulary({"carts": 1, "cards": 7}).nearest("carxs") == "cards"


def test_a_common_english_word_is_not_suspected_and_a_word_of_the_articles_neither() -> None:
    def knows(word: str) -> bool:
        return word == "weather"

    found = suspects("the weather in invocies ERR_402 x9z", ["weather", "invoci", "402"], knows)
    assert [(one.typed, one.stem, one.last) for one in found] == [("invocies", "invoci", False)]


def test_a_question_in_another_language_is_left_alone() -> None:
    words = ["wie", "kann", "meine", "rechnung", "bekommen", "bitte"]
    assert suspects(" ".join(words), terms(" ".join(words)), lambda _: False) == []


def test_every_place_of_a_mistyped_word_is_replaced_and_nothing_else() -> None:
    assert (
        replaced("Invocie? my invocie, invocies", [Correction("invocie", "invoice")]) == "invoice? my invoice, invocies"
    )


@pytest.mark.parametrize(
    ("question", "corrections"),
    [("invocie", [("invocie", "invoice")]), ("reset passwrod please", [("passwrod", "password")]), ("invoice", [])],
)
async def test_a_mistyped_question_finds_what_was_meant_and_says_so(
    database: Database, clock: FrozenClock, question: str, corrections: list[tuple[str, str]]
) -> None:
    await keep(
        database, make_article("bills", "Download an invoice."), make_article("sign-in", "Reset your password here.")
    )
    outcome = await Retriever(database, None, clock).search(question, viewer=Viewer.ANONYMOUS, log=False)
    assert [one.slug for one in outcome.results] == (["sign-in"] if "passwrod" in question else ["bills"])
    assert [(one.typed, one.used) for one in outcome.corrections] == corrections


async def test_the_corrected_question_is_what_is_compared_by_meaning(
    database: Database, words_encoder: WordsEncoder, searching: Searching, clock: FrozenClock
) -> None:
    await keep(database, make_article("bills", "Download an invoice."))
    async with searching(database, words_encoder) as retriever:
        few = await retriever.search("my invocie", viewer=Viewer.ANONYMOUS, log=False)
        assert words_encoder.encoded[-1] == "my invoice"
        # Among many passages the question as it was typed is being compared before the mistake is seen.
        many = Retriever(database, retriever.index, clock, FullText(few=0))
        assert await many.search("my invocie", viewer=Viewer.ANONYMOUS, log=False) == replace(few, entry=ANY)
    assert words_encoder.encoded.count("my invoice") == 2


async def test_mistyped_little_words_tell_as_little_as_right_ones(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards", "Where you change your payment card."))
    retriever = Retriever(database, None, clock, FullText(0))
    right = await retriever.search("where can i change teh card", viewer=Viewer.ANONYMOUS, log=False)
    typed = await retriever.search("wher cna i chnage teh card", viewer=Viewer.ANONYMOUS, log=False)
    assert [(one.typed, one.used) for one in typed.corrections] == [
        ("wher", "where"), ("cna", "can"), ("chnage", "change"), ("teh", "the"),
    ]  # fmt: skip
    assert typed.answered == right.answered
    assert typed.results[0].article_id == "cards"
    alone = await retriever.search("teh", viewer=Viewer.ANONYMOUS, log=False)
    assert not alone.answered


async def test_a_rare_right_term_is_not_corrected(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("a", "Quoted rate. Quoted rate."), make_article("b", "The quotes of quotax."))
    outcome = await Retriever(database, None, clock).search("quotax", viewer=Viewer.ANONYMOUS, log=False)
    assert ([one.slug for one in outcome.results], outcome.corrections) == (["b"], ())


async def test_a_word_of_hidden_articles_is_never_given_away_by_a_correction(
    database: Database, clock: FrozenClock
) -> None:
    secret = make_article("secret", "projectnightingale", visibility="internal", title="Projectnightingale")
    draft = make_article("draft", "projectsparrows", status="draft", title="Projectsparrows")
    await keep(database, make_article("open", "Nothing of interest."), secret, draft)
    retriever = Retriever(database, None, clock)
    for typed in ("projectnightingael", "projectsparrwos", "projectni"):
        for viewer in (Viewer.ANONYMOUS, Viewer.CUSTOMER):
            outcome = await retriever.search(typed, viewer=viewer, log=False)
            assert (outcome.results, outcome.corrections) == ([], ())
    outcome = await retriever.search("projectnightingael", viewer=Viewer.STAFF, log=False)
    assert [(one.typed, one.used) for one in outcome.corrections] == [("projectnightingael", "projectnightingale")]
    # Also when it was open a moment ago and its words are still remembered.
    await keep(database, make_article("open", "The word hummingbird."))
    assert (await retriever.search("humingbird", viewer=Viewer.CUSTOMER, log=False)).corrections
    await keep(database, make_article("open", "The word hummingbird.", visibility="internal"))
    assert not (await retriever.search("humingbird", viewer=Viewer.CUSTOMER, log=False)).corrections


async def test_a_half_typed_last_word_finds_what_it_may_become(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("bills", "Download a receipt."))
    retriever = Retriever(database, None, clock)
    outcome = await retriever.search("download rece", viewer=Viewer.ANONYMOUS, log=False)
    assert ([one.slug for one in outcome.results], outcome.corrections) == (["bills"], ())


async def test_two_words_find_what_is_written_as_one(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("door", "Your login."), make_article("other", "The audit."))
    outcome = await Retriever(database, None, clock).search("log in", viewer=Viewer.ANONYMOUS, log=False)
    assert [one.slug for one in outcome.results] == ["door"]
