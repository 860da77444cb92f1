"""Rate limits in Redis: a counter for each subject and window. Without Redis nothing is limited, and the log says so."""

from __future__ import annotations

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.clock import Clock
from core.errors import RateLimited
from core.redis import rate_key

log = structlog.get_logger()


async def limit(redis: Redis, clock: Clock, scope: str, subject: str, *, most: int, seconds: int = 60) -> str:
    """Count one request; returns the counter, for `forgive`.

    Args:
        redis: where the counters are.
        clock: what the windows are cut by.
        scope: what is limited, such as `messages`.
        subject: who does it.
        most: requests allowed in a window.
        seconds: length of a window.

    Raises:
        RateLimited: this window's are used up.
    """
    now = clock.now().timestamp()
    window = int(now // seconds)
    key = rate_key(scope, subject, window)
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, seconds * 2)
            count = (await pipeline.execute())[0]
    except RedisError as error:
        log.warning("rate limits are off", error=str(error))
        return key
    if count > most:
        wait = max(1, int((window + 1) * seconds - now))
        raise RateLimited(f"That was a lot at once. Try again in {wait} seconds.", retry_after=wait)
    return key


async def forgive(redis: Redis, *counters: str, seconds: int = 60) -> None:
    """Take back what `limit` has counted for a request that is not to count after all.

    Args:
        redis: where the counters are.
        counters: what `limit` returned.
        seconds: length of their windows.
    """
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            for key in counters:
                pipeline.decr(key)
                pipeline.expire(key, seconds * 2)
            await pipeline.execute()
    except RedisError as error:
        log.warning("a rate limit was not given back", error=str(error))
