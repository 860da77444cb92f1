"""Who calls: the client's address, the visitor whose token it sends, and whether the page that it is on may speak to the chat."""

from __future__ import annotations

import hmac
import ipaddress

from aiohttp import web

from core.errors import Forbidden, Unauthenticated
from handoff.visitors import Visitor, visitor_of_token
from server.service import Service
from server.staff_auth import is_own_origin

NOT_LISTED = "This site may not embed the chat. Add its origin to BATON_ALLOWED_ORIGINS."
_HANDED_ON = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""Headers of proxies, any of which says that somebody else asks."""


def remote(request: web.Request, service: Service) -> str:
    """Return where the client is, believing as many proxies as the settings say there are: what its requests are counted by."""
    # A proxy may add a line of its own below the one that the client made up.
    lines = ",".join(request.headers.getall("X-Forwarded-For", ()))
    forwarded = [part.strip() for part in lines.split(",") if part.strip()]
    depth = service.settings.trusted_proxies
    if depth and len(forwarded) >= depth:
        return place_of(forwarded[-depth])
    return place_of(request.remote or "unknown")


def place_of(address: str) -> str:
    """Return whose an address is: an IPv4 address itself, an IPv6 address its /64, any of which one customer may choose (RFC 6177).

    What is no address is returned as it is.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))


def is_bearer(request: web.Request, token: str) -> bool:
    """Tell whether a request carries this secret as `Authorization: Bearer`."""
    sent = request.headers.get("Authorization", "")
    return hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode())


def is_local(request: web.Request) -> bool:
    """Tell whether a request was made on this machine, and not handed on by a proxy on it."""
    try:
        on_this_machine = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    return on_this_machine and not any(header in request.headers for header in _HANDED_ON)


def visitor_token(request: web.Request) -> str:
    """Return the visitor token that came with a request.

    Raises:
        Unauthenticated: none did.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise Unauthenticated("Send the visitor token as Authorization: Bearer.")
    return token


async def known_visitor(request: web.Request, service: Service) -> Visitor | None:
    """Return whose token came with a request; None for no token and for one that is nobody's."""
    try:
        token = visitor_token(request)
        async with service.database.read() as reader:
            return await visitor_of_token(reader, token, service.clock.now())
    except Unauthenticated:
        return None


def check_origin(request: web.Request, service: Service) -> None:
    """Refuse a page of a site that may not embed the widget.

    Raises:
        Forbidden: the Origin header names such a site.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not allowed_origin(request, service, origin):
        raise Forbidden(NOT_LISTED)


def allowed_origin(request: web.Request, service: Service, origin: str) -> bool:
    """Tell whether pages of this origin may speak to the chat: our own, and those that are listed."""
    return is_own_origin(origin, request, service) or origin in service.settings.allowed_origins
