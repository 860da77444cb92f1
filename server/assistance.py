"""Opens what answers questions: encoder, articles, index, retriever, and the actions on top. Slow to import; loaded behind the start."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from rasa_sdk.executor import ActionExecutor

from actions.assistance import Assistance
from actions.registry import build_executor
from core.embedding import OnnxEncoder
from knowledge.articles import BrokenArticle
from knowledge.index import KnowledgeIndex
from knowledge.other_names import read_other_names
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from server.service import Service

log = structlog.get_logger()


def make_executor(service: Service) -> ActionExecutor:
    """Make the executor of Rasa's action webhook."""
    return build_executor(Assistance(service.database, service.clock, service.knowledge))


async def open_knowledge(service: Service, stack: contextlib.AsyncExitStack) -> KnowledgeIndex:
    """Set the retriever on the service and its index on it; returns the index. Words alone are searched until the index is there.

    May be called again after a failure: it goes on with what is missing.

    Raises:
        ConfigurationError: the encoder or the articles are missing, or another process holds the index.
        SQLAlchemyError: the database failed.
    """
    settings = service.settings
    if service.retriever is None:
        service.retriever = Retriever(service.database, None, service.clock)
    report = await sync_folder(service.database, settings.articles_dir, service.clock)
    for broken in report.broken:
        log.warning("an article is broken", reason=str(broken))
    if report.kept:
        log.info("articles keep what an editor made of them; their files say something else", articles=report.kept)
    try:
        service.retriever.names = await asyncio.to_thread(read_other_names, settings.articles_dir)
    except BrokenArticle as error:
        log.warning("the list of other names is broken", reason=str(error))
    if service.retriever.index is None:
        encoder = await asyncio.to_thread(OnnxEncoder, settings.encoder)
        index = KnowledgeIndex(service.database, encoder, settings.home / "chroma", settings.chroma_url)
        await index.open(stays=True)
        stack.push_async_callback(index.close)
        service.retriever.index = index
    service.parts["knowledge"] = "indexing"
    await service.retriever.index.refresh()
    return service.retriever.index
