"""An agent's desk for tests: a conversation that waits, what is done with it, and an open socket."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient

from tests.server.conftest import PATIENCE, Chat, Running

Client = TestClient[web.Request, web.Application]
CONVERSATIONS = "/api/desk/conversations"


async def waiting(running: Running, text: str = "where are my invoices please") -> Chat:
    chat = await running.visit()
    await chat.send("message", text=text)
    await chat.message("bot")
    assert (await chat.send("person"))["type"] == "ack"
    await chat.notice("queued")
    return chat


async def detail(client: Client, chat: Chat) -> dict[str, Any]:
    response = await client.get(f"{CONVERSATIONS}/{chat.conversation}")
    assert response.status == 200
    return await response.json()


async def do(client: Client, chat: Chat, what: str, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{CONVERSATIONS}/{chat.conversation}/{what}", json=body)
    assert response.status == status, await response.text()
    return await response.json()


class Desk:
    """An agent's open socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hears(self, event: str, **wanted: Any) -> dict[str, Any]:
        """Return the data of the next such event whose data has these values."""
        while True:
            frame = await self.socket.receive_json(timeout=PATIENCE)
            data = frame.get("data", frame)
            if frame.get("event", frame["type"]) == event and all(data.get(key) == wanted[key] for key in wanted):
                return data


async def socket_of(running: Running, client: Client, **shown: str) -> Desk:
    """Open a desk that shows a `view` and a `conversation_id`."""
    origin = str(running.client.make_url("")).rstrip("/")
    desk = Desk(await client.ws_connect("/api/desk/socket", headers={"Origin": origin}))
    await desk.socket.send_json({"type": "watch", **shown})
    await desk.hears("watching")
    return desk


def cookie_of(client: Client) -> str:
    return next(cookie.value for cookie in client.session.cookie_jar if cookie.key == "baton_staff")
