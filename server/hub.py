"""Who is listening: sockets and long polls of this process, and nudges to the other ones over Redis.

An event reaches a listener through a bounded queue of its own. A listener that falls too far behind is cut off, and catches up from SQL
when it connects again: nobody waits for the slowest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.events import Event, events_after
from core.identifiers import new_id
from core.redis import NUDGES

log = structlog.get_logger()
BACKLOG = 256
"""Frames that a listener may be behind before it is cut off."""
DESK = "desk"
"""The topic that every desk listens to; a conversation's id is the topic of its customer."""


@dataclass(eq=False)
class Listener:
    """One socket or long poll. `frames` holds events and ready-made frames; None means that it was cut off."""

    topic: str
    frames: asyncio.Queue[Event | dict[str, Any] | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG + 1))
    cut_off: bool = False

    def offer(self, frame: Event | dict[str, Any]) -> None:
        """Hand over a frame, or cut the listener off if it is too far behind."""
        if self.cut_off:
            return
        if self.frames.qsize() >= BACKLOG:
            self.cut_off = True
            self.frames.put_nowait(None)
        else:
            self.frames.put_nowait(frame)


class Hub:
    """Hands events to listeners of this process, and tells the other processes that there are some, unless it is `alone`."""

    def __init__(self, database: Database, redis: Redis, *, alone: bool = False) -> None:
        self._database = database
        self._redis = redis
        self._alone = alone
        self._name = new_id("replica")
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._outbox: asyncio.Queue[list[Event]] = asyncio.Queue()
        database.listen(self._committed)

    @contextlib.contextmanager
    def listen(self, topic: str) -> Iterator[Listener]:
        """Listen to a topic for the length of the block."""
        listener = Listener(topic)
        self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
            self._listeners[topic].discard(listener)
            if not self._listeners[topic]:
                del self._listeners[topic]

    def listening(self, topic: str) -> int:
        """Return how many listen to this topic in this process."""
        return len(self._listeners.get(topic, ()))

    def topics(self) -> list[str]:
        """Return the conversations that somebody in this process listens to."""
        return [topic for topic in self._listeners if topic.startswith("cv_")]

    def send(self, topic: str, frame: dict[str, Any]) -> None:
        """Hand a frame that is not kept (typing, queue places) to whoever listens in this process."""
        for listener in list(self._listeners.get(topic, ())):
            listener.offer(frame)

    async def run(self) -> None:
        """Carry nudges to and from the other processes until cancelled. A lost Redis costs other replicas' news, nothing else."""
        if self._alone:
            return
        await asyncio.gather(self._tell_others(), self._hear_others())

    def _committed(self, events: list[Event]) -> None:
        self._deliver(events)
        if not self._alone:
            self._outbox.put_nowait(events)

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            if event.audience != "staff":
                for listener in list(self._listeners.get(event.conversation_id, ())):
                    listener.offer(event)
            for listener in list(self._listeners.get(DESK, ())):
                listener.offer(event)

    async def _tell_others(self) -> None:
        while True:
            numbers: dict[str, list[int]] = {}
            for event in await self._outbox.get():
                numbers.setdefault(event.conversation_id, []).append(event.number)
            try:
                for conversation_id, committed in numbers.items():
                    nudge = {"from": self._name, "conversation": conversation_id, "numbers": committed}
                    await self._redis.publish(NUDGES, json.dumps(nudge))
            except RedisError as error:
                log.warning("other replicas were not told", error=str(error))

    async def _hear_others(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(NUDGES)
                    async for item in channel.listen():
                        await self._nudged(json.loads(item["data"]))
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning("nudges are not heard", error=str(error))
                await asyncio.sleep(1)

    async def _nudged(self, nudge: dict[str, Any]) -> None:
        conversation_id = nudge["conversation"]
        if nudge["from"] == self._name or not (self.listening(conversation_id) or self.listening(DESK)):
            return
        numbers = nudge["numbers"]
        async with self._database.read() as reader:
            events = await events_after(
                reader, conversation_id, min(numbers) - 1, audiences=["customer", "staff", "both"]
            )
        self._deliver([event for event in events if event.number in numbers])
