"""What outside systems are told of a conversation's life: each thing once, in the transaction that made it true."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.outbox import outbox_messages
from core.webhook_endpoints import add_endpoint
from handoff.records import Staff
from handoff.speaking import write_note
from handoff.taking_over import rate, release, resolve
from tests.handoff.conftest import MINUTE, Floor


async def told(floor: Floor) -> list[tuple[str, Any]]:
    async with floor.database.read() as reader:
        rows = await reader.execute(
            sa.select(outbox_messages.c.kind, outbox_messages.c.payload).order_by(
                outbox_messages.c.at, outbox_messages.c.kind
            )
        )
        return [(row.kind, row.payload) for row in rows]


async def test_a_conversation_is_told_from_its_handoff_to_its_rating_and_notes_are_not(
    floor: Floor, maya: Staff
) -> None:
    async with floor.database.write() as tx:
        await add_endpoint(tx, "https://desk.example", ["*"], "", at=floor.clock.now())
    conversation = await floor.visit()
    question = await floor.say(conversation, "my invoice is wrong, can you look at it")
    await floor.answer(question, "One moment.", intent="invoices", confidence=0.9)
    assert await told(floor) == []  # what is said to the assistant is between the two
    waiting = await floor.hand_over(conversation)
    floor.later(MINUTE)
    claimed = await floor.claim(waiting, maya)
    floor.later(MINUTE)
    released = await release(floor.database, waiting.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    floor.later(MINUTE)
    again = await floor.claim(released, maya)
    await write_note(floor.database, again.id, maya, client_id="n", text="secret", at=floor.later(MINUTE))
    for _ in range(2):
        await floor.reply(again, maya, "It is corrected.", client_id="r")
    floor.later(MINUTE)
    await floor.say(again, "thank you")
    floor.later(MINUTE)
    await resolve(floor.database, again.id, maya, epoch=again.epoch, at=floor.clock.now())
    await rate(floor.database, again.id, 5, "quick", client_id="rate", at=floor.later(MINUTE))
    found = await told(floor)
    assert [kind for kind, _ in found] == [
        "conversation.handed_over",
        "conversation.claimed",
        "conversation.released",
        "conversation.claimed",
        "message.created",
        "message.created",
        "conversation.resolved",
        "rating.created",
    ]
    handed_over, first_claim, resolved, rated = found[0][1], found[1][1], found[6][1], found[7][1]
    assert handed_over["package"]["summary"] == ["“my invoice is wrong, can you look at it”"]
    assert handed_over["ticket"]["number"] == handed_over["package"]["triage"]["number"] == "FH-1001"
    assert first_claim["agent"] == {"id": maya.id, "name": maya.name}
    assert (resolved["rating_requested"], resolved["ticket"]["status"]) == (True, "resolved")
    assert rated["rating"] == {"score": 5, "comment": "quick"}
    assert "secret" not in str(found)
