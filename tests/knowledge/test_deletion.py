"""Deleting an article: only one that no reader ever saw, and none that somebody has changed meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from core.errors import Conflict, NotFound
from knowledge import editing
from knowledge.article_files import write_article
from knowledge.articles import Article, StaleVersion
from knowledge.deletion import was_published
from knowledge.editing import Editor, Fields
from knowledge.history import present_version
from knowledge.seed import sync_folder
from knowledge.tables import drafts, versions
from knowledge.versions import save_draft
from tests.knowledge.conftest import AT, make_article

AMARA = Editor("Amara", AT)
CARDS = Fields("cards", "Cards", "One.", "Billing", "customer", "public")


async def present(database: Database) -> Article:
    async with database.read() as reader:
        return (await present_version(reader, "cards")).article


async def rows(database: Database) -> int:
    """Count what is kept beside the article."""
    async with database.read() as reader:
        counts = [await reader.execute(sa.select(sa.func.count()).select_from(one)) for one in (drafts, versions)]
        return sum(count.scalar_one() for count in counts)


async def test_an_article_that_no_reader_saw_goes_with_its_draft_and_deleting_it_again_does_nothing(
    database: Database,
) -> None:
    await editing.create(database, CARDS, AMARA)
    await editing.save(database, "cards", replace(CARDS, content="Two."), AMARA, based_on=1, revision=0)
    async with database.write() as tx:
        await save_draft(tx, make_article("cards", "Three."), based_on=2, revision=0, by="Amara", at=AT)
    assert await rows(database) == 2
    await editing.delete(database, "cards", based_on=2, revision=1)
    with pytest.raises(NotFound):
        await present(database)
    assert await rows(database) == 0
    await editing.delete(database, "cards", based_on=2, revision=1)
    assert await editing.create(database, CARDS, AMARA) == "cards"


@pytest.mark.parametrize("taken_out", [False, True])
async def test_what_readers_have_seen_is_never_deleted(database: Database, taken_out: bool) -> None:
    await editing.create(database, CARDS, AMARA)
    await editing.show(database, "cards", AMARA, based_on=1, revision=0)
    if taken_out:
        await editing.take_out(database, "cards", AMARA, based_on=2)
    with pytest.raises(Conflict, match="Unpublish it"):
        await editing.delete(database, "cards", based_on=3 if taken_out else 2, revision=0)
    assert (await present(database)).status == ("draft" if taken_out else "published")
    async with database.read() as reader:
        assert await was_published(reader, "cards")


async def test_what_somebody_has_changed_meanwhile_is_not_deleted(database: Database) -> None:
    await editing.create(database, CARDS, AMARA)
    await editing.save(database, "cards", replace(CARDS, content="Two."), Editor("Cora", AT), based_on=1, revision=0)
    with pytest.raises(StaleVersion, match="changed by Cora"):
        await editing.delete(database, "cards", based_on=1, revision=0)
    async with database.write() as tx:
        await save_draft(tx, make_article("cards", "Three."), based_on=2, revision=0, by="Jonas", at=AT)
    with pytest.raises(StaleVersion, match="changed by Jonas"):
        await editing.delete(database, "cards", based_on=2, revision=0)
    assert (await present(database)).title == "Cards"


async def test_of_one_who_publishes_and_one_who_deletes_the_second_is_told(database: Database) -> None:
    await editing.create(database, CARDS, AMARA)
    ended = await asyncio.gather(
        editing.show(database, "cards", AMARA, based_on=1, revision=0),
        editing.delete(database, "cards", based_on=1, revision=0),
        return_exceptions=True,
    )
    (failed,) = [one for one in ended if one is not None]
    assert isinstance(failed, NotFound | Conflict)


async def test_a_draft_of_the_folder_comes_back_with_the_next_start(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    (tmp_path / "cards.md").write_text(write_article(make_article("cards", status="draft")), encoding="utf-8")
    await sync_folder(database, tmp_path, clock)
    await editing.delete(database, "cards", based_on=1, revision=0)
    await sync_folder(database, tmp_path, clock)
    assert (await present(database)).status == "draft"
