"""Fixtures that every part's tests share: a database of each kind, and a clock that stands still."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pytest
import sqlalchemy as sa
import structlog

from core.clock import FrozenClock
from core.database import Database, metadata

LONGEST_TEST = 300.0
"""Seconds after which a test that waits for what never comes fails, instead of waiting on."""


@pytest.fixture(autouse=True)
def no_test_waits_for_ever() -> Iterator[None]:
    """End a loop that waits for something that does not happen; every second again, since an event loop may swallow one."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"the test did not end within {LONGEST_TEST:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_TEST, 1.0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL server from the `pgserver` wheel, once per process; nobody pulls its plug, so it need not wait for the disk.

    Not in pytest's folder: under root the server is another user's, and a second run of pytest closes that folder to others.
    """
    import pgserver

    with tempfile.TemporaryDirectory(prefix="baton-postgresql-") as folder:
        server = pgserver.get_server(folder)
        server.psql("ALTER SYSTEM SET fsync = off;")
        server.psql("SELECT pg_reload_conf();")
        server.psql("CREATE DATABASE emptied;")
        yield server.get_uri()
        server.cleanup()


class Tables:
    """Gives each test a database with every table and no row, without making fifty tables each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        """How many tables PostgreSQL has by now: a test that imports another package brings more."""

    async def sqlite(self, path: Path) -> Database:
        """Copy a file that was made once."""
        template = self._folder / f"{len(metadata.tables)}.db"
        if not template.exists():
            made = Database.open(f"sqlite:///{template}")
            async with made.engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
            await made.close()
        shutil.copyfile(template, path)
        return Database.open(f"sqlite:///{path}")

    async def postgresql(self, url: str) -> Database:
        """Empty the tables that the test before has filled."""
        database = Database.open(url)
        async with database.engine.begin() as connection:
            if self._made != len(metadata.tables):
                await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                await connection.execute(sa.text("CREATE SCHEMA public"))
                await connection.run_sync(metadata.create_all)
                self._made = len(metadata.tables)
            else:
                await connection.execute(sa.text(EMPTY))
        return database


EMPTY = """
DO $$ DECLARE found text; filled text[] := '{}'; has boolean; BEGIN
FOR found IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || found || ')' INTO has;
    IF has THEN filled := filled || found; END IF;
END LOOP;
IF cardinality(filled) > 0 THEN
    EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' RESTART IDENTITY CASCADE';
END IF; END $$
"""


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return Tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def emptied_postgresql_url(postgresql_url: str) -> str:
    """A database of its own for `database`, which tests of migrations leave alone."""
    return sa.make_url(postgresql_url).set(database="emptied").render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, tables: Tables) -> AsyncIterator[Database]:
    """An empty database with every table, on each backend in turn."""
    if request.param == "sqlite":
        database = await tables.sqlite(tmp_path / "baton.db")
    else:
        database = await tables.postgresql(request.getfixturevalue("emptied_postgresql_url"))
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command under test sends its logs to a stream that ends with the test."""
    yield
    structlog.reset_defaults()
