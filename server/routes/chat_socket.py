"""The customer's WebSocket: greeted, brought up to date, and told what happens. docs/protocol.md has every frame."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web
from pydantic import BaseModel, Field

from core.errors import BatonError, Invalid, Unauthenticated
from core.events import Event, events_after, last_event
from handoff.transcript import get_conversation
from handoff.visitors import Visitor, visitor_of_token
from server import metrics
from server.api import Route, envelope, parse, parse_json
from server.callers import check_origin
from server.customer_view import customer_name, customer_view, event_frame, snapshot
from server.frames import act, parse_frame
from server.hub import Listener
from server.routes.chat import MOST_EVENTS
from server.service import SERVICE, Service

HELLO_WITHIN = 10.0
FRAME_LIMIT = 1024 * 1024
RESUME_LIMIT = 400
"""Events that a resumed socket gets one by one; who missed more gets a snapshot."""


class Hello(BaseModel):
    """The first frame of a socket."""

    type: str
    token: str = Field(max_length=200)
    after: int | None = Field(None, ge=0, le=MOST_EVENTS)


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """Serve one widget until it goes."""
    service = request.app[SERVICE]
    check_origin(request, service)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=FRAME_LIMIT)
    await socket.prepare(request)
    metrics.SOCKETS.labels("customer").inc()
    try:
        visitor, after = await _greet(socket, service)
    except BatonError as error:
        await socket.send_json({"type": "error", "client_id": None, **envelope(error)})
        await socket.close()
        metrics.SOCKETS.labels("customer").dec()
        return socket
    conversation_id = visitor.conversation.id
    try:
        with service.hub.listen(conversation_id) as listener:
            shown = await _catch_up(socket, service, conversation_id, after)
            sender = asyncio.create_task(_send_frames(socket, service, conversation_id, listener, shown))
            try:
                await _receive_frames(socket, service, visitor)
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
    finally:
        metrics.SOCKETS.labels("customer").dec()
    return socket


async def _greet(socket: web.WebSocketResponse, service: Service) -> tuple[Visitor, int | None]:
    try:
        first = await socket.receive(timeout=HELLO_WITHIN)
    except TimeoutError as error:
        raise Unauthenticated("No hello came within 10 seconds.") from error
    if first.type is not WSMsgType.TEXT:
        raise Invalid("The first frame must be a hello.")
    hello = parse(first.data, Hello)
    if hello.type != "hello":
        raise Invalid("The first frame must be a hello.", field="type")
    async with service.database.read() as reader:
        return await visitor_of_token(reader, hello.token, service.clock.now()), hello.after


async def _catch_up(socket: web.WebSocketResponse, service: Service, conversation_id: str, after: int | None) -> int:
    """Bring a socket up to date; returns the number of the last event that it knows of then."""
    if after is not None:
        async with service.database.read() as reader:
            last = await last_event(reader, conversation_id)
            conversation = await get_conversation(reader, conversation_id)
            view = await customer_view(service, reader, conversation)
            missed = await events_after(reader, conversation_id, after, audiences=["customer", "both"])
        if last - RESUME_LIMIT <= after <= last:
            await socket.send_json({"type": "resumed", "conversation": view})
            for event in missed:
                await socket.send_json(await event_frame(service, event, view))
            return max([last, *(event.number for event in missed)])
    current = await snapshot(service, conversation_id)
    await socket.send_json({"type": "snapshot", **current})
    return int(current["conversation"]["last_event"])


async def _send_frames(
    socket: web.WebSocketResponse, service: Service, conversation_id: str, listener: Listener, shown: int
) -> None:
    """Send what the listener hears: each event once and in order, whichever replica it came from."""
    while True:
        frame = await listener.frames.get()
        if frame is None:
            await socket.close(code=1013, message=b"too far behind; resume")
            return
        if not isinstance(frame, Event):
            await socket.send_json(frame)
        elif frame.number > shown:
            events = [frame]
            if frame.number > shown + 1:
                async with service.database.read() as reader:
                    events = await events_after(reader, conversation_id, shown, audiences=["customer", "both"])
            for event in events:
                await socket.send_json(await event_frame(service, event, None))
            shown = max([frame.number, *(event.number for event in events)])


async def _receive_frames(socket: web.WebSocketResponse, service: Service, visitor: Visitor) -> None:
    name = await customer_name(service, visitor)
    async for received in socket:
        if received.type is not WSMsgType.TEXT:
            continue
        client_id = None
        try:
            value = parse_json(received.data)
            given = value.get("client_id") if isinstance(value, dict) else None
            client_id = given if isinstance(given, str) else None
            answer = await act(service, visitor.conversation.id, visitor.id, name, parse_frame(value))
        except BatonError as error:
            answer = {"type": "error", "client_id": client_id, **envelope(error)}
        if answer is not None:
            await socket.send_json(answer)


ROUTES = (Route("GET", "/api/chat/socket", chat_socket, "The customer's WebSocket", documented=False),)
