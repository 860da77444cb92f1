"""Assignment on real databases: within capacity, once, in the order that things fall due; and what a silent agent gives back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.errors import StaleEpoch
from handoff.records import Conversation, Staff
from handoff.routing import dispatching
from handoff.routing.dispatching import assign_waiting
from handoff.routing.presence import PresenceState
from handoff.routing.silence import Absences, give_up, holders
from handoff.tables import assignments, conversations, staff
from handoff.taking_over import release
from handoff.teams import put_team
from tests.handoff.conftest import MINUTE, Floor

SHIFT = {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}


async def settle(floor: Floor, member: Staff, **known: object) -> None:
    async with floor.database.write() as tx:
        await tx.execute(sa.update(staff).where(staff.c.id == member.id).values(**known))


async def assigned(floor: Floor, *there: Staff, state: PresenceState = "online") -> int:
    return await assign_waiting(
        floor.database, {member.id: state for member in there}, "automatic", at=floor.clock.now()
    )


async def owners(floor: Floor, *waiting: Conversation) -> list[str]:
    return [(await floor.current(one)).owner for one in waiting]


async def test_what_is_due_first_goes_first_to_who_has_least_until_everybody_is_full(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    await settle(floor, maya, capacity=2)
    await settle(floor, jonas, capacity=1)
    waiting = []
    for _ in range(4):
        waiting.append(await floor.waiting())
        floor.later(MINUTE)
    assert await assigned(floor, maya, jonas) == 3
    assert sorted(await owners(floor, *waiting[:3])) == ["agent:st_jonas", "agent:st_maya", "agent:st_maya"]
    assert await owners(floor, waiting[3]) == ["queue"]
    assert await assigned(floor, maya, jonas) == 0
    (told,) = [m for m in await floor.said(waiting[0]) if (m.notice or {}).get("type") == "claimed"]
    assert "has joined the conversation" in told.text


async def test_nobody_who_is_away_offline_off_shift_inactive_or_without_capacity_gets_anything(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    waiting = await floor.waiting()
    assert await assigned(floor) == 0
    assert await assigned(floor, maya, state="away") == 0
    await settle(floor, maya, capacity=0)
    await settle(floor, jonas, active=False)
    closed = {"zone": "Europe/Berlin", "windows": {"sun": ["09:00-09:01"]}}
    await settle(floor, amara, hours=closed)
    assert await assigned(floor, maya, jonas, amara) == 0
    assert await owners(floor, waiting) == ["queue"]
    await settle(floor, amara, hours={"zone": "UTC", "windows": {"mon-sun": ["00:00-24:00"]}})
    assert await assigned(floor, maya, jonas, amara) == 1


async def test_however_many_wait_for_somebody_who_is_busy_those_behind_them_are_found(
    floor: Floor, maya: Staff, jonas: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "READ_AT_ONCE", 2)
    await settle(floor, maya, languages=["en"], capacity=3)
    await settle(floor, jonas, languages=["de"], capacity=0)
    waiting = []
    for language in ("de", "en", "de", "de", "de", "en", "en", "en"):
        waiting.append(await floor.waiting())
        async with floor.database.write() as tx:
            chosen = sa.update(conversations).where(conversations.c.id == waiting[-1].id)
            await tx.execute(chosen.values(language=language))
        floor.later(MINUTE)
    assert await assigned(floor, maya, jonas) == 3
    queued, hers = "queue", "agent:st_maya"
    assert await owners(floor, *waiting) == [queued, hers, queued, queued, queued, hers, hers, queued]


async def test_a_team_that_claims_by_hand_is_left_alone(floor: Floor, maya: Staff) -> None:
    waiting = await floor.waiting()
    assert await assign_waiting(floor.database, {maya.id: "online"}, "manual", at=floor.clock.now()) == 0
    async with floor.database.write() as tx:
        await put_team(tx, "support", {"assignment": "manual"}, at=floor.clock.now())
    assert await assigned(floor, maya) == 0
    async with floor.database.write() as tx:
        await put_team(tx, "support", {"assignment": "automatic"}, at=floor.clock.now())
    assert await assign_waiting(floor.database, {maya.id: "online"}, "manual", at=floor.clock.now()) == 1
    assert await owners(floor, waiting) == ["agent:st_maya"]


async def test_the_language_that_the_customer_wrote_in_goes_before_the_browsers(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    await settle(floor, maya, languages=["en"])
    await settle(floor, jonas, languages=["de"])
    german, browser = await floor.visit(), await floor.visit()
    turn = await floor.say(german, "Wo finde ich meine Rechnungen?")
    await floor.answer(turn, "I only know English.", intent="foreign_language", language="de")
    async with floor.database.write() as tx:
        await tx.execute(sa.update(conversations).values(language="en-us"))
    await floor.say(browser, "where are my invoices?")
    waiting = [await floor.hand_over(german), await floor.hand_over(browser)]
    assert await assigned(floor, maya, jonas) == 2
    assert await owners(floor, *waiting) == ["agent:st_jonas", "agent:st_maya"]


async def test_two_processes_that_assign_at_once_give_each_conversation_once_and_nobody_more_than_they_hold(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    await settle(floor, maya, capacity=2)
    await settle(floor, jonas, capacity=2)
    waiting = [await floor.waiting() for _ in range(6)]
    counts = await asyncio.gather(*(assigned(floor, maya, jonas) for _ in range(3)))
    assert sum(counts) == 4
    assert sorted(await owners(floor, *waiting)) == ["agent:st_jonas"] * 2 + ["agent:st_maya"] * 2 + ["queue"] * 2
    assert len(await floor.rows(assignments)) == 4


async def test_who_gave_it_back_does_not_get_it_again(floor: Floor, maya: Staff, jonas: Staff) -> None:
    claimed = await floor.claimed(maya)
    await release(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert await assigned(floor, maya) == 0
    assert await assigned(floor, maya, jonas) == 1
    assert await owners(floor, claimed) == ["agent:st_jonas"]


async def test_a_silent_agents_unanswered_chats_go_back_with_the_customer_told_and_answered_ones_stay(
    floor: Floor, maya: Staff
) -> None:
    fresh, answered, waits_again = [await floor.claimed(maya) for _ in range(3)]
    await floor.reply(answered, maya, "Here is how.")
    await floor.reply(waits_again, maya, "Which workspace?")
    await floor.say(waits_again, "the second one")
    began = (await floor.clocks(fresh.ticket_id))["first_response.0"]
    floor.later(MINUTE)
    assert await give_up(floor.database, maya.id, left=False, at=floor.clock.now()) == 2
    assert await owners(floor, fresh, answered, waits_again) == ["queue", "agent:st_maya", "queue"]
    told = (await floor.said(fresh, notes=False))[-1]
    assert told.text == "Maya is not available any more. You are back in the queue, and keep your place."
    assert (await floor.clocks(fresh.ticket_id))["first_response.0"] == began
    with pytest.raises(StaleEpoch):
        await floor.reply(fresh, maya, "I am back")
    assert await give_up(floor.database, maya.id, left=False, at=floor.clock.now()) == 0
    # Back on duty in a team that assigns, she goes on with it.
    assert await assigned(floor, maya) == 2
    assert await owners(floor, fresh) == ["agent:st_maya"]


async def test_who_left_gives_everything_back(floor: Floor, maya: Staff) -> None:
    fresh, answered = [await floor.claimed(maya) for _ in range(2)]
    await floor.reply(answered, maya, "Here is how.")
    await settle(floor, maya, active=False)
    async with floor.database.read() as reader:
        assert await holders(reader) == ({maya.id}, {maya.id})
    assert await give_up(floor.database, maya.id, left=True, at=floor.clock.now()) == 2
    assert await owners(floor, fresh, answered) == ["queue", "queue"]
    assert {row["ended_by"] for row in await floor.rows(assignments)} == {"left"}


async def test_a_reply_under_way_keeps_its_conversation(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    sent, returned = await asyncio.gather(
        floor.reply(claimed, maya, "I am on it."),
        give_up(floor.database, maya.id, left=False, at=floor.clock.now()),
        return_exceptions=True,
    )
    # Whichever came first, one of the two holds and the other knows.
    assert (returned == 0) != isinstance(sent, StaleEpoch)
    assert (await floor.current(claimed)).owner == ("agent:st_maya" if returned == 0 else "queue")


def test_who_is_gone_counts_as_silent_after_the_set_time_and_a_look_that_failed_begins_anew() -> None:
    absences, at = Absences(timedelta(minutes=3)), datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert absences.observe({"a", "b"}, {"a"}, at) == []
    assert absences.observe({"a", "b"}, {"a"}, at + 2 * MINUTE) == []
    assert absences.observe({"a", "b"}, {"a"}, at + 3 * MINUTE) == ["b"]
    assert absences.observe({"a", "b"}, {"a", "b"}, at + 4 * MINUTE) == []
    assert absences.observe({"a", "b"}, {"a"}, at + 5 * MINUTE) == []
    absences.forget()
    assert absences.observe({"b"}, set(), at + 60 * MINUTE) == []
    assert absences.observe({"b"}, set(), at + 63 * MINUTE) == ["b"]
