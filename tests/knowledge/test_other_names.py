"""A question is understood in the articles' words where it has other names for things, and as it was asked where that matches better."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FrozenClock
from core.database import Database
from knowledge.articles import BrokenArticle, Viewer
from knowledge.other_names import FILE, MOST, OtherNames, better_of, read_other_names
from knowledge.results import Result, SearchOutcome
from knowledge.retriever import Retriever
from knowledge.seed import check_folder
from tests.knowledge.conftest import Searching, WordsEncoder, keep, make_article

NAMES = OtherNames({"Card": "task", "board": "project", "support ticket": "request", "ticket": "task", "to-do": "task"})


@pytest.mark.parametrize(
    ("question", "reading", "typed"),
    [
        ("Restore a deleted card?", "Restore a deleted task?", ["card"]),
        ("CARDS of two boards", "tasks of two projects", ["CARDS", "boards"]),
        ("a support ticket and a ticket", "a request and a task", ["support ticket", "ticket"]),
        ("my to-dos, card by card", "my tasks, task by task", ["to-dos", "card"]),
        ("TİCKETS, a support tıcket", "tasks, a request", ["TİCKETS", "support tıcket"]),
    ],
)
def test_other_names_become_the_articles_words(question: str, reading: str, typed: list[str]) -> None:
    read = NAMES.reading(question)
    assert read is not None
    assert (read.question, [one.typed for one in read.replaced]) == (reading, typed)


@pytest.mark.parametrize("question", ["Discard it", "cardboard, dashboard", "a task", "", "🃏"])
def test_a_question_without_other_names_has_no_second_reading(question: str) -> None:
    assert NAMES.reading(question) is None
    assert OtherNames().reading("a card") is None


def test_a_name_is_known_however_its_letters_fold(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("Straße: address\n", encoding="utf-8")
    read = read_other_names(tmp_path).reading("my straße, STRASSE or STRAßE")
    assert read is not None
    assert read.question == "my address, address or address"


@pytest.fixture
async def articles(database: Database) -> Database:
    await keep(
        database,
        make_article("recover", "Restore a deleted task from the trash.", title="Restore a deleted task"),
        make_article("payment", "Replace a card that the bank has declined.", title="Payment card"),
        make_article("other", "Nothing of interest."),
    )
    return database


async def found(retriever: Retriever, question: str) -> tuple[str, list[tuple[str, str]]]:
    outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, log=False)
    return outcome.results[0].slug, [(one.typed, one.used) for one in outcome.corrections]


async def test_the_reading_that_matches_better_counts_and_says_what_was_searched_for(
    articles: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    async with searching(articles, words_encoder) as retriever:
        assert (await found(retriever, "restore card"))[1] == []
        retriever.names = NAMES
        assert await found(retriever, "restore card") == ("recover", [("card", "task")])
        assert await found(retriever, "restore deleted card") == ("recover", [])
        assert await found(retriever, "my card was declined") == ("payment", [])


def outcome(score: float, *, answered: bool, slug: str = "asked", held: tuple[str, ...] = ()) -> SearchOutcome:
    found = Result(slug, slug, "Title", "", f"/help/{slug}", "Text", score, "public", "", held=frozenset(held))
    return SearchOutcome([found], answered, 0.5)


@pytest.mark.parametrize(
    ("asked", "read", "as_asked"),
    [
        (outcome(0.57, answered=False), outcome(0.58, answered=False, slug="read", held=("task",)), True),
        (outcome(0.57, answered=False), outcome(0.58, answered=True, slug="read", held=("task",)), False),
        (outcome(0.57, answered=True), outcome(0.58, answered=True, slug="read", held=("task",)), False),
        (outcome(0.57, answered=True), outcome(0.58, answered=True, slug="read", held=("accept",)), True),
        (outcome(0.57, answered=True), outcome(0.58, answered=True, held=("task",)), True),
        (outcome(0.57, answered=False), outcome(0.58, answered=True, held=("task",)), False),
        (outcome(0.58, answered=True), outcome(0.57, answered=True, slug="read", held=("task",)), True),
        (SearchOutcome(), outcome(0.2, answered=False), False),
        (outcome(0.1, answered=False), SearchOutcome(), True),
    ],
)
def test_a_word_keeps_the_sense_that_it_was_typed_in_unless_an_article_answers_the_other(
    asked: SearchOutcome, read: SearchOutcome, as_asked: bool
) -> None:
    reading = NAMES.reading("which cards do you accept")
    assert reading is not None
    assert (better_of(asked, reading, read) is asked) == as_asked


async def test_a_name_leads_nobody_to_what_they_may_not_see(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("limits", "Limits of nightingale.", visibility="internal", title="Nightingale"))
    retriever = Retriever(database, None, clock)
    retriever.names = OtherNames({"bird": "nightingale"})
    outcome = await retriever.search("bird", viewer=Viewer.CUSTOMER, log=False)
    assert (outcome.results, outcome.corrections) == ([], ())
    assert (await found_as_staff(retriever, "bird")) == ["limits"]


async def found_as_staff(retriever: Retriever, question: str) -> list[str]:
    outcome = await retriever.search(question, viewer=Viewer.STAFF, log=False)
    return [one.slug for one in outcome.results]


def test_the_file_is_read_and_none_is_no_names(tmp_path: Path) -> None:
    assert len(read_other_names(tmp_path)) == 0
    (tmp_path / FILE).write_text("# nothing yet\n", encoding="utf-8")
    assert len(read_other_names(tmp_path)) == 0
    (tmp_path / FILE).write_text("card: task\nno: 'off'\n2: two\n", encoding="utf-8")
    read = read_other_names(tmp_path).reading("no card 2")
    assert read is not None
    assert read.question == "off task two"


BROKEN = {
    "- card\n": "other-names.yml:1: write each name as",
    "card: task\nboard: [project]\n": "other-names.yml:2: a name and what it stands for",
    "card: task\nboard:\n": "other-names.yml:2: a name and what it stands for",
    f"card: {'x' * 61}\n": "other-names.yml:1: a name and what it stands for",
    "card: task\nCard: project\n": "other-names.yml:2: Card is named a second time",
    "card: task\nboard: 'x\n": "other-names.yml:3: the file is not YAML",
    "\n".join(f"n{number}: x" for number in range(MOST + 1)): "other-names.yml:1: there are more than 1,000",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_told_by_line_and_reason(tmp_path: Path, clock: FrozenClock, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BrokenArticle) as raised:
        read_other_names(tmp_path)
    assert str(raised.value).startswith(BROKEN[text])
    assert check_folder(tmp_path, clock)[1][0].message == raised.value.message
