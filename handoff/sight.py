"""Who of the staff may read a conversation.

Whoever answers reads what waits and what the bot has; what a colleague has or had solved is for that colleague, for its team, and for who
supervises. Of a ticket that its customer took back from the queue nobody solved anything: the conversation is the bot's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from core.database import Reader
from core.errors import Forbidden
from handoff.records import QUEUE, Staff, agent_of
from handoff.tables import assignments, conversations
from tickets.tables import tickets


def solved(last: sa.FromClause = tickets) -> sa.ColumnElement[bool]:
    """Return what is true of a conversation whose last ticket people have resolved, and that has no other one now.

    Args:
        last: that ticket, which the statement joins.
    """
    return sa.and_(
        conversations.c.ticket_id.is_(None), conversations.c.last_ticket_id.is_not(None), last.c.status == "resolved"
    )


@dataclass(frozen=True)
class Standing:
    """Where a conversation stands.

    Attributes:
        conversation_id: which one.
        owner: who speaks.
        team: the team of its open ticket, else of its last one, None without any.
        solved: whether people have resolved its last ticket, and it has no open one now.
        helpers: who of them had the ticket that was solved, by id.
    """

    conversation_id: str
    owner: str
    team: str | None
    solved: bool = False
    helpers: frozenset[str] = frozenset()

    @property
    def holder(self) -> str | None:
        """Return the id of the member of staff who has it, if one does."""
        return agent_of(self.owner)

    @property
    def waits(self) -> bool:
        """Tell whether it waits in the queue."""
        return self.owner == QUEUE

    @property
    def with_people(self) -> bool:
        """Tell whether a person has it, or is to have it."""
        return self.waits or self.holder is not None

    @property
    def guarded(self) -> bool:
        """Tell whether it is not for everybody who answers."""
        return self.holder is not None or self.solved


def may_look(member: Staff, standing: Standing) -> bool:
    """Tell whether this person may read it."""
    if not standing.guarded or member.supervises or member.serves(standing.team):
        return True
    return member.id == standing.holder or member.id in standing.helpers


def sees_all(member: Staff) -> bool:
    """Tell whether this person may read all that no colleague has in hand."""
    return member.supervises or (member.serves(None) and not member.teams)


def in_sight(member: Staff) -> sa.ColumnElement[bool]:
    """Return what is true of the conversations without a holder that this person may read: `may_look` for lists."""
    if sees_all(member):
        return sa.true()
    last = tickets.alias("last_ticket")
    of_others = sa.exists().where(
        last.c.id == conversations.c.last_ticket_id, solved(last), last.c.team.not_in(member.teams)
    )
    helped = sa.exists().where(
        assignments.c.conversation_id == conversations.c.id,
        assignments.c.ticket_id == conversations.c.last_ticket_id,
        assignments.c.staff_id == member.id,
    )
    return sa.or_(sa.not_(of_others), helped)


async def standings(reader: Reader, conversation_ids: Collection[str]) -> dict[str, Standing]:
    """Return where conversations stand, by id; those that are not there are absent."""
    ticket_id = sa.func.coalesce(conversations.c.ticket_id, conversations.c.last_ticket_id)
    found = await reader.execute(
        sa.select(conversations.c.id, conversations.c.owner, tickets.c.team, solved())
        .outerjoin(tickets, tickets.c.id == ticket_id)
        .where(conversations.c.id.in_(conversation_ids))
    )
    standing = {row[0]: Standing(row[0], row[1], row[2], bool(row[3])) for row in found}
    helpers = await _helpers(reader, [one.conversation_id for one in standing.values() if one.solved])
    return {one: replace(standing[one], helpers=helpers.get(one, frozenset())) for one in standing}


async def _helpers(reader: Reader, solved: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return who had the last ticket of each conversation."""
    if not solved:
        return {}
    found = await reader.execute(
        sa.select(assignments.c.conversation_id, assignments.c.staff_id)
        .join(conversations, conversations.c.id == assignments.c.conversation_id)
        .where(assignments.c.conversation_id.in_(solved), assignments.c.ticket_id == conversations.c.last_ticket_id)
    )
    helpers: dict[str, set[str]] = defaultdict(set)
    for conversation_id, staff_id in found:
        helpers[conversation_id].add(staff_id)
    return {one: frozenset(members) for one, members in helpers.items()}


async def check_sight(reader: Reader, member: Staff, conversation_id: str) -> None:
    """Refuse whoever may not read a conversation; one that is not there is left to whoever reads it.

    Raises:
        Forbidden: a colleague of another team has it.
    """
    standing = (await standings(reader, [conversation_id])).get(conversation_id)
    if standing is not None and not may_look(member, standing):
        team = f"the team {standing.team}" if standing.team else "another team"
        if standing.solved:
            raise Forbidden(f"A colleague of {team} solved this conversation. A lead can look into it.")
        raise Forbidden(f"A colleague of {team} has this conversation. A lead can pass it to you.")
