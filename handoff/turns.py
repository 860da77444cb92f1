"""Messages that the bot has still to answer, and which process sees to each: its runner, until the turn's lease ends.

The process that accepts a message is written down as its runner with the message itself, so that the usual turn needs no claim. A runner
extends the leases of what it has in hand; what a dead one left is claimed when its lease has ended, by one other process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.prepared import Prepared
from handoff.records import Message
from handoff.speaking import TURN_LEASE
from handoff.tables import PENDING, messages

SAFE_LEASE = TURN_LEASE / 2
"""What must be left of a runner's own lease to begin without renewing it: longer than it takes until leases are extended."""

_NEXT = Prepared(
    sa.select(messages)
    .where(messages.c.conversation_id == sa.bindparam("conversation"), PENDING)
    .order_by(messages.c.seq)
    .limit(2)
)


@dataclass(frozen=True)
class Turn:
    """The oldest message of a conversation that waits for the bot.

    Attributes:
        message: the message.
        runner: the process that is to have it answered, if one was named.
        lease: until when that is its business alone.
        more: whether others wait behind it.
    """

    message: Message
    runner: str | None
    lease: datetime
    more: bool

    def held_by(self, runner: str, at: datetime) -> bool:
        """Tell whether this process may begin as it is; if not, `claim_turn` decides."""
        return self.runner == runner and self.lease - at >= SAFE_LEASE


async def next_turn(reader: Reader, conversation_id: str) -> Turn | None:
    """Return the oldest message of this conversation that waits for the bot, or None."""
    rows = await _NEXT.execute(reader, {"conversation": conversation_id})
    if not rows:
        return None
    return Turn(Message.of(rows[0]), rows[0]["runner"], rows[0]["turn_lease"], len(rows) > 1)


async def claim_turn(tx: Transaction, message_id: str, runner: str, at: datetime) -> bool:
    """Give a turn to this process if it is its own, nobody's, or its lease has ended; tells whether it has it now.

    Of several processes that claim at once one gets it: the others find another runner in the row once they may look at it.
    """
    claimed = await tx.execute(
        sa.update(messages)
        .where(messages.c.id == message_id, PENDING)
        .where(sa.or_(messages.c.runner.is_(None), messages.c.runner == runner, messages.c.turn_lease <= at))
        .values(runner=runner, turn_lease=at + TURN_LEASE)
    )
    return claimed.rowcount == 1


async def conversations_to_run(reader: Reader, runner: str, at: datetime) -> list[str]:
    """Return the conversations with a turn that is this process's own, or whose lease has ended."""
    rows = await reader.execute(
        sa.select(messages.c.conversation_id)
        .where(PENDING, sa.or_(messages.c.runner == runner, messages.c.turn_lease <= at))
        .order_by(messages.c.turn_lease)
        .limit(1000)
    )
    return list(dict.fromkeys(rows.scalars()))


async def extend_leases(tx: Transaction, runner: str, at: datetime, *, by: timedelta = TURN_LEASE) -> None:
    """Keep other processes from this one's turns until `at + by`; by nothing, they are whoever's comes first."""
    await tx.execute(sa.update(messages).where(PENDING, messages.c.runner == runner).values(turn_lease=at + by))
