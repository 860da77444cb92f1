"""What the knowledge base needs done now and then: questions grouped, reviews opened, old searches deleted."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.embedding import Encoder
from insights.question_groups import Grouping, forget_groups
from knowledge.openings import purge_openings
from knowledge.reviews import open_due_reviews
from knowledge.searches import purge_searches
from server.service import Service

log = structlog.get_logger()
EVERY_SECONDS = 60.0
GROUPED_AT_ONCE = 512
"""New questions that one round groups: about 2 s of one core."""
PURGE_EVERY = timedelta(hours=1)


async def keep_up(service: Service) -> None:
    """Group new questions every minute, and every hour delete what is too old and open reviews that no vote has opened."""
    grouping: Grouping | None = None
    purged = None
    while True:
        try:
            encoder = encoder_of(service)
            if grouping is None and encoder is not None:
                grouping = Grouping(service.database, encoder)
            if grouping is not None:
                await grouping.group_some(GROUPED_AT_ONCE)
            now = service.clock.now()
            if purged is None or now - purged >= PURGE_EVERY:
                await tidy(service)
                purged = now
        except (SQLAlchemyError, OSError):
            log.exception("the upkeep of the knowledge base was put off")
        await asyncio.sleep(EVERY_SECONDS)


async def tidy(service: Service) -> None:
    """Delete searches and openings that are older than the setting allows, with groups left empty, and open due reviews."""
    before = service.clock.now() - timedelta(days=service.settings.search_log_days)
    deleted = await purge_searches(service.database, before)
    await purge_openings(service.database, before)
    if deleted:
        await forget_groups(service.database)
        log.info("old searches deleted", searches=deleted, days=service.settings.search_log_days)
    opened = await open_due_reviews(service.database, service.clock)
    if opened:
        log.info("reviews opened", reviews=opened)


def encoder_of(service: Service) -> Encoder | None:
    """Return the encoder of the knowledge base, None until it is open."""
    index = None if service.retriever is None else service.retriever.index
    return None if index is None else index.encoder
