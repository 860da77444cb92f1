"""The desk's socket: rows, messages, clocks and colleagues as they change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError

from core.errors import BatonError
from core.identifiers import new_id
from handoff.desk import View
from handoff.records import Staff
from handoff.routing.presence import PresenceState, keep_presence, leave, present, show_presence
from handoff.transcript import get_conversation
from server import metrics
from server.api import Route, envelope, log, parse
from server.hub import CatchUp
from server.open_desks import OpenDesk
from server.service import SERVICE, Service
from server.shared_frames import Looks
from server.sockets import serve
from server.staff_auth import check_own_origin, signed_in

SILENT_SECONDS = 150.0
"""A desk pings every 25 s, and once a minute from a tab in the background; one that says nothing for this long is closed."""


class DeskFrame(BaseModel):
    """What a desk sends: that it is there, what it shows, or that its agent is writing."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["typing", "ping", "presence", "watch"]
    conversation_id: str | None = Field(None, max_length=60)
    on: bool = False
    state: PresenceState | None = None
    view: View = "queue"


@dataclass
class _Desk:
    """An open desk: whose, and what they chose to be last."""

    request: web.Request
    socket: web.WebSocketResponse
    service: Service
    looks: Looks
    state: PresenceState = "online"
    id: str = field(default_factory=lambda: new_id("desk"))

    @property
    def member(self) -> Staff:
        """Return whose desk it is."""
        return self.looks.member

    async def check(self) -> None:
        """See whether its agent is still signed in, and may still answer.

        Raises:
            Unauthenticated: not any more.
            Forbidden: their role may not.
        """
        self.looks.member = await signed_in(self.request)


async def desk_socket(request: web.Request) -> web.StreamResponse:
    """Serve one desk until it goes, or until its session ends."""
    service = request.app[SERVICE]
    check_own_origin(request, service)
    member = await signed_in(request)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=64 * 1024, compress=False)
    await socket.prepare(request)
    desk = _Desk(request, socket, service, Looks(member))
    line = OpenDesk(desk.looks, request, socket)
    with metrics.SOCKETS.labels("desk").track_inprogress(), service.hub.attach(line):
        await _arrive(desk)
        try:
            await serve(socket, sending=_send(desk, line), receiving=_receive(desk))
        finally:
            # The server may cancel a handler whose connection is gone; who left is off duty all the same.
            await asyncio.shield(_gone(desk))
    return socket


async def _receive(desk: _Desk) -> None:
    while True:
        # aiohttp's own limit begins anew with each pong, which a browser sends whether or not its desk is alive.
        async with asyncio.timeout(SILENT_SECONDS):
            received = await anext(desk.socket, None)
        if received is None:
            return
        if received.type is not WSMsgType.TEXT:
            continue
        await desk.check()
        try:
            await _act(desk, parse(received.data, DeskFrame))
        except BatonError as error:
            await desk.socket.send_json({"type": "error", **envelope(error)})


async def _act(desk: _Desk, frame: DeskFrame) -> None:
    if frame.type == "typing" and frame.conversation_id:
        await _show_typing(desk.service, desk.member, frame.conversation_id, frame.on)
    elif frame.type == "watch":
        desk.looks.view, desk.looks.conversation_id = frame.view, frame.conversation_id
        # What happened before this was heard was not sent: the desk reads what it shows once more.
        await desk.socket.send_json({"type": "watching", "conversation_id": frame.conversation_id})
    elif frame.type == "presence":
        await _choose(desk, frame.state or "online")
    else:
        await desk.socket.send_json({"type": "pong"})
        with presence_may_fail():
            desk.state = await keep_presence(
                desk.service.redis,
                desk.member.id,
                desk.service.clock.now(),
                desk=desk.id,
                state=frame.state or desk.state,
            )


async def _arrive(desk: _Desk) -> None:
    """Show a desk that was opened; an agent who is away at another one stays so."""
    state: PresenceState = "online"
    with presence_may_fail():
        state = (await present(desk.service.redis, desk.service.clock.now())).get(desk.member.id, state)
    await _choose(desk, state)


async def _choose(desk: _Desk, state: PresenceState) -> None:
    desk.state = state
    with presence_may_fail():
        await show_presence(desk.service.redis, desk.member.id, state, desk.service.clock.now(), desk=desk.id)
    desk.service.presence_changed(desk.member.id)


async def _gone(desk: _Desk) -> None:
    with presence_may_fail():
        await leave(desk.service.redis, desk.member.id, desk=desk.id)
    desk.service.presence_changed(desk.member.id)


@contextlib.contextmanager
def presence_may_fail() -> Iterator[None]:
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
        service.hub.send(conversation_id, {"type": "live", "event": "typing", "data": data}, fleeting=True)


async def _send(desk: _Desk, line: OpenDesk) -> None:
    while True:
        frame = await line.hear()
        if frame is None:
            await desk.socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too far behind; read again")
            return
        if isinstance(frame, bytes):
            await line.write(frame)
        elif isinstance(frame, CatchUp):
            await desk.check()


ROUTES = (Route("GET", "/api/desk/socket", desk_socket, "The desk's WebSocket", auth="staff", documented=False),)
