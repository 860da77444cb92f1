"""The migrations lead to the tables that the code declares, on each database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.database import Database
from server.migrate import migrate, newest_revision
from server.schema import metadata

MADE_BY_SQL = {"knowledge_full_text", "ix_knowledge_passages_full_text", "full_text", "test_moments", "alembic_version"}


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
    context = MigrationContext.configure(connection, opts={"include_object": _ours, "compare_type": False})
    return list(compare_metadata(context, metadata))


def _ours(_object: Any, name: str | None, _type: str, _reflected: bool, _compared: Any) -> bool:
    return (
        name is not None and name not in MADE_BY_SQL and not name.startswith(("knowledge_full_text", "knowledge_words"))
    )
