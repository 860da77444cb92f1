"""The help centre's table of contents, on both databases: complete for its viewer, and silent about the rest."""

from __future__ import annotations

import asyncio
import random
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.database import Database, metadata
from knowledge.articles import Article, Viewer
from knowledge.catalogue import (
    addresses,
    articles_of,
    category_slug,
    count_addresses,
    find_category,
    latest_changes,
    list_categories,
    most_read,
    recently_updated,
    same_shelf,
    summaries_of,
    titles_with,
)
from knowledge.store import save_article, visible_to
from knowledge.tables import articles

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def article(slug: str, title: str = "", **values: Any) -> Article:
    given: dict[str, Any] = {"category": "Billing", "created": NOW, "updated": NOW} | values
    return Article(id=f"id-{slug}", slug=slug, title=title or slug, content="Text.\n", **given)


async def fill(database: Database, *articles: Article) -> None:
    async with database.write() as tx:
        for one in articles:
            await save_article(tx, one, at=NOW)


async def test_categories_are_counted_with_their_most_read_articles_first(database: Database) -> None:
    await fill(
        database,
        *(article(f"b{n}", views=n) for n in range(4)),
        article("s", category="Sharing"),
        article("s2", category="sharing "),
        article("none", category=""),
    )
    async with database.read() as reader:
        found = await list_categories(reader, Viewer.ANONYMOUS, first=2)
    assert [(one.name, one.slug, one.count) for one in found] == [
        ("Billing", "billing", 4), ("Sharing", "sharing", 2), ("Other articles", "other", 1),
    ]  # fmt: skip
    assert [one.slug for one in found[0].first] == ["b3", "b2"]
    assert sorted(one.slug for one in found[1].first) == ["s", "s2"]


MIXED = ("apple", "Banana", "Zebra", "_start", "zulu", "Ärger", "ärger", "Éclair", "apple 10", "apple 2")
BY_NAME = ["_start", "apple", "apple 10", "apple 2", "Banana", "Zebra", "zulu", "Ärger", "Éclair", "ärger"]


async def test_names_are_in_one_order_on_both_databases_whatever_their_case(database: Database) -> None:
    await fill(
        database,
        *(article(f"n{n}", title, subcategory="sub" if n % 2 else "Sub") for n, title in enumerate(MIXED)),
        article("last", "A", subcategory="tail"),
        article("shelf", "A", category="billing"),
    )
    async with database.read() as reader:
        category = await find_category(reader, "billing", Viewer.ANONYMOUS)
        assert category is not None
        assert (category.name, category.names) == ("Billing", ("Billing", "billing"))
        listed = await articles_of(reader, category, Viewer.ANONYMOUS, limit=20)
        neighbours = await same_shelf(reader, article("last", subcategory="tail"), Viewer.ANONYMOUS, limit=20)
        changed = await recently_updated(reader, Viewer.ANONYMOUS, limit=20)
        typed = await titles_with(reader, ["a"], Viewer.ANONYMOUS, limit=20)
        first = (await list_categories(reader, Viewer.ANONYMOUS, first=20))[0].first
    upper, lower = ([one for one in BY_NAME if MIXED.index(one) % 2 == odd] for odd in (0, 1))
    assert [one.title for one in listed] == ["A", *upper, *lower, "A"]
    assert [one.title for one in neighbours] == BY_NAME
    assert [one.title for one in changed if one.title != "A"] == BY_NAME
    assert [one.title for one in typed] == ["A", "A", "apple", "apple 2", "apple 10"]
    assert [one.title for one in first if one.title != "A"] == BY_NAME


async def test_a_category_lists_its_articles_by_subcategory_and_in_parts(database: Database) -> None:
    await fill(
        database,
        article("c", "C", subcategory="Zeta"), article("a", "A", subcategory="Alpha"), article("b", "B", subcategory="Alpha"),
        article("d", "D"), article("x", "X", category="Other"),
    )  # fmt: skip
    async with database.read() as reader:
        category = await find_category(reader, "billing", Viewer.ANONYMOUS)
        assert category is not None
        listed = await articles_of(reader, category, Viewer.ANONYMOUS, limit=3)
        rest = await articles_of(reader, category, Viewer.ANONYMOUS, limit=3, offset=3)
        assert await find_category(reader, "none", Viewer.ANONYMOUS) is None
    assert [one.slug for one in (*listed, *rest)] == ["d", "a", "b", "c"]


async def test_lists_by_views_by_date_and_by_place(database: Database) -> None:
    await fill(
        database,
        article("old", updated=NOW - timedelta(days=9), views=5, subcategory="Cards"),
        article("new", views=1, subcategory="Cards"),
        article("unread", updated=NOW - timedelta(days=1)),
    )
    async with database.read() as reader:
        assert [one.slug for one in await most_read(reader, Viewer.ANONYMOUS, limit=5)] == ["old", "new"]
        assert [one.slug for one in await recently_updated(reader, Viewer.ANONYMOUS, limit=2)] == ["new", "unread"]
        beside = await same_shelf(reader, article("new", subcategory="Cards"), Viewer.ANONYMOUS, limit=5)
        assert [one.slug for one in beside] == ["old", "unread"]
        assert set(await summaries_of(reader, ["id-old", "id-gone"], Viewer.ANONYMOUS)) == {"id-old"}
        assert (await latest_changes(reader, Viewer.ANONYMOUS)) == {"billing": NOW}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["down"], ["pdf"]),
        (["INV", "d"], ["pdf"]),
        (["on"], ["sso"]),
        (["err"], ["err"]),
        (["ERR", "4"], ["err"]),
        (["423"], ["err"]),
        (["nvoices"], []),
        (["%"], []),
        (["_"], []),
        (["\\"], []),
        (["über"], ["über"]),
        (["ÜBER", "kart"], ["über"]),
    ],
)
async def test_titles_are_found_by_the_beginnings_of_their_words(
    database: Database, words: list[str], found: list[str]
) -> None:
    await fill(
        database,
        article("pdf", "Download invoices as PDF"), article("sso", "Single sign-on"), article("err", "Locked (ERR_423)"),
        Article(id="u", slug="u", title="Alles über Karten", content="x\n", created=NOW, updated=NOW),
    )  # fmt: skip
    async with database.read() as reader:
        listed = await titles_with(reader, words, Viewer.ANONYMOUS, limit=5)
    assert [one.slug.replace("u", "über") if one.slug == "u" else one.slug for one in listed] == found


def test_a_name_in_an_address_is_small_and_of_any_script() -> None:
    assert [category_slug(name) for name in ("Sign-in & security", "ÜBER uns", "請求", "🧾", "", "a__b")] == [
        "sign-in-security", "über-uns", "請求", "other", "other", "a-b",
    ]  # fmt: skip


KINDS = st.tuples(
    st.sampled_from(["customer", "internal", "both"]),
    st.sampled_from(["public", "authenticated", "internal"]),
    st.sampled_from(["draft", "published"]),
    st.sampled_from(["A", "B", ""]),
)


@settings(max_examples=25, deadline=None)
@given(kinds=st.lists(KINDS, max_size=8), viewer=st.sampled_from([Viewer.ANONYMOUS, Viewer.CUSTOMER]))
def test_every_list_holds_what_the_viewer_may_see_and_nothing_else(kinds: list[Any], viewer: Viewer) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = Database.open(f"sqlite:///{folder}/baton.db")
            await make_tables(database)
            every = [
                article(
                    f"a{n}",
                    f"Word {n}",
                    audience=audience,
                    visibility=visibility,
                    status=status,
                    category=category,
                    views=1,
                )
                for n, (audience, visibility, status, category) in enumerate(kinds)
            ]
            await fill(database, *every)
            seen = {one.slug for one in every if one.status == "published" and one.level <= viewer}
            async with database.read() as reader:
                categories = await list_categories(reader, viewer, first=9)
                listed = [one for each in categories for one in await articles_of(reader, each, viewer, limit=9)]
                lists: list[set[str]] = [
                    {one.slug for one in listed},
                    {one.slug for each in categories for one in each.first},
                    {one.slug for one in await most_read(reader, viewer, limit=9)},
                    {one.slug for one in await recently_updated(reader, viewer, limit=9)},
                    {one.slug for one in await titles_with(reader, ["wor"], viewer, limit=9)},
                    {one.slug for one in (await summaries_of(reader, [one.id for one in every], viewer)).values()},
                    {slug for slug, _changed in await addresses(reader, viewer, limit=9)},
                ]
                assert lists == [seen] * len(lists)
                assert sum(each.count for each in categories) == await count_addresses(reader, viewer) == len(seen)
                assert set(await latest_changes(reader, viewer)) == {each.slug for each in categories}
                for one in every:
                    assert {other.slug for other in await same_shelf(reader, one, viewer, limit=9)} <= seen - {one.slug}
            await database.close()

    asyncio.run(check())


async def make_tables(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


async def test_lists_read_no_row_that_they_do_not_show_and_the_longest_names_fit_their_index(
    database: Database,
) -> None:
    dice = random.Random(7)

    def longest(length: int) -> str:
        return "".join(chr(dice.randrange(0x20000, 0x2A000)) for _ in range(length))

    await fill(database, article("a" * 60, longest(300), category=longest(200), subcategory=longest(200)))
    async with database.read() as reader:
        ((_, title),) = [
            (one.slug, one.first[0].title) for one in await list_categories(reader, Viewer.ANONYMOUS, first=1)
        ]
        assert len(title) == 300
        if reader.dialect.name == "sqlite":
            counted = sa.select(articles.c.category, sa.func.count()).where(*visible_to(Viewer.ANONYMOUS))
            asked = counted.group_by(articles.c.category).compile(
                reader.sync_connection, compile_kwargs={"literal_binds": True}
            )
            plan = await reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")
            assert "USING COVERING INDEX ix_knowledge_articles_shelf" in " ".join(row[3] for row in plan)
