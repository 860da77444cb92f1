"""The outbox: written with the change, claimed by one, tried again, given up, and sent again by a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import outbox
from core.clock import FrozenClock
from core.database import Database, Transaction
from core.deliveries import count_deliveries, deliveries, get_delivery, purge_outbox, resend
from core.errors import Conflict
from core.outbox import (
    FIRST_WAIT,
    LEASE,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    Claimed,
    backoff,
    claim_due,
    due_endpoints,
    enqueue,
    mark_delivered,
    mark_failed,
)
from core.webhook_endpoints import add_endpoint, change_endpoint, delete_endpoint

SECOND = timedelta(seconds=1)


async def endpoint(database: Database, clock: FrozenClock, *kinds: str, url: str = "https://one.example") -> str:
    async with database.write() as tx:
        made, _ = await add_endpoint(tx, url, kinds or ["*"], "", at=clock.now())
    return made.id


async def tell(database: Database, clock: FrozenClock, key: str = "k", kind: str = "rating.created") -> str | None:
    async with database.write() as tx:
        return await enqueue(tx, kind, key, {"score": 5}, at=clock.now())


async def claim(database: Database, clock: FrozenClock, endpoint_id: str, limit: int = 10) -> list[Claimed]:
    async with database.write() as tx:
        return await claim_due(tx, endpoint_id, clock.now(), limit)


async def fail(database: Database, clock: FrozenClock, claimed: Claimed, wait: timedelta = SECOND) -> bool:
    async with database.write() as tx:
        return await mark_failed(tx, claimed, "no", at=clock.now(), wait=wait, status=500, gone=False)


async def test_what_is_rolled_back_is_told_to_nobody_and_what_is_repeated_is_told_once(
    database: Database, clock: FrozenClock
) -> None:
    one = await endpoint(database, clock)

    async def crash() -> None:
        async with database.write() as tx:
            await enqueue(tx, "rating.created", "k", {}, at=clock.now())
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        await crash()
    assert await claim(database, clock, one) == []
    assert await tell(database, clock) is not None
    assert await tell(database, clock) is None
    claimed = await claim(database, clock, one)
    assert [(found.kind, found.payload, found.attempt) for found in claimed] == [("rating.created", {"score": 5}, 1)]


async def test_an_endpoint_hears_the_kinds_it_asked_for_while_it_is_active(
    database: Database, clock: FrozenClock
) -> None:
    everything = await endpoint(database, clock)
    breaches = await endpoint(database, clock, "sla.breach", url="https://two.example")
    off = await endpoint(database, clock, url="https://three.example")
    async with database.write() as tx:
        await change_endpoint(tx, off, {"active": False})
    await tell(database, clock, "a", "rating.created")
    await tell(database, clock, "b", "sla.breach")
    assert [len(await claim(database, clock, one)) for one in (everything, breaches, off)] == [2, 1, 0]


async def test_a_claimed_delivery_is_one_workers_until_its_lease_ends_and_a_late_worker_settles_nothing(
    database: Database, clock: FrozenClock
) -> None:
    one = await endpoint(database, clock)
    await tell(database, clock)
    (first,) = await claim(database, clock, one)
    assert await claim(database, clock, one) == []
    clock.set(clock.now() + LEASE)
    (second,) = await claim(database, clock, one)
    assert (second.id, second.message_id, second.attempt) == (first.id, first.message_id, 2)
    async with database.write() as tx:
        assert not await mark_delivered(tx, first, 200, at=clock.now())
    assert not await fail(database, clock, first)
    async with database.write() as tx:
        assert await mark_delivered(tx, second, 204, at=clock.now())
    clock.set(clock.now() + LEASE)
    assert await claim(database, clock, one) == []
    async with database.read() as reader:
        assert await due_endpoints(reader) == {}


async def test_a_delivery_that_fails_every_time_is_dead_until_a_person_sends_it_again(
    database: Database, clock: FrozenClock
) -> None:
    one = await endpoint(database, clock)
    await tell(database, clock)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        (claimed,) = await claim(database, clock, one)
        assert (claimed.attempt, claimed.last) == (attempt, attempt == MOST_ATTEMPTS)
        assert await fail(database, clock, claimed)
        assert await claim(database, clock, one) == []
        clock.set(clock.now() + SECOND)
    assert await claim(database, clock, one) == []
    async with database.read() as reader:
        assert await count_deliveries(reader) == {"pending": 0, "dead": 1}
        (dead,) = await deliveries(reader, "dead", limit=10)
        assert await get_delivery(reader, dead.id) == (dead, {"score": 5})
    assert (dead.attempts, dead.last_status, dead.last_error) == (MOST_ATTEMPTS, 500, "no")
    async with database.write() as tx:
        await resend(tx, dead.id, at=clock.now())
    (again,) = await claim(database, clock, one)
    assert (again.message_id, again.attempt, again.last) == (dead.message_id, MOST_ATTEMPTS + 1, False)


async def test_what_waits_for_an_endpoint_stays_while_it_is_off_and_goes_with_it_when_it_is_deleted(
    database: Database, clock: FrozenClock
) -> None:
    one = await endpoint(database, clock)
    await tell(database, clock)
    async with database.write() as tx:
        await change_endpoint(tx, one, {"active": False})
    async with database.read() as reader:
        assert await due_endpoints(reader) == {}
        (waiting,) = await deliveries(reader, "pending", limit=10)
    async with database.write() as tx:
        with pytest.raises(Conflict, match="switched off"):
            await resend(tx, waiting.id, at=clock.now())
    async with database.write() as tx:
        await change_endpoint(tx, one, {"active": True})
    async with database.read() as reader:
        assert list(await due_endpoints(reader)) == [one]
    async with database.write() as tx:
        await delete_endpoint(tx, one)
    async with database.read() as reader:
        assert await deliveries(reader, "pending", limit=10) == []


async def test_old_deliveries_are_deleted_and_what_is_pending_stays(database: Database, clock: FrozenClock) -> None:
    one = await endpoint(database, clock)
    await tell(database, clock, "a")
    await tell(database, clock, "b")
    (first,) = await claim(database, clock, one, limit=1)
    async with database.write() as tx:
        await mark_delivered(tx, first, 200, at=clock.now())
    async with database.write() as tx:
        assert await purge_outbox(tx, clock.now()) == 0
        assert await purge_outbox(tx, clock.now() + SECOND) == 1
    async with database.read() as reader:
        assert (await deliveries(reader, "delivered", limit=10), await count_deliveries(reader)) == (
            [],
            {"pending": 1, "dead": 0},
        )


def test_waits_grow_fourfold_to_six_hours_with_a_quarter_of_chance_and_heed_the_receiver() -> None:
    assert backoff(1, 0.5) == FIRST_WAIT
    assert backoff(3, 0.5) == FIRST_WAIT * 16
    assert (backoff(2, 0.0), backoff(2, 1.0)) == (timedelta(seconds=15), timedelta(seconds=25))
    assert backoff(500, 0.5) == LONGEST_WAIT
    assert backoff(1, 0.5, timedelta(minutes=10)) == timedelta(minutes=10)
    assert backoff(1, 0.5, timedelta(days=9)) == LONGEST_WAIT


async def test_a_message_whose_endpoint_was_deleted_goes_in_its_time_though_nothing_was_delivered(
    database: Database, clock: FrozenClock
) -> None:
    one = await endpoint(database, clock)
    await tell(database, clock)
    async with database.write() as tx:
        await delete_endpoint(tx, one)
        assert await purge_outbox(tx, clock.now()) == 0
        assert len((await tx.execute(sa.select(outbox.outbox_messages))).all()) == 1
        await purge_outbox(tx, clock.now() + SECOND)
        assert (await tx.execute(sa.select(outbox.outbox_messages))).all() == []


async def test_of_two_admins_who_add_one_address_at_once_the_later_is_refused(
    database: Database, clock: FrozenClock
) -> None:
    made = await asyncio.gather(endpoint(database, clock), endpoint(database, clock), return_exceptions=True)
    (refused,) = [one for one in made if not isinstance(one, str)]
    assert isinstance(refused, Conflict)


async def test_who_adds_an_address_waits_for_whoever_adds_another_just_now_and_telling_does_not(
    database: Database, clock: FrozenClock
) -> None:
    if database.dialect == "sqlite":
        pytest.skip("has one writer at a time")
    await endpoint(database, clock)

    async def add_meanwhile() -> None:
        async with database.write() as other:
            await other.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
            await add_endpoint(other, "https://two.example", ["*"], "", at=clock.now())

    async with database.write() as tx:
        await add_endpoint(tx, "https://two.example", ["*"], "", at=clock.now())
        assert await tell(database, clock) is not None
        with pytest.raises(sa.exc.DBAPIError, match="lock timeout"):
            await add_meanwhile()


async def test_an_endpoint_that_is_just_told_something_is_not_deleted_in_between(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect == "sqlite":
        pytest.skip("has one writer at a time")
    one = await endpoint(database, clock)
    store = outbox._store

    async def delete_at_once() -> None:
        async with database.write() as other:
            await other.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
            await delete_endpoint(other, one)

    async def delete_first(tx: Transaction, endpoint_ids: Sequence[str], *rest: Any) -> str | None:
        with pytest.raises(sa.exc.DBAPIError, match="lock timeout"):
            await delete_at_once()
        return await store(tx, endpoint_ids, *rest)

    monkeypatch.setattr(outbox, "_store", delete_first)
    assert await tell(database, clock) is not None
    async with database.write() as tx:
        await delete_endpoint(tx, one)
    async with database.read() as reader:
        assert await count_deliveries(reader) == {"pending": 0, "dead": 0}
