"""Rate limits: a counter for each subject and window, in Redis where several processes count together, else in this one.

Without the Redis that others count in nothing is limited, and the log says so.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
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
        self._lives: defaultdict[int, OrderedDict[str, tuple[int, float]]] = defaultdict(OrderedDict)
        """By how many seconds they live, since then those that end first stand first: the count and when it ends."""

    async def add(self, key: str, by: int, *, seconds: int) -> int:
        """Add, and forget the counters whose time is over. A counter lives equally long each time that it is added to."""
        now = self._clock.now().timestamp()
        for counts in self._lives.values():
            while counts and next(iter(counts.values()))[1] <= now:
                counts.popitem(last=False)
        counts = self._lives[seconds]
        before, _ends = counts.pop(key, (0, 0.0))
        counts[key] = (before + by, now + seconds)
        return before + by

    def __len__(self) -> int:
        """Return how many counters are kept."""
        return sum(len(counts) for counts in self._lives.values())


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
