"""Colleagues whom a note names: found by their names, told once, and nobody who may not read the conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from handoff.mentions import mentions_in, readers_of
from handoff.notifications import notifications_of
from handoff.records import Conversation, Staff
from handoff.routing.transferring import move_to_team, transfer
from handoff.speaking import write_note
from handoff.tables import staff
from handoff.taking_over import resolve
from tests.handoff.conftest import Floor


def colleague(name: str) -> Staff:
    return Staff(f"st_{name}", f"{len(name)}@fernhill.example", name, "agent", True)


ALL = [colleague(name) for name in ("Maya Ortiz", "Jonas Lindgren", "Jonas Berg", "Zoë O'Neil", "Li (night)")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Maya Ortiz please look", ["Maya Ortiz"]),
        ("ask @maya, she knows", ["maya"]),
        ("@Jonas is two people, @Jonas Berg one", ["Jonas Berg"]),
        ("(@Zoë) and @Zoë O'Neil and again @Zoë", ["Zoë", "Zoë O'Neil"]),
        ("@Li (night)", ["Li (night)"]),
        ("x@maya.example, @Mayar, @@Maya, maya", []),
        ("@", []),
    ],
)
def test_a_note_names_colleagues_by_their_whole_names_or_by_a_first_name_that_is_theirs_alone(
    text: str, names: list[str]
) -> None:
    found = mentions_in(text, ALL)
    assert list(found.names) == names
    assert len(found.staff_ids) == len({name.split()[0].casefold() for name in names})
    assert (found.notice is None) == (names == [])


def test_of_two_colleagues_with_one_name_both_are_meant_and_with_none_at_all_nobody_is() -> None:
    twin = replace(ALL[0], id="st_twin")
    assert mentions_in("@Maya Ortiz", [*ALL, twin]).staff_ids == {ALL[0].id, "st_twin"}
    assert mentions_in("@Maya Ortiz", []).names == ()


async def note(floor: Floor, conversation: Conversation, author: Staff, text: str, client_id: str = "n1") -> None:
    await write_note(floor.database, conversation.id, author, client_id=client_id, text=text, at=floor.clock.now())


async def told(floor: Floor, member: Staff) -> list[str]:
    async with floor.database.read() as reader:
        return [one.words for one in await notifications_of(reader, member.id)]


async def test_who_is_named_is_told_once_and_the_author_not(floor: Floor, maya: Staff, jonas: Staff) -> None:
    waiting = await floor.waiting(account=await floor.customer(name="Dana"))
    for _ in range(2):
        await note(floor, waiting, maya, f"@{jonas.name} and @{maya.name}: she waits for May's invoice")
    assert await told(floor, jonas) == [f"{maya.name} mentioned you in Dana's conversation."]
    assert await told(floor, maya) == []
    assert (await floor.said(waiting))[-1].notice == {"type": "mentions", "names": [jonas.name, maya.name]}


async def test_of_a_visitor_no_name_is_made_up(floor: Floor, maya: Staff, jonas: Staff) -> None:
    await note(floor, await floor.waiting(), maya, f"@{jonas.name}, please")
    assert await told(floor, jonas) == [f"{maya.name} mentioned you in a visitor's conversation."]


async def test_who_may_not_read_the_conversation_is_neither_offered_nor_told(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    claimed = await floor.claimed(maya)
    async with floor.database.write() as tx:
        await tx.execute(sa.update(staff).where(staff.c.id == jonas.id).values(teams=["security"]))
    async with floor.database.read() as reader:
        assert {one.id for one in await readers_of(reader, claimed.id)} == {maya.id, amara.id}
        assert await readers_of(reader, "cv_none") == []
    await note(floor, claimed, maya, f"@{jonas.name} @{amara.name}")
    assert await told(floor, jonas) == []
    assert len(await told(floor, amara)) == 1
    assert (await floor.said(claimed))[-1].notice == {"type": "mentions", "names": [amara.name]}


async def test_who_is_named_when_a_conversation_is_passed_on_or_resolved_is_told_as_by_any_note(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    claimed = await floor.claimed(maya)
    words, told_so = f"@{amara.name} knows why", f"{maya.name} mentioned you in a visitor's conversation."
    at = floor.clock.now()
    await transfer(floor.database, claimed.id, maya, epoch=claimed.epoch, at=at, team="billing", note=words)
    waiting = await floor.current(claimed)
    assert (await floor.said(claimed))[-1].notice == {"type": "mentions", "names": [amara.name]}
    taken = await floor.claim(waiting, maya, at=at)
    await resolve(floor.database, claimed.id, maya, epoch=taken.epoch, at=at, note=words)
    assert await told(floor, amara) == [told_so] * 2
    assert await told(floor, jonas) == []


async def test_who_gets_a_conversation_reads_its_note_with_it_and_is_told_once(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    claimed = await floor.claimed(maya)
    note, at = f"@{jonas.name}, ask @{amara.name}", floor.clock.now()
    await transfer(floor.database, claimed.id, maya, epoch=claimed.epoch, at=at, to=jonas.id, note=note)
    assert await told(floor, jonas) == [f"Maya passed FH-1001 to Jonas. {note}"]
    assert await told(floor, amara) == [f"{maya.name} mentioned you in a visitor's conversation."]


async def test_a_rule_that_moves_a_conversation_names_nobody(floor: Floor, maya: Staff, jonas: Staff) -> None:
    waiting = await floor.waiting()
    async with floor.database.write() as tx:
        await move_to_team(tx, waiting, "billing", by="Support", note=f"Rule for @{jonas.name}", at=floor.clock.now())
    assert await told(floor, jonas) == []


async def test_a_public_reply_names_nobody(floor: Floor, maya: Staff, jonas: Staff) -> None:
    claimed = await floor.claimed(maya)
    message = await floor.reply(claimed, maya, f"My colleague @{jonas.name} will help you.")
    assert (message.notice, await told(floor, jonas)) == (None, [])
