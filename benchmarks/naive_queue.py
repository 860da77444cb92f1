"""A queue as it is often built, for `benchmarks/crashes.py --naive`: acknowledged in memory, kept in Redis, timers in the process.

It speaks as much of the chat protocol as the harness needs. Nobody is served with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from typing import Any

import redis.asyncio
from aiohttp import WSMsgType, web

CLOCK_SECONDS = 3.0


class Naive:
    """All of its state that is not in Redis is lost with the process."""

    def __init__(self, redis_url: str) -> None:
        self.redis = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
        self.sockets: dict[str, set[web.WebSocketResponse]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def later(self, work: Any) -> None:
        """Run something in the background."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def session(self, _request: web.Request) -> web.Response:
        """Open a conversation."""
        token = secrets.token_hex(8)
        return web.json_response({"token": token, "conversation": {"id": token, "last_event": 0}})

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        """Return what Redis has of a conversation."""
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            return [json.loads(one) for one in await self.redis.lrange(f"naive:{conversation}", 0, -1)]  # type: ignore[misc]
        return []

    async def keep(self, conversation: str, author: str, text: str, client_id: str | None, notice: Any = None) -> None:
        """Append to the conversation and show it."""
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            seq = await self.redis.incr(f"naive:seq:{conversation}")
            message = {"seq": seq, "author": {"kind": author}, "text": text, "client_id": client_id, "notice": notice}
            await self.redis.rpush(f"naive:{conversation}", json.dumps(message))  # type: ignore[misc]
            for ws in list(self.sockets.get(conversation, ())):
                with contextlib.suppress(ConnectionError):
                    await ws.send_json({"type": "event", "id": seq, "event": "message", "data": {"message": message}})

    async def answer(self, conversation: str, text: str) -> None:
        """Answer, hand over where a person is asked for, and start the clock."""
        await asyncio.sleep(0.02)
        await self.keep(conversation, "bot", f"echo {text}", None)
        if "person" in text:
            await self.keep(conversation, "system", "A person will answer.", None, {"type": "queued"})
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                await self.redis.hset("naive:packages", conversation, json.dumps({"text": text}))  # type: ignore[misc]
            await asyncio.sleep(CLOCK_SECONDS)
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                await self.redis.rpush("naive:fired", conversation)  # type: ignore[misc]

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a customer."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        hello = await ws.receive_json()
        conversation = hello["token"]
        said = await self.said(conversation)
        self.sockets.setdefault(conversation, set()).add(ws)
        if hello["after"] is None:
            last = said[-1]["seq"] if said else 0
            await ws.send_json({"type": "snapshot", "conversation": {"last_event": last}, "messages": said})
        else:
            await ws.send_json({"type": "resumed", "conversation": {}})
            for one in said:
                if one["seq"] > hello["after"]:
                    await ws.send_json(
                        {"type": "event", "id": one["seq"], "event": "message", "data": {"message": one}}
                    )
        async for frame in ws:
            if frame.type is not WSMsgType.TEXT:
                break
            asked = json.loads(frame.data)
            if asked["type"] == "ping":
                await ws.send_json({"type": "pong"})
                continue
            await ws.send_json({"type": "ack", "client_id": asked["client_id"], "message": None})
            self.later(self.keep(conversation, "customer", asked["text"], asked["client_id"]))
            self.later(self.answer(conversation, asked["text"]))
        self.sockets[conversation].discard(ws)
        return ws


async def healthy(_request: web.Request) -> web.Response:
    """Say that the process runs."""
    return web.Response()


def main() -> None:
    """Serve on the port and Redis that the command line names."""
    naive = Naive(sys.argv[2])
    app = web.Application()
    app.router.add_post("/api/chat/sessions", naive.session)
    app.router.add_get("/api/chat/socket", naive.socket)
    app.router.add_get("/healthz", healthy)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
