"""Webhooks as a receiver meets them: a real HTTP server that verifies, fails, is slow, moves away or is gone."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.clock import FrozenClock
from core.database import Database
from core.deliveries import count_deliveries, deliveries
from core.outbox import LEASE, enqueue
from core.webhook_endpoints import add_endpoint, endpoints, replace_secret
from handoff.staff import add_staff
from server.deliveries import AT_ONCE_EACH, DeliveryWorker
from server.outbound import open_caller
from tests.server.conftest import Running

Answer = Callable[[], Awaitable[web.StreamResponse]]


async def well() -> web.StreamResponse:
    return web.Response()


@dataclass
class Receiver:
    """What a help desk at the other end would be."""

    url: str = ""
    answer: Answer = well
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.heard.append((dict(request.headers), await request.read()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer()
        finally:
            self.at_once -= 1

    @property
    def keys(self) -> list[Any]:
        return [json.loads(body)["data"]["key"] for _, body in self.heard]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/hook", one.take)
    server = TestServer(app)
    await server.start_server()
    one.url = str(server.make_url("/hook"))
    yield one
    await server.close()


@pytest.fixture
async def caller() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_caller(private=True) as session:
        yield session


@pytest.fixture
def worker(database: Database, clock: FrozenClock, caller: aiohttp.ClientSession) -> DeliveryWorker:
    return DeliveryWorker(database, clock, caller, private=True, luck=lambda: 0.5)


async def connect(database: Database, clock: FrozenClock, url: str) -> str:
    async with database.write() as tx:
        return (await add_endpoint(tx, url, ["*"], "", at=clock.now()))[1]


async def tell(database: Database, clock: FrozenClock, *keys: str) -> None:
    async with database.write() as tx:
        for key in keys:
            await enqueue(tx, "rating.created", key, {"key": key}, at=clock.now())


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify as docs/webhooks.md tells receivers to."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(f"v1,{expected}", one) for one in headers["webhook-signature"].split(" "))


async def test_a_receiver_can_verify_what_it_gets_and_knows_a_repetition_by_its_id(
    database: Database, clock: FrozenClock, worker: DeliveryWorker, receiver: Receiver
) -> None:
    secret = await connect(database, clock, receiver.url)
    await tell(database, clock, "é")
    answers = [web.Response(status=500, text="down for\nrepair"), web.Response(status=204)]

    async def answer() -> web.StreamResponse:
        return answers.pop(0)

    receiver.answer = answer
    await worker.deliver_due()
    async with database.read() as reader:
        (waiting,) = await deliveries(reader, "pending", limit=1)
    assert waiting.last_error == "The receiver answered 500: down for repair"
    clock.set(clock.now() + timedelta(seconds=4))
    await worker.deliver_due()
    assert len(receiver.heard) == 1
    clock.set(clock.now() + timedelta(seconds=1))
    await worker.deliver_due()
    (first, body), (second, again) = receiver.heard
    assert body == again
    assert json.loads(body) == {"type": "rating.created", "timestamp": "2026-11-23T09:00:00.000Z", "data": {"key": "é"}}
    assert first["webhook-id"] == second["webhook-id"] == waiting.message_id
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert verified(secret, first, body)
    assert verified(secret, second, body)
    assert not verified(secret, first, body + b" ")
    async with database.read() as reader:
        assert await count_deliveries(reader) == {"pending": 0, "dead": 0}


async def test_after_a_new_secret_both_sign_for_a_day_and_then_the_new_one_alone(
    database: Database, clock: FrozenClock, worker: DeliveryWorker, receiver: Receiver
) -> None:
    old = await connect(database, clock, receiver.url)
    async with database.write() as tx:
        (one,) = await endpoints(tx.connection)
        new = await replace_secret(tx, one.id, at=clock.now())
    for wait in (timedelta(hours=23), timedelta(hours=1)):
        clock.set(clock.now() + wait)
        await tell(database, clock, str(clock.now()))
        await worker.deliver_due()
    assert [(verified(old, *heard), verified(new, *heard)) for heard in receiver.heard] == [(True, True), (False, True)]


async def test_what_a_killed_worker_had_in_hand_is_delivered_by_another_after_its_lease(
    database: Database, clock: FrozenClock, caller: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await connect(database, clock, receiver.url)
    await tell(database, clock, "a")
    arrived = asyncio.Event()

    async def never() -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        return web.Response()

    receiver.answer = never
    killed = DeliveryWorker(database, clock, caller, private=True)
    running = asyncio.create_task(killed.run())
    await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    receiver.answer = well
    other = DeliveryWorker(database, clock, caller, private=True)
    await other.deliver_due()
    assert receiver.keys == ["a"]
    clock.set(clock.now() + LEASE)
    await other.deliver_due()
    assert receiver.keys == ["a", "a"]
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1


async def test_a_slow_receiver_holds_up_nobody_but_itself(
    database: Database, clock: FrozenClock, worker: DeliveryWorker, receiver: Receiver
) -> None:
    await connect(database, clock, receiver.url)
    quick = Receiver()
    app = web.Application()
    app.router.add_post("/hook", quick.take)
    server = TestServer(app)
    await server.start_server()
    await connect(database, clock, str(server.make_url("/hook")))
    keys = [str(number) for number in range(3 * AT_ONCE_EACH)]
    all_heard, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow() -> web.StreamResponse:
        await go_on.wait()
        if len(receiver.heard) == len(keys):
            done.set()
        return web.Response()

    async def count() -> web.StreamResponse:
        if len(quick.heard) == len(keys):
            all_heard.set()
        return web.Response()

    receiver.answer, quick.answer = slow, count
    running = asyncio.create_task(worker.run())
    await tell(database, clock, *keys)  # the commit wakes the worker
    await all_heard.wait()
    assert receiver.most_at_once <= AT_ONCE_EACH
    go_on.set()
    await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.close()
    assert sorted(receiver.keys) == sorted(quick.keys) == sorted(keys)
    assert receiver.most_at_once <= AT_ONCE_EACH


async def test_redirects_are_not_followed_a_long_answer_is_not_read_and_who_is_gone_is_not_called_again(
    database: Database, clock: FrozenClock, worker: DeliveryWorker, receiver: Receiver
) -> None:
    await connect(database, clock, receiver.url)
    await tell(database, clock, "a")

    async def moved() -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": receiver.url})

    async def endless() -> web.StreamResponse:
        return web.Response(status=503, text="x" * 5_000_000, headers={"Retry-After": "3600"})

    async def gone() -> web.StreamResponse:
        return web.Response(status=410)

    receiver.answer = moved
    await worker.deliver_due()
    assert len(receiver.heard) == 1
    receiver.answer = endless
    clock.set(clock.now() + timedelta(seconds=5))
    await worker.deliver_due()
    async with database.read() as reader:
        (waiting,) = await deliveries(reader, "pending", limit=1)
    assert waiting.next_at == clock.now() + timedelta(hours=1)
    receiver.answer = gone
    clock.set(waiting.next_at)
    await worker.deliver_due()
    await tell(database, clock, "b")
    await worker.deliver_due()
    async with database.read() as reader:
        (one,) = await endpoints(reader)
        assert await count_deliveries(reader) == {"pending": 0, "dead": 1}
    assert (one.active, one.disabled_reason) == (False, "The receiver answered 410 Gone.")
    assert receiver.keys == ["a"] * 3


async def test_an_admin_connects_a_help_desk_and_a_lead_sends_again_what_it_missed(
    running: Running, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.outbox.MOST_ATTEMPTS", 1)
    admin = await running.staff(**await hired(running, "admin"))
    lead = await running.staff(**await hired(running, "lead"))
    agent = await running.staff()
    assert (await agent.get("/api/deliveries")).status == (await lead.get("/api/webhooks")).status == 403
    refused = await admin.post("/api/webhooks", json={"url": receiver.url, "kinds": ["conversation.claimd"]})
    assert (refused.status, (await refused.json())["error"]["field"]) == (400, "kinds")
    made = await (await admin.post("/api/webhooks", json={"url": receiver.url})).json()
    assert (await admin.post("/api/webhooks", json={"url": receiver.url})).status == 409
    path = f"/api/webhooks/{made['endpoint']['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in await (await admin.get("/api/webhooks")).text()

    async def down() -> web.StreamResponse:
        return web.Response(status=502)

    receiver.answer = down
    ping = await (await admin.post(path + "/ping")).json()
    await running.service.deliveries.deliver_due()
    listed = await (await lead.get("/api/deliveries")).json()
    (dead,) = listed["deliveries"]
    assert (listed["counts"], dead["webhook_id"], dead["last_status"]) == (
        {"pending": 0, "dead": 1},
        ping["message_id"],
        502,
    )
    receiver.answer = well
    assert (await lead.post(f"/api/deliveries/{dead['id']}/resend")).status == 200
    while (detail := await (await lead.get(f"/api/deliveries/{dead['id']}")).json())["delivery"]["state"] == "pending":
        await running.service.deliveries.deliver_due()  # The service's own worker may have it: then it is on its way.
    assert (detail["delivery"]["state"], detail["data"]["endpoint_id"]) == ("delivered", made["endpoint"]["id"])
    assert all(verified(made["secret"], *heard) for heard in receiver.heard)
    assert (await lead.post("/api/deliveries/de_none/resend")).status == 404
    renewed = await (await admin.post(path + "/secret")).json()
    assert renewed["secret"] != made["secret"]
    assert (await (await admin.patch(path, json={"active": False})).json())["active"] is False
    assert (await admin.post(path + "/ping")).status == 409
    assert (await admin.delete(path)).status == 200
    assert (await admin.delete(path)).status == 404


async def test_pages_of_deliveries_skip_none_of_one_moment_and_only_admins_read_whole_addresses(
    running: Running,
) -> None:
    admin = await running.staff(**await hired(running, "admin"))
    lead = await running.staff(**await hired(running, "lead"))
    async with running.service.database.write() as tx:
        for number in range(5):
            await add_endpoint(tx, f"http://desk.example:9/secret-{number}", ["*"], "", at=running.clock.now())
        await enqueue(tx, "conversation.claimed", "one", {}, at=running.clock.now())
    seen: list[dict[str, Any]] = []
    while len(seen) < 5:
        after = f"&after={seen[-1]['id']}" if seen else ""
        page = await (await admin.get(f"/api/deliveries?state=pending&limit=2{after}")).json()
        assert page["deliveries"]
        seen += page["deliveries"]
    assert sorted(one["url"] for one in seen) == [f"http://desk.example:9/secret-{number}" for number in range(5)]
    assert (await admin.get("/api/deliveries?state=pending&after=de_none")).status == 404
    hers = await (await lead.get("/api/deliveries?state=pending")).json()
    assert {one["url"] for one in hers["deliveries"]} == {"http://desk.example/…"}


async def hired(running: Running, role: Any) -> dict[str, str]:
    email = f"{role}.of.tests@fernhill.example"
    await add_staff(
        running.service.database, email=email, name=role, role=role, password="fernhill-demo", at=running.clock.now()
    )
    return {"email": email}
