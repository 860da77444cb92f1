"""How SQLite goes about a search: by words first, then by keys, however it is narrowed. That is worth seconds at 100,000 passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.database import Database, metadata
from core.sqlite_driver import SqliteConnection
from knowledge.articles import Viewer
from knowledge.results import read_shown
from knowledge.scoring import Statistics
from knowledge.word_queries import EVERYTHING, Only, candidates_statement, find_candidates, find_wanted, read_terms
from tests.knowledge.conftest import keep, make_article

NARROWED = (EVERYTHING, Only(audience="customer"), Only(category="Billing"), Only("Billing", "customer"))
BY_KEY = {
    "knowledge_passages": "USING INTEGER PRIMARY KEY (rowid=?)",
    "knowledge_articles": "USING INDEX sqlite_autoindex_knowledge_articles_1 (id=?)",
}
OF_A_CATEGORY = {
    "knowledge_passages": "USING COVERING INDEX ix_knowledge_passages_article_id (article_id=?)",
    "knowledge_articles": "USING INDEX ix_knowledge_articles_category (category=?)",
}
"""A category's passages are gathered once, before they are compared with what the words found."""


class Plans:
    """Takes down how SQLite goes about each statement, step by step."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def taken(self) -> list[str]:
        """Return the steps since the last call that look at a table."""
        steps, self.steps = self.steps, []
        return [step for step in steps if re.search(r"(SCAN|SEARCH) knowledge_", step)]


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Plans:
    plans, real = Plans(), SqliteConnection.run

    async def run(self: SqliteConnection, text: str, values: Any, **named: Any) -> Any:
        told, *_ = await real(self, f"EXPLAIN QUERY PLAN {text}", values, many=False)
        plans.steps += [str(row[3]) for row in told]
        return await real(self, text, values, **named)

    monkeypatch.setattr(SqliteConnection, "run", run)
    return plans


@pytest.fixture
async def filled(tmp_path: Path) -> Any:
    database = Database.open(f"sqlite:///{tmp_path}/plans.db")
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
    await keep(database, make_article("bills", "Download an invoice.", category="Billing"), make_article("other"))
    yield database
    await database.close()


def ways(steps: Sequence[str], table: str) -> set[str]:
    return {step.partition(f" {table} ")[2] for step in steps if f" {table} " in step}


@pytest.mark.parametrize("only", NARROWED, ids=lambda only: "-".join(only.given) or "everything")
async def test_words_are_looked_up_once_and_what_they_found_by_its_key(
    filled: Database, plans: Plans, only: Only
) -> None:
    async with filled.read() as reader:
        plans.taken()
        found = await find_candidates(reader, ["invoic"], Statistics(2, 5.0, {"invoic": 1}), Viewer.STAFF, only)
    steps = plans.taken()
    assert len(found) == 1
    # FTS5 is asked for the words alone: given ids as well it would search anew for each.
    full_text = [step for step in steps if "knowledge_full_text" in step]
    assert len(full_text) == 3
    assert all(step.endswith(":M1") for step in full_text), full_text
    expected = OF_A_CATEGORY if only.category else BY_KEY if only else {}
    for table in BY_KEY:
        assert ways(steps, table) == ({expected[table]} if expected else set())


async def test_the_terms_of_passages_are_read_by_their_ids_alone(filled: Database, plans: Plans) -> None:
    async with filled.read() as reader:
        ids = await find_candidates(reader, ["invoic"], Statistics(2, 5.0, {"invoic": 1}), Viewer.STAFF, EVERYTHING)
        plans.taken()
        assert [one.passage_id for one in await read_terms(reader, ids)] == ids
        steps = plans.taken()
        assert ways(steps, "knowledge_passages") == {BY_KEY["knowledge_passages"]}
        assert ways(steps, "knowledge_articles") == set()


@pytest.mark.parametrize("only", NARROWED[1:], ids=lambda only: "-".join(only.given))
async def test_what_a_search_is_narrowed_to_is_looked_up_by_key(filled: Database, plans: Plans, only: Only) -> None:
    async with filled.read() as reader:
        ids = await find_candidates(reader, ["invoic"], Statistics(2, 5.0, {"invoic": 1}), Viewer.STAFF, EVERYTHING)
        plans.taken()
        assert await find_wanted(reader, ids, only) == set(ids)
    steps = plans.taken()
    assert {table: ways(steps, table) for table in BY_KEY} == {table: {way} for table, way in BY_KEY.items()}


@pytest.mark.parametrize("viewer", Viewer)
async def test_what_is_shown_is_read_by_its_ids_and_never_by_who_may_see_it(
    filled: Database, plans: Plans, viewer: Viewer
) -> None:
    async with filled.read() as reader:
        ids = await find_candidates(reader, ["invoic"], Statistics(2, 5.0, {"invoic": 1}), Viewer.STAFF, EVERYTHING)
        plans.taken()
        assert len(await read_shown(reader, ids, viewer)) == 1
    steps = plans.taken()
    assert {table: ways(steps, table) for table in BY_KEY} == {table: {way} for table, way in BY_KEY.items()}


@pytest.mark.parametrize("viewer", Viewer)
async def test_postgresql_finds_words_by_their_index_and_never_gathers_all_that_may_be_seen(
    postgresql_url: str, viewer: Viewer
) -> None:
    database = Database.open(postgresql_url)
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
        # A table of two rows would be read whole.
        await tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        await tx.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))
        asked = {"words": ["'invoic'"], "told": [1.0], "viewer": int(viewer)}
        statement = sa.text(f"EXPLAIN {candidates_statement(())}")
        plan = "\n".join(await tx.connection.scalars(statement, asked))
    await database.close()
    assert "ix_knowledge_passages_full_text" in plan
    assert "ix_knowledge_passages_level_length" not in plan
