"""Keeps the service's workers at work: one that breaks on what nobody foresaw is named in the log and begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()
AGAIN_SECONDS = 5.0


async def keep_at_work(name: str, work: Callable[[], Awaitable[None]], pause: float = AGAIN_SECONDS) -> None:
    """Do `work` until it is done or cancelled.

    What a worker expects to fail it handles itself. Everything else would end it for good while the service looks well: clocks
    would no longer fire, or nothing be delivered.

    Args:
        name: what the log calls it.
        work: begins the work, each time anew.
        pause: seconds before it begins again.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("a worker broke", worker=name, again_in_seconds=pause)
        else:
            return
        await asyncio.sleep(pause)
