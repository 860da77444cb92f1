"""What was, is and could not be delivered to other systems, for leads and admins, and sending it again."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from core.deliveries import Delivery, count_deliveries, deliveries, get_delivery, resend
from handoff.records import Staff
from server.api import Route, checked
from server.service import SERVICE
from server.staff_auth import LEADING, signed_in


class DeliveriesQuery(BaseModel):
    """Which deliveries. `after` goes on where a page ended: the id of its last one."""

    state: Literal["pending", "delivered", "dead"] = "dead"
    endpoint: str | None = Field(None, max_length=40)
    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, max_length=40)


class DeliveryView(TypedDict):
    """One message for one endpoint. `webhook_id` is what the receiver knows it by, the same at every attempt."""

    id: str
    webhook_id: str
    endpoint_id: str
    url: str
    kind: str
    state: str
    attempts: int
    next_at: str | None
    last_status: int | None
    last_error: str | None
    created_at: str
    settled_at: str | None


class DeliveryCountsView(TypedDict):
    """How many deliveries there are of those that are not done."""

    pending: int
    dead: int


class DeliveriesView(TypedDict):
    """A list of deliveries, the newest first."""

    deliveries: list[DeliveryView]
    counts: DeliveryCountsView


class DeliveryDetailView(TypedDict):
    """One delivery with what it carries."""

    delivery: DeliveryView
    data: dict[str, Any]


def _view(delivery: Delivery, reader: Staff) -> DeliveryView:
    """Write a delivery. An address may hold a secret of its receiver, so whoever is no admin reads only whose it is."""
    return DeliveryView(
        id=delivery.id,
        webhook_id=delivery.message_id,
        endpoint_id=delivery.endpoint_id,
        url=delivery.url if reader.role == "admin" else _host(delivery.url),
        kind=delivery.kind,
        state=delivery.state,
        attempts=delivery.attempts,
        next_at=iso_or_none(delivery.next_at),
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=iso(delivery.created_at),
        settled_at=iso_or_none(delivery.settled_at),
    )


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"


async def get_deliveries(request: web.Request) -> web.Response:
    """List deliveries in one state, the dead ones unless another is asked for."""
    member = await signed_in(request, LEADING)
    query = checked(dict(request.query), DeliveriesQuery)
    async with request.app[SERVICE].database.read() as reader:
        found = await deliveries(reader, query.state, limit=query.limit, after=query.after, endpoint_id=query.endpoint)
        counts = await count_deliveries(reader)
    view = DeliveriesView(
        deliveries=[_view(one, member) for one in found],
        counts=DeliveryCountsView(pending=counts["pending"], dead=counts["dead"]),
    )
    return web.json_response(view)


async def get_one_delivery(request: web.Request) -> web.Response:
    """Return one delivery with what it carries."""
    return await _detail(request, await signed_in(request, LEADING))


async def post_resend(request: web.Request) -> web.Response:
    """Send a delivery again, now and with all its attempts before it."""
    service = request.app[SERVICE]
    member = await signed_in(request, LEADING)
    async with service.database.write() as tx:
        await resend(tx, request.match_info["id"], at=service.clock.now())
    return await _detail(request, member)


async def _detail(request: web.Request, member: Staff) -> web.Response:
    async with request.app[SERVICE].database.read() as reader:
        delivery, payload = await get_delivery(reader, request.match_info["id"])
    return web.json_response(DeliveryDetailView(delivery=_view(delivery, member), data=payload))


_ALL = "/api/deliveries"
_ONE = "/api/deliveries/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, get_deliveries, "Deliveries", auth="staff", query=DeliveriesQuery, returns=DeliveriesView),
    Route("GET", _ONE, get_one_delivery, "One delivery", auth="staff", returns=DeliveryDetailView),
    Route("POST", _ONE + "/resend", post_resend, "Send a delivery again", auth="staff", returns=DeliveryDetailView),
)
