"""Writes that wait for each other share a commit: each is still all or nothing, and none returns before it is on disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database, driver_of
from core.group_commit import MOST
from core.prepared import Prepared
from core.sqlite_driver import SqliteConnection

entries = sa.Table("entries", sa.MetaData(), sa.Column("name", sa.String(20), primary_key=True))
ADD = Prepared(sa.insert(entries))
MANY = [{"name": f"many {number}"} for number in range(3)]


class Disk:
    """Counts commits, and holds them back or breaks them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits = 0
        self.free = asyncio.Event()
        self.free.set()
        self.breaks: set[int] = set()
        """The commits that fail, counted from 1."""
        real = SqliteConnection.commit

        async def commit(connection: SqliteConnection) -> None:
            self.commits += 1
            await self.free.wait()
            if self.commits in self.breaks:
                raise sqlite3.OperationalError("disk I/O error")
            await real(connection)

        monkeypatch.setattr(SqliteConnection, "commit", commit)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/group.db")
    async with opened.write() as tx:
        await tx.execute(sa.schema.CreateTable(entries))
    yield opened
    await opened.close()


@pytest.fixture
def disk(db: Database, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def add(db: Database, name: str, *, then: Exception | None = None) -> None:
    async with db.write() as tx:
        await ADD.execute(tx.connection, {"name": name})
        if then is not None:
            raise then


async def names(db: Database) -> set[str]:
    async with db.read() as reader:
        return set((await reader.execute(sa.select(entries.c.name))).scalars())


async def turns_of_the_loop(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_who_waits_for_the_disk_shares_the_next_commit_and_returns_after_it(db: Database, disk: Disk) -> None:
    disk.free.clear()
    first = asyncio.create_task(add(db, "first"))
    await turns_of_the_loop()
    others = [asyncio.create_task(add(db, str(number))) for number in range(MOST + 3)]
    await turns_of_the_loop()
    assert not any(task.done() for task in [first, *others])
    assert await names(db) == set()
    disk.free.set()
    await asyncio.gather(first, *others)
    assert disk.commits == 3  # the first, a full group, the rest
    assert len(await names(db)) == MOST + 4


async def test_one_of_a_group_that_fails_takes_back_its_own_work_and_no_one_elses(db: Database, disk: Disk) -> None:
    tasks = [
        asyncio.create_task(add(db, str(number), then=RuntimeError("mine") if number % 2 else None))
        for number in range(6)
    ]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), RuntimeError] * 3
    assert await names(db) == {"0", "2", "4"}
    with pytest.raises(sa.exc.IntegrityError):
        await add(db, "0")
    await add(db, "after")
    assert disk.commits == 3  # the first, which nobody waited for yet, the others, and the last


async def test_a_commit_that_fails_fails_all_that_it_held_and_tells_nobody_of_them(db: Database, disk: Disk) -> None:
    woken: list[str] = []
    db.wake("work", lambda: woken.append("work"))

    async def leave_work(name: str) -> None:
        async with db.write() as tx:
            await ADD.execute(tx.connection, {"name": name})
            tx.wakes.add("work")

    disk.breaks = {2}
    ahead, *outcomes = await asyncio.gather(
        add(db, "ahead"), *(leave_work(name) for name in "abc"), return_exceptions=True
    )
    assert [type(one) for one in outcomes] == [sa.exc.OperationalError] * 3
    assert (ahead, await names(db), woken) == (None, {"ahead"}, [])
    await leave_work("a")
    assert (await names(db), woken) == ({"ahead", "a"}, ["work"])


async def test_a_transaction_that_sqlite_ends_by_itself_is_lost_for_all_in_it_and_said_to_be(db: Database) -> None:
    """As it does when the disk is full in the middle of a statement."""

    async def lose(name: str) -> None:
        async with db.write() as tx:
            await ADD.execute(tx.connection, {"name": name})
            await tx.connection.exec_driver_sql("ROLLBACK")

    writes = (add(db, "ahead"), add(db, "before"), lose("x"), add(db, "after"))
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), sa.exc.OperationalError, sa.exc.OperationalError, type(None)]
    outcomes = await asyncio.gather(lose("alone"), return_exceptions=True)
    assert [type(one) for one in outcomes] == [sa.exc.OperationalError]
    assert await names(db) == {"ahead", "after"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(["keep", "raise", "cancel"]), min_size=1, max_size=12), st.integers(0, 30))
async def test_however_writes_are_cancelled_the_rest_is_kept_and_the_next_gets_its_turn(
    tmp_path_factory: pytest.TempPathFactory, fates: list[str], patience: int
) -> None:
    db = Database.open(f"sqlite:///{tmp_path_factory.mktemp('group')}/group.db")
    async with db.write() as tx:
        await tx.execute(sa.schema.CreateTable(entries))
    tasks = [
        asyncio.create_task(add(db, str(number), then=ValueError() if fate == "raise" else None))
        for number, fate in enumerate(fates)
    ]
    await turns_of_the_loop(patience)
    for task, fate in zip(tasks, fates, strict=True):
        if fate == "cancel":
            task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    await add(db, "next")
    kept = await names(db)
    for number, (fate, outcome) in enumerate(zip(fates, outcomes, strict=True)):
        assert fate == "cancel" or (str(number) in kept) == (fate == "keep")
        assert outcome is not None or str(number) in kept
    assert "next" in kept
    await db.close()


async def test_who_is_cancelled_while_writing_many_rows_spoils_nobodys_write_in_the_same_commit(
    db: Database,
) -> None:
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait() -> int:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10)
        return 1

    async def add_many() -> None:
        async with db.write() as tx:
            driver = driver_of(tx.connection)
            assert driver is not None
            driver._conn.create_function("wait", 0, wait)
            await tx.connection.execute(sa.text("INSERT INTO entries SELECT :name WHERE wait()"), MANY)

    ahead, mate = asyncio.create_task(add(db, "ahead")), asyncio.create_task(add(db, "mate"))
    many = asyncio.create_task(add_many())
    behind = asyncio.create_task(add(db, "behind"))
    await begun.wait()
    many.cancel()
    await turns_of_the_loop()
    go_on.set()
    outcomes = await asyncio.gather(ahead, mate, many, behind, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), type(None), asyncio.CancelledError, type(None)]
    assert {"ahead", "mate", "behind"} <= await names(db)
