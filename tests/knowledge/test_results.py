"""What is shown of a search is read by its ids, however many articles there are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.database import Database, metadata
from core.prepared import _Plain
from knowledge.articles import Viewer
from knowledge.results import _shown_to, read_shown
from knowledge.tables import passages
from tests.knowledge.conftest import keep, make_article


@pytest.mark.parametrize("viewer", Viewer)
async def test_only_the_named_passages_that_a_viewer_may_see_are_read(database: Database, viewer: Viewer) -> None:
    await keep(
        database, *(make_article(one, f"visa {one}", visibility=one) for one in ("public", "authenticated", "internal"))
    )
    async with database.read() as reader:
        ids = list(await reader.scalars(sa.select(passages.c.id).order_by(passages.c.id)))
        shown = await read_shown(reader, ids, viewer)
        assert sorted(row["visibility"] for row in shown) == sorted(
            ("public", "authenticated", "internal")[: viewer + 1]
        )
        assert [row["slug"] for row in await read_shown(reader, ids[:1], viewer)] == ["public"]


@pytest.mark.parametrize("viewer", Viewer)
async def test_sqlite_goes_from_the_passages_to_their_articles_and_not_the_other_way(
    database: Database, viewer: Viewer
) -> None:
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
    async with database.read() as reader:
        if reader.dialect.name != "sqlite":
            pytest.skip("the plan is SQLite's")
        asked = _Plain(_shown_to(viewer, "sqlite")._statement, ("ids",), reader.dialect)
        plan = await reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.text}", tuple(asked.bound({"ids": "[1]"})))
        steps = [row.detail for row in plan]
    assert steps[0] == "SEARCH knowledge_passages USING INTEGER PRIMARY KEY (rowid=?)"
    assert steps[-1].startswith("SEARCH knowledge_articles")
    assert steps[-1].endswith("(id=?)")
