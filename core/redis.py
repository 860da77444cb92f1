"""The connection to Redis, and every key that Baton keeps there. Redis is an index, never a record."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import ConfigurationError

PREFIX = "baton:"
NUDGES = PREFIX + "nudges"
"""Channel: `{"from", "conversation", "numbers"}`: a process has committed events that others may want to show."""


def presence_key() -> str:
    """Hash: `staff id:id of an open desk` → `state:milliseconds` of the last sign of life."""
    return PREFIX + "presence"


def rate_key(scope: str, subject: str, window: int) -> str:
    """Counter: requests of one subject in one window; expires with the window."""
    return f"{PREFIX}rate:{scope}:{subject}:{window}"


def viewed_key(reader: str, article_id: str) -> str:
    """Mark: this reader's view of an article has been counted today; expires after a day."""
    return f"{PREFIX}viewed:{reader}:{article_id}"


def open_redis(url: str) -> Redis:
    """Make a client for `redis://…`, `rediss://…` or `unix://PATH` without connecting.

    Raises:
        ConfigurationError: it is none of these.
    """
    try:
        return Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
    except ValueError as error:
        raise ConfigurationError(f"REDIS_URL is not a Redis URL, such as redis://localhost:6379/0: {error}") from error


async def missing(redis: Redis, patience: float = 2.0) -> str | None:
    """Say in a sentence that Redis does not answer within `patience` seconds; None if it does.

    It is no reason not to start: Redis is an index, and what goes without it goes on when it comes.
    """
    try:
        await asyncio.wait_for(redis.ping(), patience)
    except (RedisError, OSError, TimeoutError) as error:
        return (
            f"Redis does not answer ({type(error).__name__}). Check REDIS_URL, or leave it out to have a private one. Until it "
            "answers nobody's rate is limited, the desk shows nobody as present, and other replicas' news comes late."
        )
    return None
