"""The composition root: opens every part, wires them, and closes them again."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from core.clock import Clock, SystemClock
from core.database import Database, Transaction
from core.errors import ConfigurationError
from core.identifiers import new_secret
from core.redis import missing, open_redis
from handoff.answers import BOT_LIMIT, viewer_of
from handoff.handing_over import hand_over
from handoff.records import Conversation
from handoff.requests import TicketRequest, open_request
from handoff.sla.sla_rules import seed_rules
from handoff.triggers import load_triggers
from server import metrics
from server.answering import Answering, HandOver, OpenRequest
from server.api import BODY_LIMIT, Route, openapi, translate_errors
from server.background import load_actions, load_knowledge, load_triage, watch_bot
from server.bot import Bot, TextVector
from server.children import rasa_server
from server.clock_skew import check_clock, watch_clock
from server.cross_origin import allow_listed_origins
from server.deliveries import DeliveryWorker
from server.demo import keep_accounts
from server.hub import Hub
from server.limits import OwnCounters, SharedCounters
from server.migrate import migrate
from server.news import News
from server.outbound import open_caller
from server.processes import Child, private_redis
from server.replica import replica_name
from server.routes import (
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
from server.secret_file import kept_secret
from server.service import SERVICE, Service
from server.settings import Settings
from server.sla_worker import run_clocks
from server.slow_clients import SLOW_CLIENTS, SlowClients
from server.turns import TurnRunner
from server.typists import Typists
from server.workers import end_workers, keep_at_work

log = structlog.get_logger()
VERSION = "0.1.0"
MOST_ENCODED = 500
"""Characters of a message whose vector goes to the bot with it: about as many as the bot's encoder reads."""
ROUTES: tuple[Route, ...] = (
    *chat.ROUTES, *chat_socket.ROUTES, *suggestions.ROUTES, *sessions.ROUTES, *desk.ROUTES, *desk_socket.ROUTES, *staff.ROUTES,
    *health.ROUTES, *internal.ROUTES, *site.ROUTES, *reports.ROUTES, *reviews.ROUTES, *sla.ROUTES, *webhooks.ROUTES,
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
    app.cleanup_ctx.append(lambda app: _open_service(app, settings, clock or SystemClock(), may_load))
    return app


async def _open_service(
    app: web.Application, settings: Settings, clock: Clock, may_load: asyncio.Event | None
) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{settings.home} cannot be written: {error.strerror}. Set BATON_HOME to another folder."
            raise ConfigurationError(message) from error
        redis_url = settings.redis_url or await _start_redis(stack, settings)
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        await migrate(database)
        await check_clock(database, clock)
        redis = open_redis(redis_url)
        stack.push_async_callback(redis.aclose)
        if settings.redis_url and (sentence := await missing(redis)) is not None:
            print(sentence, flush=True)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=128), auto_decompress=False)
        )
        caller = await stack.enter_async_context(open_caller(private=settings.webhooks_private))
        token = settings.bot_token.get_secret_value() or new_secret()
        urls = settings.rasa_urls or (f"http://127.0.0.1:{settings.bot_port}",)
        bot = Bot(urls, token, http, settings.turn_timeout)
        if settings.policies_file is not None:
            await seed_rules(database, settings.policies_file, at=clock.now())
        # Nobody else can hear a private Redis.
        hub = Hub(database, redis, alone=not settings.redis_url)

        runner = stack.enter_context(replica_name(settings.home))
        answering = await _answering(app, settings, bot, hub, database, clock)
        turns = TurnRunner(database, answering, hub, clock, runner=runner)
        stack.push_async_callback(turns.stop)
        service = Service(
            settings=settings,
            identity_secret=settings.identity_secret.get_secret_value() or kept_secret(settings.home, "identity"),
            clock=clock,
            database=database,
            redis=redis,
            counters=SharedCounters(redis) if settings.redis_url else OwnCounters(clock),
            hub=hub,
            bot=bot,
            turns=turns,
            news=News(database, redis, hub, clock),
            typists=Typists(database, hub, clock),
            deliveries=DeliveryWorker(database, clock, caller, private=settings.webhooks_private),
        )
        app[SERVICE] = service
        made_up = await keep_accounts(database, settings, clock)
        if made_up is not None:
            print(f"First admin (shown once): {made_up}", flush=True)
        if not settings.rasa_urls:
            rasa = rasa_server(settings, token)
            await rasa.start()
            stack.push_async_callback(rasa.stop)
        actions = app[internal.ACTIONS]
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "hub": hub.run,
            "news": service.news.run,
            "turns": turns.reconcile,
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
        workers = [asyncio.create_task(keep_at_work(name, work), name=name) for name, work in works.items()]
        try:
            yield
        finally:
            await end_workers(workers)


async def _answering(
    app: web.Application, settings: Settings, bot: Bot, hub: Hub, database: Database, clock: Clock
) -> Answering:
    return Answering(
        database,
        bot,
        hub,
        clock,
        *_directives(app, clock),
        foresee=functools.partial(_foreseeing, app),
        encode=functools.partial(_vector_for_bot, app),
        patience=settings.bot_patience,
        reopen_within=timedelta(hours=settings.reopen_hours),
        triggers=await asyncio.to_thread(load_triggers, settings.triggers_file),
    )


def _directives(app: web.Application, clock: Clock) -> tuple[HandOver, OpenRequest]:
    """Return what a turn may ask of the service, each in the transaction of the turn's words."""

    async def hand_over_turn(tx: Transaction, conversation: Conversation, reason: str, rule: str | None) -> None:
        handed = await hand_over(tx, conversation, reason, at=clock.now(), head=app[SERVICE].head, rule=rule)
        metrics.HANDOFFS.labels(handed.reason or reason).inc()

    async def open_request_turn(tx: Transaction, chat: Conversation, request: TicketRequest) -> None:
        await open_request(tx, chat, request, at=clock.now(), head=app[SERVICE].head)
        metrics.HANDOFFS.labels("ticket").inc()

    return hand_over_turn, open_request_turn


def _foreseeing(app: web.Application, conversation: Conversation, text: str) -> contextlib.AbstractContextManager[None]:
    retriever = app[SERVICE].retriever
    if retriever is None:
        return contextlib.nullcontext()
    return retriever.foreseeing(text, viewer_of(conversation), BOT_LIMIT)


async def _vector_for_bot(app: web.Application, text: str) -> TextVector | None:
    """Return the vector that the search of a question needs anyway, where the bot understands by the same encoder.

    A text that is cut off here may be read further there, and then has another vector.
    """
    service = app[SERVICE]
    index = service.retriever.index if service.retriever is not None else None
    encoder = getattr(index, "encoder", None)
    fingerprint = getattr(encoder, "fingerprint", None)
    if (
        encoder is None
        or fingerprint is None
        or len(text) > MOST_ENCODED
        or not service.bot.reads_vectors_of(fingerprint)
    ):
        return None
    vector = await asyncio.to_thread(lambda: encoder.encode([text]) if encoder.reads_whole(text) else None)
    return TextVector(fingerprint, vector) if vector is not None else None


async def _when(event: asyncio.Event | None, work: Callable[[], Awaitable[None]]) -> None:
    if event is not None:
        await event.wait()
    await work()


async def _keep_up(service: Service) -> None:
    upkeep = await asyncio.to_thread(importlib.import_module, "server.upkeep")  # brings numpy
    await upkeep.keep_up(service)


async def _start_redis(stack: contextlib.AsyncExitStack, settings: Settings) -> str:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-"))
    socket = Path(folder) / "redis.sock"
    child: Child = private_redis(Path(folder), socket, settings.home / "logs" / "redis.log")
    await child.start()
    stack.push_async_callback(child.stop)
    for _ in range(500):
        if socket.exists():
            break
        await asyncio.sleep(0.01)
    return f"unix://{socket}"
