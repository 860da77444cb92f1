"""Places: few pieces of work at a time, in order, and none waits for one that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.places import Places

LONG = 60.0
"""Seconds that no test takes."""


class Work:
    """Pieces of work that begin when they get a place, and end when they are told to."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.begun: list[int] = []
        self.ends: dict[int, asyncio.Event] = {}

    def add(self, *numbers: int) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._do(number)) for number in numbers]

    async def _do(self, number: int) -> None:
        end = self.ends[number] = asyncio.Event()
        async with self.places.one():
            self.begun.append(number)
            await end.wait()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0)

    async def turns_of_the_loop(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_no_more_are_worked_on_than_there_are_places_and_the_others_follow_in_order() -> None:
    work = Work(Places(2, held=LONG, patience=LONG))
    tasks = work.add(1, 2, 3, 4, 5)
    await work.turns_of_the_loop()
    assert work.begun == [1, 2]
    work.ends[2].set()
    await work.until(lambda: work.begun == [1, 2, 3])
    work.ends[1].set()
    work.ends[3].set()
    await work.until(lambda: work.begun == [1, 2, 3, 4, 5])
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)


async def test_one_that_is_held_up_lets_the_next_begin_and_gives_its_place_back_once() -> None:
    work = Work(Places(1, held=0.001, patience=LONG))
    tasks = work.add(1, 2)
    await work.until(lambda: work.begun == [1, 2])
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)
    assert work.places._free._value == 1


async def test_who_has_waited_long_enough_begins_without_a_place() -> None:
    work = Work(Places(1, held=LONG, patience=0.001))
    tasks = work.add(1, 2, 3)
    await work.until(lambda: len(work.begun) == 3)
    for end in work.ends.values():
        end.set()
    await asyncio.gather(*tasks)
    assert work.places._free._value == 1


async def test_who_gives_up_waiting_or_breaks_leaves_the_place_to_the_next() -> None:
    work = Work(Places(1, held=LONG, patience=LONG))
    first, second, third = work.add(1, 2, 3)
    await work.turns_of_the_loop()
    second.cancel()
    first.cancel()
    await work.until(lambda: work.begun == [1, 3])
    work.ends[3].set()
    await third
    assert (first.cancelled(), second.cancelled(), work.places._free._value) == (True, True, 1)
