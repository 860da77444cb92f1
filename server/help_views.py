"""Counting who reads an article: once per reader, article and day, and no machine."""

from __future__ import annotations

import re
from datetime import timedelta

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from core.redis import viewed_key
from knowledge.store import count_view
from server.callers import remote
from server.reader import day_mark
from server.service import Service

log = structlog.get_logger()
COUNTS_AGAIN = timedelta(days=1)
_NO_PERSON = re.compile(
    r"bot\b|crawl|spider|slurp|preview|monitor|curl|wget|python|go-http|java/|lighthouse", re.IGNORECASE
)


async def count_reading(request: web.Request, service: Service, article_id: str) -> None:
    """Count that somebody reads an article. Idempotent by reader, article and day.

    A reader is known for a day by a keyed hash of address and browser; no cookie is set for it. The marks are in Redis:
    losing them counts a reader twice, no worse. Machines that say so, prefetches and HEAD requests count for nothing.
    """
    agent = request.headers.get("User-Agent", "")
    purpose = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if request.method != "GET" or "prefetch" in purpose or not agent or _NO_PERSON.search(agent):
        return
    mark = day_mark(remote(request, service), agent, service.identity_secret, service.clock.now())
    try:
        first = await service.redis.set(
            viewed_key(mark, article_id), "1", nx=True, ex=int(COUNTS_AGAIN.total_seconds())
        )
    except RedisError as error:
        log.warning("views are not counted", error=str(error))
        return
    if first:
        async with service.database.write() as tx:
            await count_view(tx, article_id)
