"""Endpoints of other systems, for admins: where we call, what about, and the secrets that sign it."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

from core.clock import iso
from core.errors import Conflict
from core.identifiers import new_id
from core.outbox import enqueue_for
from core.webhook_endpoints import (
    EVERYTHING,
    Endpoint,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    endpoints,
    get_endpoint,
    replace_secret,
)
from handoff.records import Role
from handoff.sinks import ESCALATION
from handoff.sinks import KINDS as OF_CONVERSATIONS
from handoff.sla.sla_rules import current_rules
from knowledge.review_news import KINDS as OF_REVIEWS
from server.api import Route, read_body
from server.outbound import check_url
from server.service import SERVICE
from server.staff_auth import signed_in

ADMINS: tuple[Role, ...] = ("admin",)
KINDS = {**OF_CONVERSATIONS, **OF_REVIEWS}
_CHANNEL = re.compile(re.escape(ESCALATION) + r":\S(.{0,38}\S)?")
"""Escalations to one channel, as the rules name it."""
PING = "ping"
"""What a test sends, whatever the endpoint has asked for."""


class EndpointChange(BaseModel):
    """What is to be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, min_length=1, max_length=2_000)
    kinds: list[str] | None = Field(None, min_length=1, max_length=40)
    description: str | None = Field(None, max_length=200)
    active: bool | None = None

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str] | None) -> list[str] | None:
        for kind in kinds or ():
            if kind != EVERYTHING and kind not in KINDS and not _CHANNEL.fullmatch(kind):
                raise ValueError(f"there is no kind {kind!r}; there are {EVERYTHING}, {', '.join(KINDS)}")
        return None if kinds is None else list(dict.fromkeys(kinds))


class NewEndpoint(EndpointChange):
    """A new endpoint; it hears everything unless it names kinds."""

    url: str = Field(min_length=1, max_length=2_000)
    kinds: list[str] = Field([EVERYTHING], min_length=1, max_length=40)
    description: str = Field("", max_length=200)


class EndpointView(TypedDict):
    """An endpoint. Its secret is told once, when it is made."""

    id: str
    url: str
    description: str
    kinds: list[str]
    active: bool
    disabled_reason: str | None
    created_at: str


class EndpointsView(TypedDict):
    """All endpoints, and the kinds that there are with their meaning."""

    endpoints: list[EndpointView]
    kinds: dict[str, str]


class EndpointSecretView(TypedDict):
    """An endpoint with a new secret, which is not shown again."""

    endpoint: EndpointView
    secret: str


class PingView(TypedDict):
    """The message that a test sends."""

    message_id: str | None


def _view(endpoint: Endpoint) -> EndpointView:
    return EndpointView(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        kinds=list(endpoint.kinds),
        active=endpoint.active,
        disabled_reason=endpoint.disabled_reason,
        created_at=iso(endpoint.created_at),
    )


async def get_endpoints(request: web.Request) -> web.Response:
    """List the endpoints."""
    await signed_in(request, ADMINS)
    async with request.app[SERVICE].database.read() as reader:
        found = await endpoints(reader)
        rules = await current_rules(reader)
    named = {action.target for rule in rules.escalations for action in rule.actions if action.kind == "channel"}
    channels = {f"{ESCALATION}:{one}": f"an escalation rule has called the channel {one}" for one in sorted(named)}
    return web.json_response(EndpointsView(endpoints=[_view(one) for one in found], kinds={**KINDS, **channels}))


async def post_endpoint(request: web.Request) -> web.Response:
    """Add an endpoint and tell its secret, this once."""
    service = request.app[SERVICE]
    await signed_in(request, ADMINS)
    body = await read_body(request, NewEndpoint)
    url = check_url(body.url, private=service.settings.webhooks_private)
    async with service.database.write() as tx:
        endpoint, secret = await add_endpoint(tx, url, body.kinds, body.description, at=service.clock.now())
        if body.active is False:
            endpoint = await change_endpoint(tx, endpoint.id, {"active": False})
    return web.json_response(EndpointSecretView(endpoint=_view(endpoint), secret=secret))


async def patch_endpoint(request: web.Request) -> web.Response:
    """Change an endpoint, or switch it on or off."""
    service = request.app[SERVICE]
    await signed_in(request, ADMINS)
    changes: dict[str, Any] = _changes(await read_body(request, EndpointChange))
    if "url" in changes:
        changes["url"] = check_url(changes["url"], private=service.settings.webhooks_private)
    async with service.database.write() as tx:
        endpoint = await get_endpoint(tx.connection, request.match_info["id"])
        if changes:
            endpoint = await change_endpoint(tx, endpoint.id, changes)
    service.deliveries.wake()
    return web.json_response(_view(endpoint))


def _changes(body: EndpointChange) -> dict[str, Any]:
    """Return what a body changes."""
    return {name: value for name, value in body.model_dump().items() if value is not None}


async def post_secret(request: web.Request) -> web.Response:
    """Give an endpoint a new secret; the old one signs beside it for a day."""
    service = request.app[SERVICE]
    await signed_in(request, ADMINS)
    async with service.database.write() as tx:
        secret = await replace_secret(tx, request.match_info["id"], at=service.clock.now())
        endpoint = await get_endpoint(tx.connection, request.match_info["id"])
    return web.json_response(EndpointSecretView(endpoint=_view(endpoint), secret=secret))


async def post_ping(request: web.Request) -> web.Response:
    """Send a test message to an endpoint."""
    service = request.app[SERVICE]
    member = await signed_in(request, ADMINS)
    now = service.clock.now()
    async with service.database.write() as tx:
        endpoint = await get_endpoint(tx.connection, request.match_info["id"])
        if not endpoint.active:
            raise Conflict("This endpoint is switched off. Switch it on first.")
        data = {"endpoint_id": endpoint.id, "by": member.name}
        message_id = await enqueue_for(tx, endpoint.id, PING, new_id("ping"), data, at=now)
    return web.json_response(PingView(message_id=message_id))


async def remove_endpoint(request: web.Request) -> web.Response:
    """Delete an endpoint with all that waits for it."""
    service = request.app[SERVICE]
    await signed_in(request, ADMINS)
    async with service.database.write() as tx:
        await delete_endpoint(tx, request.match_info["id"])
    return web.json_response({})


_ALL = "/api/webhooks"
_ONE = "/api/webhooks/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, get_endpoints, "Webhook endpoints", auth="staff", returns=EndpointsView),
    Route("POST", _ALL, post_endpoint, "Add an endpoint", auth="staff", body=NewEndpoint, returns=EndpointSecretView),
    Route("PATCH", _ONE, patch_endpoint, "Change an endpoint", auth="staff", body=EndpointChange, returns=EndpointView),
    Route("DELETE", _ONE, remove_endpoint, "Delete an endpoint", auth="staff"),
    Route("POST", _ONE + "/secret", post_secret, "Replace a secret", auth="staff", returns=EndpointSecretView),
    Route("POST", _ONE + "/ping", post_ping, "Send a test message", auth="staff", returns=PingView),
)
