"""Few at a time are worked on, the others wait in order: what else the event loop has to do is not behind all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """Places for work of which much is waiting for somebody else, who may hang.

    Args:
        count: how many are worked on at the same time.
        held: seconds after which a piece of work that is held up lets the next one begin beside it.
        patience: seconds that a piece of work waits at most; then it begins without a place.
    """

    def __init__(self, count: int, *, held: float, patience: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._held = held
        self._patience = patience

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Work inside the block, which begins once there is a place."""
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            yield
            return
        taken = True

        def give_back() -> None:
            nonlocal taken
            if taken:
                taken = False
                self._free.release()

        held_up = asyncio.get_running_loop().call_later(self._held, give_back)
        try:
            yield
        finally:
            held_up.cancel()
            give_back()
