"""What is marked in a passage is in it, and the passage that is shown is the one that the question is about."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.clock import FrozenClock
from core.database import Database
from core.embedding import Encoder
from knowledge.articles import Viewer
from knowledge.best_passage import Part, choose
from knowledge.highlighting import Marked, mark
from knowledge.index import KnowledgeIndex
from knowledge.rendering import render
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from knowledge.terms import question_terms
from tests.knowledge.conftest import ROOT, keep, make_article

STEPS = "You are the Owner.\n\n1. Open **Settings**.\n2. Find the invoice.\n3. Select **Download PDF** at the end."


def marked(text: str, question: str) -> Marked:
    return mark(render(text), dict.fromkeys(question_terms(question), 1.0))


def without_marks(html: str) -> str:
    return re.sub("</?mark>", "", html)


def test_the_best_sentence_is_marked_across_inline_tags_and_the_words_in_it_once_more() -> None:
    found = marked(STEPS, "can I download my invoices as pdf?")
    assert found.words == ("invoice", "Download", "PDF")
    assert found.sentence == "Select Download PDF at the end."
    shown = "<mark>Select </mark><strong><mark><mark>Download</mark> <mark>PDF</mark></mark></strong><mark> at the end.</mark>"
    assert f"<li>{shown}</li>" in found.html
    assert found.html.count("<li>Find the invoice.</li>") == 1


@pytest.mark.parametrize(
    ("text", "question", "html", "sentence"),
    [
        ("`ERR_402` is due. Pay.", "err 402", "<p><code><mark><mark>ERR_402</mark></mark></code><mark> is due.</mark> Pay.</p>",
         "ERR_402 is due."),
        ("Pay by visa.", "visa", "<p>Pay by <mark>visa</mark>.</p>", None),
        ("# Visa\n\nCards only.", "visa", "<h1><mark>Visa</mark></h1>\n<p>Cards only.</p>", None),
        ("Tick it. Then visa.\n\nBye.", "visa plus many other words", "<p>Tick it. Then <mark>visa</mark>.</p>\n<p>Bye.</p>", None),
        ("AT&amp;T & amp", "amp", "<p>AT&amp;T &amp; <mark>amp</mark></p>", None),
        ("Nothing here.", "visa", "<p>Nothing here.</p>", None),
        ("Naïve Café.", "naive cafe", "<p><mark>Naïve</mark> <mark>Café</mark>.</p>", None),
        ("مرحبا visa שלום", "visa", "<p>مرحبا <mark>visa</mark> שלום</p>", None),
        ('[a](/b "c > visa") x', "visa", '<p><a href="/b" title="c &gt; visa" rel="noopener noreferrer">a</a> x</p>', None),
    ],
)  # fmt: skip
def test_marks_stand_around_text_and_nowhere_else(text: str, question: str, html: str, sentence: str | None) -> None:
    found = marked(text, question)
    assert (found.html, found.sentence) == (html, sentence)


@settings(max_examples=150)
@example(["a", ".", "`", "visa", "`"], "visa")
@given(
    st.lists(
        st.sampled_from([*"ab.<>&`*_[]()#|- \n\"'", "visa", "pay", "&lt;", "**", "](/x)", "\n\n", "1. ", "```\n"]),
        max_size=40,
    ),
    st.sampled_from(["visa", "pay visa", "a b", "&", ""]),
)
def test_without_its_marks_the_html_is_the_articles_own_and_marks_are_always_closed(
    parts: list[str], question: str
) -> None:
    text = "".join(parts)
    found = marked(text, question)
    assert without_marks(found.html) == render(text)
    assert "<mark></mark>" not in found.html
    depth = 0
    for tag in re.findall("</?[a-z0-9]+", found.html):
        depth += {"<mark": 1, "</mark": -1}.get(tag, 0)
        assert 0 <= depth <= 2
        assert depth == 0 or tag in {"<mark", "</mark"}, "a mark never holds another tag"
    # A word may go on across a tag within a line, such as one of code.
    read = re.sub("<[^>]*>", " ", re.sub("</?(?:a|code|em|strong)\\b[^>]*>", "", render(text)))
    assert set(found.words) <= set(re.findall(r"[^\W_]+(?:[._\-/+:@&'’][^\W_]+)*", unescape(read)))


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


def test_of_passages_with_the_same_words_the_one_whose_heading_holds_them_is_shown() -> None:
    title, held = frozenset({"invoic"}), frozenset({"invoic", "year"})
    kept = Part(0, "Invoices stay for 7 years.", 0.62, held, title)
    asked = Part(2, "Choose a year in the filter.", 0.62, held, title)
    idf = {"invoic": 1.0, "year": 2.0}
    assert choose("last years invoices", [kept, asked], idf) == 0
    headed = Part(2, asked.text, 0.62, held, title, frozenset({"download", "whole", "year"}))
    assert choose("last years invoices", [kept, headed], idf) == 1


async def test_a_result_says_what_of_its_own_passage_matched(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("bills", f"# One\n\nBefore.\n\n## Two\n\n{STEPS}"))
    (result,) = (await Retriever(database, None, clock).search("download pdf", viewer=Viewer.ANONYMOUS)).results
    assert (result.words, result.sentence) == (("Download", "PDF"), "Select Download PDF at the end.")
    assert "<mark>PDF</mark>" in result.html


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
