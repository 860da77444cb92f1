"""One SQL database, SQLite or PostgreSQL, with short explicit transactions.

Reads and writes are told apart because SQLite has one writer: a write begins with `BEGIN IMMEDIATE` and waits for its turn
inside the process, so that it neither fails half way with "database is locked" nor holds a thread while waiting. Those that wait
share a commit (`core.group_commit`).
Events recorded in a write are handed to the listeners after its commit, never before; so are the workers woken that it left work for.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import sqlalchemy as sa
import structlog
from sqlalchemy import event as sa_event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator

from core import postgresql_driver, sqlite_driver
from core.errors import ConfigurationError
from core.group_commit import GroupCommit, Kept, end

if TYPE_CHECKING:
    from core.events import Event

log = structlog.get_logger()
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every package declares its tables on this one; `server.migrations` imports them all."""


class Moment(TypeDecorator[datetime]):
    """An aware `datetime`, kept in UTC with microseconds. A naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn an aware `datetime` into UTC; SQLite stores it without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back to what SQLite stored without it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


INSERT: Mapping[str, Callable[[sa.Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""The `INSERT … ON CONFLICT` of each database, by dialect name."""
KEPT = 4
"""Connections to SQLite that are kept for each kind of transaction, of the pool's `pool_size`; writes need one."""
Json = sa.JSON().with_variant(JSONB(), "postgresql")
"""JSON in SQLite, JSONB in PostgreSQL."""


@dataclass
class Transaction:
    """A write in progress: its connection, and the events that listeners get once it has committed.

    `wakes` are the topics whose workers find something to do after the commit.
    """

    connection: AsyncConnection
    events: list[Event] = field(default_factory=list)
    wakes: set[str] = field(default_factory=set)

    async def execute(self, statement: Any, parameters: Any = None) -> sa.CursorResult[Any]:
        """Run one statement in this transaction."""
        result: sa.CursorResult[Any] = await self.connection.execute(statement, parameters)
        return result


Reader = AsyncConnection
"""What a query needs: a connection inside a read, or `Transaction.connection` inside a write."""


class Database:
    """An engine with its transactions. Open one with `Database.open`, close it with `close`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        # SQLite's transactions see one snapshot anyway; PostgreSQL's would see what others commit between two statements.
        one_snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = engine.execution_options(**one_snapshot) if self.dialect == "postgresql" else engine
        self._listeners: list[Callable[[list[Event]], None]] = []
        self._workers: dict[str, Callable[[], None]] = {}
        self._closed = False
        self._idle: dict[str, list[Kept]] = {"glance": [], "read": [], "write": []}
        # One writer at a time is SQLite's way; PostgreSQL's writers see to themselves.
        self._writes = (
            GroupCommit(
                functools.partial(self._take, "write"), functools.partial(self._give_back, "write"), self._committed
            )
            if self.dialect == "sqlite"
            else None
        )
        """SQLite's connections for small reads, for searches and for writes, kept: taking one from the pool costs more than a statement."""

    @classmethod
    def open(cls, url: str, *, pool_size: int = 8) -> Database:
        """Make an engine for `url` without connecting.

        Args:
            url: `sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://…`; `sqlite:` and `postgresql:` are completed.
            pool_size: connections kept; SQLite uses them for concurrent reads.

        Raises:
            ConfigurationError: the URL names another database, or its folder cannot be made.
        """
        parsed = _asynchronous(url)
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ConfigurationError("DATABASE_URL names no file; use sqlite:///var/baton.db or PostgreSQL.")
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(f"The database's folder cannot be made: {error}.") from error
        driver = sqlite_driver if parsed.get_backend_name() == "sqlite" else postgresql_driver
        ours = {"async_creator_fn": driver.connect}
        engine = create_async_engine(
            parsed, pool_size=pool_size, max_overflow=8, pool_pre_ping=False, connect_args=ours, hide_parameters=True
        )
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        return cls(engine)

    def listen(self, listener: Callable[[list[Event]], None]) -> None:
        """Call `listener` with the events of each write after its commit. It must not block; if it fails, the log alone says so."""
        self._listeners.append(listener)

    @contextmanager
    def listening(self, listener: Callable[[list[Event]], None]) -> Iterator[None]:
        """Call `listener`, as `listen` does, for the length of the block."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def wake(self, topic: str, worker: Callable[[], None]) -> None:
        """Call `worker` after each commit that has this topic among its `wakes`. It must not block."""
        self._workers[topic] = worker

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """Open a transaction that only reads, on a consistent snapshot."""
        if self._writes is None:
            async with self._reading.connect() as plain:
                yield plain
            return
        async with self._looking("read", sqlite_driver.BEGIN_READ) as connection:
            yield connection

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[Reader]:
        """Open a read of a few rows by their key. SQLite answers in less time than it takes to ask another thread, so none is asked."""
        if self._writes is None:
            async with self.engine.connect() as plain:
                yield plain
            return
        async with self._looking("glance", sqlite_driver.BEGIN_GLANCE) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """Open a transaction that writes; it commits at the end of the block and rolls back on any error."""
        if self._writes is None:
            async with self.engine.begin() as connection:
                transaction = Transaction(connection)
                yield transaction
            self._committed(transaction)
            return
        group = await self._writes.enter()
        transaction = Transaction(group.kept.connection)
        try:
            yield transaction
        except BaseException:
            await self._writes.abandon(group)
            raise
        await self._writes.commit(group, transaction)

    def _committed(self, transaction: Transaction) -> None:
        """Tell whoever is to know of a write that is on disk now: what breaks there is their failure, and not the write's."""
        if transaction.events:
            for listener in self._listeners:
                _tell(listener, transaction.events)
        for topic in transaction.wakes & self._workers.keys():
            _tell(self._workers[topic])

    @asynccontextmanager
    async def _looking(self, access: Literal["glance", "read"], begin: str) -> AsyncIterator[Reader]:
        """Open a transaction that changes nothing on a connection that is kept for the next one."""
        kept = await self._take(access)
        kept.driver.begin(begin)
        usable = False
        try:
            yield kept.connection
        finally:
            try:
                await end(kept, keep=False)
                usable = True
            finally:
                await self._give_back(access, kept, usable)

    async def _take(self, access: Literal["glance", "read", "write"]) -> Kept:
        idle = self._idle[access]
        return idle.pop() if idle else await self._new()

    async def _give_back(self, access: Literal["glance", "read", "write"], kept: Kept, usable: bool) -> None:
        # Who is cancelled in the middle of a statement has SQLAlchemy close the connection under us.
        usable = usable and not kept.connection.invalidated
        if usable and not self._closed and len(self._idle[access]) < KEPT:
            self._idle[access].append(kept)
        else:
            await kept.connection.close()

    async def _new(self) -> Kept:
        plain = await self.engine.connect()
        driver = cast("sqlite_driver.SqliteConnection", (await plain.get_raw_connection()).driver_connection)
        return Kept(await plain.execution_options(baton_driver=driver), driver)

    async def close(self) -> None:
        """Close every connection."""
        if self._writes is not None:
            await self._writes.settled()
        # A search that somebody gave up may still be on its way back from its thread: its connection is not kept any more.
        self._closed = True
        for idle in self._idle.values():
            while idle:
                await idle.pop().connection.close()
        await self.engine.dispose()


def _tell(told: Callable[..., None], *news: Any) -> None:
    try:
        told(*news)
    except Exception:
        log.exception("somebody who was told of a commit broke")


def driver_of(connection: AsyncConnection) -> sqlite_driver.SqliteConnection | None:
    """Return the driver's own connection, inside the transaction that `Database` has begun on it; None where SQLAlchemy begins it."""
    if connection.sync_connection is None:
        return None
    driver: sqlite_driver.SqliteConnection | None = connection.sync_connection.get_execution_options().get(
        "baton_driver"
    )
    return driver


def _asynchronous(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ConfigurationError("DATABASE_URL is not a database URL, such as postgresql://user@host/baton.") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    backend = parsed.drivername.partition("+")[0]
    if backend not in drivers:
        raise ConfigurationError(f"DATABASE_URL names {backend}; Baton keeps its data in SQLite or PostgreSQL.")
    return parsed.set(drivername=drivers[backend])


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @sa_event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={sqlite_driver.LOCK_WAIT}",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa_event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        if "baton_driver" in connection.get_execution_options():
            return  # `Database` has begun it.
        connection.connection.driver_connection.begin(sqlite_driver.BEGIN_READ)  # type: ignore[union-attr]
