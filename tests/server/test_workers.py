"""A worker that breaks does not stay away."""

from __future__ import annotations

import asyncio

import pytest

from server.workers import end_workers, keep_at_work, work_together


async def test_a_worker_that_breaks_begins_anew_until_its_work_is_done() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise KeyError("nobody foresaw this")

    await keep_at_work("clocks", work, pause=0)
    assert begun == [0, 1, 2]


async def test_a_worker_that_is_cancelled_ends() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_at_work("clocks", work, pause=0))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_worker_whose_library_loses_a_cancellation_is_cancelled_again() -> None:
    begun, lost = asyncio.Event(), []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            lost.append(error)
        await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    await end_workers([task], again=0)
    assert task.cancelled()
    assert len(lost) == 1


async def test_a_worker_that_breaks_while_it_is_cancelled_ends_as_well() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError("closed while it was waited for") from None

    task = asyncio.create_task(keep_at_work("clocks", work, pause=0))
    await begun.wait()
    task.cancel()
    with pytest.raises(ConnectionError):
        await task


async def test_a_part_of_a_worker_that_loses_a_cancellation_is_cancelled_again() -> None:
    begun, lost = asyncio.Event(), []

    async def part() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            lost.append(error)
        await asyncio.Event().wait()

    task = asyncio.create_task(work_together(part()))
    await begun.wait()
    await end_workers([task], again=0)
    assert task.cancelled()
    assert len(lost) == 1


async def test_where_one_part_of_a_worker_breaks_the_others_end() -> None:
    ended = asyncio.Event()

    async def goes_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def breaks() -> None:
        await asyncio.sleep(0)
        raise KeyError("nobody foresaw this")

    with pytest.raises(KeyError):
        await work_together(goes_on(), breaks())
    assert ended.is_set()
