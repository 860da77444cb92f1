"""Transactions and numbered events, on each database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.database import Database, Moment, metadata
from core.errors import ConfigurationError
from core.events import Event, events_after, last_event, record_event
from core.postgresql_driver import DatabaseUnreachable
from core.prepared import Prepared

moments = sa.Table("test_moments", metadata, sa.Column("at", Moment))
AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


async def test_events_of_a_conversation_are_numbered_without_gaps_under_concurrency(database: Database) -> None:
    async with database.write() as tx:
        await record_event(tx, "cv_1", "message", {"n": 0}, at=AT)

    async def record(n: int) -> None:
        async with database.write() as tx:
            await record_event(tx, "cv_1", "message", {"n": n}, at=AT)

    await asyncio.gather(*(record(n) for n in range(1, 20)))
    async with database.read() as reader:
        events = await events_after(reader, "cv_1", 0, audiences=["both"])
        assert [event.number for event in events] == list(range(1, 21))
        assert sorted(event.data["n"] for event in events) == list(range(20))
        assert await last_event(reader, "cv_1") == 20


async def test_listeners_hear_of_events_after_the_commit_and_never_of_a_rolled_back_one(database: Database) -> None:
    heard: list[Event] = []
    database.listen(heard.extend)

    async def fail_half_way() -> None:
        async with database.write() as tx:
            await record_event(tx, "cv_1", "message", {}, at=AT)
            assert heard == []
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    assert heard == []
    async with database.write() as tx:
        kept = await record_event(tx, "cv_1", "message", {}, at=AT)
    assert heard == [kept]
    assert kept.number == 1


async def test_a_listener_that_breaks_spoils_neither_the_writes_of_the_commit_nor_what_others_hear(
    database: Database,
) -> None:
    heard: list[Event] = []
    woken: list[str] = []

    def broken(_events: list[Event]) -> None:
        raise RuntimeError("no ear")

    def broken_worker() -> None:
        raise RuntimeError("no hand")

    database.listen(broken)
    database.listen(heard.extend)
    database.wake("asleep", broken_worker)
    database.wake("work", lambda: woken.append("work"))

    async def record(n: int) -> None:
        async with database.write() as tx:
            await record_event(tx, "cv_1", "message", {"n": n}, at=AT)
            tx.wakes |= {"asleep", "work"}

    await asyncio.gather(record(0))
    await asyncio.gather(*(record(n) for n in range(1, 5)))
    async with database.read() as reader:
        assert len(await events_after(reader, "cv_1", 0, audiences=["both"])) == len(heard) == len(woken) == 5


async def test_an_audience_sees_only_its_own_events(database: Database) -> None:
    async with database.write() as tx:
        await record_event(tx, "cv_1", "note", {}, at=AT, audience="staff")
        await record_event(tx, "cv_1", "message", {}, at=AT)
    async with database.read() as reader:
        seen = await events_after(reader, "cv_1", 0, audiences=["customer", "both"])
    assert [event.kind for event in seen] == ["message"]


async def test_a_read_stays_at_one_moment_whatever_is_committed_meanwhile(database: Database) -> None:
    async with database.write() as tx:
        await record_event(tx, "cv_1", "message", {}, at=AT)
    async with database.read() as reader:
        assert len(await events_after(reader, "cv_1", 0, audiences=["both"])) == 1
        async with database.write() as tx:
            await record_event(tx, "cv_1", "message", {}, at=AT)
        assert await last_event(reader, "cv_1") == 1
    async with database.read() as reader:
        assert await last_event(reader, "cv_1") == 2


async def test_a_read_that_ends_after_the_database_was_closed_keeps_no_connection(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path}/closed.db")
    async with db.read() as reader:
        await reader.execute(sa.text("SELECT 1"))
        await db.close()
    assert not any(db._idle.values())


async def test_moments_come_back_in_utc_whatever_zone_they_were_given_in(database: Database) -> None:
    given = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    async with database.write() as tx:
        await tx.execute(sa.insert(moments).values(at=given))
    async with database.read() as reader:
        kept = (await reader.execute(sa.select(moments.c.at))).scalar_one()
    assert kept == given
    assert kept.utcoffset() == timedelta(0)


async def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        async with database.write() as tx:
            await tx.execute(sa.insert(moments).values(at=datetime(2026, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("url", ["mysql://localhost/baton", "sqlite://", "not a url"])
def test_a_database_that_baton_cannot_use_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        Database.open(url)


async def test_an_error_of_the_database_does_not_show_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refused:
        async with database.write() as tx:
            await tx.execute(sa.text("SELECT :words FROM no_such_table"), {"words": "my card number is 4111"})
    assert "4111" not in str(refused.value)


async def test_who_is_cancelled_in_the_middle_of_a_read_leaves_no_closed_connection_to_the_next(
    database: Database,
) -> None:
    seven = Prepared(sa.select(sa.literal(7).label("seven")))
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n"

    async def count() -> None:
        async with database.read() as reader:
            await reader.execute(sa.text(counting))

    for _ in range(3):
        cancelled = asyncio.create_task(count())
        for _ in range(30):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        async with database.read() as reader:
            assert (await seven.execute(reader, {})).scalar_one() == 7


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "Connection refused"),
    ],
    ids=["refuses", "is not there"],
)
async def test_a_postgresql_that_lets_nobody_in_says_why_as_an_error_of_the_systems(
    postgresql_url: str, changed: dict[str, Any], says: str
) -> None:
    database = Database.open(sa.make_url(postgresql_url).set(**changed).render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnreachable, match=says) as refused:
        async with database.read():
            pass
    assert isinstance(refused.value, OSError)
    await database.close()
