"""The owner and the epoch alone decide who speaks: each change of hands raises the epoch by one, and only one wins."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import StaleEpoch
from handoff.ownership import change_owner
from handoff.records import Conversation, Staff
from handoff.taking_over import claim, give_back, release, resolve
from tests.handoff.conftest import Floor


async def test_every_change_of_owner_raises_the_epoch_by_one_and_is_announced_once(floor: Floor, maya: Staff) -> None:
    current = await floor.visit()
    hands: list[Conversation] = [current]
    for leave in (resolve, give_back, release):
        hands.append(await floor.hand_over(current))
        taken = (
            await claim(floor.database, current.id, maya, epoch=hands[-1].epoch, at=floor.clock.now())
        ).conversation
        hands.append(taken)
        hands.append(await leave(floor.database, current.id, maya, epoch=taken.epoch, at=floor.clock.now()))
    owners = ["bot", "queue", "agent", "bot", "queue", "agent", "bot", "queue", "agent", "queue"]
    assert [one.owner.partition(":")[0] for one in hands] == owners
    assert [one.epoch for one in hands] == list(range(1, 11))
    announced = [event for event in await floor.events(current) if event.kind == "conversation"]
    assert len(announced) == len(owners) - 1


async def test_each_epoch_is_a_rasa_conversation_of_its_own(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    back = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert back.rasa_id == f"{claimed.id}.4"


async def test_a_change_from_an_old_epoch_is_refused_and_changes_nothing(floor: Floor) -> None:
    old = await floor.visit()
    waiting = await floor.hand_over(old)

    async def change() -> None:
        async with floor.database.write() as tx:
            await change_owner(tx, old, "bot", at=floor.clock.now())

    with pytest.raises(StaleEpoch):
        await change()
    assert (await floor.current(old)).owner == waiting.owner
    assert (await floor.current(old)).epoch == waiting.epoch


async def test_of_many_changes_at_once_from_one_epoch_exactly_one_happens(floor: Floor) -> None:
    conversation = await floor.visit()

    async def change(owner: str) -> Conversation:
        async with floor.database.write() as tx:
            return await change_owner(tx, conversation, owner, at=floor.clock.now())

    outcomes = await asyncio.gather(*(change(f"agent:st_{n}") for n in range(6)), return_exceptions=True)
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Conversation)]
    assert sum(isinstance(outcome, StaleEpoch) for outcome in outcomes) == 5
    assert await floor.current(conversation) == won
    assert won.epoch == 2
