"""Turns that begin while their message is being written: whether it is on disk is told to whoever thinks about the answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from core.database import Transaction
from handoff.records import Conversation

OnDisk = asyncio.Future[bool]
"""Comes true when the commit that holds a turn's message is through, false when it failed."""
Begin = Callable[[Transaction, Conversation, OnDisk], Awaitable[bool]]


class NotWrittenError(Exception):
    """The message that a turn began with is not known to be stored: its write failed, or whoever waited for it was cancelled."""


class Beginning:
    """What `say_as_customer` calls in its write; `begun` tells afterwards whether a turn has begun."""

    def __init__(self, begin: Begin) -> None:
        self.begun = False
        self._begin = begin
        self._on_disk: OnDisk = asyncio.get_running_loop().create_future()

    async def __call__(self, tx: Transaction, conversation: Conversation) -> None:
        """Begin the turn of a message that `tx` has stored."""
        self.begun = await self._begin(tx, conversation, self._on_disk)

    def end(self, *, written: bool) -> None:
        """Say what became of the write."""
        self._on_disk.set_result(written)


@contextlib.contextmanager
def beginning(begin: Begin) -> Iterator[Beginning]:
    """Have turns begin within the block, which ends when their message is on disk; they are dropped if it ends with an error."""
    made = Beginning(begin)
    try:
        yield made
    except BaseException:
        made.end(written=False)
        raise
    made.end(written=True)


async def on_disk(message: OnDisk | None) -> None:
    """Return when the message is on disk, at once for one that has been.

    Without this an answer could share the message's own commit, and be shown before its ack.

    Raises:
        NotWrittenError: nothing is to be answered to it now.
    """
    if message is not None and not await asyncio.shield(message):
        raise NotWrittenError
