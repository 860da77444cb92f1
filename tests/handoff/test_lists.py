"""Lists of one team, and what leads look into."""

from __future__ import annotations

import pytest

from core.errors import Forbidden
from handoff.desk import list_rows
from handoff.records import Staff
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
