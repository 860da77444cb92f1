"""Agents who fell silent or left: noticed, and what they had goes back to the queue with the customer told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import Database, Reader
from handoff.notifications import tell_of_move
from handoff.records import agent_owner
from handoff.routing.assigning import requeue, tell
from handoff.routing.duty import loads_of
from handoff.staff import staff_names
from handoff.tables import conversations, staff
from handoff.transcript import get_conversation
from handoff.unanswered import unanswered


class Absences:
    """Remembers since when each agent who has conversations has had no desk open.

    Kept in memory on purpose: what Redis forgets is back within a heartbeat, long before anybody counts as silent, and a service that was
    down itself gives everybody the time to come back.
    """

    def __init__(self, silent_after: timedelta) -> None:
        self._silent_after = silent_after
        self._since: dict[str, datetime] = {}

    def observe(self, holders: Collection[str], there: Collection[str], at: datetime) -> list[str]:
        """Take in who has conversations and who is there; returns who has been gone for long enough, by id."""
        gone = set(holders) - set(there)
        self._since = {agent: self._since.get(agent, at) for agent in gone}
        return sorted(agent for agent, since in self._since.items() if at - since >= self._silent_after)

    def forget(self) -> None:
        """Begin anew: who is there was not known for a while."""
        self._since.clear()


async def holders(reader: Reader) -> tuple[set[str], set[str]]:
    """Return who has conversations, and who of them is not active any more."""
    having = set(await loads_of(reader))
    if not having:
        return having, set()
    # All of them: whoever has something may be more than a statement has variables.
    active = await reader.execute(sa.select(staff.c.id).where(staff.c.active))
    return having, having - set(active.scalars())


async def give_up(database: Database, staff_id: str, *, left: bool, at: datetime) -> int:
    """Put an agent's conversations back into the queue and tell their customers; returns how many.

    Each is a write of its own and looks again, so that a reply that has just been sent keeps its conversation. Idempotent: what has gone
    back is not theirs.

    Args:
        database: where conversations are.
        staff_id: whose.
        left: whether the agent has left for good, so that answered ones go back as well; else only those that wait for an answer do.
        at: now.
    """
    theirs = conversations.c.owner == agent_owner(staff_id)
    concerned = theirs if left else sa.and_(theirs, unanswered())
    async with database.read() as reader:
        found = list((await reader.execute(sa.select(conversations.c.id).where(concerned))).scalars())
        name = (await staff_names(reader)).get(staff_id, "The agent")
    returned = 0
    for conversation_id in sorted(found):
        async with database.write() as tx:
            conversation = await get_conversation(tx.connection, conversation_id, lock=True)
            still = await tx.execute(
                sa.select(conversations.c.id).where(conversations.c.id == conversation_id, concerned)
            )
            if still.one_or_none() is None:
                continue
            waiting = await requeue(tx, conversation, "left" if left else "silent", at=at)
            await tell(tx, waiting, "agent_gone", at=at, agent=name)
            words = "{number} went back to the queue: its customer waited, and your desk had been silent."
            await tell_of_move(tx, waiting, [] if left else [staff_id], words, by=None, at=at)
            returned += 1
    return returned
