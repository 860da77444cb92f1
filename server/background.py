"""What a start does not wait for: loading models, watching the bot."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import time
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.errors import BatonError
from knowledge.derivation import passages_generation
from server.service import Service
from tickets.rules import default_rules

if TYPE_CHECKING:
    from knowledge.index import KnowledgeIndex
    from server.routes.internal import Actions

log = structlog.get_logger()
BOT_CHECK_SECONDS = 0.5
"""Between checks while the bot is not ready; when it is, every fourth of them."""
INDEX_SECONDS = 1.0
"""Between looks whether articles have changed."""
KNOWLEDGE_RETRIES = (1.0, 3.0, 10.0, 60.0)
"""Seconds between attempts to load the knowledge base; the last goes on. What is missing may come: a lock ends, an encoder is exported."""


async def load_actions(service: Service, actions: Actions) -> None:
    """Load what Rasa calls back; importing Rasa SDK takes a while, and happens beside the event loop."""
    from server.assistance import make_executor

    actions.executor = await asyncio.to_thread(make_executor, service)


async def load_triage(service: Service) -> None:
    """Read the rules of triage, so that the first handoff need not, and what was learned from labelled tickets, if anything was."""
    await asyncio.to_thread(default_rules)
    from server.triage_head import open_head

    try:
        service.head = await asyncio.to_thread(open_head, service.settings)
    except BatonError as error:
        log.warning("triage goes by its rules alone", reason=error.message)


async def load_knowledge(service: Service, stack: contextlib.AsyncExitStack) -> None:
    """Load the encoder, take in the articles' folder, open the retriever, and keep the index in step with SQL from then on."""
    began = time.perf_counter()
    index = await opened_knowledge(service, stack)
    gc.freeze()  # What is loaded by now stays; no later collection need look at it.
    log.info("knowledge ready", seconds=round(time.perf_counter() - began, 2))
    indexed = -1
    failures = 0
    while True:
        try:
            indexed = await catch_up(service.database, index, indexed)
            failures = 0
        except _index_errors() as error:
            # The next round looks again, later each time, and until then words are searched.
            pause = KNOWLEDGE_RETRIES[min(failures, len(KNOWLEDGE_RETRIES) - 1)]
            failures += 1
            reason = error.message if isinstance(error, BatonError) else f"{type(error).__name__}: {error}"
            log.error("the knowledge index is behind", error=reason, again_in_seconds=pause)
            await asyncio.sleep(pause)
        await asyncio.sleep(INDEX_SECONDS)


def _index_errors() -> tuple[type[Exception], ...]:
    """What a refresh of the index may end in: the database, the disk, Chroma, and what the encoder makes of an odd text."""
    from chromadb.errors import ChromaError

    from knowledge.vectors import UnreadableIndexError

    return BatonError, SQLAlchemyError, OSError, ChromaError, UnreadableIndexError, ValueError, RuntimeError


async def opened_knowledge(service: Service, stack: contextlib.AsyncExitStack) -> KnowledgeIndex:
    """Open the knowledge base, and try again until it is all there."""
    from server.assistance import open_knowledge

    service.parts["knowledge"] = "loading"
    for pause in itertools.chain(KNOWLEDGE_RETRIES, itertools.repeat(KNOWLEDGE_RETRIES[-1])):
        try:
            index = await open_knowledge(service, stack)
        except (BatonError, SQLAlchemyError, OSError) as error:
            service.parts["knowledge"] = "failed"
            message = error.message if isinstance(error, BatonError) else str(error)
            log.error("the knowledge base is not all there", error=message, again_in_seconds=pause)
        else:
            service.parts["knowledge"] = "ready"
            return index
        await asyncio.sleep(pause)
    raise AssertionError("there is always another attempt")


async def catch_up(database: Database, index: KnowledgeIndex, indexed: int) -> int:
    """Index what an editor, another replica or `baton import` has written since generation `indexed`; return the present one.

    An index that broke and could not be made anew is tried again. While nothing has changed it costs one small read.
    """
    present = await passages_generation(database)
    if present != indexed or index.state == "closed":
        await index.refresh()
    return present


async def watch_bot(service: Service, actions: Actions) -> None:
    """Keep knowing whether the bot is there, and tell whoever has a chat open when that changes.

    It is there when it can answer: Rasa may be up before the actions and the articles that its first turn calls for.
    """
    while True:
        before = state = service.bot.state
        if actions.executor is not None and service.parts.get("knowledge", "loading") != "loading":
            state = await service.bot.check()
        if state != before:
            for conversation_id in service.hub.topics():
                service.hub.send(conversation_id, {"type": "live", "event": "bot", "data": {"bot": state}})
        await asyncio.sleep(BOT_CHECK_SECONDS * (4 if state == "ready" else 1))
