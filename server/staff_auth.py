"""Who of the staff is asking: the session cookie, the header that other sites cannot send, and what a role may do."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

from core.errors import Forbidden, Unauthenticated
from handoff.records import ANSWERING, Role, Staff
from handoff.staff import staff_of_session
from server.service import SERVICE, Service

COOKIE = "baton_staff"
HEADER = "X-Baton"
LEADING: tuple[Role, ...] = ("lead", "admin")
EDITING: tuple[Role, ...] = ("content", "lead", "admin")
"""Who works with articles, their reviews, and the report of searches."""


async def signed_in(request: web.Request, roles: Iterable[Role] = ANSWERING, *, once: bool = False) -> Staff:
    """Return who is asking. `once` lets somebody in whose password is not their own yet.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: the role may not do this, the request came from another site, or a password of one's own has to be chosen first.
    """
    check_header(request)
    secret = request.cookies.get(COOKIE)
    if not secret:
        raise Unauthenticated("You are signed out. Sign in again.")
    service = request.app[SERVICE]
    async with service.database.glance() as reader:
        member = await staff_of_session(reader, secret, service.clock.now())
    if member.password_once and not once:
        raise Forbidden("Choose a password of your own first.")
    if member.role not in set(roles):
        raise Forbidden(f"Your role, {member.role}, may not do this.")
    return member


def check_header(request: web.Request) -> None:
    """Refuse an unsafe request without the header that another site's page cannot send.

    Raises:
        Forbidden: it is missing.
    """
    if request.method not in {"GET", "HEAD"} and request.headers.get(HEADER) != "desk":
        raise Forbidden(f"Unsafe requests need the header {HEADER}: desk.")


def check_own_origin(request: web.Request, service: Service) -> None:
    """Refuse a socket that another site's page opens.

    Raises:
        Forbidden: the Origin header is missing or not our own.
    """
    if not is_own_origin(request.headers.get("Origin", ""), request, service):
        raise Forbidden("The desk can be opened from its own site only.")


def is_own_origin(origin: str, request: web.Request, service: Service) -> bool:
    """Tell whether this Origin header names the service's own pages.

    A proxy that ends TLS speaks plain HTTP to us, so the request's own scheme says nothing. Where the public address is https, a page of
    the same host that came unencrypted is not ours: anyone on its way may have written it.
    """
    if origin == service.settings.url:
        return True
    try:
        page = urlsplit(origin)
    except ValueError:
        return False
    encrypted = page.scheme == "https" or not service.settings.url.startswith("https:")
    return encrypted and page.netloc == request.host
