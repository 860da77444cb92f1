"""Which agents are on duty, known from their signs of life. Kept in Redis: after a loss it fills itself within one heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from redis.asyncio import Redis

from core.redis import presence_key

PresenceState = Literal["online", "away"]
SILENT_AFTER_SECONDS = 60
"""An agent without a sign of life for this long is offline."""


async def show_presence(redis: Redis, staff_id: str, state: PresenceState, at: datetime) -> None:
    """Record that this agent is there, online or away."""
    await redis.hset(presence_key(), staff_id, f"{state}:{int(at.timestamp() * 1000)}")


async def keep_presence(redis: Redis, staff_id: str, at: datetime) -> None:
    """Record a sign of life of this agent, who stays online or away as they were."""
    known = cast(str | None, await redis.hget(presence_key(), staff_id))
    state: PresenceState = "away" if known is not None and known.startswith("away:") else "online"
    await show_presence(redis, staff_id, state, at)


async def leave(redis: Redis, staff_id: str) -> None:
    """Record that this agent's last socket has closed."""
    await redis.hdel(presence_key(), staff_id)


async def present(redis: Redis, at: datetime) -> dict[str, PresenceState]:
    """Return the state of every agent who is there; offline ones are absent."""
    oldest = (at.timestamp() - SILENT_AFTER_SECONDS) * 1000
    states: dict[str, PresenceState] = {}
    signs = cast(dict[str, str], await redis.hgetall(presence_key()))
    for staff_id, value in signs.items():
        state, _, seen = value.partition(":")
        if int(seen) >= oldest:
            states[staff_id] = "away" if state == "away" else "online"
    return states
