"""The customer's side: sessions, the socket, and long polling where sockets are blocked. docs/protocol.md has every frame."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Annotated, Any

from aiohttp import WSMsgType, web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from core.errors import BatonError, Forbidden, Invalid, Unauthenticated
from core.events import Event, events_after, last_event
from customers.accounts import get_customer
from handoff.transcript import get_conversation, transcript
from handoff.views import ConversationView, MessageView, message_view
from handoff.visitors import Visitor, join_customer, new_visitor, note_page, visitor_of_token
from server import metrics
from server.api import Route, checked, envelope, parse, read_body
from server.customer_view import customer_view
from server.frames import AckView, Frame, act, parse_frame
from server.hub import Listener
from server.identity import account_of_claims, read_identity
from server.limits import limit
from server.service import SERVICE, Service
from server.staff_auth import is_own_origin

HELLO_WITHIN = 10.0
LONGEST_POLL = 25
FRAME_LIMIT = 1024 * 1024
MOST_EVENTS = 2**31 - 1
"""The largest number of an event that a database takes."""
RESUME_LIMIT = 400
"""Events that a resumed socket gets one by one; who missed more gets a snapshot."""


class Page(BaseModel):
    """The page that the widget is on. What is too long is cut: nobody loses their chat for a long address."""

    model_config = ConfigDict(extra="ignore")

    url: Annotated[str | None, AfterValidator(lambda url: url and url[:2000])] = None
    title: Annotated[str | None, AfterValidator(lambda title: title and title[:300])] = None


class SessionRequest(BaseModel):
    """What a widget starts with: the secret it kept, and the host site's word for who the customer is."""

    model_config = ConfigDict(extra="ignore")

    token: str | None = Field(None, max_length=200)
    identity: str | None = Field(None, max_length=4000)
    page: Page = Field(default_factory=Page)


class SessionView(TypedDict):
    """A visitor's secret and their conversation."""

    token: str
    conversation: ConversationView
    messages: list[MessageView]


class Hello(BaseModel):
    """The first frame of a socket."""

    type: str
    token: str = Field(max_length=200)
    after: int | None = Field(None, ge=0, le=MOST_EVENTS)


class PollQuery(BaseModel):
    """Where a long poll goes on, and how many seconds it may take."""

    after: int = Field(0, ge=0, le=MOST_EVENTS)
    wait: int = Field(0, ge=0, le=LONGEST_POLL)


class PollView(TypedDict):
    """What happened meanwhile."""

    events: list[dict[str, Any]]
    live: list[dict[str, Any]]
    conversation: ConversationView


async def open_session(request: web.Request) -> web.Response:
    """Start or go on with a visitor's conversation."""
    service = request.app[SERVICE]
    check_origin(request, service)
    wanted = await read_body(request, SessionRequest)
    await limit(
        service.redis, service.clock, "sessions", remote(request, service), most=service.settings.sessions_per_minute
    )
    now = service.clock.now()
    claims = None
    if wanted.identity:
        claims = read_identity(wanted.identity, service.identity_secret, now)
    visitor: Visitor | None = None
    token = wanted.token or ""
    if token:
        with contextlib.suppress(Unauthenticated):
            async with service.database.read() as reader:
                visitor = await visitor_of_token(reader, token, now)
    url, title = wanted.page.url, wanted.page.title
    async with service.database.write() as tx:
        account = None if claims is None else await account_of_claims(tx, claims, now)
        if visitor is not None and account is not None:
            visitor = await join_customer(tx, visitor, account.id)
        if visitor is None:
            visitor, token = await new_visitor(
                tx, customer_id=account.id if account else None, page_url=url, page_title=title, at=now
            )
        else:
            await note_page(tx, visitor.conversation.id, url, title)
    view = await _snapshot(service, visitor.conversation.id)
    return web.json_response({"token": token, **view})


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


async def poll(request: web.Request) -> web.Response:
    """Answer with what has happened since an event, waiting for it if nothing has."""
    service = request.app[SERVICE]
    check_origin(request, service)
    query = checked(dict(request.query), PollQuery)
    visitor = await _bearer(request, service)
    conversation_id = visitor.conversation.id
    live: list[dict[str, Any]] = []
    with service.hub.listen(conversation_id) as listener:
        async with service.database.read() as reader:
            events = await events_after(reader, conversation_id, query.after, audiences=["customer", "both"])
        if not events and query.wait:
            with contextlib.suppress(TimeoutError):
                frame = await asyncio.wait_for(listener.frames.get(), query.wait)
                if isinstance(frame, dict):
                    live.append(frame)
            async with service.database.read() as reader:
                events = await events_after(reader, conversation_id, query.after, audiences=["customer", "both"])
    async with service.database.read() as reader:
        conversation = await get_conversation(reader, conversation_id)
        view = await customer_view(service, reader, conversation)
    frames = [await _event_frame(service, event, view) for event in events]
    return web.json_response({"events": frames, "live": live, "conversation": view})


async def post_frame(request: web.Request) -> web.Response:
    """Take one frame of a client that has no socket."""
    service = request.app[SERVICE]
    check_origin(request, service)
    visitor = await _bearer(request, service)
    frame = parse_frame(json.loads(parse_json_text(await request.read())))
    name = await _customer_name(service, visitor)
    answer = await act(service, visitor.conversation.id, visitor.id, name, frame)
    return web.json_response(answer or {"type": "ack", "client_id": "", "message": None})


def parse_json_text(raw: bytes) -> str:
    """Return JSON text from a body.

    Raises:
        Invalid: it is no JSON in UTF-8.
    """
    try:
        text = raw.decode("utf-8")
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("The frame is not valid JSON in UTF-8.") from error
    return text


def check_origin(request: web.Request, service: Service) -> None:
    """Refuse a page of a site that may not embed the widget.

    Raises:
        Forbidden: the Origin header names such a site.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not allowed_origin(request, service, origin):
        raise Forbidden("This site may not embed the chat. Add its origin to BATON_ALLOWED_ORIGINS.")


def allowed_origin(request: web.Request, service: Service, origin: str) -> bool:
    """Tell whether pages of this origin may speak to the chat: our own, and those that are listed."""
    return is_own_origin(origin, request, service) or origin in service.settings.allowed_origins


def remote(request: web.Request, service: Service) -> str:
    """Return the client's address, believing as many proxies as the settings say there are."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    depth = service.settings.trusted_proxies
    if depth and len(forwarded) >= depth:
        return forwarded[-depth]
    return request.remote or "unknown"


async def _bearer(request: web.Request, service: Service) -> Visitor:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise Unauthenticated("Send the visitor token as Authorization: Bearer.")
    async with service.database.read() as reader:
        return await visitor_of_token(reader, token, service.clock.now())


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
                await socket.send_json(await _event_frame(service, event, view))
            return max([last, *(event.number for event in missed)])
    snapshot = await _snapshot(service, conversation_id)
    await socket.send_json({"type": "snapshot", **snapshot})
    return int(snapshot["conversation"]["last_event"])


async def _snapshot(service: Service, conversation_id: str) -> dict[str, Any]:
    async with service.database.read() as reader:
        conversation = await get_conversation(reader, conversation_id)
        view = await customer_view(service, reader, conversation)
        said = await transcript(reader, conversation_id, notes=False)
    return {"conversation": view, "messages": [message_view(message) for message in said]}


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
                await socket.send_json(await _event_frame(service, event, None))
            shown = max([frame.number, *(event.number for event in events)])


async def _event_frame(service: Service, event: Event, view: ConversationView | None) -> dict[str, Any]:
    data: dict[str, Any] = event.data
    if event.kind == "conversation":
        if view is None:
            async with service.database.read() as reader:
                conversation = await get_conversation(reader, event.conversation_id)
                view = await customer_view(service, reader, conversation)
        data = {"conversation": view}
    return {"type": "event", "id": event.number, "event": event.kind, "data": data}


async def _receive_frames(socket: web.WebSocketResponse, service: Service, visitor: Visitor) -> None:
    name = await _customer_name(service, visitor)
    async for received in socket:
        if received.type is not WSMsgType.TEXT:
            continue
        client_id = None
        try:
            value = json.loads(parse_json_text(received.data.encode()))
            given = value.get("client_id") if isinstance(value, dict) else None
            client_id = given if isinstance(given, str) else None
            answer = await act(service, visitor.conversation.id, visitor.id, name, parse_frame(value))
        except BatonError as error:
            answer = {"type": "error", "client_id": client_id, **envelope(error)}
        if answer is not None:
            await socket.send_json(answer)


async def _customer_name(service: Service, visitor: Visitor) -> str:
    if visitor.customer_id is None:
        return "Visitor"
    async with service.database.read() as reader:
        return (await get_customer(reader, visitor.customer_id)).name or "Customer"


ROUTES = (
    Route(
        "POST", "/api/chat/sessions", open_session, "Start or go on with a conversation",
        body=SessionRequest, returns=SessionView,
    ),
    Route("GET", "/api/chat/socket", chat_socket, "The customer's WebSocket", documented=False),
    Route(
        "GET", "/api/chat/events", poll, "Long poll for what happened",
        auth="visitor", query=PollQuery, returns=PollView,
    ),
    Route(
        "POST", "/api/chat/frames", post_frame, "Send one frame without a socket",
        auth="visitor", body=Frame, returns=AckView,
    ),
)  # fmt: skip
