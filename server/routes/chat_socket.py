"""The customer's WebSocket: greeted, brought up to date, and told what happens. docs/protocol.md has every frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, Field

from core.errors import BatonError, Invalid, Unauthenticated
from core.events import Event, last_event
from handoff.replay import missed_events
from handoff.transcript import get_conversation
from handoff.visitors import Visitor, visitor_of_token
from server import metrics
from server.api import LARGEST_INTEGER, Route, envelope, parse
from server.callers import check_origin
from server.customer_view import customer_name, customer_view, event_frame, snapshot
from server.frames import PingFrame, act, client_id_of, read_frame
from server.hub import CatchUp, Listener
from server.service import SERVICE, Service
from server.sockets import MOST_FRAMES, Allowance, check_lines, refuse, serve

HELLO_WITHIN = 10.0
FRAME_LIMIT = 1024 * 1024
RESUME_LIMIT = 400
"""Events that a resumed socket gets one by one; who missed more gets a snapshot."""


class Hello(BaseModel):
    """The first frame of a socket."""

    type: str
    token: str = Field(max_length=200)
    after: int | None = Field(None, ge=0, le=LARGEST_INTEGER)


@dataclass
class _Line:
    """An open socket: whose it is, and the last event that it was told of."""

    socket: web.WebSocketResponse
    service: Service
    token: str
    visitor: Visitor
    shown: int = 0

    @property
    def conversation_id(self) -> str:
        """Return the conversation that it is about."""
        return self.visitor.conversation.id


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """Serve one widget until it goes."""
    service = request.app[SERVICE]
    check_origin(request, service)
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=FRAME_LIMIT)
    await socket.prepare(request)
    with metrics.SOCKETS.labels("customer").track_inprogress():
        try:
            line, after = await _greet(socket, service)
            check_lines(service.hub, line.conversation_id)
        except BatonError as error:
            await refuse(socket, error)
            return socket
        with service.hub.listen(line.conversation_id) as listener:
            await _catch_up(line, after)
            await serve(socket, sending=_send_frames(line, listener), receiving=_receive_frames(line, listener))
    return socket


async def _greet(socket: web.WebSocketResponse, service: Service) -> tuple[_Line, int | None]:
    try:
        first = await socket.receive(timeout=HELLO_WITHIN)
    except TimeoutError as error:
        raise Unauthenticated("No hello came within 10 seconds.") from error
    if first.type is not WSMsgType.TEXT:
        raise Invalid("The first frame must be a hello.")
    hello = parse(first.data, Hello)
    if hello.type != "hello":
        raise Invalid("The first frame must be a hello.", field="type")
    async with service.database.glance() as reader:
        visitor = await visitor_of_token(reader, hello.token, service.clock.now())
    return _Line(socket, service, hello.token, visitor), hello.after


async def _catch_up(line: _Line, after: int | None) -> None:
    """Bring a socket up to date with what happened before it was there."""
    service, conversation_id = line.service, line.conversation_id
    if after is not None:
        async with service.database.read() as reader:
            last = await last_event(reader, conversation_id)
            conversation = await get_conversation(reader, conversation_id)
            view = await customer_view(service, reader, conversation)
            missed = await missed_events(reader, conversation_id, after)
        if last - RESUME_LIMIT <= after <= last:
            line.shown = last
            await line.socket.send_json({"type": "resumed", "conversation": view})
            for event in missed:
                await line.socket.send_json(event_frame(event, view))
            return
    current = await snapshot(service, conversation_id)
    line.shown = int(current["conversation"]["last_event"])
    await line.socket.send_json({"type": "snapshot", **current})


async def _send_frames(line: _Line, listener: Listener) -> None:
    """Send what the listener hears: each event once and in order, whichever replica it came from."""
    while True:
        frame = await listener.hear()
        if frame is None:
            await line.socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too far behind; resume")
            return
        if isinstance(frame, dict):
            await line.socket.send_json(frame)
        elif isinstance(frame, CatchUp) or (isinstance(frame, Event) and frame.number > line.shown + 1):
            await _tell_missed(line)
            if isinstance(frame, Event):
                line.shown = max(line.shown, frame.number)
        elif isinstance(frame, Event) and frame.number > line.shown:
            await _tell(line, [frame])


async def _tell_missed(line: _Line) -> None:
    """Send the events that nobody brought to the listener, as many as they are: they are read some hundreds at a time."""
    while True:
        async with line.service.database.read() as reader:
            missed = await missed_events(reader, line.conversation_id, line.shown)
        if not missed:
            return
        await _tell(line, missed)


async def _tell(line: _Line, events: Sequence[Event]) -> None:
    """Send events, if the socket's secret is still somebody's: the conversation may have become a customer's, who has another one.

    Raises:
        Unauthenticated: it is nobody's any more.
    """
    view = None
    if any(event.kind == "conversation" for event in events):
        async with line.service.database.read() as reader:
            visitor = await visitor_of_token(reader, line.token, line.service.clock.now())
            view = await customer_view(line.service, reader, visitor.conversation)
    for event in events:
        line.shown = max(line.shown, event.number)
        await line.socket.send_json(event_frame(event, view))


async def _receive_frames(line: _Line, listener: Listener) -> None:
    """Do what the customer's frames ask for.

    Raises:
        RateLimited: the client floods the line.
    """
    name = await customer_name(line.service, line.visitor)
    allowance = Allowance(line.service.clock, max(MOST_FRAMES, line.service.settings.messages_per_minute))
    async for received in line.socket:
        if received.type is WSMsgType.ERROR:
            return  # It speaks no WebSocket, or answers no ping; aiohttp has closed the line.
        allowance.spend(len(received.data))
        client_id = None
        try:
            if received.type is not WSMsgType.TEXT:
                raise Invalid("A frame is JSON in a text frame, not a binary one.")
            client_id = client_id_of(received.data)
            frame = read_frame(received.data)
            answer = await act(line.service, line.conversation_id, line.visitor.id, name, frame)
            if isinstance(frame, PingFrame) and not line.service.hub.alone:
                listener.catch_up()
        except BatonError as error:
            answer = {"type": "error", "client_id": client_id, **envelope(error)}
        if answer is not None:
            await line.socket.send_json(answer)


ROUTES = (Route("GET", "/api/chat/socket", chat_socket, "The customer's WebSocket", documented=False),)
