"""Lists of one team, and what leads look into."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Forbidden
from handoff.desk import list_rows
from handoff.desk_counts import counts, shared_counts
from handoff.records import Staff
from handoff.sight import check_sight, may_look, standings
from handoff.taking_over import release, resolve
from handoff.withdrawing import withdraw
from tests.handoff.conftest import Floor


async def test_a_list_can_be_of_one_team_and_leads_see_what_their_colleagues_have(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    safe, _other = await floor.waiting("our account was hacked", reason="security"), await floor.waiting()
    his, hers = await floor.claimed(jonas), await floor.claimed(amara)
    async with floor.database.read() as reader:
        (row,) = await list_rows(reader, "queue", maya, floor.clock.now(), "security")
        assert (row["id"], row["team"], row["unanswered"]) == (safe.id, "security", True)
        seen = await list_rows(reader, "colleagues", amara, floor.clock.now())
        assert [row["id"] for row in seen] == [his.id]
        assert hers.id not in {row["id"] for row in seen}
        with pytest.raises(Forbidden):
            await list_rows(reader, "colleagues", maya, floor.clock.now())


async def test_what_a_colleague_of_another_team_solved_is_in_nobodys_lists_but_its_teams_its_agents_and_leads(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    asked = await floor.visit()
    await floor.say(asked, "hello")
    safe = await floor.waiting("our account was hacked", reason="security")
    solved = [await floor.claimed(maya, "our account was hacked"), await floor.claimed(maya)]
    for one in solved:
        await resolve(floor.database, one.id, maya, epoch=one.epoch, at=floor.clock.now())
    now = floor.clock.now()
    async with floor.database.read() as reader:
        standing = await standings(reader, [one.id for one in solved])
        security, other = sorted(solved, key=lambda one: standing[one.id].team != "security")
        expected = {
            replace(jonas, teams=("security",)): {security.id},
            replace(jonas, teams=("nobodys",)): set(),
            replace(maya, teams=("nobodys",)): {security.id, other.id},  # she had them
            jonas: {security.id, other.id},
            replace(amara, teams=("nobodys",)): {security.id, other.id},
        }
        for member, seen in expected.items():
            assert {row["id"] for row in await list_rows(reader, "resolved", member, now)} == seen
            assert {row["id"] for row in await list_rows(reader, "bot", member, now)} == seen | {asked.id}
            assert {row["id"] for row in await list_rows(reader, "queue", member, now)} == {safe.id}
            assert {one for one in standing if may_look(member, standing[one])} == seen
            shown = {"queue": 1, "bot": len(seen) + 1}
            assert await counts(reader, member) == {**shown, "mine": 0}
            assert (await shared_counts(reader, of_helpers=True)).of(member) == shown
        stranger = replace(jonas, teams=("nobodys",))
        with pytest.raises(Forbidden, match="solved this conversation"):
            await check_sight(reader, stranger, other.id)
        await check_sight(reader, stranger, asked.id)


async def test_what_its_customer_took_back_is_the_bots_again_and_in_everybodys_lists(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    claimed = await floor.claimed(maya, "our account was hacked")
    waiting = await release(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await withdraw(floor.database, waiting.id, client_id="w", at=floor.clock.now())
    stranger = replace(jonas, teams=("nobodys",))
    async with floor.database.read() as reader:
        assert not (await standings(reader, [waiting.id]))[waiting.id].solved
        await check_sight(reader, stranger, waiting.id)
        for member in (stranger, jonas, maya):
            rows = {view: await list_rows(reader, view, member, floor.clock.now()) for view in ("bot", "resolved")}
            assert {view: [row["id"] for row in found] for view, found in rows.items()} == {
                "bot": [waiting.id],
                "resolved": [],
            }
            assert (await counts(reader, member))["bot"] == 1
            assert (await shared_counts(reader, of_helpers=True)).of(member)["bot"] == 1
