"""Passing a conversation on: to a team, to a person; the clocks go on, the customer is told, nothing happens twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.errors import BatonError, Conflict, Forbidden, Invalid, NotFound, StaleEpoch
from handoff.notifications import notifications_of
from handoff.records import Conversation, Staff
from handoff.routing.transferring import move_to_team, transfer
from handoff.tables import assignments, staff
from handoff.teams import put_team, teams_by_name
from handoff.transcript import get_conversation
from tests.handoff.conftest import MINUTE, Floor
from tickets.tables import tickets
from tickets.ticketing import get_ticket, overrides_of


async def passed(floor: Floor, conversation: Conversation, agent: Staff, **given: str) -> Conversation:
    epoch = int(given.pop("epoch", conversation.epoch))
    return await transfer(floor.database, conversation.id, agent, epoch=epoch, at=floor.clock.now(), **given)


async def test_a_transfer_to_a_team_puts_it_into_that_queue_with_its_clocks_its_note_and_a_word_to_the_customer(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    began = (await floor.clocks(claimed.ticket_id))["first_response.0"]
    floor.later(MINUTE)
    waiting = await passed(floor, claimed, maya, team="billing", note="Needs a refund.")
    assert (waiting.owner, waiting.epoch) == ("queue", claimed.epoch + 1)
    assert (await floor.clocks(claimed.ticket_id))["first_response.0"] == began
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(claimed.ticket_id))
        (kept,) = await overrides_of(reader, ticket.id)
    assert (ticket.team, ticket.assignee, kept.field, kept.old, kept.by) == ("billing", None, "team", "support", "Maya")
    told, note = (await floor.said(waiting))[-2:]
    assert (told.notice or {})["type"] == "moved_to_team"
    assert told.text.startswith("Maya has passed this conversation to our Billing team.")
    assert (note.kind, note.author_name, note.text) == ("note", "Maya", "Moved to the team Billing.\nNeeds a refund.")
    assert note.id not in {message.id for message in await floor.said(waiting, notes=False)}
    assert [row["ended_by"] for row in await floor.rows(assignments)] == ["transferred"]
    with pytest.raises(StaleEpoch):
        await floor.reply(claimed, maya, "one more thing")
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, waiting.id, lock=True)
        again = await move_to_team(tx, current, "billing", by="a rule", note="again", at=floor.clock.now())
    assert again == current == await floor.current(waiting)


async def test_a_transfer_to_a_team_whose_answer_was_lost_is_asked_for_again_and_done_once(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    waiting = await passed(floor, claimed, maya, team="billing", note="Needs a refund.")
    done = await floor.current(waiting)
    assert await passed(floor, claimed, maya, team="billing", note="Needs a refund.") == done
    assert await floor.current(waiting) == done
    with pytest.raises(StaleEpoch):
        await passed(floor, claimed, maya, team="security")
    await floor.claim(waiting, jonas)
    with pytest.raises(StaleEpoch):
        await passed(floor, claimed, maya, team="billing")
    assert (await floor.current(waiting)).agent_id == jonas.id


async def test_a_note_to_the_team_that_it_waits_for_already_is_left_once(floor: Floor, maya: Staff) -> None:
    waiting = await floor.waiting()
    for note in ("Look at the invoice.", "Look at the invoice.", "", "And call back.", "call back."):
        await passed(floor, waiting, maya, team="support", note=note)
    notes = [(said.author_name, said.text) for said in await floor.said(waiting) if said.kind == "note"]
    assert notes == [("Maya", "Look at the invoice."), ("Maya", "And call back."), ("Maya", "call back.")]


async def test_who_had_it_reads_the_title_of_the_team_that_it_went_to(floor: Floor, maya: Staff, amara: Staff) -> None:
    claimed = await floor.claimed(maya)
    await passed(floor, claimed, amara, team="billing")
    async with floor.database.read() as reader:
        (told,) = await notifications_of(reader, maya.id)
    assert told.words.startswith("Amara passed FH-1001 to the team Billing.")


async def test_what_waits_changes_the_team_and_not_its_epoch_so_that_a_claim_under_way_holds(
    floor: Floor, maya: Staff
) -> None:
    waiting = await floor.waiting()
    said = len(await floor.said(waiting, notes=False))
    async with floor.database.write() as tx:
        current = await get_conversation(tx.connection, waiting.id, lock=True)
        await move_to_team(tx, current, "security", by="Rule “late”", note="", at=floor.clock.now())
    assert len(await floor.said(waiting, notes=False)) == said
    taken = await floor.claim(waiting, maya)
    assert taken.agent_id == maya.id


async def test_a_transfer_to_a_person_makes_it_theirs_and_the_customer_reads_the_name(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    theirs = await passed(floor, claimed, maya, to=jonas.id, note="You know them.")
    assert theirs.agent_id == jonas.id
    assert "Maya has passed this conversation to Jonas" in (await floor.said(theirs))[-2].text
    ended = {row["staff_id"]: row["ended_by"] for row in await floor.rows(assignments)}
    assert ended == {maya.id: "transferred", jonas.id: None}
    # The answer was lost and the desk sends it again.
    again = await passed(floor, theirs, maya, to=jonas.id, epoch=str(claimed.epoch))
    assert again.epoch == theirs.epoch
    await floor.reply(theirs, jonas, "Hello, I take over.")


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({}, Invalid, "Name a team or a colleague"),
        ({"team": "billing", "to": "st_jonas"}, Invalid, "Name a team or a colleague"),
        ({"team": "astronauts"}, NotFound, "There is no team 'astronauts'. The teams are accounts, billing"),
        ({"team": "security"}, Conflict, "Nobody is in the team Security"),
        ({"to": "st_nobody"}, NotFound, "no such colleague"),
        ({"to": "st_cleo"}, Conflict, "Cleo does not answer customers"),
        ({"to": "st_gone"}, Conflict, "Gone does not answer customers"),
        ({"team": "billing", "epoch": "1"}, StaleEpoch, "Open it again"),
    ],
)
async def test_a_transfer_that_cannot_be_is_refused_with_the_reason_and_changes_nothing(
    floor: Floor, maya: Staff, given: dict[str, str], error: type[BatonError], reason: str
) -> None:
    await floor.hire("Cleo", "content")
    gone = await floor.hire("Gone")
    async with floor.database.write() as tx:
        await tx.execute(sa.update(staff).values(teams=["billing", "support"]))
        await tx.execute(sa.update(staff).where(staff.c.id == gone.id).values(active=False))
    claimed = await floor.claimed(maya)
    with pytest.raises(error, match=reason):
        await passed(floor, claimed, maya, **given)
    assert await floor.current(claimed) == claimed


async def test_only_who_has_it_or_a_lead_passes_it_on(floor: Floor, maya: Staff, jonas: Staff, amara: Staff) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Forbidden):
        await passed(floor, claimed, jonas, team="billing")
    assert (await passed(floor, claimed, amara, to=jonas.id)).agent_id == jonas.id
    with pytest.raises(Conflict, match="nothing to pass on"):
        await passed(floor, await floor.visit(), amara, team="billing")


async def test_who_may_not_read_it_learns_nothing_by_passing_it_to_whom_has_it_already(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya)
    assert claimed.ticket_id is not None
    async with floor.database.write() as tx:
        await tx.execute(sa.update(tickets).where(tickets.c.id == claimed.ticket_id).values(team="billing"))
    stranger = replace(jonas, teams=("technical",))
    with pytest.raises(Forbidden, match="A colleague of the team billing has this conversation"):
        await passed(floor, claimed, stranger, to=maya.id)
    assert await passed(floor, claimed, replace(jonas, teams=("billing",)), to=maya.id) == claimed


async def test_a_team_is_made_once_changed_in_parts_and_refused_where_it_is_wrong(floor: Floor) -> None:
    hours = {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}
    async with floor.database.write() as tx:
        await put_team(tx, "vip", {"title": "Important customers", "assignment": "automatic"}, at=floor.clock.now())
        await put_team(tx, "vip", {"hours": hours}, at=floor.clock.now())
    async with floor.database.read() as reader:
        known = await teams_by_name(reader)
    assert (known["vip"].title, known["vip"].assignment) == ("Important customers", "automatic")
    assert known["vip"].hours is not None
    assert known["billing"].title == "Billing"
    for name, changes, field in (
        ("No Name", {}, "name"),
        ("vip", {"title": " "}, "title"),
        ("vip", {"title": "\u200b\u2060"}, "title"),
        ("vip", {"assignment": "dice"}, "assignment"),
        ("vip", {"hours": {"zone": "Mars/Olympus", "windows": {"mon": ["09:00-17:00"]}}}, "vip.zone"),
    ):
        with pytest.raises(Invalid) as refused:
            async with floor.database.write() as tx:
                await put_team(tx, name, changes, at=floor.clock.now())
        assert refused.value.field == field
