"""Searches that are begun before they are asked for, while whoever is about to ask has other work to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")
HEAD_START = 0.001
"""Seconds that the one who is about to ask has to set their other work going, before a search takes the processor."""


class Foresight(Generic[Found]):
    """What was begun, until it is asked for or nobody will any more. An unasked search is given up, and one asked for is begun once."""

    def __init__(self) -> None:
        self._begun: dict[Hashable, asyncio.Task[Found]] = {}

    @contextlib.contextmanager
    def begun(self, key: Hashable, search: Callable[[], Coroutine[Any, Any, Found]]) -> Iterator[None]:
        """Have a search going on for the length of the block; `key` says what is searched, and for whom."""
        if key in self._begun:
            yield
            return
        task = self._begun[key] = asyncio.create_task(_after_head_start(search))
        task.add_done_callback(_look_at)
        try:
            yield
        finally:
            if self._begun.get(key) is task:
                del self._begun[key]
                task.cancel()

    async def ask(self, key: Hashable, search: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        """Return what the search finds, the one that has begun already if there is one."""
        task = self._begun.pop(key, None)
        return await (search() if task is None else task)


async def _after_head_start(search: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    await asyncio.sleep(HEAD_START)
    return await search()


def _look_at(task: asyncio.Task[Any]) -> None:
    """See what became of a search: a failure that nobody asked for is nobody's."""
    if not task.cancelled():
        task.exception()


@contextlib.asynccontextmanager
async def going_on(work: Coroutine[Any, Any, Found] | None) -> AsyncIterator[asyncio.Task[Found] | None]:
    """Have work, if there is any, going on for the length of the block, and no longer.

    It has begun when the block does: what it hands to a thread need not wait until the block first waits for something itself.
    """
    if work is None:
        yield None
        return
    task = asyncio.create_task(work)
    try:
        await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()
        # What it found, or what hindered it, is for whoever awaited it.
        await asyncio.gather(task, return_exceptions=True)
