"""The desk's socket: rows, messages, clocks and colleagues as they change."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from aiohttp import WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError

from core.errors import BatonError
from handoff.presence import PresenceState, keep_presence, leave, show_presence
from handoff.records import Staff
from handoff.transcript import get_conversation
from server import metrics
from server.api import Route, envelope, log, parse
from server.hub import Listener
from server.news import DESK_SOCKETS
from server.service import SERVICE, Service
from server.staff_auth import check_own_origin, signed_in

SOCKETS = web.AppKey("desk_sockets", Counter[str])
"""Open desk sockets of this process by member of staff."""


class DeskFrame(BaseModel):
    """What a desk sends: that it is there, or that its agent is writing."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["typing", "ping", "presence"]
    conversation_id: str | None = Field(None, max_length=60)
    on: bool = False
    state: PresenceState = "online"


async def desk_socket(request: web.Request) -> web.StreamResponse:
    """Serve one desk until it goes."""
    service = request.app[SERVICE]
    check_own_origin(request, service)
    member = await signed_in(request)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=64 * 1024)
    await socket.prepare(request)
    sockets = request.app[SOCKETS]
    sockets[member.id] += 1
    await _here(service, member, "online")
    with metrics.SOCKETS.labels("desk").track_inprogress(), service.hub.listen(DESK_SOCKETS) as listener:
        sender = asyncio.create_task(_send(socket, listener))
        try:
            await _receive(socket, service, member)
        finally:
            sender.cancel()
            sockets[member.id] -= 1
            if sockets[member.id] <= 0:
                del sockets[member.id]
                # The server may cancel a handler whose connection is gone; who left is off duty all the same.
                await asyncio.shield(_gone(service, member))
            await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _receive(socket: web.WebSocketResponse, service: Service, member: Staff) -> None:
    async for received in socket:
        if received.type is not WSMsgType.TEXT:
            continue
        try:
            frame = parse(received.data, DeskFrame)
            await _act(socket, service, member, frame)
        except BatonError as error:
            await socket.send_json({"type": "error", **envelope(error)})


async def _act(socket: web.WebSocketResponse, service: Service, member: Staff, frame: DeskFrame) -> None:
    if frame.type == "typing" and frame.conversation_id:
        await _show_typing(service, member, frame.conversation_id, frame.on)
    elif frame.type == "presence":
        await _here(service, member, frame.state)
    else:
        await socket.send_json({"type": "pong"})
        with _presence_may_fail():
            await keep_presence(service.redis, member.id, service.clock.now())


async def _gone(service: Service, member: Staff) -> None:
    with _presence_may_fail():
        await leave(service.redis, member.id)
    service.presence_changed()


async def _here(service: Service, member: Staff, state: PresenceState) -> None:
    with _presence_may_fail():
        await show_presence(service.redis, member.id, state, service.clock.now())
    service.presence_changed()


@contextlib.contextmanager
def _presence_may_fail() -> Iterator[None]:
    """Go on without Redis: it costs who is on duty, for one heartbeat after it is back, and no desk."""
    try:
        yield
    except RedisError as error:
        log.warning("presence is not kept", error=str(error))


async def _show_typing(service: Service, member: Staff, conversation_id: str, on: bool) -> None:
    async with service.database.read() as reader:
        conversation = await get_conversation(reader, conversation_id)
    if conversation.agent_id == member.id:
        author = {"kind": "agent", "name": member.name}
        data: dict[str, Any] = {"author": author, "on": on}
        service.hub.send(conversation_id, {"type": "live", "event": "typing", "data": data})


async def _send(socket: web.WebSocketResponse, listener: Listener) -> None:
    while True:
        frame = await listener.frames.get()
        if frame is None:
            await socket.close(code=1013, message=b"too far behind; read again")
            return
        await socket.send_json(frame)


ROUTES = (Route("GET", "/api/desk/socket", desk_socket, "The desk's WebSocket", auth="staff", documented=False),)
