"""Tells the open desks how much waits and how much the bot has, as far as each may see; how much is theirs they know themselves."""

from __future__ import annotations

import asyncio
import time
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database
from handoff.desk_counts import SharedCounts, shared_counts
from handoff.sight import sees_all
from server.hub import Hub
from server.open_desks import OpenDesk, open_desks, show_some
from server.shared_frames import SharedFrame

log = structlog.get_logger()
COUNT_SECONDS = 1.0
"""Between two counts, at least."""
COUNT_REST = 10
"""And this many times as long as the last one took."""


class CountsFeed:
    """Counts once for all desks of this process, and tells each what has changed for it."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._moved = asyncio.Event()
        self._told: WeakKeyDictionary[OpenDesk, tuple[int, ...]] = WeakKeyDictionary()

    def moved(self) -> None:
        """Have the counts looked up anew."""
        self._moved.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            began = time.perf_counter()
            if desks := open_desks(self._hub):
                try:
                    async with self._database.read() as reader:
                        limited = any(not sees_all(desk.looks.member) for desk in desks)
                        counted = await shared_counts(reader, of_helpers=limited)
                except (SQLAlchemyError, OSError) as error:
                    log.warning("desks were not told the counts", error=str(error))
                    self._moved.set()
                else:
                    await self._tell(counted)
            await asyncio.sleep(max(COUNT_SECONDS, COUNT_REST * (time.perf_counter() - began)))

    async def _tell(self, counted: SharedCounts) -> None:
        """Tell the desks that know it otherwise; those that see the same get the same frame."""
        alike: dict[tuple[int, ...], list[OpenDesk]] = {}
        for desk in open_desks(self._hub):
            seen = tuple(counted.of(desk.looks.member).values())
            if self._told.get(desk) != seen:
                self._told[desk] = seen
                alike.setdefault(seen, []).append(desk)
        for desks in alike.values():
            await show_some(desks, [SharedFrame("counts", counted.of(desks[0].looks.member))])
