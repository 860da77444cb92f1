"""Fixtures that every part's tests share: a database of each kind, and a clock that stands still."""

from __future__ import annotations

import signal
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
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server from the `pgserver` wheel, once per test run."""
    import pgserver

    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with every table, on each backend in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/baton.db"
    else:
        url = request.getfixturevalue("postgresql_url")
    database = Database.open(url)
    async with database.engine.begin() as connection:
        if database.dialect == "postgresql":
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command under test sends its logs to a stream that ends with the test."""
    yield
    structlog.reset_defaults()
