"""Turns events into what desks and waiting customers are shown: each row and each place is looked up once, however many look on."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.database import Database
from core.errors import BatonError
from core.events import Event
from handoff.desk import row_of
from handoff.presence import present
from handoff.records import BOT
from handoff.staff import staff_names
from handoff.transcript import get_conversation
from handoff.views import QueueView
from handoff.waiting import queue_state
from server.hub import DESK, RETRY_SECONDS, Hub, Listener
from server.workers import work_together

log = structlog.get_logger()
DESK_SOCKETS = "desk sockets"
"""The topic that desk sockets listen to; ready-made frames only."""
GATHER_SECONDS = 0.03
"""How long events are gathered, so that a burst costs each conversation one look-up."""


class News:
    """Feeds the desks' sockets and the waiting customers of this process."""

    def __init__(self, database: Database, redis: Any, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._redis = redis
        self._hub = hub
        self._clock = clock
        self._queue_moved = asyncio.Event()
        self.to_route = asyncio.Event()
        """Set when who waits or who is there has changed; whoever assigns clears it."""
        self._places: dict[str, QueueView] = {}

    def presence_changed(self) -> None:
        """Have places, waiting times and the desks' list of colleagues looked up anew."""
        self._moved()

    def _moved(self) -> None:
        self._queue_moved.set()
        self.to_route.set()

    async def run(self) -> None:
        """Work until cancelled."""
        await work_together(self._feed_desks(), self._feed_queue())

    async def _feed_desks(self) -> None:
        while True:
            with self._hub.listen(DESK) as listener:
                while await self._feed(listener):
                    pass
            log.warning("desk feed fell behind; desks read again")

    async def _feed(self, listener: Listener) -> bool:
        """Show what has come together; tells whether the listener hears more."""
        gathered = [await listener.hear()]
        await asyncio.sleep(GATHER_SECONDS)
        while not listener.frames.empty():
            gathered.append(await listener.hear())
        events = [frame for frame in gathered if isinstance(frame, Event)]
        missed = len(events) < len(gathered)
        if missed or any(event.kind == "conversation" for event in events):
            self._moved()
        if self._hub.listening(DESK_SOCKETS):
            try:
                if not missed:
                    await self._show(events)
            except (BatonError, SQLAlchemyError, OSError):
                log.exception("desks were not shown what is new")
                await self._readable()
                missed = True
            if missed:
                # Which includes what was heard: showing hundreds of frames at once would cut the desks off.
                self._send("reread", {})
        return None not in gathered

    async def _readable(self) -> None:
        """Return once the database answers, so that desks which are told to read can."""
        while True:
            try:
                async with self._database.read() as reader:
                    await reader.execute(sa.text("SELECT 1"))
                return
            except (SQLAlchemyError, OSError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _show(self, events: list[Event]) -> None:
        now = self._clock.now()
        for conversation_id in dict.fromkeys(event.conversation_id for event in events):
            async with self._database.read() as reader:
                conversation = await get_conversation(reader, conversation_id)
                row = await row_of(reader, conversation_id, now)
            self._send("conversation", {"row": row, "removed": False, "by_bot": conversation.owner == BOT})
        for event in events:
            if event.kind == "message":
                data = {"conversation_id": event.conversation_id, "message": event.data["message"]}
                self._send("message", data)
            elif event.kind == "clock":
                self._send("clock", {"conversation_id": event.conversation_id, **event.data})
            elif event.kind == "escalation":
                self._send("escalation", {"conversation_id": event.conversation_id, **event.data})
        self._send("counts", {})

    async def _feed_queue(self) -> None:
        while True:
            await self._queue_moved.wait()
            self._queue_moved.clear()
            try:
                await self._show_places()
                await self._show_colleagues()
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning("places in the queue are not shown", error=str(error))
            await asyncio.sleep(0.2)

    async def _show_places(self) -> None:
        async with self._database.read() as reader:
            state = await queue_state(reader, self._redis, self._clock.now())
        places = {}
        for conversation_id in state.places:
            view = state.view(conversation_id)
            if view is not None and self._hub.listening(conversation_id):
                places[conversation_id] = view
                if self._places.get(conversation_id) != view:
                    frame = {"type": "live", "event": "queue", "data": {"queue": view}}
                    self._hub.send(conversation_id, frame, fleeting=True)
        self._places = places

    async def _show_colleagues(self) -> None:
        states = await present(self._redis, self._clock.now())
        async with self._database.read() as reader:
            names = await staff_names(reader)
        agents = [
            {"id": staff_id, "name": names.get(staff_id, ""), "state": state} for staff_id, state in states.items()
        ]
        self._send("presence", {"agents": agents})

    def _send(self, event: str, data: dict[str, Any]) -> None:
        self._hub.send(DESK_SOCKETS, {"type": "event", "event": event, "data": data})
