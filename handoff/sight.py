"""Who of the staff may read a conversation.

Whoever answers reads what waits and what the bot has; what a colleague has is for that colleague, for its team, and for who supervises.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from core.database import Reader
from core.errors import Forbidden
from handoff.records import QUEUE, Staff, agent_of
from handoff.tables import conversations
from tickets.tables import tickets


@dataclass(frozen=True)
class Standing:
    """Where a conversation stands.

    Attributes:
        conversation_id: which one.
        owner: who speaks.
        team: the team of its open ticket, None without one.
    """

    conversation_id: str
    owner: str
    team: str | None

    @property
    def holder(self) -> str | None:
        """Return the id of the member of staff who has it, if one does."""
        return agent_of(self.owner)

    @property
    def waits(self) -> bool:
        """Tell whether it waits in the queue."""
        return self.owner == QUEUE


def may_look(member: Staff, standing: Standing) -> bool:
    """Tell whether this person may read it."""
    holder = standing.holder
    return holder is None or holder == member.id or member.supervises or member.serves(standing.team)


async def standings(reader: Reader, conversation_ids: Collection[str]) -> dict[str, Standing]:
    """Return where conversations stand, by id; those that are not there are absent."""
    found = await reader.execute(
        sa.select(conversations.c.id, conversations.c.owner, tickets.c.team)
        .outerjoin(tickets, tickets.c.id == conversations.c.ticket_id)
        .where(conversations.c.id.in_(conversation_ids))
    )
    return {row.id: Standing(*row) for row in found}


async def check_sight(reader: Reader, member: Staff, conversation_id: str) -> None:
    """Refuse whoever may not read a conversation; one that is not there is left to whoever reads it.

    Raises:
        Forbidden: a colleague of another team has it.
    """
    standing = (await standings(reader, [conversation_id])).get(conversation_id)
    if standing is not None and not may_look(member, standing):
        team = f"the team {standing.team}" if standing.team else "another team"
        raise Forbidden(f"A colleague of {team} has this conversation. A lead can pass it to you.")
