"""Who calls: the client's address, and whether the page that it is on may speak to the chat."""

from __future__ import annotations

from aiohttp import web

from core.errors import Forbidden
from server.service import Service
from server.staff_auth import is_own_origin

NOT_LISTED = "This site may not embed the chat. Add its origin to BATON_ALLOWED_ORIGINS."


def remote(request: web.Request, service: Service) -> str:
    """Return the client's address, believing as many proxies as the settings say there are."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    depth = service.settings.trusted_proxies
    if depth and len(forwarded) >= depth:
        return forwarded[-depth]
    return request.remote or "unknown"


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
