"""Rate limits: a counter for each subject and window, in Redis where several processes count together, else in this one.

Without the Redis that others count in nothing is limited, and the log says so.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.clock import Clock
from core.errors import RateLimited
from core.redis import rate_key

log = structlog.get_logger()


class Counters(Protocol):
    """Counters that are forgotten when their time is over."""

    async def add(self, key: str, by: int, *, seconds: int) -> int:
        """Add to a counter, which begins at 0 and lives for `seconds` from now on; return what it has come to, 0 if nobody knows."""
        ...


class SharedCounters:
    """Counters in Redis, for all processes that use it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, key: str, by: int, *, seconds: int) -> int:
        """Add in one round trip."""
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incrby(key, by)
                pipeline.expire(key, seconds)
                return int((await pipeline.execute())[0])
        except RedisError as error:
            log.warning("rate limits are off", error=str(error))
            return 0


class OwnCounters:
    """Counters of this process alone: a private Redis would end with it as well, and costs a message half a millisecond to ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """The count and when it ends, the one that was added to last at the end."""

    async def add(self, key: str, by: int, *, seconds: int) -> int:
        """Add, and forget the counters whose time is over."""
        now = self._clock.now().timestamp()
        while self._counts and next(iter(self._counts.values()))[1] <= now:
            self._counts.popitem(last=False)
        before, ends = self._counts.pop(key, (0, 0.0))
        count = by + (before if ends > now else 0)
        self._counts[key] = (count, now + seconds)
        return count


async def limit(counters: Counters, clock: Clock, scope: str, subject: str, *, most: int, seconds: int = 60) -> str:
    """Count one request; returns the counter, for `forgive`.

    Args:
        counters: where it is counted.
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
    if await counters.add(key, 1, seconds=seconds * 2) > most:
        wait = max(1, int((window + 1) * seconds - now))
        raise RateLimited(f"That was a lot at once. Try again in {wait} seconds.", retry_after=wait)
    return key


async def forgive(counters: Counters, *keys: str, seconds: int = 60) -> None:
    """Take back what `limit` has counted for a request that is not to count after all.

    Args:
        counters: where it was counted.
        keys: what `limit` returned.
        seconds: length of their windows.
    """
    for key in keys:
        await counters.add(key, -1, seconds=seconds * 2)
