"""Brings the database to the newest schema with Alembic; a database that is there already costs one query."""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa
import structlog

from core.database import Database

log = structlog.get_logger()
_LOCK = 0x6261746F6E
VERSIONS = Path(__file__).parent / "migrations" / "versions"


async def migrate(database: Database) -> bool:
    """Run the migrations that are missing; tells whether there were any."""
    if await revision_of(database) == newest_revision():
        return False
    async with database.engine.connect() as connection:
        if database.dialect == "postgresql":
            # Replicas that start together migrate one after the other; who comes later finds nothing left to do.
            await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        else:
            # So do two commands on SQLite. It waits for the lock only where the first statement writes: who has read before is refused.
            await connection.execute(sa.text("PRAGMA user_version = 0"))
        await connection.run_sync(_upgrade)
    log.info("database migrated", revision=newest_revision())
    return True


def newest_revision() -> str:
    """Return the id of the newest migration; their files are named by number."""
    newest = max(path.name for path in VERSIONS.glob("[0-9]*.py"))
    return re.split(r"[_.]", newest)[0]


async def revision_of(database: Database) -> str | None:
    """Return the newest migration that a database has been through; None of an empty one."""
    async with database.engine.connect() as connection:
        known = await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version"))
        if not known:
            return None
        return (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
