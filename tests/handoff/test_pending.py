"""A ticket that waits for its customer: the resolution clock stands still until they write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, StaleEpoch
from handoff.desk import row_of
from handoff.pending import wait_for_customer
from handoff.records import Staff
from handoff.speaking import say_as_agent
from handoff.taking_over import resolve
from tests.handoff.conftest import Floor
from tickets.ticketing import get_ticket

MINUTE = timedelta(minutes=1)


async def status(floor: Floor, ticket_id: str | None) -> str:
    async with floor.database.read() as reader:
        return (await get_ticket(reader, str(ticket_id))).status


async def test_a_reply_that_waits_for_the_customer_pauses_the_resolution_until_they_write(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    began = floor.clock.now()
    reply = {"epoch": claimed.epoch, "client_id": "a1", "text": "Which invoice is it?", "wait": True}
    said = await say_as_agent(floor.database, claimed.id, maya, **reply, at=floor.later(10 * MINUTE))  # type: ignore[arg-type]
    assert await say_as_agent(floor.database, claimed.id, maya, **reply, at=floor.clock.now()) == said  # type: ignore[arg-type]
    clocks = await floor.clocks(claimed.ticket_id)
    assert (clocks["first_response.0"].state, clocks["resolution.0"].state) == ("met", "paused")
    assert await status(floor, claimed.ticket_id) == "pending"
    async with floor.database.read() as reader:
        row = await row_of(reader, claimed.id, floor.clock.now())
    assert row is not None
    assert row["clock"] is not None
    assert (row["clock"]["metric"], row["clock"]["state"]) == ("resolution", "paused")
    floor.later(300 * MINUTE)
    await floor.say(claimed, "the one of May")
    clocks = await floor.clocks(claimed.ticket_id)
    assert await status(floor, claimed.ticket_id) == "open"
    assert clocks["resolution.0"].due_at == began + 1440 * MINUTE + 300 * MINUTE
    assert clocks["next_response.0"].started_at == floor.clock.now()


async def test_a_ticket_waits_for_nobody_while_a_reply_is_owed_and_only_its_own_agent_may_say_so(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    at = floor.clock.now()
    with pytest.raises(Conflict, match="Reply first"):
        await wait_for_customer(floor.database, claimed.id, maya, epoch=claimed.epoch, on=True, at=at)
    await floor.reply(claimed, maya, "Which one?")
    with pytest.raises(StaleEpoch):
        await wait_for_customer(floor.database, claimed.id, jonas, epoch=claimed.epoch, on=True, at=at)
    for on, expected in ((True, "pending"), (True, "pending"), (False, "open"), (False, "open")):
        await wait_for_customer(floor.database, claimed.id, maya, epoch=claimed.epoch, on=on, at=floor.later(MINUTE))
        assert await status(floor, claimed.ticket_id) == expected
    assert (await floor.clocks(claimed.ticket_id))["resolution.0"].state == "running"


async def test_a_ticket_that_waits_can_be_resolved(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await floor.reply(claimed, maya, "Please try again.")
    await wait_for_customer(floor.database, claimed.id, maya, epoch=claimed.epoch, on=True, at=floor.later(MINUTE))
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.later(MINUTE))
    assert (await floor.clocks(claimed.ticket_id))["resolution.0"].state == "met"
    await floor.say(claimed, "thanks")
    assert await status(floor, claimed.ticket_id) == "resolved"
    assert "next_response.0" not in await floor.clocks(claimed.ticket_id)
