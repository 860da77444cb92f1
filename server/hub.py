"""Who is listening: sockets and long polls of this process, and nudges to the other ones over Redis.

An event reaches a listener through a bounded queue of its own. A listener that falls too far behind is cut off, and catches up from SQL
when it connects again: nobody waits for the slowest. What is lost on the way between replicas is read from SQL as well: listeners catch up
when Redis is heard again, and customers' sockets with each of their pings.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from core.events import Event, events_after
from core.identifiers import new_id
from core.redis import NUDGES
from server.outage import Outage
from server.workers import work_together

log = structlog.get_logger()
BACKLOG = 256
"""Frames that a listener may be behind before it is cut off."""
OUTBOX = 1000
"""Commits that other replicas may still have to be told of; with more, they are told to catch up."""
RETRY_SECONDS = 1.0
DESK = "desk"
"""The topic that every desk listens to; a conversation's id is the topic of its customer."""


class CatchUp:
    """Tells a listener that it may have missed something: what it shows is to be read from SQL."""


Frame = Event | CatchUp | dict[str, Any] | bytes | None
"""What a listener hears: an event, a ready-made frame, frames as bytes of the wire, or None when it was cut off."""


@dataclass(eq=False)
class Listener:
    """One socket or long poll."""

    topic: str
    frames: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(BACKLOG + 1))
    cut_off: bool = False
    _to_catch_up: bool = False

    async def hear(self) -> Frame:
        """Return the next frame, waiting for it."""
        frame = await self.frames.get()
        if isinstance(frame, CatchUp):
            self._to_catch_up = False
        return frame

    def offer(self, frame: Frame, *, fleeting: bool = False) -> None:
        """Hand over a frame, or cut the listener off if it is too far behind. A fleeting frame never does that: it is dropped."""
        behind = self.frames.qsize()
        if self.cut_off or (fleeting and behind >= BACKLOG // 2):
            return
        if behind >= BACKLOG:
            self.cut_off = True
            self.frames.put_nowait(None)
        else:
            self.frames.put_nowait(frame)

    def catch_up(self) -> None:
        """Have the listener read from SQL what it may have missed; asked again before it did, it reads once."""
        if not self._to_catch_up:
            self._to_catch_up = True
            self.offer(CatchUp())


AnyListener = TypeVar("AnyListener", bound=Listener)


class Hub:
    """Hands events to listeners of this process, and tells the other processes that there are some, unless it is `alone`."""

    def __init__(self, database: Database, redis: Redis, *, alone: bool = False) -> None:
        self._database = database
        self._redis = redis
        self.alone = alone
        self._name = new_id("replica")
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._outbox: asyncio.Queue[list[Event]] = asyncio.Queue(OUTBOX)
        self._untold = False
        """Whether others have to be told that they missed something."""
        database.listen(self._committed)

    def listen(self, topic: str) -> contextlib.AbstractContextManager[Listener]:
        """Listen to a topic for the length of the block."""
        return self.attach(Listener(topic))

    @contextlib.contextmanager
    def attach(self, listener: AnyListener) -> Iterator[AnyListener]:
        """Let a listener hear its topic for the length of the block."""
        topic = listener.topic
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

    def listeners(self, topic: str) -> list[Listener]:
        """Return those who listen to this topic in this process."""
        return list(self._listeners.get(topic, ()))

    def topics(self) -> list[str]:
        """Return the conversations that somebody in this process listens to."""
        return [topic for topic in self._listeners if topic.startswith("cv_")]

    def send(self, topic: str, frame: dict[str, Any], *, fleeting: bool = False) -> None:
        """Hand a frame that is not kept (typing, queue places) to whoever listens in this process.

        Args:
            topic: whom it is for.
            frame: ready to be sent.
            fleeting: whether it is rather lost than kept for a listener that is behind.
        """
        for listener in list(self._listeners.get(topic, ())):
            listener.offer(frame, fleeting=fleeting)

    def catch_up(self, topic: str | None = None) -> None:
        """Have those who listen to a topic in this process, or all of them, read from SQL what they may have missed."""
        chosen = list(self._listeners.values()) if topic is None else [self._listeners.get(topic, set())]
        for listener in [one for listeners in chosen for one in listeners]:
            listener.catch_up()

    async def run(self) -> None:
        """Carry nudges to and from the other processes until cancelled. A lost Redis delays other replicas' news, and loses none."""
        if self.alone:
            return
        await work_together(self._tell_others(), self._hear_others())

    def _committed(self, events: list[Event]) -> None:
        self._deliver(events)
        if self.alone or self._untold:
            return
        try:
            self._outbox.put_nowait(events)
        except asyncio.QueueFull:
            self._untold = True

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            if event.audience != "staff":
                for listener in list(self._listeners.get(event.conversation_id, ())):
                    listener.offer(event)
            for listener in list(self._listeners.get(DESK, ())):
                listener.offer(event)

    async def _tell_others(self) -> None:
        while True:
            gathered = [] if self._untold else [await self._outbox.get()]
            while not self._outbox.empty():
                gathered.append(self._outbox.get_nowait())
            numbers: dict[str | None, list[int]] = {}
            for event in [event for events in gathered for event in events]:
                numbers.setdefault(event.conversation_id, []).append(event.number)
            if self._untold:
                # Some were lost, nobody knows which: whoever listens reads all that it shows again.
                numbers = {None: []}
            # What is committed from here on goes to the outbox again; a nudge that fails marks it as lost.
            self._untold = False
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for conversation_id, committed in numbers.items():
                        nudge = {"from": self._name, "conversation": conversation_id, "numbers": committed}
                        pipeline.publish(NUDGES, json.dumps(nudge))
                    await pipeline.execute()
            except (RedisError, OSError) as error:
                self._untold = True
                log.warning("other replicas were not told", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _hear_others(self) -> None:
        outage = Outage("nudges are not heard")
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(NUDGES)
                    async for item in channel.listen():
                        if item["type"] == "subscribe":
                            # The client subscribes anew by itself after a short loss; nobody heard what was said meanwhile.
                            outage.over()
                            self.catch_up()
                        else:
                            await self._nudged(json.loads(item["data"]))
            except (RedisError, SQLAlchemyError, OSError) as error:
                outage.met(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _nudged(self, nudge: dict[str, Any]) -> None:
        conversation_id = nudge["conversation"]
        if nudge["from"] == self._name:
            return
        if conversation_id is None:
            self.catch_up()
            return
        if not (self.listening(conversation_id) or self.listening(DESK)):
            return
        numbers = nudge["numbers"]
        async with self._database.read() as reader:
            events = await events_after(
                reader, conversation_id, min(numbers) - 1, audiences=["customer", "staff", "both"]
            )
        self._deliver([event for event in events if event.number in numbers])
