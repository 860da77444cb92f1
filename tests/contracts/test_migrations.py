"""The migrations lead to the tables that the code declares, on each database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from knowledge.full_text_schema import drop_full_text
from server.migrate import VERSIONS, migrate, newest_revision
from server.schema import metadata

MADE_BY_SQL = {"knowledge_full_text", "ix_knowledge_passages_full_text", "full_text", "test_moments", "alembic_version"}

LEVELS = ("public", "account", "internal")
OLD_FULL_TEXT = (
    "CREATE VIRTUAL TABLE knowledge_full_text USING fts5("
    "terms, content='knowledge_passages', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER knowledge_full_text_insert AFTER INSERT ON knowledge_passages BEGIN"
    " INSERT INTO knowledge_full_text(rowid, terms) VALUES (new.id, new.terms); END",
)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_the_migrations_make_the_tables_that_the_code_declares(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/m.db" if backend == "sqlite" else request.getfixturevalue("postgresql_url")
    database = Database.open(url)
    if backend == "postgresql":
        async with database.engine.begin() as connection:
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
    assert await migrate(database)
    assert not await migrate(database)
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(_differences)
        version = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one()
    await database.close()
    assert differences == []
    assert version == newest_revision()


def _differences(connection: sa.Connection) -> list[Any]:
    def meant_here(one: Any, *about: Any) -> bool:
        """Pass over what the code declares for the other database alone."""
        return one.info.get("dialect", connection.dialect.name) == connection.dialect.name and _ours(one, *about)

    context = MigrationContext.configure(connection, opts={"include_object": meant_here, "compare_type": False})
    return list(compare_metadata(context, metadata))


def _ours(_object: Any, name: str | None, _type: str, _reflected: bool, _compared: Any) -> bool:
    return (
        name is not None
        and not name.startswith("test_")
        and name not in MADE_BY_SQL
        and not name.startswith(("knowledge_full_text", "knowledge_words"))
    )


async def test_a_database_of_before_full_text_by_level_finds_its_passages_afterwards(tmp_path: Path) -> None:
    """What 0001 made had one table for all levels, with triggers of its own; 0003 moves it and keeps every passage findable."""
    database = Database.open(f"sqlite:///{tmp_path}/m.db")
    async with database.engine.connect() as connection:
        await connection.run_sync(_to, "0002")
        await connection.run_sync(drop_full_text)
        for statement in OLD_FULL_TEXT:
            await connection.execute(sa.text(statement))
        await _write_passages(connection)
        await connection.commit()
    assert await migrate(database)
    async with database.write() as tx:
        for level, word in enumerate(LEVELS):
            table = f"knowledge_full_text_{level}"
            found = await tx.execute(sa.text(f"SELECT count(*) FROM {table} WHERE {table} MATCH :word"), {"word": word})
            assert found.scalar_one() == 1
        # The triggers follow a passage from level to level.
        await tx.execute(sa.text("UPDATE knowledge_passages SET level = 2 WHERE article_id = 'public'"))
        counts = await tx.execute(sa.text("SELECT term FROM knowledge_words_2 ORDER BY term"))
        assert [row.term for row in counts] == ["internal", "public"]
        assert (await tx.execute(sa.text("SELECT count(*) FROM knowledge_words_0"))).scalar_one() == 0
    await database.close()


async def test_a_database_of_before_word_counts_has_its_passages_counted_afterwards(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    async with database.engine.connect() as connection:
        await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA public"))
        await connection.run_sync(_to, "0013")
        await connection.run_sync(drop_full_text)
        await _write_passages(connection)
        await connection.commit()
    assert await migrate(database)
    async with database.write() as tx:
        await tx.execute(sa.text("UPDATE knowledge_passages SET level = 2 WHERE article_id = 'public'"))
        rows = await tx.execute(sa.text("SELECT word, level, passages FROM knowledge_words ORDER BY word"))
        assert [tuple(row) for row in rows] == [("account", 1, 1), ("internal", 2, 1), ("public", 2, 1)]
    await database.close()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_drafts_of_before_revisions_were_counted_go_on_from_theirs(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = Database.open(
        f"sqlite:///{tmp_path}/m.db" if backend == "sqlite" else request.getfixturevalue("postgresql_url")
    )
    async with database.engine.connect() as connection:
        if backend == "postgresql":
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
        await connection.run_sync(_to, "0019")
        await _write_articles(connection)
        await connection.execute(
            sa.text(
                "INSERT INTO knowledge_drafts (article_id, based_on, revision, edited_by, edited_at, written)"
                " VALUES ('public', 1, 7, 'Cora', '2026-01-01', '{}')"
            )
        )
        await connection.commit()
    assert await migrate(database)
    async with database.read() as reader:
        rows = await reader.execute(sa.text("SELECT id, draft_revision FROM knowledge_articles ORDER BY id"))
        assert [tuple(row) for row in rows] == [("account", 0), ("internal", 0), ("public", 7)]
    await database.close()


async def _write_articles(connection: AsyncConnection) -> None:
    for word in LEVELS:
        await connection.execute(
            sa.text(
                "INSERT INTO knowledge_articles (id, slug, title, content, excerpt, category, subcategory, tags, audience,"
                " visibility, related, author, created_at, updated_at, helpful, not_helpful, views, status, content_hash, version)"
                " VALUES (:id, :id, '', '', '', '', '', '[]', 'both', 'public', '[]', '', '2026-01-01', '2026-01-01',"
                " 0, 0, 0, 'published', '', 1)"
            ),
            {"id": word},
        )


async def _write_passages(connection: AsyncConnection) -> None:
    """Write an article for each level of visibility, with one passage whose only word names it."""
    await _write_articles(connection)
    for level, word in enumerate(LEVELS):
        await connection.execute(
            sa.text(
                "INSERT INTO knowledge_passages (article_id, position, heading, text, level, terms, length)"
                " VALUES (:id, 0, '', '', :level, :word, 1)"
            ),
            {"id": word, "level": level, "word": word},
        )


def _to(connection: sa.Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
