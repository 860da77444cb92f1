"""The desk's list of articles: narrowed by words as they are typed and by state, paged without gaps, read from an index."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database
from knowledge.articles import Audience, Viewer, Visibility
from knowledge.editors_list import (
    CategoryCount,
    Narrowed,
    Readers,
    categories_for_editors,
    count_for_editors,
    named_like,
    rows_for_editors,
    titles_of,
)
from knowledge.reviews import open_due_reviews
from knowledge.store import list_articles, save_article
from knowledge.versions import save_draft
from tests.knowledge.conftest import AT, keep, make_article

ARTICLES = (
    make_article("cards", title="Pay by card", tags=("visa", "100%"), category="Billing", subcategory="Cards"),
    make_article("invoices", title="Download invoices", tags=("pdf_a", "Größe"), category="Billing"),
    make_article("saml", title="SAML: Über uns", tags=('say "hi"', "back\\slash"), category="access", audience="internal"),
    make_article("plans", title="Plans", category="Accounts", visibility="authenticated"),
    make_article("hidden", title="Not done", category="Accounts", status="draft", subcategory="Old"),
)  # fmt: skip


@pytest.fixture
async def shelf(database: Database) -> Database:
    """Five articles, each changed a minute after the one before."""
    for number, one in enumerate(ARTICLES):
        at = AT + timedelta(minutes=number)
        async with database.write() as tx:
            await save_article(tx, replace(one, updated=at), at=at, by="Amara")
    return database


async def ids(database: Database, **narrowed: Any) -> list[str]:
    by = Narrowed(**narrowed)
    async with database.read() as reader:
        found = [row.id for row in await rows_for_editors(reader, by, limit=50)]
        assert await count_for_editors(reader, by) == len(found)
    return found


async def test_the_article_that_was_changed_last_comes_first(shelf: Database) -> None:
    assert await ids(shelf) == ["hidden", "plans", "saml", "invoices", "cards"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("CARD", ["cards"]),
        ("voice", ["invoices"]),
        ("pay visa", ["cards"]),
        ("pay pdf", []),
        ("100%", ["cards"]),
        ("%", ["cards"]),
        ("_", ["invoices"]),
        ("pdf_", ["invoices"]),
        ("größe", ["invoices"]),
        ("GRÖßE", ["invoices"]),
        ("über", ["saml"]),
        ("ÜBER SAML", ["saml"]),
        ('"hi"', ["saml"]),
        ("\\", ["saml"]),
        ("[", []),
        ('","', []),
        ("' OR 1=1 --", []),
        ("\u202e", []),
    ],
)
async def test_words_are_found_in_titles_slugs_and_tags_and_signs_are_themselves(
    shelf: Database, words: str, found: list[str]
) -> None:
    assert await ids(shelf, words=words) == found


async def test_a_list_is_narrowed_by_state_category_and_readers(shelf: Database) -> None:
    async with shelf.write() as tx:
        for slug in ("cards", "hidden"):
            await save_draft(tx, make_article(slug, "Soon."), based_on=1, revision=0, by="Amara", at=AT)
    assert await ids(shelf, status="changed") == ["cards"]
    assert await ids(shelf, status="draft") == ["hidden"]
    assert await ids(shelf, status="published", category="Billing") == ["invoices", "cards"]
    assert await ids(shelf, readers="staff") == ["saml"]
    assert await ids(shelf, readers="customers") == ["plans"]
    assert await ids(shelf, readers="everyone") == ["hidden", "invoices", "cards"]
    assert await ids(shelf, category="Nowhere") == []
    assert await ids(shelf, category="") == []
    await keep(shelf, make_article("loose", category=""))
    assert await ids(shelf, category="") == ["loose"]


async def test_who_may_see_an_article_is_one_rule_in_the_list_in_searches_and_of_the_article(
    database: Database,
) -> None:
    kinds = [(audience, visibility) for audience in get_args(Audience) for visibility in get_args(Visibility)]
    made = [make_article(f"{one}-{other}", audience=one, visibility=other) for one, other in kinds]
    async with database.write() as tx:
        for article in made:
            await save_article(tx, article, at=AT)
    for viewer, readers in zip(Viewer, get_args(Readers), strict=True):
        assert set(await ids(database, readers=readers)) == {one.id for one in made if one.level == viewer}
        async with database.read() as reader:
            seen = {one.id for one in await list_articles(reader, viewer)}
        assert seen == {one.id for one in made if one.level <= viewer}


async def test_a_row_tells_draft_review_and_whether_the_help_centre_has_it(shelf: Database, clock: Any) -> None:
    async with shelf.write() as tx:
        await tx.execute(sa.text("UPDATE knowledge_articles SET not_helpful = 11 WHERE id IN ('cards', 'plans')"))
        await save_draft(tx, make_article("plans", "Soon."), based_on=1, revision=0, by="Amara", at=AT)
    assert await open_due_reviews(shelf, clock) == 2
    async with shelf.read() as reader:
        rows = {row.id: row for row in await rows_for_editors(reader, Narrowed(), limit=50)}
    assert {name for name, row in rows.items() if row.review_id} == {"cards", "plans"}
    assert {name for name, row in rows.items() if row.has_draft} == {"plans"}
    assert {name for name, row in rows.items() if row.is_public} == {"cards", "invoices"}
    assert (rows["cards"].edited_by, rows["cards"].version, rows["cards"].not_helpful) == ("Amara", 1, 11)


async def test_categories_are_counted_with_their_subcategories(shelf: Database) -> None:
    async with shelf.read() as reader:
        assert await categories_for_editors(reader) == [
            CategoryCount("access", 1, ()),
            CategoryCount("Accounts", 2, ("Old",)),
            CategoryCount("Billing", 2, ("Cards",)),
        ]


async def test_related_articles_are_offered_by_their_words_and_named_by_id_or_slug(shelf: Database) -> None:
    async with shelf.read() as reader:
        assert await named_like(reader, "a", limit=2) == [("plans", "Plans"), ("cards", "Pay by card")]
        assert await named_like(reader, "  ", limit=8) == []
        assert await titles_of(reader, {"plans", "gone"}) == {"plans": "Plans"}
        assert await titles_of(reader, set()) == {}
    async with shelf.write() as tx:
        await save_article(tx, make_article("prices", id="plans", title="Prices", visibility="authenticated"), at=AT)
    async with shelf.read() as reader:
        assert await titles_of(reader, {"plans", "prices"}) == {"plans": "Prices", "prices": "Prices"}
    async with shelf.write() as tx:
        await save_article(tx, make_article("bills", id="invoices", title="Bills"), at=AT)
        await save_article(tx, make_article("invoices", id="other", title="Other", status="draft"), at=AT)
    async with shelf.read() as reader:
        assert await titles_of(reader, {"invoices"}) == {"invoices": "Bills"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 3), max_size=12), size=st.integers(1, 5))
async def test_pages_have_every_article_once_also_of_one_moment(
    database: Database, minutes: list[int], size: int
) -> None:
    async with database.write() as tx:
        await tx.execute(sa.text("DELETE FROM knowledge_articles"))
        for number, minute in enumerate(minutes):
            await save_article(tx, make_article(f"a-{number}", updated=AT + timedelta(minutes=minute)), at=AT)
    seen: list[str] = []
    after = None
    async with database.read() as reader:
        while page := await rows_for_editors(reader, Narrowed(), limit=size, after=after):
            seen += [row.id for row in page]
            after = page[-1].place
    assert len(seen) == len(set(seen)) == len(minutes)
    assert [minutes[int(name[2:])] for name in seen] == sorted(minutes, reverse=True)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "by",
    [
        Narrowed(),
        Narrowed("visa"),
        Narrowed(category="Billing"),
        Narrowed("visa", "Billing", "published", "everyone"),
        Narrowed(readers="staff"),
    ],
)
async def test_no_articles_text_is_walked_through_to_find_a_page(shelf: Database, by: Narrowed) -> None:
    statements: list[tuple[str, Any]] = []

    def heard(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, given))

    sa.event.listen(shelf.engine.sync_engine, "before_cursor_execute", heard)
    async with shelf.read() as reader:
        await rows_for_editors(reader, by, limit=50)
        await count_for_editors(reader, by)
        await categories_for_editors(reader)
        asked = [one for one in statements if one[0].startswith("SELECT")]
        plans = [
            str(row.detail)
            for statement, given in asked
            for row in await reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        ]
    assert len(asked) == 3
    walked = [plan for plan in plans if "knowledge_articles" in plan and "COVERING INDEX" not in plan]
    assert walked == ["SEARCH knowledge_articles USING INDEX sqlite_autoindex_knowledge_articles_1 (id=?)"], plans
