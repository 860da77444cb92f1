"""Prepared statements do what SQLAlchemy would have done with them, in the same transactions, on each database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database, Json, Moment, metadata
from core.prepared import Prepared

AT = datetime(2026, 3, 29, 1, 30, 5, 123456, tzinfo=UTC)
OLDEST = AT.replace(year=1970, tzinfo=None)
things = sa.Table(
    "test_prepared_things",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("data", Json),
    sa.Column("at", Moment),
    sa.Column("share", sa.Float),
    sa.Column("open", sa.Boolean),
    sa.Column("count", sa.Integer, nullable=False, server_default="0"),
)
INSERT = Prepared(sa.insert(things))
ONE = Prepared(sa.select(things).where(things.c.id == sa.bindparam("which")))
FIRST = Prepared(sa.select(things.c.id, things.c.data).order_by(things.c.id).limit(1))
COUNT = Prepared(
    sa.update(things)
    .where(things.c.id == sa.bindparam("which"))
    .values(count=things.c.count + 1)
    .returning(things.c.count)
)
THING = {"id": "a", "data": {"ü": [1, None]}, "at": AT, "share": 0.5, "open": True}


async def _empty(database: Database) -> None:
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
        await tx.execute(sa.delete(things))


JSON = st.none() | st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("aü\"\\'\n?", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=JSON,
    at=st.none() | st.datetimes(timezones=st.just(UTC), min_value=OLDEST),
    share=st.none() | st.floats(-1, 1),
    is_open=st.none() | st.booleans(),
)
async def test_what_goes_in_comes_out_as_through_sqlalchemy(
    database: Database, data: Any, at: datetime | None, share: float | None, is_open: bool | None
) -> None:
    await _empty(database)
    row = {"id": "a", "data": data, "at": at, "share": share, "open": is_open}
    async with database.write() as tx:
        await INSERT.execute(tx.connection, row)
        await tx.execute(sa.insert(things), row | {"id": "b"})
    for opened in (database.glance(), database.read()):
        async with opened as reader:
            assert await ONE.execute(reader, {"which": "a"}) == [row | {"count": 0}]
            found = await reader.execute(sa.select(things).order_by(things.c.id))
            assert [dict(one) for one in found.mappings()] == [row | {"count": 0}, row | {"id": "b", "count": 0}]
            stored = await reader.execute(sa.select(sa.cast(things.c.data, sa.Text)).order_by(things.c.id))
            assert len(set(stored.scalars())) == 1


async def test_a_transaction_of_both_kinds_of_statements_is_kept_or_undone_whole(database: Database) -> None:
    await _empty(database)

    async def fail_half_way() -> None:
        async with database.write() as tx:
            await INSERT.execute(tx.connection, THING)
            await tx.execute(sa.insert(things), {"id": "b"})
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    async with database.glance() as reader:
        assert await FIRST.execute(reader, {}) == []
    async with database.write() as tx:
        await tx.execute(sa.insert(things), {"id": "b"})
        await INSERT.execute(tx.connection, THING)
        assert (await COUNT.execute(tx.connection, {"which": "a"})).scalar_one() == 1
        assert (await COUNT.execute(tx.connection, {"which": "nobody"})).rowcount == 0
    async with database.glance() as reader:
        assert await FIRST.execute(reader, {}) == [{"id": "a", "data": THING["data"]}]


async def test_an_error_is_sqlalchemys_and_the_next_transaction_works(database: Database) -> None:
    await _empty(database)

    async def insert_twice() -> None:
        async with database.write() as tx:
            await INSERT.execute(tx.connection, THING)
            await INSERT.execute(tx.connection, THING)

    with pytest.raises(sa.exc.IntegrityError) as caught:
        await insert_twice()
    assert "0.5" not in str(caught.value)
    async with database.write() as tx:
        assert await ONE.execute(tx.connection, {"which": "a"}) == []
        await INSERT.execute(tx.connection, THING)
    async with database.glance() as reader:
        assert (await ONE.execute(reader, {"which": "a"})).one_or_none() is not None


async def test_what_depends_on_its_values_or_makes_some_cannot_be_prepared(db_sqlite: Database) -> None:
    made = sa.Table(
        "test_prepared_made", sa.MetaData(), sa.Column("id", sa.String, default=str), sa.Column("x", sa.Integer)
    )
    wrong: tuple[tuple[Prepared, dict[str, Any], str], ...] = (
        (
            Prepared(sa.select(things).where(things.c.id.in_(sa.bindparam("ids", expanding=True)))),
            {"ids": ["a"]},
            "list",
        ),
        (Prepared(sa.insert(made)), {"x": 1}, "default"),
        (ONE, {}, "which"),
    )
    async with db_sqlite.glance() as reader:
        for statement, given_values, why in wrong:
            with pytest.raises(ValueError, match=why):
                await statement.execute(reader, given_values)


async def test_many_glances_at_once_leave_room_for_other_reads(db_sqlite: Database) -> None:
    opened = [db_sqlite.glance() for _ in range(12)]
    for one in opened:
        await FIRST.execute(await one.__aenter__(), {})
    for one in opened:
        await one.__aexit__(None, None, None)
    reads = [db_sqlite.read() for _ in range(10)]
    for another in reads:
        await (await another.__aenter__()).execute(sa.select(sa.literal(1)))
    for another in reads:
        await another.__aexit__(None, None, None)


@pytest.fixture
async def db_sqlite(tmp_path: Any) -> Any:
    database = Database.open(f"sqlite:///{tmp_path}/x.db")
    await _empty(database)
    yield database
    await database.close()
