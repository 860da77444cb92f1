"""Rate limits: counted by window, in Redis or in the process; generous while Redis is away."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from multidict import CIMultiDict

from core.clock import FrozenClock
from core.errors import RateLimited
from core.redis import open_redis
from server.callers import place_of
from server.limits import Counters, OwnCounters, SharedCounters, forgive, limit
from tests.server.conftest import PATIENCE, Running, ScriptedRasa, serving


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


async def test_a_counter_that_lives_long_keeps_none_that_lives_shortly(clock: FrozenClock) -> None:
    own = OwnCounters(clock)
    await own.add("an hour's", 1, seconds=3600)
    for number in range(100):
        await own.add(f"{number}, a minute's", 1, seconds=60)
    clock.set(clock.now() + timedelta(seconds=60))
    assert await own.add("an hour's", 1, seconds=3600) == 2
    assert len(own) == 1
    assert await own.add("7, a minute's", 1, seconds=60) == 1


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
        while (await desk.receive_json(timeout=PATIENCE))["type"] != "pong":
            pass
        again = await maya.ws_connect("/api/desk/socket", headers=origin)
        await again.send_json({"type": "ping"})
        while (await again.receive_json(timeout=PATIENCE))["type"] != "pong":
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


async def statuses(running: Running, lines: list[list[str]]) -> list[int]:
    """Open a session for each list of X-Forwarded-For lines, which reach the service through one trusted proxy."""
    found = []
    for forwarded in lines:
        headers = CIMultiDict(("X-Forwarded-For", line) for line in forwarded)
        found.append((await running.client.post("/api/chat/sessions", json={}, headers=headers)).status)
    return found


@pytest.fixture
async def behind_a_proxy(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> AsyncIterator[Running]:
    shutil.copytree(first_home, tmp_path / "home")
    async with serving(rasa, tmp_path, clock, trusted_proxies=1, sessions_per_minute=2) as started:
        yield started


async def test_a_line_that_the_client_made_up_above_the_proxys_does_not_choose_its_address(
    behind_a_proxy: Running,
) -> None:
    made_up = [[f"10.0.0.{number}", "203.0.113.7"] for number in range(3)]
    assert await statuses(behind_a_proxy, made_up) == [200, 200, 429]


async def test_the_addresses_that_one_ipv6_customer_may_choose_from_count_as_one(behind_a_proxy: Running) -> None:
    chosen = [[f"2001:db8:1:2::{number}"] for number in range(3)]
    assert await statuses(behind_a_proxy, [*chosen, ["2001:db8:1:3::1"]]) == [200, 200, 429, 200]


def test_an_address_stands_for_whoever_has_it() -> None:
    assert place_of("203.0.113.7") == place_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert place_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert place_of("fe80::1%eth0") == "fe80::/64"
    assert place_of("unknown") == "unknown"
