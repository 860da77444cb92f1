"""Rate limits: counted in Redis by window, generous while Redis is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import RateLimited
from core.redis import open_redis
from server.limits import limit
from tests.server.conftest import Running


async def test_a_window_lets_so_many_through_and_the_next_window_again(running: Running) -> None:
    redis, clock = running.service.redis, running.clock
    clock.set(clock.now() + timedelta(seconds=45))
    for _ in range(3):
        await limit(redis, clock, "test", "somebody", most=3)
    with pytest.raises(RateLimited) as refused:
        await limit(redis, clock, "test", "somebody", most=3)
    assert refused.value.retry_after == 15
    await limit(redis, clock, "test", "somebody else", most=3)
    await limit(redis, clock, "another", "somebody", most=3)
    clock.set(clock.now() + timedelta(seconds=15))
    await limit(redis, clock, "test", "somebody", most=3)
    assert all([await redis.ttl(key) > 0 for key in await redis.keys("baton:rate:*")])


async def test_without_redis_nothing_is_limited(running: Running) -> None:
    nowhere = open_redis("unix:///nonexistent/redis.sock")
    for _ in range(3):
        await limit(nowhere, running.clock, "test", "somebody", most=1)
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
