"""The queue: what is due first comes first, for agents and customers alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from core.clock import FrozenClock
from core.redis import open_redis, presence_key
from handoff import desk
from handoff.desk import list_rows
from handoff.desk_counts import counts
from handoff.records import Staff
from handoff.routing import waiting
from handoff.routing.presence import SILENT_AFTER_SECONDS, keep_presence, leave, present, show_presence
from handoff.routing.waiting import QueueState, Staffed, queue_state
from handoff.taking_over import override_ticket, release, resolve
from handoff.teams import put_team
from server.processes import private_redis
from tests.handoff.conftest import MINUTE, Floor


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """A real server of its own on a private socket."""
    with TemporaryDirectory(prefix="baton-") as folder:
        socket = Path(folder) / "redis.sock"
        child = private_redis(Path(folder), socket, Path(folder) / "redis.log")
        await child.start()
        client = open_redis(f"unix://{socket}")
        while not socket.exists():
            await asyncio.sleep(0)
        yield client
        await client.aclose()
        await child.stop()


async def order(floor: Floor, agent: Staff, view: str = "queue") -> list[str]:
    async with floor.database.read() as reader:
        return [row["id"] for row in await list_rows(reader, view, agent, floor.clock.now())]


async def state(floor: Floor, redis: Redis) -> QueueState:
    async with floor.database.read() as reader:
        return await queue_state(reader, redis, floor.clock.now())


async def test_what_is_due_first_comes_first_and_not_what_came_first(floor: Floor, maya: Staff, redis: Redis) -> None:
    calm = await floor.waiting("just a suggestion, no rush at all")
    floor.later(MINUTE)
    normal = await floor.waiting("where are my invoices please")
    floor.later(MINUTE)
    urgent = await floor.waiting("our account was hacked", reason="security")
    floor.later(MINUTE)
    later = await floor.waiting("somebody else logged in to our account", reason="security")
    expected = [urgent.id, later.id, normal.id, calm.id]
    assert await order(floor, maya) == expected
    seen = await state(floor, redis)
    assert list(seen.places) == expected
    assert [seen.places[one].position for one in expected] == [1, 2, 3, 4]
    view = seen.view(normal.id)
    assert view is not None
    assert view["reply_by"] == "2026-11-23T17:01:00.000Z"


async def test_a_place_is_the_same_alone_and_among_all_and_nobody_behind_it_is_read(
    floor: Floor, maya: Staff, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("just a suggestion, no rush at all", "where are my invoices please", "our account was hacked"):
        await floor.waiting(text, reason="security" if "hacked" in text else "asked")
        floor.later(MINUTE)
    chat = await floor.visit()
    for staffed in (False, True):
        if staffed:
            await show_presence(redis, maya.id, "online", floor.clock.now(), desk="d")
        every = await state(floor, redis)
        async with floor.database.read() as reader:
            now = floor.clock.now()
            for named, at_once in ((500, 500), (0, 1)):
                monkeypatch.setattr(waiting, "MOST_NAMED", named)
                monkeypatch.setattr(waiting, "LOOKED_UP_AT_ONCE", at_once)
                for place, one in enumerate(every.places, start=1):
                    alone = await queue_state(reader, redis, now, [chat.id, one])
                    assert list(alone.places) == list(every.places)[:place]
                    assert alone.view(one) == every.view(one)
            assert (await queue_state(reader, redis, now, [chat.id])).places == {}


async def test_the_line_is_read_by_its_deadlines_and_not_by_all_that_waits(floor: Floor) -> None:
    if floor.database.dialect != "sqlite":
        pytest.skip("chooses by what is in the tables")
    statements: list[tuple[str, tuple[object, ...]]] = []
    sa.event.listen(
        floor.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, given, *_rest: statements.append((statement, given)),
    )
    async with floor.database.read() as reader:
        await waiting._line(reader, floor.clock.now())
        ((statement, given),) = statements
        plan = [row[3] for row in await reader.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
    assert any("sla_clocks USING INDEX ix_sla_clocks_due_at (due_at<?)" in step for step in plan)
    assert any("conversations USING INDEX ix_conversations_ticket_id" in step for step in plan)


async def test_a_correction_moves_a_conversation_in_the_queue_at_once(floor: Floor, maya: Staff) -> None:
    first, second = await floor.waiting("where are my invoices"), await floor.waiting("how do I add a board")
    expected = sorted([first.id, second.id])
    assert await order(floor, maya) == expected
    last = {first.id: first, second.id: second}[expected[1]]
    await override_ticket(floor.database, str(last.ticket_id), maya, {"priority": "high"}, at=floor.clock.now())
    assert await order(floor, maya) == [last.id, expected[0]]


async def test_writing_again_does_not_cost_a_customer_their_place(floor: Floor, maya: Staff, redis: Redis) -> None:
    one, other = await floor.waiting(), await floor.waiting()
    before = list((await state(floor, redis)).places)
    floor.later(MINUTE)
    for conversation in (one, other, one):
        await floor.say(conversation, "still waiting")
    assert list((await state(floor, redis)).places) == before == await order(floor, maya)


async def test_a_released_conversation_has_the_same_place_at_the_desk_and_in_the_widget(
    floor: Floor, maya: Staff, redis: Redis
) -> None:
    released = await floor.waiting()
    taken = await floor.claim(released, maya)
    await floor.reply(taken, maya, "One moment.")
    await release(floor.database, taken.id, maya, epoch=taken.epoch, at=floor.later(MINUTE))
    floor.later(timedelta(minutes=1000))
    fresh = await floor.waiting()
    assert await order(floor, maya) == [released.id, fresh.id]
    seen = await state(floor, redis)
    assert list(seen.places) == [released.id, fresh.id]
    view = seen.view(released.id)
    assert view is not None
    assert view["reply_by"] is not None


async def test_a_list_that_is_cut_shows_what_is_due_first(
    floor: Floor, maya: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = []
    for _ in range(4):
        waiting.append((await floor.waiting()).id)
        floor.later(MINUTE)
    monkeypatch.setattr(desk, "ROWS", 2)
    assert await order(floor, maya) == waiting[:2]
    async with floor.database.read() as reader:
        assert (await counts(reader, maya))["queue"] == 4


async def test_each_list_has_its_own_conversations(floor: Floor, maya: Staff, jonas: Staff) -> None:
    with_the_bot = await floor.visit()
    await floor.say(with_the_bot, "hello")
    await floor.visit()  # said nothing yet: in no list
    waiting = await floor.waiting()
    mine, his = await floor.claimed(maya), await floor.claimed(jonas)
    done = await floor.claimed(maya)
    await resolve(floor.database, done.id, maya, epoch=done.epoch, at=floor.clock.now())
    assert await order(floor, maya) == [waiting.id]
    assert await order(floor, maya, "mine") == [mine.id]
    assert await order(floor, jonas, "mine") == [his.id]
    assert set(await order(floor, maya, "bot")) == {with_the_bot.id, done.id}
    assert await order(floor, maya, "resolved") == [done.id]
    async with floor.database.read() as reader:
        assert await counts(reader, maya) == {"queue": 1, "mine": 1, "bot": 2}
        (row,) = await list_rows(reader, "resolved", maya, floor.clock.now())
    assert (row["number"], row["subject"]) == ("FH-1004", "please help me with this")


async def test_only_agents_who_are_online_and_gave_a_sign_of_life_lately_count_as_staff(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff, redis: Redis
) -> None:
    await floor.waiting()
    assert (await state(floor, redis)).staffed == []
    for agent in (maya, jonas, amara):
        await show_presence(redis, agent.id, "online", floor.clock.now(), desk="d")
    await show_presence(redis, jonas.id, "away", floor.clock.now())
    await floor.claimed(maya)
    seen = await state(floor, redis)
    assert seen.staffed == [Staffed(frozenset(), 10, 9)]
    await leave(redis, amara.id, desk="d")
    assert (await state(floor, redis)).staffed == [Staffed(frozenset(), 5, 4)]
    floor.later(timedelta(seconds=61))
    assert (await state(floor, redis)).staffed == []
    for agent, state_of in ((maya, "online"), (jonas, "away")):
        await keep_presence(redis, agent.id, floor.clock.now(), desk="d", state=state_of)
    assert await present(redis, floor.clock.now()) == {maya.id: "online", jonas.id: "away"}


async def test_the_estimate_follows_what_people_took_lately(floor: Floor, maya: Staff, redis: Redis) -> None:
    for _ in range(3):
        claimed = await floor.claimed(maya)
        floor.later(12 * MINUTE)
        await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert (await state(floor, redis)).handling_minutes == pytest.approx(9)


async def test_losing_all_of_redis_loses_nothing_but_presence_for_one_heartbeat(
    floor: Floor, maya: Staff, redis: Redis
) -> None:
    waiting = await floor.waiting()
    await show_presence(redis, maya.id, "online", floor.clock.now(), desk="d")
    await redis.flushall()
    assert await redis.exists(presence_key()) == 0
    assert list((await state(floor, redis)).places) == [waiting.id]
    await keep_presence(redis, maya.id, floor.clock.now(), desk="d", state="online")
    assert len((await state(floor, redis)).staffed) == 1


async def test_an_agent_who_is_away_stays_away_when_redis_forgets_everything(clock: FrozenClock, redis: Redis) -> None:
    await show_presence(redis, "st_1", "away", clock.now(), desk="d")
    await redis.flushall()
    assert await keep_presence(redis, "st_1", clock.now(), desk="d", state="away") == "away"
    assert await present(redis, clock.now()) == {"st_1": "away"}


async def test_an_agent_is_there_as_long_as_one_of_their_desks_is(clock: FrozenClock, redis: Redis) -> None:
    for one in ("here", "there"):
        await show_presence(redis, "st_1", "online", clock.now(), desk=one)
    await leave(redis, "st_1", desk="here")
    assert await present(redis, clock.now()) == {"st_1": "online"}
    await leave(redis, "st_1", desk="there")
    assert await present(redis, clock.now()) == {}


async def test_a_choice_at_one_desk_holds_for_all_of_the_agents_desks(clock: FrozenClock, redis: Redis) -> None:
    for one in ("here", "there"):
        await show_presence(redis, "st_1", "online", clock.now(), desk=one)
    await show_presence(redis, "st_1", "away", clock.now(), desk="here")
    assert await present(redis, clock.now()) == {"st_1": "away"}
    assert await keep_presence(redis, "st_1", clock.now(), desk="there", state="online") == "away"


async def test_a_choice_without_an_open_desk_makes_nobody_present(clock: FrozenClock, redis: Redis) -> None:
    await show_presence(redis, "st_1", "online", clock.now())
    assert await present(redis, clock.now()) == {}


async def test_desks_that_fell_silent_are_forgotten(clock: FrozenClock, redis: Redis) -> None:
    await show_presence(redis, "st_1", "online", clock.now(), desk="killed")
    clock.set(clock.now() + timedelta(seconds=SILENT_AFTER_SECONDS + 1))
    assert await present(redis, clock.now()) == {}
    assert await redis.hlen(presence_key()) == 0


async def test_without_redis_the_queue_is_shown_as_unstaffed_and_not_as_an_error(floor: Floor) -> None:
    waiting = await floor.waiting()
    nowhere = open_redis("unix:///nonexistent/redis.sock")
    seen = await state(floor, nowhere)
    await nowhere.aclose()
    view = seen.view(waiting.id)
    assert view is not None
    assert (view["position"], view["staffed"]) == (1, False)


async def test_out_of_hours_the_team_says_when_it_answers_and_in_hours_nothing(floor: Floor, redis: Redis) -> None:
    hours = {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}
    async with floor.database.write() as tx:
        await put_team(tx, "support", {"hours": hours}, at=floor.clock.now())
    waiting = await floor.waiting()
    view = (await state(floor, redis)).view(waiting.id)
    assert view is not None
    assert view["opens_at"] is None
    floor.clock.set(datetime(2026, 11, 27, 20, tzinfo=UTC))  # a Friday night
    view = (await state(floor, redis)).view(waiting.id)
    assert view is not None
    assert view["opens_at"] == "2026-11-30T08:00:00.000Z"
