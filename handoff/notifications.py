"""What the service tells a member of staff, kept until they have read it, whether they are at the desk or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.database import INSERT, Moment, Reader, Transaction, metadata
from core.events import record_event
from core.identifiers import new_id
from handoff.records import Conversation
from handoff.tables import staff
from tickets.ticketing import get_ticket

MOST_SHOWN = 50

staff_notifications = sa.Table(
    "staff_notifications",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("staff_id", sa.String(40), sa.ForeignKey(staff.c.id), nullable=False),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("conversation_id", sa.String(40)),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("read_at", Moment),
    sa.UniqueConstraint("staff_id", "key"),
    sa.Index("ix_staff_notifications_staff_id_at", "staff_id", "at"),
)
"""`key` is what makes two of them one."""


@dataclass(frozen=True)
class Notification:
    """One thing told to one member of staff."""

    id: str
    conversation_id: str | None
    words: str
    at: datetime
    read_at: datetime | None


async def notify(
    tx: Transaction, staff_ids: Iterable[str], words: str, *, key: str, conversation_id: str | None, at: datetime
) -> None:
    """Tell members of staff something. Idempotent by (member, key)."""
    told = [
        {"id": new_id("no"), "staff_id": one, "key": key, "conversation_id": conversation_id, "words": words, "at": at}
        for one in sorted(set(staff_ids))
    ]
    if told:
        insert = INSERT[tx.connection.dialect.name](staff_notifications)
        await tx.execute(insert.on_conflict_do_nothing(index_elements=["staff_id", "key"]), told)


async def tell(
    tx: Transaction, conversation_id: str, staff_ids: Iterable[str], words: str, *, key: str, at: datetime
) -> None:
    """Tell members of staff something about a conversation, at their desks too. Idempotent by (member, key)."""
    told = sorted(staff_ids)
    await notify(tx, told, words, key=key, conversation_id=conversation_id, at=at)
    await record_event(tx, conversation_id, "notified", {"to": told, "words": words}, at=at, audience="staff")


async def tell_of_move(
    tx: Transaction,
    conversation: Conversation,
    staff_ids: Iterable[str | None],
    words: str,
    *,
    by: str | None,
    at: datetime,
) -> None:
    """Tell whom a conversation came to or was taken from, at their desks too. Idempotent by (member, conversation, epoch).

    Args:
        tx: the write that moves it.
        conversation: as it is afterwards.
        staff_ids: whom; None stands for nobody, and so does whoever did it.
        words: what happened, with `{number}` for the ticket's number.
        by: the id of whoever did it; None for nobody of the staff.
        at: now.
    """
    told = {one for one in staff_ids if one is not None and one != by}
    if not told:
        return
    number = "A conversation"
    if conversation.ticket_id is not None:
        number = (await get_ticket(tx.connection, conversation.ticket_id)).number
    key = f"moved:{conversation.id}:{conversation.epoch}"
    await tell(tx, conversation.id, told, words.replace("{number}", number), key=key, at=at)


async def notifications_of(reader: Reader, staff_id: str) -> list[Notification]:
    """Return what a member of staff was told last, the newest first, read or not."""
    table = staff_notifications.c
    found = await reader.execute(
        sa.select(table.id, table.conversation_id, table.words, table.at, table.read_at)
        .where(table.staff_id == staff_id)
        .order_by(table.at.desc(), table.id)
        .limit(MOST_SHOWN)
    )
    return [Notification(*row) for row in found]


async def mark_read(
    tx: Transaction, staff_id: str, *, at: datetime, until: datetime | None = None, one: str | None = None
) -> None:
    """Note that a member of staff has read all that was told by `until`, or `one` of it, by its id. Idempotent."""
    table = staff_notifications
    meant = table.c.id == one if one is not None else table.c.at <= until
    await tx.execute(
        sa.update(table).where(table.c.staff_id == staff_id, table.c.read_at.is_(None), meant).values(read_at=at)
    )
