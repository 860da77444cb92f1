"""Which process has a turn answered: one at a time, and never nobody for longer than a lease."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from handoff.records import Conversation, Message
from handoff.speaking import TURN_LEASE, say_as_customer
from handoff.turns import SAFE_LEASE, Turn, claim_turn, conversations_to_run, extend_leases, next_turn
from tests.handoff.conftest import Floor


async def say(floor: Floor, conversation: Conversation, text: str, runner: str | None) -> Message:
    return await say_as_customer(
        floor.database,
        conversation.id,
        client_id=text,
        text=text,
        name="Dana",
        at=floor.clock.now(),
        runner=runner,
    )


async def oldest(floor: Floor, conversation: Conversation) -> Turn:
    async with floor.database.read() as reader:
        turn = await next_turn(reader, conversation.id)
    assert turn is not None
    return turn


async def claimed(floor: Floor, message: Message, runner: str) -> bool:
    async with floor.database.write() as tx:
        return await claim_turn(tx, message.id, runner, floor.clock.now())


async def to_run(floor: Floor, runner: str) -> list[str]:
    async with floor.database.read() as reader:
        return await conversations_to_run(reader, runner, floor.clock.now())


async def test_a_turn_belongs_to_the_process_that_accepted_it_and_no_other_can_claim_it(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "here")
    turn = await oldest(floor, conversation)
    assert (turn.message, turn.runner, turn.more) == (message, "here", False)
    assert turn.held_by("here", floor.clock.now())
    assert not turn.held_by("there", floor.clock.now())
    assert not await claimed(floor, message, "there")
    assert await to_run(floor, "here") == [conversation.id]
    assert await to_run(floor, "there") == []


async def test_a_turn_behind_another_one_goes_to_the_process_that_has_the_first(floor: Floor) -> None:
    conversation = await floor.visit()
    await say(floor, conversation, "one", "here")
    second = await say(floor, conversation, "two", "there")
    assert (await oldest(floor, conversation)).more
    assert await to_run(floor, "there") == []
    assert not await claimed(floor, second, "there")
    assert await claimed(floor, second, "here")


async def test_a_turn_behind_one_of_a_process_that_has_died_goes_to_who_accepted_it(floor: Floor) -> None:
    conversation = await floor.visit()
    first = await say(floor, conversation, "one", "dead")
    floor.later(TURN_LEASE)
    second = await say(floor, conversation, "two", "there")
    assert not await claimed(floor, second, "here")
    assert await claimed(floor, first, "there")
    assert await claimed(floor, second, "there")


async def test_a_turn_that_names_no_process_is_anybodys(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", None)
    assert await to_run(floor, "here") == []
    assert await claimed(floor, message, "here")
    assert not await claimed(floor, message, "there")


async def test_of_processes_that_claim_a_dead_ones_turn_at_once_one_gets_it(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "dead")
    floor.later(TURN_LEASE)
    outcomes = await asyncio.gather(*(claimed(floor, message, name) for name in ("a", "b", "c", "d")))
    assert sorted(outcomes) == [False, False, False, True]


async def test_a_lease_that_is_extended_in_time_is_not_lost(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "here")
    floor.later(TURN_LEASE - timedelta(seconds=1))
    async with floor.database.write() as tx:
        await extend_leases(tx, "here", floor.clock.now())
        await extend_leases(tx, "there", floor.clock.now() + TURN_LEASE)
    floor.later(timedelta(seconds=2))
    assert not await claimed(floor, message, "there")
    assert (await oldest(floor, conversation)).held_by("here", floor.clock.now())


async def test_a_process_does_not_begin_on_what_is_left_of_an_old_lease_without_a_claim(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "here")
    floor.later(TURN_LEASE - SAFE_LEASE + timedelta(seconds=1))
    assert not (await oldest(floor, conversation)).held_by("here", floor.clock.now())
    assert await claimed(floor, message, "here")
    assert (await oldest(floor, conversation)).held_by("here", floor.clock.now())


async def test_what_a_process_lets_go_of_is_claimed_by_the_next_at_once(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "here")
    async with floor.database.write() as tx:
        await extend_leases(tx, "here", floor.clock.now(), by=timedelta())
    assert await to_run(floor, "there") == [conversation.id]
    assert await claimed(floor, message, "there")


async def test_an_answered_turn_is_nobodys_any_more(floor: Floor) -> None:
    conversation = await floor.visit()
    message = await say(floor, conversation, "one", "here")
    await floor.answer(message, "Hello.")
    assert await to_run(floor, "here") == []
    assert not await claimed(floor, message, "here")
