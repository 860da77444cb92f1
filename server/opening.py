"""Opens what the service stands on and wires its parts; whatever is opened is closed when the stack that is given is."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from datetime import timedelta
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web
from redis.asyncio import Redis

from core.clock import Clock
from core.database import Database, Transaction
from core.redis import missing, open_redis
from handoff.answers import BOT_LIMIT, viewer_of
from handoff.handing_over import hand_over
from handoff.records import Conversation
from handoff.requests import TicketRequest, open_request
from handoff.sla.sla_rules import seed_rules
from handoff.triggers import load_triggers
from server import metrics
from server.answering import Answering, HandOver, OpenRequest
from server.bot import Bot, TextVector
from server.clock_skew import check_clock
from server.deliveries import DeliveryWorker
from server.hub import Hub
from server.limits import OwnCounters, SharedCounters
from server.migrate import migrate
from server.news import News
from server.outbound import open_caller
from server.processes import Child, private_redis
from server.secret_file import kept_secret
from server.service import SERVICE, Service
from server.settings import Settings
from server.turns import TurnRunner
from server.typists import Typists

log = structlog.get_logger()
MOST_ENCODED = 500
"""Characters of a message whose vector goes to the bot with it: about as many as the bot's encoder reads."""


async def open_stores(stack: contextlib.AsyncExitStack, settings: Settings, clock: Clock) -> tuple[Database, Redis]:
    """Open the database, with its tables as they are today and the rules of a file, and Redis, a private one unless one is set."""
    redis_url = settings.redis_url or await _start_redis(stack, settings)
    database = Database.open(settings.database)
    stack.push_async_callback(database.close)
    await migrate(database)
    await check_clock(database, clock)
    if settings.policies_file is not None:
        await seed_rules(database, settings.policies_file, at=clock.now())
    redis = open_redis(redis_url)
    stack.push_async_callback(redis.aclose)
    if settings.redis_url and (sentence := await missing(redis)) is not None:
        print(sentence, flush=True)
    return database, redis


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
    else:
        log.warning("the private Redis does not listen yet", said=child.last_words())
    return f"unix://{socket}"


async def make_service(
    app: web.Application,
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    clock: Clock,
    database: Database,
    redis: Redis,
    *,
    token: str,
    runner: str,
) -> Service:
    """Wire the parts that routes and workers share; `token` is what the bot knows the service by, and `runner` the replicas."""
    http = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=128), auto_decompress=False)
    )
    caller = await stack.enter_async_context(open_caller(private=settings.webhooks_private))
    urls = settings.rasa_urls or (f"http://127.0.0.1:{settings.bot_port}",)
    bot = Bot(urls, token, http, settings.turn_timeout)
    # Nobody else can hear a private Redis.
    hub = Hub(database, redis, alone=not settings.redis_url)
    answering = await _answering(app, settings, bot, hub, database, clock)
    turns = TurnRunner(database, answering, hub, clock, runner=runner)
    stack.push_async_callback(turns.stop)
    return Service(
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
