"""Shows the desks that a customer is writing: seldom, and only where a person reads along."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from core.clock import Clock
from core.database import Database
from handoff.sight import standings
from server.hub import Hub
from server.open_desks import show_desks
from server.shared_frames import SharedFrame

REPEAT = timedelta(seconds=2)
"""A widget says that its customer is still writing every 3 s; who says so more often is not shown more often."""
MOST = 10_000
"""Conversations whose last sign is remembered; forgetting one costs a sign more."""


class Typists:
    """Passes signs of writing on: per conversation and `REPEAT` one that it began, and one that it ended."""

    def __init__(self, database: Database, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._hub = hub
        self._clock = clock
        self._began: OrderedDict[str, tuple[datetime, bool]] = OrderedDict()
        """When a conversation's customer was last shown as writing, and whether they still are."""

    async def show(self, conversation_id: str, name: str, *, on: bool) -> None:
        """Tell the desks, if a person has the conversation or is about to."""
        if not self._is_news(conversation_id, on):
            return
        async with self._database.glance() as reader:
            standing = (await standings(reader, [conversation_id])).get(conversation_id)
        if standing is not None and standing.with_people:
            author = {"kind": "customer", "name": name}
            data = {"conversation_id": conversation_id, "author": author, "on": on}
            frame = SharedFrame("typing", data, lambda looks: looks.follow(standing))
            await show_desks(self._hub, [frame], fleeting=True)

    def _is_news(self, conversation_id: str, on: bool) -> bool:
        now = self._clock.now()
        began, writing = self._began.get(conversation_id, (None, False))
        if not on and (began is None or not writing):
            return False
        if on and began is not None and now - began < REPEAT:
            return False
        self._began[conversation_id] = (now, True) if on or began is None else (began, False)
        self._began.move_to_end(conversation_id)
        if len(self._began) > MOST:
            self._began.popitem(last=False)
        return True
