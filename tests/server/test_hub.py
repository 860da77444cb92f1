"""Listeners get what is theirs, the slow are cut off, and replicas hear of each other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.database import Database, metadata
from core.events import Event, record_event
from core.redis import NUDGES, open_redis
from server.hub import BACKLOG, DESK, OUTBOX, CatchUp, Frame, Hub, Listener
from tests.server.conftest import NOW, Running


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = open_redis(redis_url)
    yield client
    await client.aclose()


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


async def test_a_frame_that_is_fleeting_is_lost_rather_than_that_it_cuts_anybody_off() -> None:
    listener = Listener("desk sockets")
    for _ in range(10 * BACKLOG):
        listener.offer({"typing": True}, fleeting=True)
    assert not listener.cut_off
    assert listener.frames.qsize() < BACKLOG
    listener.offer({"kept": True})
    assert [listener.frames.get_nowait() for _ in range(listener.frames.qsize())][-1] == {"kept": True}


async def test_asked_to_catch_up_many_times_before_it_did_a_listener_does_it_once() -> None:
    listener = Listener("cv_a")
    for _ in range(2 * BACKLOG):
        listener.catch_up()
    assert isinstance(await listener.hear(), CatchUp)
    assert listener.frames.empty()
    listener.catch_up()
    assert isinstance(await listener.hear(), CatchUp)


async def until_catch_up(listener: Listener) -> None:
    async with asyncio.timeout(20):
        frame: Frame = {}
        while not isinstance(frame, CatchUp):
            frame = await listener.hear()


async def test_whoever_listens_catches_up_when_redis_is_heard_again(
    replicas: tuple[Database, Hub, Hub], redis: Redis
) -> None:
    _, _, there = replicas
    with there.listen(DESK) as desk, there.listen("cv_a") as customer:
        await redis.client_kill_filter(_type="pubsub")
        await until_catch_up(desk)
        await until_catch_up(customer)


async def test_others_catch_up_when_they_could_not_be_told(
    replicas: tuple[Database, Hub, Hub], redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.hub.RETRY_SECONDS", 0.01)
    database, here, there = replicas
    await redis.execute_command("ACL", "SETUSER", "default", "-publish")
    with there.listen("cv_a") as customer:
        async with database.write() as tx:
            await record_event(tx, "cv_a", "message", {}, at=NOW)
        async with asyncio.timeout(20):
            while not here._untold:
                await asyncio.sleep(0)
        assert customer.frames.empty()
        await redis.execute_command("ACL", "SETUSER", "default", "+publish")
        await until_catch_up(customer)


async def test_what_others_have_still_to_be_told_does_not_grow_without_end(tmp_path: Path, redis: Redis) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/baton.db")
    hub = Hub(database, redis)  # nobody runs it: as with a Redis that does not answer
    for number in range(3 * OUTBOX):
        hub._committed([Event("cv_a", number, "message", "both", {}, NOW)])
    assert hub._outbox.qsize() == OUTBOX
    await database.close()


async def test_a_customer_whose_nudge_was_lost_is_told_with_the_next_ping(sharing: Running) -> None:
    chat = await sharing.visit()
    await chat.send("message", text="hello")
    await chat.message("bot")
    elsewhere = Database.open(sharing.service.settings.database)
    async with elsewhere.write() as tx:
        await record_event(tx, chat.conversation, "message", {"message": {"n": 1}}, at=NOW)
    await elsewhere.close()
    await chat.socket.send_json({"type": "ping"})
    assert (await chat.until(lambda frame: frame.get("data") == {"message": {"n": 1}}))["id"] == chat.last_event


async def test_events_that_replicas_tell_out_of_order_or_twice_reach_a_customer_once_and_in_order(
    sharing: Running,
) -> None:
    chat = await sharing.visit()
    await chat.send("message", text="hello")
    await chat.message("bot")
    service = sharing.service
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
