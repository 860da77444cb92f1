"""Messages that the bot has still to answer, and which process sees to each: its runner, until the turn's lease ends.

The process that accepts a message is written down as its runner with the message itself, so that the usual turn needs no claim. A runner
extends the leases of what it has in hand; what a dead one left is claimed when its lease has ended, by one other process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.errors import StaleEpoch
from core.prepared import Prepared
from handoff.records import Conversation, Message
from handoff.tables import PENDING, messages

TURN_LEASE = timedelta(seconds=20)
"""How long the process that accepted a message has to see it answered before another may try."""
SAFE_LEASE = TURN_LEASE / 2
"""What must be left of a runner's own lease to begin without renewing it: longer than it takes until leases are extended."""

_NEXT = Prepared(
    sa.select(messages)
    .where(messages.c.conversation_id == sa.bindparam("conversation"), PENDING)
    .order_by(messages.c.seq)
    .limit(2)
)

_SETTLE = Prepared(
    sa.update(messages)
    .where(messages.c.id == sa.bindparam("message"), messages.c.epoch == sa.bindparam("asked_in"), PENDING)
    .values(turn=sa.bindparam("outcome"), turn_lease=None, runner=None)
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


async def settle_turn(tx: Transaction, turn: Message, outcome: str) -> None:
    """Mark a pending turn as `answered` or `failed`.

    Raises:
        StaleEpoch: it is not pending any more.
    """
    if not await _settle(tx, turn, outcome):
        raise StaleEpoch("This message has been answered already.")


async def drop_turn(tx: Transaction, turn: Message) -> None:
    """Mark a pending turn as one that the bot need not answer, because a person does; one that is asked anew since is left alone."""
    await _settle(tx, turn, "dropped")


async def _settle(tx: Transaction, turn: Message, outcome: str) -> bool:
    given = {"message": turn.id, "asked_in": turn.epoch, "outcome": outcome}
    return (await _SETTLE.execute(tx.connection, given)).rowcount == 1


async def ask_anew(
    tx: Transaction, message: Message, conversation: Conversation, runner: str | None, at: datetime
) -> None:
    """Have the bot answer what was said while it did not have the conversation, as if it were said in the present epoch.

    Args:
        tx: the write that gives the conversation to the bot.
        message: what the customer said.
        conversation: as it is now, the bot's.
        runner: the process that is to have it answered, None for any.
        at: now.
    """
    await tx.execute(
        sa.update(messages)
        .where(messages.c.id == message.id)
        .values(epoch=conversation.epoch, turn="pending", runner=runner, turn_lease=at + TURN_LEASE)
    )
