"""Lets pages of listed sites talk to the chat (CORS), and pages of other sites read why they may not."""

from __future__ import annotations

from aiohttp import web

from core.errors import Forbidden
from server.api import Handler, error_response
from server.callers import NOT_LISTED, allowed_origin
from server.service import SERVICE

OPEN_TO_LISTED = ("/api/chat/", "/api/searches/")
"""What the widget calls: the chat, and the note that an article was opened. The desk is open to no other site."""
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@web.middleware
async def allow_listed_origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the browser that this page may read the answer, errors too. Other origins are refused, and may read the refusal alone."""
    origin = request.headers.get("Origin")
    if origin is None or not request.path.startswith(OPEN_TO_LISTED):
        return await handler(request)
    preflight = request.method == "OPTIONS"
    if not allowed_origin(request, request.app[SERVICE], origin):
        refused = web.Response(status=204, headers=_PREFLIGHT) if preflight else error_response(Forbidden(NOT_LISTED))
        refused.headers["Access-Control-Allow-Origin"] = "*"
        return refused
    response = web.Response(status=204, headers=_PREFLIGHT) if preflight else await handler(request)
    if not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers["Vary"] = "Origin"
    return response
