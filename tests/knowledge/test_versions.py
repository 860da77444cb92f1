"""Editing keeps what was said before, refuses a change made on an old version, and shows no draft to anyone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database, Transaction
from core.errors import Conflict, Invalid, NotFound
from knowledge import versions
from knowledge.articles import Article, StaleVersion, Viewer
from knowledge.history import list_versions, read_version
from knowledge.retriever import Retriever
from knowledge.store import get_article, list_articles, related_articles, remove_article
from knowledge.tables import passages
from tests.knowledge.conftest import AT, WordsEncoder, keep, make_article

BY: dict[str, Any] = {"by": "Amara", "at": AT}


async def do(database: Database, work: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
    async with database.write() as tx:
        return await work(tx, *given, **(BY | named))


async def discard(database: Database, article_id: str, revision: int) -> None:
    async with database.write() as tx:
        await versions.discard_draft(tx, article_id, revision=revision)


async def shown(database: Database, slug: str) -> Article:
    async with database.read() as reader:
        return await get_article(reader, slug, Viewer.ANONYMOUS)


async def test_every_change_keeps_the_version_before_it(database: Database) -> None:
    first = make_article("cards", "One.")
    await do(database, versions.create_article, first, by="Jonas")
    await do(database, versions.publish, "cards", based_on=1)
    await do(
        database, versions.edit_article, replace(first, content="Two.", tags=("visa",), status="published"), based_on=2
    )
    async with database.read() as reader:
        history = await list_versions(reader, "cards")
        assert [(one.number, one.by, one.changed) for one in history] == [
            (3, "Amara", ("content", "tags")),
            (2, "Amara", ("status",)),
            (1, "Jonas", ()),
        ]
        assert (await read_version(reader, "cards", 1)).article.content == "One."
        assert (await read_version(reader, "cards", 3)).article.tags == ("visa",)
        assert all(one.at == AT for one in history)
        with pytest.raises(NotFound, match="its newest is 3"):
            await read_version(reader, "cards", 4)


async def test_an_edit_that_changes_nothing_makes_no_version(database: Database) -> None:
    await keep(database, make_article("cards"))
    assert (await do(database, versions.edit_article, make_article("cards"), based_on=1)).number == 1


async def test_an_edit_on_an_old_version_is_refused_and_nothing_is_written(database: Database) -> None:
    await keep(database, make_article("cards", "One."))
    await do(database, versions.edit_article, make_article("cards", "Two."), based_on=1)
    with pytest.raises(StaleVersion, match="made on version 1, and version 2 by Amara"):
        await do(database, versions.edit_article, make_article("cards", "Mine."), based_on=1)
    assert (await shown(database, "cards")).content == "Two."


async def test_of_two_editors_at_once_one_wins(database: Database) -> None:
    await keep(database, make_article("cards", "One."))
    done = await asyncio.gather(
        *(do(database, versions.edit_article, make_article("cards", f"By {n}."), based_on=1) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["StaleVersion"] * 3 + ["Version"]
    async with database.read() as reader:
        assert len(await list_versions(reader, "cards")) == 2


async def test_a_draft_changes_nothing_for_readers_until_it_is_published(database: Database) -> None:
    await keep(database, make_article("cards", "One."))
    draft = make_article("cards", "Secret plans.")
    await do(database, versions.save_draft, draft, based_on=1, revision=0)
    saved = await do(database, versions.save_draft, replace(draft, title="New"), based_on=1, revision=1)
    assert saved.revision == 2
    assert (await shown(database, "cards")).content == "One."
    version = await do(database, versions.publish, "cards", based_on=1, revision=2)
    assert (version.number, version.changed) == (2, ("title", "content"))
    assert (await shown(database, "cards")).content == "Secret plans."
    async with database.read() as reader:
        assert await versions.read_draft(reader, "cards") is None


async def test_a_draft_saved_by_somebody_else_meanwhile_is_not_written_over(database: Database) -> None:
    await keep(database, make_article("cards"))
    await do(database, versions.save_draft, make_article("cards", "Mine."), based_on=1, revision=0)
    with pytest.raises(StaleVersion, match="saved by Amara since you opened it"):
        await do(database, versions.save_draft, make_article("cards", "Yours."), based_on=1, revision=0)


@pytest.mark.parametrize("went", ["discarded", "published"])
async def test_what_was_seen_of_a_draft_that_is_gone_says_nothing_of_the_next_one(
    database: Database, went: str
) -> None:
    await keep(database, make_article("cards"))
    seen = await do(database, versions.save_draft, make_article("cards", "Seen."), based_on=1, revision=0)
    if went == "discarded":
        await discard(database, "cards", seen.revision)
        based_on = 1
    else:
        based_on = (await do(database, versions.publish, "cards", based_on=1, revision=seen.revision)).number
    await do(database, versions.save_draft, make_article("cards", "Unseen."), based_on=based_on, revision=0)
    mine = make_article("cards", "Mine.")
    with pytest.raises(StaleVersion):
        await do(database, versions.save_draft, mine, based_on=based_on, revision=seen.revision)
    with pytest.raises(StaleVersion):
        await do(database, versions.publish, "cards", based_on=based_on, revision=seen.revision)
    with pytest.raises(StaleVersion):
        await discard(database, "cards", seen.revision)
    async with database.read() as reader:
        draft = await versions.read_draft(reader, "cards")
    assert draft is not None
    assert draft.article.content == "Unseen."


async def test_a_draft_on_a_version_that_was_replaced_cannot_be_published(database: Database) -> None:
    await keep(database, make_article("cards", "One."))
    await do(database, versions.save_draft, make_article("cards", "Draft."), based_on=1, revision=0)
    await do(database, versions.edit_article, make_article("cards", "Two."), based_on=1)
    with pytest.raises(StaleVersion, match="made on version 1"):
        await do(database, versions.publish, "cards", based_on=2)
    async with database.write() as tx:
        await versions.discard_draft(tx, "cards")
    assert (await shown(database, "cards")).content == "Two."


async def test_restoring_makes_a_new_version_of_an_old_ones_words(database: Database) -> None:
    await keep(database, make_article("cards", "One."), make_article("plans", "Price."))
    await do(database, versions.edit_article, make_article("cards", "Two.", title="Other"), based_on=1)
    version = await do(database, versions.restore_version, "cards", 1, based_on=2)
    assert (version.number, version.article.content, version.article.title) == (3, "One.", "Cards")
    with pytest.raises(NotFound):
        await do(database, versions.restore_version, "cards", 9, based_on=3)
    with pytest.raises(NotFound):
        await do(database, versions.restore_version, "none", 1, based_on=1)


async def test_no_draft_is_found_by_any_path(
    database: Database, words_encoder: WordsEncoder, clock: FrozenClock, searching: Any
) -> None:
    public = make_article("cards", "visa", related=("plans", "hidden"))
    await keep(database, public, make_article("plans", "price zebra"))
    await do(database, versions.create_article, make_article("hidden", "zebra quagga"))
    await do(database, versions.save_draft, replace(public, content="quagga"), based_on=1, revision=0)
    await do(database, versions.unpublish, "plans", based_on=1)
    async with searching(database, words_encoder) as retriever:
        assert isinstance(retriever, Retriever)
        for viewer in Viewer:
            for question in ("zebra", "quagga", "price"):
                outcome = await retriever.search(question, viewer=viewer, surface="test", log=False)
                assert {one.slug for one in outcome.results} <= {"cards"}
                assert all("quagga" not in one.text for one in outcome.results)
            async with database.read() as reader:
                assert [one.slug for one in await list_articles(reader, viewer)] == ["cards"]
                assert await related_articles(reader, public, viewer) == []
                for slug in ("plans", "hidden"):
                    with pytest.raises(NotFound):
                        await get_article(reader, slug, viewer)
    async with database.read() as reader:
        assert set(await reader.scalars(sa.select(passages.c.article_id))) == {"cards"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": " "}, "title is missing"),
        ({"slug": "", "title": ""}, "title is missing"),
        ({"content": "x" * 100_001}, "The text is longer than 100,000"),
        ({"tags": ("x",) * 201}, "more than 200 tags"),
        ({"related": ("x" * 201,)}, "One related article is longer than 200"),
        ({"slug": "No Slug"}, "an address of small letters"),
        ({"title": "x" * 301}, "title is longer than 300"),
        ({"visibility": "everyone"}, "visibility must be one of"),
        ({"content": "a\x00b"}, "NUL"),
    ],
)
async def test_what_no_article_may_be_is_refused(database: Database, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        await do(database, versions.create_article, replace(make_article("cards"), **changed))


async def test_an_id_or_a_slug_is_given_once(database: Database) -> None:
    await keep(database, make_article("cards"))
    with pytest.raises(Conflict, match="There is an article cards already"):
        await do(database, versions.create_article, make_article("cards"))
    with pytest.raises(Conflict, match="has this address already"):
        await do(database, versions.create_article, make_article("cards", id="other"))


async def test_an_old_address_leads_to_its_article_until_another_takes_it(database: Database) -> None:
    cards = make_article("cards")
    await keep(database, cards)
    for number, slug in enumerate(("pay", "pay-by-card"), start=1):
        await do(database, versions.edit_article, replace(cards, slug=slug), based_on=number)
    for slug in ("cards", "pay", "pay-by-card"):
        assert (await shown(database, slug)).slug == "pay-by-card"
    await keep(database, make_article("pay", id="other"))
    assert (await shown(database, "pay")).id == "other"
    await do(database, versions.edit_article, make_article("gone", id="other"), based_on=1)
    assert (await shown(database, "pay")).id == "other"
    await do(database, versions.edit_article, replace(cards, slug="cards"), based_on=3)
    assert (await shown(database, "pay-by-card")).slug == "cards"
    assert (await shown(database, "cards")).slug == "cards"


async def test_an_address_that_a_hidden_article_has_or_had_answers_as_if_it_were_not_there(database: Database) -> None:
    await keep(database, make_article("cards"))
    await do(database, versions.edit_article, make_article("pay", id="cards"), based_on=1)
    await do(database, versions.create_article, make_article("cards", id="draft"))
    assert (await shown(database, "cards")).slug == "pay"
    await do(database, versions.edit_article, make_article("cards", id="draft", visibility="internal"), based_on=1)
    assert (await shown(database, "cards")).slug == "pay"
    async with database.read() as reader:
        assert (await get_article(reader, "cards", Viewer.STAFF)).id == "draft"
    await do(database, versions.edit_article, make_article("limits", id="draft", visibility="internal"), based_on=2)
    assert (await shown(database, "cards")).slug == "pay"


async def test_an_address_that_a_draft_had_alone_leads_nowhere(database: Database) -> None:
    await do(database, versions.create_article, make_article("layoffs"))
    await do(database, versions.edit_article, make_article("news", id="layoffs"), based_on=1)
    assert (await shown(database, "news")).id == "layoffs"
    with pytest.raises(NotFound):
        await shown(database, "layoffs")


async def test_an_address_that_was_known_before_an_article_was_taken_out_leads_to_it_when_it_is_back_elsewhere(
    database: Database,
) -> None:
    await keep(database, make_article("cards"))
    await do(database, versions.unpublish, "cards", based_on=1)
    with pytest.raises(NotFound):
        await shown(database, "cards")
    await do(database, versions.edit_article, make_article("pay", id="cards"), based_on=2)
    assert (await shown(database, "cards")).slug == "pay"


async def test_an_old_address_of_what_a_reader_may_not_see_leads_nowhere(database: Database) -> None:
    await keep(database, make_article("cards"))
    await do(database, versions.edit_article, make_article("limits", id="cards", visibility="internal"), based_on=1)
    with pytest.raises(NotFound):
        await shown(database, "cards")
    async with database.read() as reader:
        assert (await get_article(reader, "cards", Viewer.STAFF)).slug == "limits"
    await do(database, versions.unpublish, "cards", based_on=2)
    await do(database, versions.create_article, make_article("cards", id="new"))
    for viewer in Viewer:
        async with database.read() as reader:
            with pytest.raises(NotFound):
                await get_article(reader, "cards", viewer)


async def test_removing_an_article_takes_its_versions_and_draft_along(database: Database) -> None:
    await keep(database, make_article("cards", "One."))
    await do(database, versions.edit_article, make_article("cards", "Two."), based_on=1)
    await do(database, versions.save_draft, make_article("cards", "Three."), based_on=2, revision=0)
    tx: Transaction
    async with database.write() as tx:
        await remove_article(tx, "cards")
    async with database.read() as reader:
        with pytest.raises(NotFound):
            await list_versions(reader, "cards")
        assert await versions.read_draft(reader, "cards") is None
