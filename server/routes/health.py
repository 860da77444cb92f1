"""Whether the process runs, which part is not ready, and figures for Prometheus."""

from __future__ import annotations

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import TypedDict

from core.errors import Forbidden, Unauthenticated
from server import metrics
from server.api import Route
from server.callers import is_bearer, is_local
from server.service import SERVICE, Service


class ReadyView(TypedDict):
    """Whether all parts are ready, and each part's state in a word."""

    ready: bool
    parts: dict[str, str]


async def healthz(_request: web.Request) -> web.Response:
    """Answer while the process runs."""
    return web.json_response({"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """Tell which part is not ready."""
    parts = await states(request.app[SERVICE])
    for part, state in parts.items():
        metrics.READY.labels(part).set(state == "ready")
    ready = all(state == "ready" for state in parts.values())
    return web.json_response(ReadyView(ready=ready, parts=parts), status=200 if ready else 503)


async def show_metrics(request: web.Request) -> web.Response:
    """Answer in Prometheus' text form: whoever sends the token, or without one who asks on this machine."""
    token = request.app[SERVICE].settings.metrics_token.get_secret_value()
    if token and not is_bearer(request, token):
        raise Unauthenticated("Send the secret in BATON_METRICS_TOKEN as Authorization: Bearer.")
    if not token and not is_local(request):
        raise Forbidden("The figures are for this machine alone. Set BATON_METRICS_TOKEN to read them from elsewhere.")
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def states(service: Service) -> dict[str, str]:
    """Return each part's state in a word; `ready` is the good one."""
    return {
        "database": await _database(service),
        "redis": await _redis(service),
        "knowledge": service.parts.get("knowledge", "loading"),
        "bot": service.bot.state,
    }


async def _database(service: Service) -> str:
    try:
        async with service.database.read() as reader:
            await reader.execute(sa.text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return "down"
    return "ready"


async def _redis(service: Service) -> str:
    try:
        await service.redis.ping()
    except (RedisError, OSError):
        return "down"
    return "ready"


ROUTES = (
    Route("GET", "/healthz", healthz, "The process runs"),
    Route("GET", "/readyz", readyz, "Which part is ready", returns=ReadyView),
    Route("GET", "/metrics", show_metrics, "Figures for Prometheus"),
)
