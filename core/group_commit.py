"""SQLite's one writer at a time, and one `fsync` for all who wait: a write that waits for the lock joins the transaction before it.

A commit's `fsync` takes several times what a chat's statements take, so whoever waits until another has committed waits mostly for the
disk. Here a write that has run its statements lets the next one run its own in the same transaction, under a savepoint, and whoever
comes while the disk is at work makes the next group. Each write stays what it was: all or nothing; after those before it, whose rows
it sees; it returns when it is on disk, and what it recorded is told after that, in order. If the commit fails, all in it fail.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.sqlite_driver import BEGIN_WRITE, SqliteConnection

if TYPE_CHECKING:
    from core.database import Transaction

MOST = 16
"""Writes in one commit at most: the first one's answer waits for the statements of all the others."""
_SAVEPOINT = "one_of_a_group"


@dataclass
class Kept:
    """A connection that is used again and again, with the driver's own."""

    connection: AsyncConnection
    driver: SqliteConnection


@dataclass
class Group:
    """The writes that one commit makes durable, so far."""

    kept: Kept
    done: asyncio.Future[None]
    members: list[Transaction] = field(default_factory=list)


class GroupCommit:
    """Lets one write at a time run its statements, and commits those that have in groups.

    Args:
        take: gives a connection for writes.
        give_back: takes it back, and whether it can be used again.
        committed: is told of each write after its commit, in their order. It fails for nobody: the writes are on disk.
    """

    def __init__(
        self,
        take: Callable[[], Awaitable[Kept]],
        give_back: Callable[[Kept, bool], Awaitable[None]],
        committed: Callable[[Transaction], None],
    ) -> None:
        self._take = take
        self._give_back = give_back
        self._committed = committed
        self._taken = False
        """Whether somebody runs statements, or the disk is at work."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._group: Group | None = None
        self._committing: asyncio.Task[None] | None = None

    async def enter(self) -> Group:
        """Wait for the turn to run statements in a transaction; end it by `commit` or `abandon`."""
        if self._taken:
            await self._wait()
        self._taken = True
        try:
            if self._group is None:
                kept = await self._take()
                kept.driver.begin(BEGIN_WRITE)
                self._group = Group(kept, asyncio.get_running_loop().create_future())
            else:
                await _run(self._group, f"SAVEPOINT {_SAVEPOINT}")
        except BaseException:
            self._hand_on()
            raise
        return self._group

    async def commit(self, group: Group, transaction: Transaction) -> None:
        """Let the next one run its statements, and return when this one's are on disk.

        Raises:
            DBAPIError: they are not, nor are those of the others in the same commit.
        """
        try:
            if group.members:
                await _run(group, f"RELEASE {_SAVEPOINT}")
        except BaseException:
            await self.abandon(group)
            raise
        group.members.append(transaction)
        self._hand_on()
        # Whoever gives up waiting does not keep the others from their commit.
        await asyncio.shield(group.done)

    async def abandon(self, group: Group) -> None:
        """Take back what this write has done, and nothing of those before it."""
        try:
            if group.members:
                await _run(group, f"ROLLBACK TO {_SAVEPOINT}")
                await _run(group, f"RELEASE {_SAVEPOINT}")
            else:
                self._group = None
                await end(group.kept, keep=False)
                await self._give_back(group.kept, True)
        except BaseException as error:
            # Some errors (a full disk) have SQLite end the whole transaction. Then it is lost for all.
            self._group = None
            if group.members:
                _fail(group, error)
            await self._give_back(group.kept, False)
            if not isinstance(error, (sa.exc.SQLAlchemyError, sqlite3.Error)):
                raise
        finally:
            self._hand_on()

    async def settled(self) -> None:
        """Return when no commit is going on."""
        if self._committing is not None:
            await asyncio.shield(self._committing)

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was given the turn and will not take it.
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        """Give the turn to the next who waits; commit where nobody does, or the group is full."""
        group = self._group
        if group is None or len(group.members) < MOST:
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        if group is None:
            self._taken = False
        else:
            self._group = None
            self._committing = asyncio.create_task(self._commit(group), name="group commit")

    async def _commit(self, group: Group) -> None:
        usable = False
        try:
            try:
                await end(group.kept, keep=True)
            except BaseException:
                await end(group.kept, keep=False)
                usable = True
                raise
            usable = True
        except BaseException as error:
            _fail(group, error)
            if not isinstance(error, Exception):
                raise
        else:
            for transaction in group.members:
                self._committed(transaction)
            group.done.set_result(None)
        finally:
            try:
                await self._give_back(group.kept, usable)
            finally:
                self._hand_on()


async def end(kept: Kept, *, keep: bool) -> None:
    """Commit, or roll back; through SQLAlchemy where it took part, so that it knows.

    Raises:
        DBAPIError: it could not, or what was to be committed is no transaction any more.
    """
    connection, driver = kept.connection, kept.driver
    try:
        if keep and driver.lost:
            raise sqlite3.OperationalError("SQLite has ended the transaction after an error")
        if connection.in_transaction():
            await (connection.commit() if keep else connection.rollback())
        else:
            await (driver.commit() if keep else driver.rollback())
    except sqlite3.Error as error:
        raise _wrapped(error, connection) from error


async def _run(group: Group, statement: str) -> None:
    try:
        await group.kept.driver.run(statement, (), many=False)
    except sqlite3.Error as error:
        raise _wrapped(error, group.kept.connection) from error


def _wrapped(error: sqlite3.Error, connection: AsyncConnection) -> BaseException:
    return sa.exc.DBAPIError.instance(
        None, None, error, sqlite3.Error, hide_parameters=True, dialect=connection.dialect
    )


def _fail(group: Group, error: BaseException) -> None:
    if not isinstance(error, Exception):
        error = sa.exc.OperationalError(None, None, sqlite3.OperationalError("the commit was cancelled"))
    group.done.set_exception(error)
    group.done.exception()  # Somebody may have stopped waiting; nobody is warned that this was not looked at.
