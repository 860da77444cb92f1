"""Rate limits: counted by window, in Redis or in the process; generous while Redis is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import RateLimited
from core.redis import open_redis
from server.limits import Counters, OwnCounters, SharedCounters, forgive, limit
from tests.server.conftest import Running


@pytest.fixture(params=["shared", "own"])
def counters(running: Running, request: pytest.FixtureRequest) -> Counters:
    return SharedCounters(running.service.redis) if request.param == "shared" else OwnCounters(running.clock)


async def test_a_window_lets_so_many_through_and_the_next_window_again(running: Running, counters: Counters) -> None:
    clock = running.clock
    clock.set(clock.now() + timedelta(seconds=45))
    for _ in range(3):
        await limit(counters, clock, "test", "somebody", most=3)
    with pytest.raises(RateLimited) as refused:
        await limit(counters, clock, "test", "somebody", most=3)
    assert refused.value.retry_after == 15
    await limit(counters, clock, "test", "somebody else", most=3)
    await limit(counters, clock, "another", "somebody", most=3)
    clock.set(clock.now() + timedelta(seconds=15))
    await limit(counters, clock, "test", "somebody", most=3)


async def test_what_is_forgiven_was_not_counted(running: Running, counters: Counters) -> None:
    counted = [await limit(counters, running.clock, "test", "somebody", most=2) for _ in range(2)]
    await forgive(counters, *counted)
    for _ in range(2):
        await limit(counters, running.clock, "test", "somebody", most=2)
    with pytest.raises(RateLimited):
        await limit(counters, running.clock, "test", "somebody", most=2)


async def test_counters_are_forgotten_when_their_time_is_over(running: Running) -> None:
    redis, clock = running.service.redis, running.clock
    await limit(SharedCounters(redis), clock, "test", "somebody", most=3)
    assert all([0 < await redis.ttl(key) <= 120 for key in await redis.keys("baton:rate:*")])
    own = OwnCounters(clock)
    for number in range(100):
        await own.add(str(number), 1, seconds=number)
    clock.set(clock.now() + timedelta(seconds=50))
    assert await own.add("75", 1, seconds=60) == 2
    assert await own.add("25", 1, seconds=60) == 1
    assert len(own._counts) == 50


async def test_without_redis_nothing_is_limited(running: Running) -> None:
    nowhere = open_redis("unix:///nonexistent/redis.sock")
    for _ in range(3):
        await limit(SharedCounters(nowhere), running.clock, "test", "somebody", most=1)
    await nowhere.aclose()


async def test_chats_and_desk_go_on_while_redis_is_away(running: Running) -> None:
    chat = await running.visit()
    await chat.send("person")
    maya = await running.staff()
    origin = {"Origin": str(running.client.make_url("")).rstrip("/")}
    desk = await maya.ws_connect("/api/desk/socket", headers=origin)
    real = running.service.redis
    running.service.redis = open_redis("unix:///nonexistent/redis.sock")
    try:
        assert (await chat.send("message", text="hello?"))["type"] == "ack"
        session = await running.client.post("/api/chat/sessions", json={"token": chat.token})
        assert (await session.json())["conversation"]["queue"]["staffed"] is False
        await desk.send_json({"type": "ping"})
        while (await desk.receive_json(timeout=5))["type"] != "pong":
            pass
        again = await maya.ws_connect("/api/desk/socket", headers=origin)
        await again.send_json({"type": "ping"})
        while (await again.receive_json(timeout=5))["type"] != "pong":
            pass
        await again.close()
        assert (await maya.get("/api/desk/conversations")).status == 200
        ready = await (await running.client.get("/readyz")).json()
        assert (ready["ready"], ready["parts"]["redis"]) == (False, "down")
    finally:
        await running.service.redis.aclose()
        running.service.redis = real


async def test_flushing_redis_loses_nothing(running: Running) -> None:
    chat = await running.visit()
    await chat.send("message", text="hello?")
    await running.service.redis.flushall()
    await chat.send("person")
    assert (await chat.notice("queued"))["notice"]["reason"] == "asked"
    session = await (await running.client.post("/api/chat/sessions", json={"token": chat.token})).json()
    assert session["conversation"]["queue"]["position"] == 1
