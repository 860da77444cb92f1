"""The one search: who sees what, what is asked of it, and what it makes of nonsense."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import FrozenClock
from core.database import Database, metadata
from core.errors import Invalid, NotFound
from knowledge.articles import Article, Viewer
from knowledge.full_text import FullText
from knowledge.index import KnowledgeIndex
from knowledge.postings import FEW
from knowledge.retriever import LONGEST_QUESTION, Retriever
from knowledge.store import list_articles, remove_article
from knowledge.tables import searches
from knowledge.terms import STOP_WORDS
from tests.knowledge.conftest import AT, Searching, WordsEncoder, keep, make_article

WORDS = ("invoice", "refund", "card", "login", "saml", "export", "trello", "seat")
ARTICLES = st.lists(
    st.builds(
        lambda n, words, visibility, audience, status: make_article(
            f"a-{n}", " ".join(words), visibility=visibility, audience=audience, status=status
        ),
        st.integers(0, 12),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
        st.sampled_from(["public", "authenticated", "internal"]),
        st.sampled_from(["customer", "internal", "both"]),
        st.sampled_from(["published", "published", "draft"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one.slug,
)
WAYS = (0, FEW)
"""How many passages are few: words are searched in SQL, or in memory."""
TYPOS = {"invoice": "invocie", "refund": "refnud", "trello": "trelo", "export": "exprot", "login": "lgoin"}


def may_see(article: Article, viewer: Viewer) -> bool:
    if article.status == "draft":
        return False
    allowed = {"public": 0, "authenticated": 1, "internal": 2}[article.visibility]
    return viewer >= (2 if article.audience == "internal" else allowed)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=ARTICLES,
    second=ARTICLES,
    question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    few=st.sampled_from(WAYS),
)
def test_no_viewer_ever_receives_what_is_not_theirs(
    tmp_path_factory: pytest.TempPathFactory, first: list[Article], second: list[Article], question: list[str], few: int
) -> None:
    """Also while the index lags behind SQL: `second` is written after it was built."""

    async def check(folder: Path) -> None:
        database = Database.open(f"sqlite:///{folder}/baton.db")
        async with database.write() as tx:
            await tx.connection.run_sync(metadata.create_all)
        index = KnowledgeIndex(database, WordsEncoder(), folder / "index")
        retriever = Retriever(database, index, FrozenClock(first[0].created), FullText(few))
        try:
            await keep(database, *first)
            await index.open()
            await index.refresh()
            current = {one.id: one for one in first}
            for changed in ([], second):
                await keep(database, *changed)
                current |= {one.id: one for one in changed}
                for viewer in Viewer:
                    outcome = await retriever.search(" ".join(question), viewer=viewer, limit=50, log=False)
                    received = {one.article_id for one in outcome.results}
                    assert received <= {one.id for one in current.values() if may_see(one, viewer)}
                    holding = {
                        one.id
                        for one in current.values()
                        if may_see(one, viewer) and set(one.content.split()) & set(question)
                    }
                    assert received >= holding
                    visible = {one.id: one for one in current.values() if may_see(one, viewer)}
                    await check_other_ways(database, retriever, viewer, visible, current)
        finally:
            await index.close()
            await database.close()

    asyncio.run(check(tmp_path_factory.mktemp("corpus")))


async def check_other_ways(
    database: Database,
    retriever: Retriever,
    viewer: Viewer,
    visible: dict[str, Article],
    everything: dict[str, Article],
) -> None:
    """Related articles, corrections, half-typed words, narrowed searches, lists and single articles show no more than a search."""
    readable = {word for one in visible.values() for word in (*one.content.split(), *one.title.lower().split())}
    for right, typed in TYPOS.items():
        for question in (typed, right[:4]):
            outcome = await retriever.search(question, viewer=viewer, limit=50, log=False)
            assert {one.article_id for one in outcome.results} <= set(visible)
            assert {one.used.lower() for one in outcome.corrections} <= readable | STOP_WORDS
    for audience in ("customer", "internal", "both"):
        outcome = await retriever.search("invoice", viewer=viewer, audience=audience, limit=50, log=False)
        assert {one.article_id for one in outcome.results} <= set(visible)
    for one in everything.values():
        if one.id in visible:
            assert {other.article_id for other in await retriever.related(one.slug, viewer, 20)} <= set(visible)
        else:
            with pytest.raises(NotFound):
                await retriever.related(one.slug, viewer)
    async with database.read() as reader:
        assert {one.id for one in await list_articles(reader, viewer)} == set(visible)


@pytest.mark.parametrize("few", WAYS)
async def test_what_a_viewer_may_not_see_does_not_even_move_what_they_see(
    database: Database, words_encoder: WordsEncoder, searching: Searching, few: int
) -> None:
    await keep(database, make_article("cards", "visa invoice"), make_article("refunds", "invoice refund"))
    secret = [make_article(f"secret-{n}", "invoice " * n, visibility="internal") for n in range(1, 9)]
    async with searching(database, words_encoder) as opened:
        retriever = Retriever(database, opened.index, FrozenClock(AT), FullText(few))
        before = await retriever.search("visa invoice", viewer=Viewer.CUSTOMER, log=False)
        await keep(database, *secret)
        assert retriever.index is not None
        await retriever.index.refresh()
        after = await retriever.search("visa invoice", viewer=Viewer.CUSTOMER, log=False)
        assert replace(after, entry=before.entry) == before
        assert len((await retriever.search("visa invoice", viewer=Viewer.STAFF, limit=20, log=False)).results) == 10


async def test_a_result_is_the_articles_own_passage_with_its_link(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    content = "Before.\n\n## Download <b>it</b>\n\nSelect **PDF** of the invoice."
    await keep(database, make_article("invoices", content, category="Billing"))
    async with searching(database, words_encoder) as retriever:
        (result,) = (await retriever.search("invoice pdf", viewer=Viewer.ANONYMOUS, log=False)).results
    assert (result.slug, result.url, result.category) == ("invoices", "/help/invoices", "Billing")
    assert result.text in content
    assert (
        result.html.replace("<mark>", "").replace("</mark>", "") == "<p>Select <strong>PDF</strong> of the invoice.</p>"
    )
    assert 0.0 < result.score <= 1.0


async def test_words_are_found_at_once_after_a_write_without_any_index(database: Database, clock: FrozenClock) -> None:
    retriever = Retriever(database, None, clock)
    await keep(database, make_article("errors", "The code ERR_402 means that a payment failed."))
    outcome = await retriever.search("err 402", viewer=Viewer.ANONYMOUS, log=False)
    assert [one.slug for one in outcome.results] == ["errors"]
    assert not outcome.semantic
    await keep(database, make_article("errors", "Nothing of the kind."))
    assert (await retriever.search("err 402", viewer=Viewer.ANONYMOUS, log=False)).results == []
    async with database.write() as tx:
        await remove_article(tx, "errors")
    assert (await retriever.search("nothing kind", viewer=Viewer.ANONYMOUS, log=False)).results == []


async def test_a_category_is_a_filter_and_one_that_does_not_exist_is_empty(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(
        database, make_article("a", "invoice", category="Billing"), make_article("b", "invoice", category="Projects")
    )
    async with searching(database, words_encoder) as retriever:
        for category, slugs in (("Billing", ["a"]), ("Projects", ["b"]), ("None", []), ("' OR 1=1 --", [])):
            outcome = await retriever.search("invoice", viewer=Viewer.ANONYMOUS, category=category, log=False)
            assert [one.slug for one in outcome.results] == slugs


@pytest.mark.parametrize("few", WAYS)
async def test_articles_that_are_not_wanted_are_as_if_they_were_not_there(
    database: Database, clock: FrozenClock, few: int
) -> None:
    await keep(
        database,
        make_article("a-1", "refund invoice card", title="Refund invoice card"),
        make_article("a-2", "Pay by card."),
    )
    retriever = Retriever(database, None, clock, FullText(few))

    async def ask(*without: str) -> tuple[list[str], bool]:
        outcome = await retriever.search("refund invoice card", viewer=Viewer.ANONYMOUS, log=False, without=without)
        return [one.slug for one in outcome.results], outcome.answered

    assert await ask() == (["a-1", "a-2"], True)
    assert await ask("a-1") == (["a-2"], False)
    assert await ask("a-1", "a-2") == ([], False)


async def test_a_word_that_is_being_typed_is_not_taken_for_a_little_one(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("a-1", "invoice"))
    outcome = await Retriever(database, None, clock).search("the invo", viewer=Viewer.ANONYMOUS, log=False)
    assert ([one.slug for one in outcome.results], outcome.corrections) == (["a-1"], ())


@pytest.mark.parametrize("question", ["", "   \n\t ", "\x00"])
async def test_an_empty_question_is_refused(database: Database, clock: FrozenClock, question: str) -> None:
    with pytest.raises(Invalid, match="type a question"):
        await Retriever(database, None, clock).search(question, viewer=Viewer.ANONYMOUS)


async def test_a_question_as_long_as_a_book_is_refused_and_a_very_long_one_is_searched_by_what_tells_most(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(database, make_article("cards", "visa"), make_article("other", "word story"))
    story = "word " * 5_000
    async with searching(database, words_encoder) as retriever:
        with pytest.raises(Invalid, match="100,000 characters"):
            await retriever.search("x" * (LONGEST_QUESTION + 1), viewer=Viewer.ANONYMOUS)
        for question in (f"{story} visa {story}", "x" * 50_000, " ".join(f"w{n}" for n in range(10_000)) + " visa"):
            outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, log=False)
            assert outcome.results or "visa" not in question
        assert (await retriever.search("visa " * 10_000, viewer=Viewer.ANONYMOUS)).results[0].slug == "cards"


async def test_an_audience_narrows_what_a_viewer_sees_and_never_widens_it(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(
        database,
        make_article("a", "invoice", audience="customer"),
        make_article("b", "invoice", audience="internal"),
        make_article("c", "invoice", audience="both", category="Billing"),
        make_article("d", "invoice", audience="customer", visibility="internal"),
    )
    async with searching(database, words_encoder) as retriever:

        async def slugs(viewer: Viewer, **only: Any) -> list[str]:
            outcome = await retriever.search("invoice", viewer=viewer, log=False, **only)
            return sorted(one.slug for one in outcome.results)

        assert await slugs(Viewer.STAFF) == ["a", "b", "c", "d"]
        assert await slugs(Viewer.STAFF, audience="customer") == ["a", "c", "d"]
        assert await slugs(Viewer.STAFF, audience="internal") == ["b", "c"]
        assert await slugs(Viewer.STAFF, audience="customer", category="Billing") == ["c"]
        assert await slugs(Viewer.CUSTOMER, audience="customer") == ["a", "c"]
        assert await slugs(Viewer.CUSTOMER, audience="internal") == ["c"]
        with pytest.raises(Invalid, match="audience must be one of"):
            await slugs(Viewer.STAFF, audience="everybody")


@pytest.mark.parametrize("limit", [0, -1, 51, 10_000])
async def test_a_limit_out_of_bounds_is_refused(database: Database, clock: FrozenClock, limit: int) -> None:
    with pytest.raises(Invalid, match="between 1 and 50"):
        await Retriever(database, None, clock).search("visa", viewer=Viewer.ANONYMOUS, limit=limit)


@pytest.mark.parametrize("question", ["?!…", "🙂🙂🙂", '"', "***", "--", "()", "\u202e", "." * 50_000])
async def test_a_question_without_words_has_no_answer(
    database: Database, words_encoder: WordsEncoder, searching: Searching, question: str
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with searching(database, words_encoder) as retriever:
        outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, log=False)
    assert (outcome.results, outcome.answered, outcome.confidence) == ([], False, 0.0)


@pytest.mark.parametrize(
    "question",
    [
        'visa"',
        "visa* AND NOT",
        "NEAR(visa, 2)",
        "visa OR",
        "-visa",
        "terms:visa",
        "visa'); DROP TABLE knowledge_articles; --",
        "visa & | ! <-> :*",
        "<script>visa</script>",
        "visa \x00 \ud7ff \uffff",
        "مرحبا visa שלום",
        "visa " + "%s %(a)s :b $1 ?",
    ],
)
async def test_operators_and_code_in_a_question_are_only_words(
    database: Database, words_encoder: WordsEncoder, searching: Searching, question: str
) -> None:
    await keep(database, make_article("cards", "We take visa."))
    async with searching(database, words_encoder) as retriever:
        outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, surface="bot")
    assert [one.slug for one in outcome.results] == ["cards"]


async def test_bytes_of_a_command_line_that_are_no_text_are_searched_for_as_unreadable(
    database: Database, clock: FrozenClock
) -> None:
    outcome = await Retriever(database, None, clock).search("visa \udcff\x00 card", viewer=Viewer.ANONYMOUS, log=False)
    assert outcome.question == "visa \N{REPLACEMENT CHARACTER}  card"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=60))
async def test_any_text_is_searched_or_refused(database: Database, clock: FrozenClock, question: str) -> None:
    retriever = Retriever(database, None, clock)
    if question.replace("\x00", " ").strip():
        assert (await retriever.search(question, viewer=Viewer.STAFF, log=False)).results == []
    else:
        with pytest.raises(Invalid):
            await retriever.search(question, viewer=Viewer.STAFF, log=False)


async def test_both_databases_and_memory_find_the_same_with_the_same_scores(
    tmp_path: Path, postgresql_url: str, clock: FrozenClock
) -> None:
    corpus = [
        make_article(f"a-{n}", " ".join(WORDS[(n * k) % len(WORDS)] for k in range(1, 2 + n % 7))) for n in range(40)
    ]
    answers = []
    for url in (f"sqlite:///{tmp_path}/baton.db", postgresql_url):
        database = Database.open(url)
        async with database.write() as tx:
            await tx.connection.run_sync(metadata.drop_all)
            await tx.connection.run_sync(metadata.create_all)
        await keep(database, *corpus)
        for few in WAYS:
            retriever = Retriever(database, None, clock, FullText(few))
            found = []
            for question in ("invoice refund", "saml login card", "trello", "trelo cards"):
                outcome = await retriever.search(question, viewer=Viewer.STAFF, limit=20, log=False)
                results = [(one.slug, round(one.score, 9)) for one in outcome.results]
                found.append((results, outcome.corrections, round(outcome.confidence, 9)))
            answers.append(found)
        await database.close()
    assert answers[0][0][0]
    assert all(found == answers[0] for found in answers)


async def test_a_search_is_logged_once_with_its_outcome(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with searching(database, words_encoder) as retriever:
        outcome = await retriever.search(
            "visa for dana@acme.example", viewer=Viewer.CUSTOMER, surface="bot", conversation_id="cv_1"
        )
        quiet = await retriever.search("quiet", viewer=Viewer.CUSTOMER, surface="bot", log=False)
    async with database.read() as reader:
        (row,) = (await reader.execute(sa.select(searches))).all()
    assert outcome.entry is not None
    assert row.id == outcome.entry.id
    assert quiet.entry is not None
    assert quiet.entry.question == "quiet"
    assert (row.question, row.surface, row.conversation_id) == ("visa for [email]", "bot", "cv_1")
    assert row.outcome == ("answered" if outcome.answered else "unanswered")
    assert row.results == ["cards"]
