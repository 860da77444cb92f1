"""What is marked in a passage is in it, and the passage that is shown is the one that the question is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FrozenClock
from core.database import Database
from core.embedding import Encoder
from knowledge.articles import Viewer
from knowledge.highlighting import Part, choose, highlight
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from knowledge.terms import question_terms, terms
from tests.knowledge.conftest import ROOT, keep, make_article

STEPS = "You are the Owner.\n\n1. Open **Settings**.\n2. Find the invoice.\n3. Select **Download PDF** at the end."


def marked(text: str, question: str) -> tuple[list[str], str | None]:
    asked = dict.fromkeys(question_terms(question), 1.0)
    found = highlight(text, asked, asked)
    sentence = None if found.sentence is None else text[slice(*found.sentence)]
    return [text[slice(*span)] for span in found.words], sentence


def test_words_are_marked_in_every_form_and_the_best_sentence_without_its_marks() -> None:
    words, sentence = marked(STEPS, "can I download my invoices as pdf?")
    assert words == ["invoice", "Download", "PDF"]
    assert sentence == "Select **Download PDF** at the end."


@pytest.mark.parametrize(
    ("text", "question", "words", "sentence"),
    [
        ("`ERR_402` says unpaid. Pay.", "err 402", ["ERR_402"], "`ERR_402` says unpaid."),
        ("| Plan | Price |\n|---|---|\n| Pro | 9 |", "price", ["Price"], "Plan | Price |"),
        ("Nothing here.", "visa", [], None),
        ("Naïve Café.", "naive cafe", ["Naïve", "Café"], "Naïve Café."),
        ("مرحبا visa שלום", "visa", ["visa"], "مرحبا visa שלום"),
        ("<b>visa</b> 🙂 visa", "visa", ["visa", "visa"], "<b>visa</b> 🙂 visa"),
    ],
)
def test_spans_are_pieces_of_the_text(text: str, question: str, words: list[str], sentence: str | None) -> None:
    assert marked(text, question) == (words, sentence)


@given(st.text(max_size=200), st.text(max_size=40))
def test_spans_of_any_text_are_in_order_inside_it_and_hold_what_was_asked(text: str, question: str) -> None:
    asked = dict.fromkeys(question_terms(question), 1.0)
    found = highlight(text, asked, asked)
    end = 0
    for start, stop in found.words:
        assert end <= start < stop <= len(text)
        assert set(terms(text[start:stop])) & set(asked)
        end = stop
    if found.sentence is not None:
        assert 0 <= found.sentence[0] < found.sentence[1] <= len(text)


def test_a_question_that_the_title_answers_is_shown_the_general_passage_with_the_steps() -> None:
    title = frozenset({"invoic", "pdf"})
    parts = [
        Part(0, "Each charge makes an invoice.", 0.66, title, title),
        Part(1, STEPS, 0.68, title, title),
        Part(2, "A whole year of invoices.", 0.69, title, title),
    ]
    assert choose("can I get my invoices as pdf?", parts, {"invoic": 1.0, "pdf": 2.0}) == 1
    year = [*parts[:2], Part(2, "A whole year of invoices.", 0.69, title | {"year"}, title)]
    assert choose("invoices of a whole year", year, {"invoic": 1.0, "year": 2.0}) == 2


async def test_a_results_marks_are_offsets_into_its_own_passage(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("bills", f"# One\n\nBefore.\n\n## Two\n\n{STEPS}"))
    (result,) = (await Retriever(database, None, clock).search("download pdf", viewer=Viewer.ANONYMOUS)).results
    assert [result.text[slice(*span)] for span in result.highlights.words] == ["Download", "PDF"]


async def test_the_shipped_articles_show_the_passage_that_answers(
    tmp_path: Path, encoder: Encoder, clock: FrozenClock, database: Database
) -> None:
    await sync_folder(database, ROOT / "knowledge" / "articles", clock)
    index = KnowledgeIndex(database, encoder, tmp_path / "index")
    await index.open()
    try:
        await index.refresh()
        retriever = Retriever(database, index, clock)
        for question, heading in {
            "can I get my invoices as pdf?": "Download one invoice",
            "I need last years invoices for my accountant": "Download a whole year of invoices",
            "forgot password": "Reset the password",
            "what is ERR_402": "What ERR_402 means",
            "download all of our data": "Export the whole workspace",
            "verify a webhook signature": "Check the signature",
            "how do I add a colleague": "Invite by email",
        }.items():
            outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, log=False)
            assert outcome.results[0].heading == heading, question
    finally:
        await index.close()
