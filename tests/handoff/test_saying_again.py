"""Client ids: what is sent again is one message, for everybody who writes, and what can be such an id."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Invalid
from handoff.records import Staff
from handoff.speaking import press_as_customer, write_note
from handoff.taking_over import resolve
from handoff.views import message_view
from tests.handoff.conftest import Floor


async def test_the_same_client_id_is_one_message_and_one_event_for_everybody_who_writes(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    said = [await floor.say(claimed, text, "same") for text in ("one", "two")]
    replied = [await floor.reply(claimed, maya, text, client_id="same") for text in ("one", "two")]
    notes = [
        await write_note(floor.database, claimed.id, maya, client_id="note", text=text, at=floor.clock.now())
        for text in ("one", "two")
    ]
    for first, again in (said, replied, notes):
        assert (again.id, again.text) == (first.id, "one")
    texts = [message.text for message in await floor.said(claimed) if message.kind in {"text", "note"}]
    assert texts.count("one") == 3
    assert "two" not in texts


async def test_the_same_client_id_sent_twice_at_once_is_one_message_and_no_error(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    said = await asyncio.gather(*(floor.say(claimed, "hello?", "same") for _ in range(5)))
    replied = await asyncio.gather(*(floor.reply(claimed, maya, "Hello.", client_id="same") for _ in range(5)))
    assert len({message.id for message in said}) == len({message.id for message in replied}) == 1
    assert [message.text for message in await floor.said(claimed)].count("hello?") == 1


async def test_a_repeated_reply_is_acknowledged_even_after_the_conversation_has_gone_on(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    first = await floor.reply(claimed, maya, "Hello.", client_id="same")
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert (await floor.reply(claimed, maya, "Hello.", client_id="same")).id == first.id


async def test_two_agents_may_choose_the_same_client_id(floor: Floor, maya: Staff, jonas: Staff) -> None:
    claimed = await floor.claimed(maya)
    one = await write_note(floor.database, claimed.id, maya, client_id="x", text="mine", at=floor.clock.now())
    other = await write_note(floor.database, claimed.id, jonas, client_id="x", text="mine too", at=floor.clock.now())
    assert one.id != other.id


async def test_a_client_id_is_shown_as_the_client_gave_it(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    said = await floor.say(claimed, "hello?", "tab:1:2")
    replied = await floor.reply(claimed, maya, "Hello.", client_id="desk:7")
    assert (message_view(said)["client_id"], message_view(replied)["client_id"]) == ("tab:1:2", "desk:7")


@pytest.mark.parametrize("client_id", ["", "x" * 61, "é", "a\nb", "\x00"])
async def test_a_client_id_that_is_no_key_is_refused(floor: Floor, maya: Staff, client_id: str) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Invalid, match="client_id"):
        await press_as_customer(
            floor.database, claimed.id, client_id=client_id, button_id="x", name="D", at=floor.clock.now()
        )
    with pytest.raises(Invalid, match="client_id"):
        await write_note(floor.database, claimed.id, maya, client_id=client_id, text="x", at=floor.clock.now())
