"""The composition root: routes, workers, and the life of the service between its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

from core.clock import Clock, SystemClock
from core.identifiers import new_secret
from server.api import BODY_LIMIT, ERROR_PAGE, Route, openapi, translate_errors
from server.background import load_actions, load_knowledge, load_triage, watch_bot
from server.children import rasa_server
from server.clock_skew import watch_clock
from server.cross_origin import allow_listed_origins
from server.demo import keep_accounts
from server.making import MAKING, Making
from server.opening import make_service, open_stores
from server.pages import problem
from server.replica import held_home
from server.routes import (
    articles,
    chat,
    chat_socket,
    crawlers,
    deliveries,
    desk,
    desk_socket,
    health,
    help,
    help_forms,
    internal,
    reports,
    reviews,
    sessions,
    site,
    sla,
    staff,
    suggestions,
    tickets,
    webhooks,
)
from server.routing import run_routing
from server.service import SERVICE, Service
from server.settings import Settings
from server.sla_worker import run_clocks
from server.slow_clients import SLOW_CLIENTS, SlowClients
from server.workers import end_workers, keep_at_work

VERSION = "0.1.0"
ROUTES: tuple[Route, ...] = (
    *chat.ROUTES, *chat_socket.ROUTES, *suggestions.ROUTES, *sessions.ROUTES, *desk.ROUTES, *desk_socket.ROUTES, *staff.ROUTES,
    *health.ROUTES, *internal.ROUTES, *site.ROUTES, *reports.ROUTES, *reviews.ROUTES, *articles.ROUTES, *sla.ROUTES, *webhooks.ROUTES,
    *deliveries.ROUTES, *tickets.ROUTES, *crawlers.ROUTES, *help_forms.ROUTES, *help.ROUTES, *help.ELSEWHERE,
)  # fmt: skip


def build_app(
    settings: Settings, clock: Clock | None = None, *, may_load: asyncio.Event | None = None
) -> web.Application:
    """Build the application. Nothing is opened before it starts; everything is closed when it ends.

    Args:
        settings: the settings.
        clock: the clock, by default the machine's.
        may_load: what loading models waits for, by default nothing: it takes the processor from the first chats.
    """
    slow_clients = SlowClients()
    app = web.Application(
        middlewares=[allow_listed_origins, translate_errors, slow_clients.middleware()], client_max_size=BODY_LIMIT
    )
    app[SLOW_CLIENTS] = slow_clients
    app[ERROR_PAGE] = problem
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)

    @functools.cache
    def document() -> dict[str, Any]:
        # Made when it is first asked for: its schemas take longer than the rest of the start.
        return openapi(ROUTES, version=VERSION, url=settings.url)

    async def show_document(_request: web.Request) -> web.Response:
        return web.json_response(document())

    app.router.add_get("/api/openapi.json", show_document)
    app[internal.ACTIONS] = internal.Actions()
    app[MAKING] = Making()
    app.cleanup_ctx.append(lambda app: _open_service(app, settings, clock or SystemClock(), may_load))
    return app


async def _open_service(
    app: web.Application, settings: Settings, clock: Clock, may_load: asyncio.Event | None
) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        runner = stack.enter_context(held_home(settings.home))
        database, redis = await open_stores(stack, settings, clock)
        token = settings.bot_token.get_secret_value() or new_secret()
        service = app[SERVICE] = await make_service(
            app, stack, settings, clock, database, redis, token=token, runner=runner
        )
        made_up = await keep_accounts(database, settings, clock)
        if made_up is not None:
            print(f"First admin (shown once): {made_up}", flush=True)
        if not settings.rasa_urls:
            rasa = rasa_server(settings, token)
            await rasa.start()
            stack.push_async_callback(rasa.stop)
        works = _works(service, app[internal.ACTIONS], stack, may_load)
        workers = [asyncio.create_task(keep_at_work(name, work), name=name) for name, work in works.items()]
        try:
            yield
        finally:
            await end_workers(workers)


def _works(
    service: Service, actions: internal.Actions, stack: contextlib.AsyncExitStack, may_load: asyncio.Event | None
) -> dict[str, Callable[[], Awaitable[None]]]:
    """Return what goes on beside requests, by name; what `may_load` holds back takes the processor from the first chats."""
    return {
        "hub": service.hub.run,
        "news": service.news.run,
        "turns": service.turns.reconcile,
        "bot": functools.partial(watch_bot, service, actions),
        "clocks": functools.partial(run_clocks, service),
        "clock skew": functools.partial(watch_clock, service),
        "routing": functools.partial(run_routing, service),
        "outbox": service.deliveries.run,
        "actions": functools.partial(_when, may_load, functools.partial(load_actions, service, actions)),
        "knowledge": functools.partial(_when, may_load, functools.partial(load_knowledge, service, stack)),
        "triage": functools.partial(_when, may_load, functools.partial(load_triage, service)),
        "upkeep": functools.partial(_when, may_load, functools.partial(_keep_up, service)),
    }


async def _when(event: asyncio.Event | None, work: Callable[[], Awaitable[None]]) -> None:
    if event is not None:
        await event.wait()
    await work()


async def _keep_up(service: Service) -> None:
    upkeep = await asyncio.to_thread(importlib.import_module, "server.upkeep")  # brings numpy
    await upkeep.keep_up(service)
