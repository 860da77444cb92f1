"""Turns events into what desks and waiting customers are shown: each row and each place is looked up once, however many look on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.database import Database
from core.errors import BatonError
from core.events import Event
from handoff.desk import rows_of
from handoff.desk_views import RowView, veiled
from handoff.routing.presence import PresenceState, present
from handoff.routing.waiting import queue_state
from handoff.sight import Standing, may_look, standings
from handoff.staff import staff_names
from handoff.views import QueueView
from server.counts_feed import CountsFeed
from server.hub import DESK, RETRY_SECONDS, Frame, Hub, Listener
from server.open_desks import DESK_SOCKETS, followers, show_desks
from server.shared_frames import SharedFrame
from server.workers import work_together

log = structlog.get_logger()
GATHER_SECONDS = 0.02
"""How long events of the bot's conversations are gathered, so that a burst costs each conversation one look-up."""
FEW = 8
"""Rows that are looked up where they are asked for: on a busy loop a visit to a thread takes longer than they do."""
QUEUE_SECONDS = 0.2
"""Between two looks at places and presence, at least."""
QUEUE_REST = 10
"""And this many times as long as the last look took."""


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
        self._counts = CountsFeed(database, hub)
        self._colleagues: dict[str, PresenceState] = {}
        self._came_or_went: set[str] = set()
        """Agents of whom desks are told at the next look, even where it finds them as the last one did."""
        self._with_people: set[str] = set()
        """Conversations that a person had or was about to have when they were last looked up."""

    def presence_changed(self, staff_id: str | None = None) -> None:
        """Have places, waiting times and the desks' list of colleagues looked up anew.

        Args:
            staff_id: the agent who came, went, or chose a state. A desk that read the list in between may show what no look saw.
        """
        if staff_id is not None:
            self._came_or_went.add(staff_id)
        self._moved()

    def _moved(self) -> None:
        self._queue_moved.set()
        self.to_route.set()

    async def run(self) -> None:
        """Work until cancelled."""
        await work_together(self._feed_desks(), self._feed_queue(), self._counts.run())

    async def _feed_desks(self) -> None:
        while True:
            with self._hub.listen(DESK) as listener:
                while await self._feed(listener):
                    pass
            log.warning("desk feed fell behind; desks read again")

    async def _feed(self, listener: Listener) -> bool:
        """Show what has come together; tells whether the listener hears more."""
        gathered = await self._gather(listener)
        events = [frame for frame in gathered if isinstance(frame, Event)]
        missed = len(events) < len(gathered)
        if missed or any(event.kind == "conversation" for event in events):
            self._moved()
        self._counts.moved()
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
                await self._send(SharedFrame("reread", {}))
        return None not in gathered

    async def _gather(self, listener: Listener) -> list[Frame]:
        """Return what has come together, as soon as somebody waits for it."""
        gathered = [await listener.hear()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                while not self._presses(gathered[-1]):
                    gathered.append(await listener.hear())
        while not listener.frames.empty():
            gathered.append(await listener.hear())
        return gathered

    def _presses(self, frame: Frame) -> bool:
        """Tell whether people wait for this: of all that a busy bot says nobody reads much, and nobody at once."""
        if not isinstance(frame, Event):
            return True
        return frame.kind != "message" or frame.conversation_id in self._with_people

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
        moved = {event.conversation_id for event in events if event.kind == "conversation"}
        concerned = list(dict.fromkeys(event.conversation_id for event in events))
        async with self._database.glance() as reader:
            found = await standings(reader, concerned)
        self._with_people -= set(concerned)
        self._with_people |= {one for one in concerned if one in found and found[one].with_people}
        # Most of what a bot says nobody looks at: that is neither looked up nor sent.
        followed = followers(self._hub)
        shown = [one for one in concerned if one in found and (one in moved or followed(found[one]))]
        frames: list[SharedFrame] = []
        if shown:
            look = self._database.glance if len(shown) <= FEW else self._database.read
            async with look() as reader:
                rows = await rows_of(reader, shown, self._clock.now())
            for row in rows:
                frames += _row_frames(row, found[row["id"]], moved=row["id"] in moved)
        for event in events:
            if event.conversation_id in shown and (frame := _event_frame(event, found[event.conversation_id])):
                frames.append(frame)
        await self._send(*frames)

    async def _feed_queue(self) -> None:
        while True:
            await self._queue_moved.wait()
            self._queue_moved.clear()
            began = time.perf_counter()
            try:
                await self._show_places()
                await self._show_colleagues()
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning("places in the queue are not shown", error=str(error))
            # Where many are on duty a look takes longer, and is taken more seldom.
            await asyncio.sleep(max(QUEUE_SECONDS, QUEUE_REST * (time.perf_counter() - began)))

    async def _show_places(self) -> None:
        async with self._database.read() as reader:
            looked_at = frozenset(self._hub.topics())
            state = await queue_state(reader, self._redis, self._clock.now(), looked_at)
        places = {}
        for conversation_id in looked_at & state.places.keys():
            view = state.view(conversation_id)
            if view is not None:
                places[conversation_id] = view
                if self._places.get(conversation_id) != view:
                    frame = {"type": "live", "event": "queue", "data": {"queue": view}}
                    self._hub.send(conversation_id, frame, fleeting=True)
        self._places = places

    async def _show_colleagues(self) -> None:
        changed, self._came_or_went = self._came_or_went, set()
        there = await present(self._redis, self._clock.now())
        before, self._colleagues = self._colleagues, there
        changed |= {one for one in {*there, *before} if there.get(one) != before.get(one)}
        if changed:
            async with self._database.read() as reader:
                names = await staff_names(reader, changed)
            agents = [
                {"id": one, "name": names.get(one, ""), "state": there.get(one, "offline")} for one in sorted(changed)
            ]
            await show_desks(self._hub, [SharedFrame("presence", {"agents": agents})], leisurely=True)

    async def _send(self, *frames: SharedFrame) -> None:
        await show_desks(self._hub, frames)


def _row_frames(row: RowView, standing: Standing, *, moved: bool) -> Iterator[SharedFrame]:
    """Write a row for those who look at it; where it has moved, for all: without its content for those who may not read it."""
    if not moved:
        yield SharedFrame("conversation", {"row": row, "removed": False}, lambda looks: looks.follow(standing))
        return
    yield SharedFrame("conversation", {"row": row, "removed": False}, lambda looks: may_look(looks.member, standing))
    if standing.guarded:
        data = {"row": veiled(row), "removed": True}
        yield SharedFrame("conversation", data, lambda looks: not may_look(looks.member, standing))


def _event_frame(event: Event, standing: Standing) -> SharedFrame | None:
    data: dict[str, Any] = {"conversation_id": event.conversation_id, **event.data}
    if event.kind in {"message", "clock"}:
        return SharedFrame(event.kind, data, lambda looks: looks.follow(standing))
    if event.kind in {"escalation", "notified"}:
        return SharedFrame(event.kind, data, lambda looks: looks.member.id in event.data["to"])
    return None
