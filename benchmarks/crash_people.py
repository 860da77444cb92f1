"""The load on what `benchmarks/crashes.py` kills: customers, an agent, and around them an assistant and a receiver of webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web
from crash_floor import ADMIN, Floor, Talk

MESSAGES_EACH = 40
"""Messages of one conversation, after which its customer begins another: a snapshot shows the newest 200."""


@contextlib.asynccontextmanager
async def assistant_and_receiver(floor: Floor) -> AsyncIterator[None]:
    """Serve what is outside: an assistant that says what it heard, and the receiver of webhooks."""

    async def turn(request: web.Request) -> web.Response:
        text = (await request.json()).get("text") or ""
        await asyncio.sleep(0.02)
        replies: list[dict[str, Any]] = [{"text": f"echo {text}"}]
        if "person" in text:
            replies.append({"custom": {"type": "hand_over", "reason": "asked"}})
        return web.json_response({"replies": replies, "understanding": {}})

    async def ready(_request: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def hook(request: web.Request) -> web.Response:
        message = await request.json()
        floor.delivered[message["data"]["ticket"]["id"]] += 1
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/baton/turn", turn)
    app.router.add_get("/webhooks/baton/ready", ready)
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", floor.outside).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def customer(floor: Floor, number: int) -> None:
    """Write, wait for the ack, and go on, in one conversation after another."""
    chance = random.Random(f"{number} {floor.random.random()}")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        while not floor.over:
            talk = await begin(floor, http)
            if talk is None:
                await asyncio.sleep(0.1)
                continue
            floor.talks.append(talk)
            sending = [f"{number}-{len(floor.talks)}-{n}" for n in range(MESSAGES_EACH)]
            asks_at = chance.randrange(3, MESSAGES_EACH)
            while sending and not floor.over:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ConnectionError, TypeError):
                    await converse(floor, http, talk, sending, asks_at)
                await asyncio.sleep(0.05)


async def begin(floor: Floor, http: aiohttp.ClientSession) -> Talk | None:
    """Open a session with either service."""
    try:
        async with http.post(f"{floor.url()}/api/chat/sessions", json={}) as response:
            body = await response.json()
            return Talk(body["token"], body["conversation"]["id"]) if response.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None


async def converse(floor: Floor, http: aiohttp.ClientSession, talk: Talk, sending: list[str], asks_at: int) -> None:
    """Be on one socket until it breaks: what is not acknowledged stays in `sending`, and is sent again on the next one."""
    async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
        await ws.send_json({"type": "hello", "token": talk.token, "after": talk.last_event})
        while sending and not floor.over:
            client_id = sending[0]
            text = f"a person for {client_id}" if client_id.endswith(f"-{asks_at}") else f"hello {client_id}"
            await ws.send_json({"type": "message", "client_id": client_id, "text": text})
            while True:
                frame = await ws.receive_json(timeout=8)
                take(talk, frame)
                if frame["type"] == "ack" and frame["client_id"] == client_id:
                    talk.acked.append((client_id, text))
                    sending.pop(0)
                    break
                if frame["type"] == "error":
                    raise ConnectionError(frame["error"]["message"])
            await asyncio.sleep(0.15)


def take(talk: Talk, frame: dict[str, Any]) -> None:
    """Show what a frame brings, as the widget does."""
    if frame["type"] == "snapshot":
        talk.shown = [message["seq"] for message in frame["messages"]]
        talk.last_event = frame["conversation"]["last_event"]
    if frame.get("event") == "message" and frame["type"] == "event":
        talk.shown.append(frame["data"]["message"]["seq"])
        talk.handed_over |= (frame["data"]["message"]["notice"] or {}).get("type") == "queued"
    if "id" in frame:
        talk.last_event = frame["id"]


async def agent(floor: Floor) -> None:
    """Claim, reply and resolve; leave every third conversation to its clocks."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"X-Baton": "desk"}, timeout=aiohttp.ClientTimeout(total=10)
    ) as http:
        signed_in = connected = False
        while not floor.over:
            await asyncio.sleep(0.5)
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, KeyError):
                base = floor.url()
                if not signed_in:
                    signed_in = (await http.post(f"{base}/api/staff/session", json=ADMIN)).status == 200
                    continue
                if not connected:
                    body = {"url": f"http://127.0.0.1:{floor.outside}/hook", "kinds": ["conversation.handed_over"]}
                    connected = (await http.post(f"{base}/api/webhooks", json=body)).status in {200, 409}
                    continue
                async with http.get(f"{base}/api/desk/conversations?view=queue") as response:
                    rows = (await response.json())["conversations"]
                for row in rows[:3]:
                    if int(row["number"].rpartition("-")[2]) % 3 == 0:
                        continue
                    path = f"{floor.url()}/api/desk/conversations/{row['id']}"
                    async with http.post(f"{path}/claim", json={"epoch": row["epoch"]}) as response:
                        epoch = (await response.json())["row"]["epoch"]
                    reply = {"epoch": epoch, "client_id": f"r{epoch}", "text": f"reply in {epoch}"}
                    await http.post(f"{path}/replies", json=reply)
                    await http.post(f"{path}/resolve", json={"epoch": epoch})


async def read_to_the_end(floor: Floor, http: aiohttp.ClientSession, talk: Talk) -> list[dict[str, Any]]:
    """Catch up with what was missed, as a customer who comes back, and return a fresh snapshot's messages."""
    for _ in range(100):
        try:
            async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
                await ws.send_json({"type": "hello", "token": talk.token, "after": talk.last_event})
                await ws.send_json({"type": "ping"})
                while (frame := await ws.receive_json(timeout=8))["type"] != "pong":
                    take(talk, frame)
            async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
                await ws.send_json({"type": "hello", "token": talk.token, "after": None})
                snapshot = await ws.receive_json(timeout=8)
                messages: list[dict[str, Any]] = snapshot["messages"]
                return messages
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError, TypeError):
            await asyncio.sleep(0.2)
    return []
