"""Who came to the queue lately: each once, however often people pass it on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from handoff.records import Conversation, Staff
from handoff.routing.arrivals import arrivals
from handoff.routing.estimating import RECENTLY, Came
from handoff.routing.transferring import transfer
from handoff.taking_over import claim, release, resolve
from tests.handoff.conftest import MINUTE, Floor

DUE_AFTER = timedelta(minutes=480)
Move = Callable[[Floor, Conversation, Staff, Staff], Awaitable[None]]


async def came(floor: Floor) -> list[Came]:
    async with floor.database.read() as reader:
        return await arrivals(reader, floor.clock.now())


async def passed_to_a_team(floor: Floor, conversation: Conversation, holder: Staff, _colleague: Staff) -> None:
    at = floor.later(MINUTE)
    await transfer(floor.database, conversation.id, holder, epoch=conversation.epoch, at=at, team="billing")


async def passed_to_a_colleague(floor: Floor, conversation: Conversation, holder: Staff, colleague: Staff) -> None:
    at = floor.later(MINUTE)
    await transfer(floor.database, conversation.id, holder, epoch=conversation.epoch, at=at, to=colleague.id)


async def released(floor: Floor, conversation: Conversation, holder: Staff, _colleague: Staff) -> None:
    await release(floor.database, conversation.id, holder, epoch=conversation.epoch, at=floor.later(MINUTE))


async def taken_over(floor: Floor, conversation: Conversation, _holder: Staff, colleague: Staff) -> None:
    await claim(floor.database, conversation.id, colleague, epoch=conversation.epoch, at=floor.later(MINUTE))


@pytest.mark.parametrize("moved", [passed_to_a_team, passed_to_a_colleague, released, taken_over])
async def test_what_changes_hands_came_once_and_when_it_was_first_queued(
    floor: Floor, maya: Staff, amara: Staff, moved: Move
) -> None:
    at = floor.clock.now()
    waiting = await floor.waiting()
    taken = await floor.claim(waiting, maya, at=floor.later(MINUTE))
    await moved(floor, taken, maya, amara)
    (one,) = await came(floor)
    assert (one.at, one.due_after) == (at, DUE_AFTER)
    current = await floor.current(waiting)
    if current.owner == "queue":
        await claim(floor.database, waiting.id, amara, epoch=current.epoch, at=floor.later(MINUTE))
        assert await came(floor) == [one]


async def test_what_waits_and_what_was_taken_both_came_and_a_customer_who_asks_again_came_again(
    floor: Floor, maya: Staff
) -> None:
    began = floor.clock.now()
    first = await floor.waiting()
    taken = await floor.claim(first, maya, at=floor.later(MINUTE))
    await resolve(floor.database, first.id, maya, epoch=taken.epoch, at=floor.later(MINUTE))
    second = floor.later(MINUTE)
    await floor.waiting()
    third = floor.later(MINUTE)
    await floor.hand_over(first)
    assert sorted(one.at for one in await came(floor)) == [began, second, third]


async def test_what_was_taken_or_queued_too_long_ago_tells_nothing_of_who_comes_next(floor: Floor, maya: Staff) -> None:
    await floor.claimed(maya)
    await floor.waiting()
    floor.later(RECENTLY + MINUTE)
    assert await came(floor) == []
