"""Replicas that start at the same moment on one database do not trip over each other."""

from __future__ import annotations

import asyncio
import sys

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


async def test_replicas_that_start_together_migrate_once(postgresql_url: str) -> None:
    database = Database.open(postgresql_url)
    async with database.engine.begin() as connection:
        await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA public"))
    replicas = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", REPLICA, postgresql_url, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1
        )
        for _ in range(3)
    ]
    told = await asyncio.gather(*(replica.communicate(b"\n") for replica in replicas))
    async with database.read() as reader:
        versions = (await reader.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    await database.close()
    assert [replica.returncode for replica in replicas] == [0, 0, 0], told
    assert versions == [newest_revision()]
