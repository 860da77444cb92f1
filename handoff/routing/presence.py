"""Which agents are on duty, known from their desks' signs of life. Kept in Redis: after a loss it fills itself within one heartbeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, cast

from redis.asyncio import Redis

from core.redis import presence_key

PresenceState = Literal["online", "away"]
SILENT_AFTER_SECONDS = 60
"""A desk without a sign of life for this long is not there."""


async def show_presence(redis: Redis, staff_id: str, state: PresenceState, at: datetime, *, desk: str = "") -> None:
    """Record that this agent chose to be online or away; it holds for every desk that they have open.

    Args:
        redis: where presence is kept.
        staff_id: the agent.
        state: what they chose.
        at: now.
        desk: id of the open desk that they chose it at, which is a sign of life of it; empty for none.
    """
    signs = {field: _seen(value) for field, value in (await _signs(redis)).items() if _agent(field) == staff_id}
    if desk:
        signs[_field(staff_id, desk)] = _milliseconds(at)
    if signs:
        await redis.hset(presence_key(), mapping={field: f"{state}:{seen}" for field, seen in signs.items()})


async def keep_presence(redis: Redis, staff_id: str, at: datetime, *, desk: str, state: PresenceState) -> PresenceState:
    """Record a sign of life of an agent's open desk, which stays online or away as it was.

    Args:
        redis: where presence is kept.
        staff_id: the agent.
        at: now.
        desk: id of the open desk.
        state: what it is where Redis has forgotten.

    Returns:
        What it is.
    """
    field = _field(staff_id, desk)
    known = cast(str | None, await redis.hget(presence_key(), field))
    state = state if known is None else _state(known)
    await redis.hset(presence_key(), field, f"{state}:{_milliseconds(at)}")
    return state


async def leave(redis: Redis, staff_id: str, *, desk: str) -> None:
    """Record that a desk of this agent has closed."""
    await redis.hdel(presence_key(), _field(staff_id, desk))


async def present(redis: Redis, at: datetime) -> dict[str, PresenceState]:
    """Return the state of every agent who is there; offline ones are absent. Desks that fell silent are forgotten."""
    signs = await _signs(redis)
    silent = list(_silent(signs, at))
    if silent:
        await redis.hdel(presence_key(), *silent)
    states: dict[str, PresenceState] = {}
    for field in signs.keys() - set(silent):
        if states.get(_agent(field)) != "online":
            states[_agent(field)] = _state(signs[field])
    return states


async def _signs(redis: Redis) -> dict[str, str]:
    return cast(dict[str, str], await redis.hgetall(presence_key()))


def _silent(signs: Mapping[str, str], at: datetime) -> Iterator[str]:
    oldest = _milliseconds(at) - SILENT_AFTER_SECONDS * 1000
    return (field for field, value in signs.items() if _seen(value) < oldest)


def _field(staff_id: str, desk: str) -> str:
    return f"{staff_id}:{desk}"


def _agent(field: str) -> str:
    return field.partition(":")[0]


def _state(value: str) -> PresenceState:
    return "away" if value.startswith("away:") else "online"


def _seen(value: str) -> int:
    return int(value.partition(":")[2])


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
