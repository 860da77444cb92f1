"""An aiosqlite connection that visits its thread for what may wait, and not four times for every statement.

aiosqlite makes the cursor, runs the statement, fetches the rows and closes the cursor in four visits, and a `BEGIN` takes four more.
Each wakes the thread and then the event loop, which costs several times what SQLite itself does for a chat's small statements. Here:

- A statement's rows come back with it, and `BEGIN` goes along with the first statement of its transaction.
- What can take long is done in the thread: a search, waiting for the write lock, many rows at once, the commit with its `fsync`.
- A visit costs 70 µs of processor time and, while other threads want the interpreter too, up to its switch interval of waiting. So
  what takes less is run where it is called: a single statement of a transaction that holds the write lock, taking that lock while it
  is free, a few rows by their key (`Database.glance`, or a statement that is known to be small), and the end of a read.

`_execute` and `_conn` are aiosqlite's own names for "run this in the thread" and "the connection"; SQLAlchemy's dialect uses `_conn` too.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

BEGIN_READ = "BEGIN"
BEGIN_WRITE = "BEGIN IMMEDIATE"
BEGIN_GLANCE = "BEGIN DEFERRED"
"""A read whose statements are run where they are called."""
LOCK_WAIT = 10_000
"""Milliseconds that a write waits, in its thread, for another process to end its own."""
ROWS_AHEAD = 64
"""What aiosqlite would fetch at a time; every row is fetched at once here."""


class SqliteConnection(aiosqlite.Connection):
    """What `create_async_engine(…, connect_args={"async_creator_fn": connect})` gives to SQLAlchemy's aiosqlite dialect."""

    _begin: str | None = None
    _writes = False
    """Whether the present transaction holds the write lock."""
    _glances = False
    """Whether the present transaction reads a few rows by their key."""
    _asked = _done = 0
    """Visits to the thread, counted by the event loop, and those that have ended, counted by the thread."""

    def cursor(self) -> SqliteCursor:  # type: ignore[override]
        """Make a cursor; nothing is done before it executes something."""
        return SqliteCursor(self)

    def begin(self, statement: str) -> None:
        """Have the next statement begin a transaction with `statement`, one of the three above."""
        self._begin = statement

    @property
    def lost(self) -> bool:
        """Whether a transaction was begun and SQLite has ended it by itself, as it does after some errors."""
        return self._writes and not self._conn.in_transaction

    async def commit(self) -> None:
        """Commit, if anything was executed since the transaction began."""
        self._writes = self._glances = False
        if self._taken_begin() is None:
            await self._visit(sqlite3.Connection.commit)

    async def rollback(self) -> None:
        """Roll back, if anything was executed since the transaction began."""
        wrote = self._writes
        self._writes = self._glances = False
        if self._taken_begin() is not None:
            return
        if wrote or self._at_work():
            await self._visit(sqlite3.Connection.rollback)
        else:
            self._conn.rollback()

    async def run(self, statement: str, parameters: Any, *, many: bool, small: bool = False) -> _Outcome:
        """Execute one statement, and fetch what it returns; a small one reads a few rows by their key, in whatever transaction."""
        begin = self._taken_begin()
        if not many and not self._at_work():
            if begin == BEGIN_WRITE and self._took_free_lock():
                begin, self._writes = None, True
            self._glances = begin == BEGIN_GLANCE if begin else self._glances
            if self._writes or self._glances or (small and begin != BEGIN_WRITE):
                return _run(self._conn, begin, statement, parameters, many)
        visit = self._visit(_run, begin, statement, parameters, many)
        outcome: _Outcome = await (_to_its_end(visit) if self._writes else visit)
        self._writes = self._writes or begin == BEGIN_WRITE
        return outcome

    def _took_free_lock(self) -> bool:
        """Begin a write if nobody holds the lock; tells whether it did. Another process may hold it: that wait is the thread's."""
        _execute(self._conn, "PRAGMA busy_timeout=0")
        try:
            _execute(self._conn, BEGIN_WRITE)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        finally:
            _execute(self._conn, f"PRAGMA busy_timeout={LOCK_WAIT}")
        return True

    async def _visit(self, work: Callable[..., Any], *given: Any) -> Any:
        self._asked += 1
        return await self._execute(self._work, work, *given)  # type: ignore[no-untyped-call]

    def _work(self, work: Callable[..., Any], *given: Any) -> Any:
        try:
            return work(self._conn, *given)
        finally:
            self._done += 1

    def _at_work(self) -> bool:
        """Tell whether the thread is still busy, which it can be when nobody waits only after a waiter was cancelled."""
        return self._asked != self._done

    def _taken_begin(self) -> str | None:
        begin, self._begin = self._begin, None
        return begin


_Outcome = tuple[list[Any], Any, int, int | None]
"""Rows, description, row count and last row id."""


class SqliteCursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses, with the rows already there."""

    arraysize = 1

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        """Execute a statement with one set of parameters."""
        return self._take(await self._connection.run(statement, parameters, many=False))

    async def executemany(self, statement: str, parameters: Iterable[Any]) -> Self:
        """Execute a statement once for each set of parameters."""
        return self._take(await self._connection.run(statement, parameters, many=True))

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def fetchone(self) -> Any:
        """Return the next row, None after the last."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Return the next rows."""
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def close(self) -> None:
        """Forget the rows."""
        self._rows = []

    def _take(self, outcome: _Outcome) -> Self:
        self._rows, self.description, self.rowcount, self.lastrowid = outcome
        return self


async def connect(database: str | Path, **options: Any) -> SqliteConnection:
    """Open a connection; its thread ends with the process."""
    connection = SqliteConnection(lambda: sqlite3.connect(database, **options), ROWS_AHEAD)
    connection._thread.daemon = True
    await connection
    return connection


async def _to_its_end(visit: Coroutine[Any, Any, _Outcome]) -> _Outcome:
    """Wait for a statement of a write even if its task is cancelled meanwhile, which then happens at the task's next wait.

    SQLAlchemy closes a connection in whose statement it was cancelled, and others' writes may be in the same transaction.
    """
    work = asyncio.ensure_future(visit)
    cancelled = False
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            cancelled = True
    task = asyncio.current_task()
    if cancelled and task is not None:
        task.uncancel()
        task.cancel()
    return work.result()


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    connection.execute(statement).close()


def _run(connection: sqlite3.Connection, begin: str | None, statement: str, parameters: Any, many: bool) -> _Outcome:
    if begin is not None:
        _execute(connection, begin)
    cursor = connection.cursor()
    try:
        cursor.executemany(statement, parameters) if many else cursor.execute(statement, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
