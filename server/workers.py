"""Keeps the service's workers at work: one that breaks on what nobody foresaw is named in the log and begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()
AGAIN_SECONDS = 5.0
CANCEL_AGAIN_SECONDS = 0.5


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
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # Something inside answered the cancellation with an error of its own; it is the end all the same.
                raise
            log.exception("a worker broke", worker=name, again_in_seconds=pause)
        else:
            return
        await asyncio.sleep(pause)


async def end_workers(workers: Collection[asyncio.Task[None]], again: float = CANCEL_AGAIN_SECONDS) -> None:
    """Cancel workers and return when all have ended.

    One request can be lost: a library that is interrupted in a call may raise an error of its own instead, which a worker takes for a
    failed round and goes on. So it is made again until it is heard; a service must end when it is told to.

    Args:
        workers: tasks; those that have ended already are left alone.
        again: seconds until a worker that goes on is cancelled again.
    """
    left = {worker for worker in workers if not worker.done()}
    while left:
        for worker in left:
            worker.cancel()
        _, left = await asyncio.wait(left, timeout=again)


async def work_together(*parts: Coroutine[Any, Any, None]) -> None:
    """Do the parts of one worker side by side until all are done; where one breaks, none goes on beside the next attempt.

    A `TaskGroup` cancels its tasks once, however often it is cancelled itself, so a part that lost the request would never end.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        await end_workers(tasks)
