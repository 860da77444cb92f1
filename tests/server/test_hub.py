"""Listeners get what is theirs, the slow are cut off, and replicas hear of each other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis

from core.database import Database, metadata
from core.events import Event, record_event
from core.redis import NUDGES, open_redis
from server.hub import BACKLOG, DESK, Hub, Listener
from server.processes import private_redis
from tests.server.conftest import NOW, Running


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    with TemporaryDirectory(prefix="baton-") as folder:
        socket = Path(folder) / "redis.sock"
        child = private_redis(Path(folder), socket, Path(folder) / "redis.log")
        await child.start()
        while not socket.exists():
            await asyncio.sleep(0)
        client = open_redis(f"unix://{socket}")
        yield client
        await client.aclose()
        await child.stop()


@pytest.fixture
async def replicas(tmp_path: Path, redis: Redis) -> AsyncIterator[tuple[Database, Hub, Hub]]:
    """Two processes' hubs on one database; the first one's database is given."""
    databases = [Database.open(f"sqlite:///{tmp_path}/baton.db") for _ in range(2)]
    async with databases[0].engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    one, other = (Hub(database, redis) for database in databases)
    running = [asyncio.create_task(hub.run()) for hub in (one, other)]
    while dict(await redis.pubsub_numsub(NUDGES)).get(NUDGES) != 2:
        await asyncio.sleep(0)
    yield databases[0], one, other
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for database in databases:
        await database.close()


async def next_events(listener: Listener, count: int) -> list[tuple[str, int]]:
    events = [await asyncio.wait_for(listener.frames.get(), 10) for _ in range(count)]
    return [(event.conversation_id, event.number) for event in events if isinstance(event, Event)]


async def test_a_replica_hears_of_every_conversation_that_one_write_was_about(
    replicas: tuple[Database, Hub, Hub],
) -> None:
    database, here, there = replicas
    with here.listen(DESK) as near, there.listen(DESK) as far, there.listen("cv_b") as customer:
        async with database.write() as tx:
            await record_event(tx, "cv_b", "message", {}, at=NOW)
        async with database.write() as tx:
            for conversation_id in ("cv_a", "cv_b", "cv_c", "cv_b"):
                await record_event(tx, conversation_id, "message", {}, at=NOW)
        expected = [("cv_a", 1), ("cv_b", 1), ("cv_b", 2), ("cv_b", 3), ("cv_c", 1)]
        assert sorted(await next_events(near, 5)) == expected
        assert sorted(await next_events(far, 5)) == expected
        assert await next_events(customer, 3) == [("cv_b", 1), ("cv_b", 2), ("cv_b", 3)]
        assert near.frames.empty()
        assert far.frames.empty()


async def test_what_is_for_staff_alone_reaches_no_customer_here_or_there(
    replicas: tuple[Database, Hub, Hub],
) -> None:
    database, here, there = replicas
    with here.listen("cv_a") as near, there.listen("cv_a") as far, there.listen(DESK) as desk:
        async with database.write() as tx:
            await record_event(tx, "cv_a", "message", {"note": True}, at=NOW, audience="staff")
        async with database.write() as tx:
            await record_event(tx, "cv_a", "message", {}, at=NOW)
        assert await next_events(desk, 2) == [("cv_a", 1), ("cv_a", 2)]
        assert await next_events(near, 1) == await next_events(far, 1) == [("cv_a", 2)]


def test_a_listener_that_is_too_far_behind_is_cut_off_once_and_loses_nothing_before_that() -> None:
    async def fall_behind() -> list[object]:
        listener = Listener("cv_a")
        for n in range(BACKLOG + 50):
            listener.offer({"n": n})
        return [listener.frames.get_nowait() for _ in range(listener.frames.qsize())]

    frames = asyncio.run(fall_behind())
    assert frames == [{"n": n} for n in range(BACKLOG)] + [None]


async def test_events_that_replicas_tell_out_of_order_or_twice_reach_a_customer_once_and_in_order(
    running: Running,
) -> None:
    chat = await running.visit()
    await chat.send("message", text="hello")
    await chat.message("bot")
    service = running.service
    numbers = list(range(chat.last_event + 1, chat.last_event + 5))
    # As another process would: its events are committed, and nudges come late, twice, and in the wrong order.
    elsewhere = Database.open(service.settings.database)
    async with elsewhere.write() as tx:
        for n in numbers:
            await record_event(tx, chat.conversation, "message", {"message": {"n": n}}, at=NOW)
    await elsewhere.close()
    for told in ([numbers[1]], [numbers[0]], numbers, [numbers[3]], [numbers[2]]):
        nudge = {"from": "another", "conversation": chat.conversation, "numbers": told}
        await service.redis.publish(NUDGES, json.dumps(nudge))
    seen = [await chat.until(lambda frame: frame.get("id", 0) >= numbers[0]) for _ in numbers]
    assert [frame["id"] for frame in seen] == numbers
    await chat.socket.send_json({"type": "ping"})
    await chat.until(lambda frame: frame["type"] == "pong")
    assert [frame for frame in chat.seen if frame.get("id", 0) >= numbers[0]] == []
