"""The customer's side over HTTP: sessions, and long polling where sockets are blocked. docs/protocol.md has every frame."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from core.errors import Unauthenticated
from core.events import Event
from handoff.replay import MOST_MISSED, missed_events
from handoff.views import ConversationView, MessageView
from handoff.visitors import Visitor, new_visitor, note_page, sign_in, visitor_of_token
from server.api import LARGEST_INTEGER, SMALL_BODY, Route, checked, read_body
from server.callers import check_origin, remote, visitor_token
from server.customer_view import customer_name, customer_view, event_frame, snapshot
from server.frames import AckView, Frame, act, read_frame
from server.identity import account_of_claims, read_identity
from server.limits import limit
from server.service import SERVICE, Service
from server.sockets import check_lines

LONGEST_POLL = 25


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


class PollQuery(BaseModel):
    """Where a long poll goes on, and how many seconds it may take."""

    after: int = Field(0, ge=0, le=LARGEST_INTEGER)
    wait: int = Field(0, ge=0, le=LONGEST_POLL)


class PollView(TypedDict):
    """What happened meanwhile, a part of it where `more` says so: `last_event` of its conversation is then the last that is told."""

    events: list[dict[str, Any]]
    more: bool
    live: list[dict[str, Any]]
    conversation: ConversationView


async def open_session(request: web.Request) -> web.Response:
    """Start or go on with a visitor's conversation."""
    service = request.app[SERVICE]
    check_origin(request, service)
    await limit(
        service.counters, service.clock, "sessions", remote(request, service), most=service.settings.sessions_per_minute
    )
    wanted = await read_body(request, SessionRequest, most=SMALL_BODY)
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
        if account is not None:
            visitor, token = await sign_in(tx, visitor, token, account.id, at=now) or (None, "")
        if visitor is None:
            visitor, token = await new_visitor(
                tx,
                customer_id=account.id if account else None,
                page_url=url,
                page_title=title,
                language=_language(request),
                at=now,
            )
        else:
            await note_page(tx, visitor.conversation.id, url, title)
    view = await snapshot(service, visitor.conversation.id)
    return web.json_response({"token": token, **view})


async def poll(request: web.Request) -> web.Response:
    """Answer with what has happened since an event, waiting for it if nothing has."""
    service = request.app[SERVICE]
    check_origin(request, service)
    query = checked(dict(request.query), PollQuery)
    token = visitor_token(request)
    live: list[dict[str, Any]] = []
    async with service.database.read() as reader:
        conversation_id = (await visitor_of_token(reader, token, service.clock.now())).conversation.id
    if query.wait:
        check_lines(service.hub, conversation_id)
    with service.hub.listen(conversation_id) as listener:
        events = await _missed(service, conversation_id, query.after)
        if not events and query.wait:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(query.wait):
                    frame = await listener.hear()
                if isinstance(frame, dict):
                    live.append(frame)
    async with service.database.read() as reader:
        # Looked up again: while the poll was held, the secret may have ended.
        conversation = (await visitor_of_token(reader, token, service.clock.now())).conversation
        view = await customer_view(service, reader, conversation)
        events = await missed_events(reader, conversation_id, query.after)
    more = len(events) == MOST_MISSED
    if more:
        # Who goes on from what this answer knows misses nothing.
        view = ConversationView(**{**view, "last_event": events[-1].number})
    frames = [event_frame(event, view) for event in events]
    return web.json_response(PollView(events=frames, more=more, live=live, conversation=view))


async def post_frame(request: web.Request) -> web.Response:
    """Take one frame of a client that has no socket."""
    service = request.app[SERVICE]
    check_origin(request, service)
    async with service.database.read() as reader:
        visitor = await visitor_of_token(reader, visitor_token(request), service.clock.now())
    frame = read_frame(await request.read())
    name = await customer_name(service, visitor)
    answer = await act(service, visitor.conversation.id, visitor.id, name, frame)
    return web.json_response(answer or {"type": "ack", "client_id": "", "message": None})


async def _missed(service: Service, conversation_id: str, after: int) -> list[Event]:
    async with service.database.read() as reader:
        return await missed_events(reader, conversation_id, after)


def _language(request: web.Request) -> str | None:
    """Return the language that the customer's browser asks for first, None where it names none."""
    first = re.match(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?(?![A-Za-z0-9-])", request.headers.get("Accept-Language", ""))
    return first.group().casefold() if first else None


ROUTES = (
    Route(
        "POST", "/api/chat/sessions", open_session, "Start or go on with a conversation",
        body=SessionRequest, returns=SessionView,
    ),
    Route(
        "GET", "/api/chat/events", poll, "Long poll for what happened",
        auth="visitor", query=PollQuery, returns=PollView,
    ),
    Route(
        "POST", "/api/chat/frames", post_frame, "Send one frame without a socket",
        auth="visitor", body=Frame, returns=AckView,
    ),
)  # fmt: skip
