"""Replicas, or commands, that start at the same moment on one database do not trip over each other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import sqlalchemy as sa

from core.database import Database
from server.migrate import newest_revision
from server.settings import ROOT

REPLICA = """
import asyncio, sys
from core.database import Database
from server.migrate import migrate
async def start():
    database = Database.open(sys.argv[1])
    input()
    await migrate(database)
    await database.close()
asyncio.run(start())
"""


async def started_together(url: str) -> tuple[list[int | None], list[str], object]:
    """Have three processes migrate a database at once; returns how they ended, what it was brought to, and what they said."""
    replicas = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", REPLICA, url, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1
        )
        for _ in range(3)
    ]
    told = await asyncio.gather(*(replica.communicate(b"\n") for replica in replicas))
    database = Database.open(url)
    async with database.read() as reader:
        versions = (await reader.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    await database.close()
    return [replica.returncode for replica in replicas], list(versions), told


async def test_replicas_that_start_together_migrate_once(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    async with database.engine.begin() as connection:
        await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA public"))
    await database.close()
    ended, versions, told = await started_together(postgresql_url)
    assert (ended, versions) == ([0, 0, 0], [newest_revision()]), told


async def test_commands_that_make_one_sqlite_database_together_wait_for_each_other(tmp_path: Path) -> None:
    ended, versions, told = await started_together(f"sqlite:///{tmp_path / 'baton.db'}")
    assert (ended, versions) == ([0, 0, 0], [newest_revision()]), told
