"""The SQLite connection that runs small statements where they are called: nothing of a transaction's meaning may change by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.database import Database, driver_of
from core.prepared import Prepared

numbers = sa.Table("numbers", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True), sa.Column("word", sa.String))
SLOW = sa.text("WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up LIMIT 3000000) SELECT max(n) FROM up")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'test.db'}", pool_size=1)
    async with database.write() as tx:
        await tx.connection.run_sync(numbers.metadata.create_all)
    yield database
    await database.close()


async def add(db: Database, *values: int) -> None:
    async with db.write() as tx:
        for value in values:
            await tx.execute(sa.insert(numbers), {"n": value})


async def held(db: Database) -> list[int]:
    async with db.read() as reader:
        return list(await reader.scalars(sa.select(numbers.c.n).order_by(numbers.c.n)))


async def test_what_a_write_changed_is_there_after_it(db: Database) -> None:
    await add(db, 1, 2, 3)
    assert await held(db) == [1, 2, 3]


async def test_a_write_that_fails_leaves_nothing(db: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        await add(db, 1, 2, 2)
    assert await held(db) == []
    await add(db, 1)
    assert await held(db) == [1]


async def test_a_write_that_executes_nothing_holds_up_nobody(db: Database) -> None:
    async with db.write():
        pass
    await add(db, 1)
    assert await held(db) == [1]


async def test_rows_counts_and_returned_values_come_back(db: Database) -> None:
    async with db.write() as tx:
        await tx.execute(sa.insert(numbers), [{"n": n} for n in range(5)])
        changed = await tx.execute(sa.update(numbers).where(numbers.c.n > 2).values(word="many"))
        assert changed.rowcount == 2
        returned = await tx.execute(sa.delete(numbers).where(numbers.c.n == 0).returning(numbers.c.n))
        assert returned.scalar_one() == 0
    assert await held(db) == [1, 2, 3, 4]


async def test_a_read_sees_one_state_while_another_connection_writes(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'two.db'}", pool_size=2)
    async with database.write() as tx:
        await tx.connection.run_sync(numbers.metadata.create_all)
    count = sa.select(sa.func.count()).select_from(numbers)
    async with database.read() as reader:
        assert (await reader.execute(count)).scalar_one() == 0
        await add(database, 1)
        assert (await reader.execute(count)).scalar_one() == 0
    assert await held(database) == [1]
    await database.close()


async def test_a_small_statement_of_a_read_sees_what_its_others_see_and_waits_for_no_thread(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'two.db'}", pool_size=2)
    async with database.write() as tx:
        await tx.connection.run_sync(numbers.metadata.create_all)
    count = sa.select(sa.func.count()).select_from(numbers)
    for first, second in ((True, False), (False, True)):
        before = await held(database)
        async with database.read() as reader:
            driver = driver_of(reader)
            assert driver is not None
            visits = driver._asked
            assert (await Prepared(count, small=first).execute(reader, {})).scalar_one() == len(before)
            await add(database, len(before))
            assert (await Prepared(count, small=second).execute(reader, {})).scalar_one() == len(before)
            assert driver._asked == visits + 1
        assert len(await held(database)) == len(before) + 1
    await database.close()


async def test_a_connection_whose_user_was_cancelled_serves_the_next_one(db: Database) -> None:
    async def look() -> None:
        async with db.read() as reader:
            await reader.execute(SLOW)

    task = asyncio.create_task(look())
    while not task.done() and db.engine.pool.checkedout() == 0:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await add(db, 1)
    assert await held(db) == [1]


async def test_a_write_that_was_cancelled_is_rolled_back(db: Database) -> None:
    entered = asyncio.Event()

    async def change() -> None:
        async with db.write() as tx:
            await tx.execute(sa.insert(numbers), {"n": 1})
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(change())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await add(db, 2)
    assert await held(db) == [2]
