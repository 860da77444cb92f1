"""Who reads an article, which no machine does, and counting them: once per reader, article and day."""

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


def is_reading(request: web.Request) -> bool:
    """Tell whether a page is asked for to be read: not by a machine that says it is one, a prefetch or a HEAD request."""
    agent = request.headers.get("User-Agent", "")
    purpose = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    return request.method == "GET" and "prefetch" not in purpose and bool(agent) and not _NO_PERSON.search(agent)


async def count_reading(request: web.Request, service: Service, article_id: str) -> None:
    """Count that somebody reads an article. Idempotent by reader, article and day.

    A reader is known for a day by a keyed hash of address and browser; no cookie is set for it. The marks are in Redis:
    losing them counts a reader twice, no worse.
    """
    if not is_reading(request):
        return
    agent = request.headers.get("User-Agent", "")
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
