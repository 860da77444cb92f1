"""What is to be told to other systems, written with the change that it tells of, and delivered at least once afterwards.

    enqueue ──▶ pending ──claim──▶ (leased) ──2xx──▶ delivered
                   ▲                   │
                   └──backoff, lease───┤
                        resend ◀── dead ◀┘ after `MOST_ATTEMPTS`, or a receiver that is gone

A delivery is one message for one endpoint. Claiming it moves `next_at` to the end of a lease, so who claims and who was killed while
delivering need no column of their own: what is due is what nobody has in hand. `attempts` rises with each claim and is named by whoever
settles it, so a worker that comes back after its lease settles nothing. Order is not promised, within an endpoint neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.database import INSERT, Json, Moment, Reader, Transaction, metadata
from core.identifiers import new_id
from core.webhook_endpoints import wants, webhook_endpoints

OUTBOX = "outbox"
"""The topic that a commit with something to deliver wakes."""
LEASE = timedelta(seconds=60)
"""How long a claimed delivery is its worker's alone; longer than an attempt may take."""
MOST_ATTEMPTS = 12
"""Attempts until a delivery is dead: with the waits below about a day and a half."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=6)

outbox_messages = sa.Table(
    "outbox_messages",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
outbox_deliveries = sa.Table(
    "outbox_deliveries",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("message_id", sa.String(40), sa.ForeignKey(outbox_messages.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("endpoint_id", sa.String(40), sa.ForeignKey(webhook_endpoints.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("give_up_after", sa.Integer, nullable=False),
    sa.Column("next_at", Moment),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.String(400)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("settled_at", Moment),
    sa.UniqueConstraint("message_id", "endpoint_id"),
)
"""`next_at` is when a pending one is due, or when the lease of whoever has it in hand ends."""

_IS_PENDING = outbox_deliveries.c.state == sa.literal_column("'pending'")
sa.Index(
    "ix_outbox_deliveries_due",
    outbox_deliveries.c.endpoint_id,
    outbox_deliveries.c.next_at,
    sqlite_where=_IS_PENDING,
    postgresql_where=_IS_PENDING,
)
sa.Index("ix_outbox_deliveries_listed", outbox_deliveries.c.state, outbox_deliveries.c.created_at)


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process has in hand, with what it takes to send it."""

    id: str
    message_id: str
    endpoint_id: str
    kind: str
    payload: dict[str, Any]
    at: datetime
    attempt: int
    last: bool
    """Whether it is given up if this attempt fails."""


async def enqueue(
    tx: Transaction, kind: str, key: str, payload: Mapping[str, Any], *, at: datetime, part: str = ""
) -> str | None:
    """Have `payload` told to every active endpoint that wants this kind. Idempotent by `key`.

    Args:
        tx: the write that makes the payload true; nothing is sent unless it commits.
        kind: what happened, such as `conversation.claimed`.
        key: what makes it one event however often it is tried, such as `handoff:tk_1:1`; at most 200 characters.
        payload: JSON; the message's `data`.
        at: when it happened.
        part: which part of the kind it is, for endpoints that asked for `kind:part` alone.

    Returns:
        The message's id, which every attempt carries as `webhook-id`; None if nobody wants it or it was there already.
    """
    return await _store(tx, await listening(tx.connection, kind, part, keep=True), kind, key, payload, at)


async def listening(reader: Reader, kind: str, part: str = "", *, keep: bool = False) -> list[str]:
    """Return the active endpoints that want to hear of this kind; with none there is no need to write it down.

    With `keep`, in a write, none of them is deleted before its end: what tells of a change must never be what the change fails by.
    """
    active = sa.select(webhook_endpoints.c.id, webhook_endpoints.c.kinds).where(webhook_endpoints.c.active)
    rows = await reader.execute(active.with_for_update(read=True, key_share=True) if keep else active)
    return [row.id for row in rows if wants(row.kinds, kind) or f"{kind}:{part}" in row.kinds]


async def enqueue_for(
    tx: Transaction, endpoint_id: str, kind: str, key: str, payload: Mapping[str, Any], *, at: datetime
) -> str | None:
    """Have `payload` told to one endpoint, whatever it has asked for; otherwise as `enqueue`."""
    return await _store(tx, [endpoint_id], kind, key, payload, at)


async def _store(
    tx: Transaction, endpoint_ids: Sequence[str], kind: str, key: str, payload: Mapping[str, Any], at: datetime
) -> str | None:
    if not endpoint_ids:
        return None
    message = {"id": new_id("wh"), "key": key, "kind": kind, "payload": dict(payload), "at": at}
    stored = await tx.execute(
        INSERT[tx.connection.dialect.name](outbox_messages)
        .values(**message)
        .on_conflict_do_nothing(index_elements=[outbox_messages.c.key])
    )
    if stored.rowcount != 1:
        return None
    pending = {"message_id": message["id"], "state": "pending", "attempts": 0, "give_up_after": MOST_ATTEMPTS}
    rows = [
        {"id": new_id("de"), "endpoint_id": endpoint, "next_at": at, "created_at": at, **pending}
        for endpoint in endpoint_ids
    ]
    await tx.execute(sa.insert(outbox_deliveries), rows)
    tx.wakes.add(OUTBOX)
    return str(message["id"])


async def due_endpoints(reader: Reader) -> dict[str, datetime]:
    """Return when the next delivery of each active endpoint is due; one look at an index for each endpoint."""
    first = (
        sa.select(sa.func.min(outbox_deliveries.c.next_at))
        .where(outbox_deliveries.c.endpoint_id == webhook_endpoints.c.id, _IS_PENDING)
        .scalar_subquery()
    )
    rows = await reader.execute(
        sa.select(webhook_endpoints.c.id, first.label("next_at")).where(webhook_endpoints.c.active)
    )
    return {row.id: row.next_at for row in rows if row.next_at is not None}


async def claim_due(tx: Transaction, endpoint_id: str, at: datetime, limit: int) -> list[Claimed]:
    """Take deliveries of one endpoint that are due into hand, those that wait longest first.

    Of several processes that claim at once each delivery goes to one: the others find its lease in the row.
    """
    table = outbox_deliveries
    due = (
        sa.select(table.c.id)
        .where(table.c.endpoint_id == endpoint_id, _IS_PENDING, table.c.next_at <= at)
        .order_by(table.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A subquery PostgreSQL may run once a row, and lock more than the limit; this it runs once.
        .cte("due")
    )
    claimed = await tx.execute(
        sa.update(table)
        .where(table.c.id.in_(sa.select(due.c.id)), _IS_PENDING, table.c.next_at <= at)
        .values(next_at=at + LEASE, attempts=table.c.attempts + 1)
        .returning(table.c.id, table.c.message_id, table.c.attempts, table.c.give_up_after, table.c.created_at)
    )
    rows = claimed.all()
    if not rows:
        return []
    found = await tx.execute(
        sa.select(outbox_messages).where(outbox_messages.c.id.in_({row.message_id for row in rows}))
    )
    messages = {row.id: row for row in found}
    return [
        Claimed(
            row.id, row.message_id, endpoint_id, messages[row.message_id].kind, messages[row.message_id].payload,
            messages[row.message_id].at, row.attempts, row.attempts >= row.give_up_after,
        )
        for row in sorted(rows, key=lambda row: (row.created_at, row.id))
    ]  # fmt: skip


async def mark_delivered(tx: Transaction, claimed: Claimed, status: int, *, at: datetime) -> bool:
    """Note that the receiver has taken it; tells whether the claim still held."""
    return await _settle(
        tx, claimed, state="delivered", next_at=None, last_status=status, last_error=None, settled_at=at
    )


async def mark_failed(
    tx: Transaction, claimed: Claimed, error: str, *, at: datetime, wait: timedelta, status: int | None, gone: bool
) -> bool:
    """Note a failed attempt: due again after `wait`, or dead if it was the last one or the receiver is `gone`."""
    dead = claimed.last or gone
    return await _settle(
        tx,
        claimed,
        state="dead" if dead else "pending",
        next_at=None if dead else at + wait,
        last_status=status,
        last_error=error[:400],
        settled_at=at if dead else None,
    )


async def _settle(tx: Transaction, claimed: Claimed, **values: Any) -> bool:
    settled = await tx.execute(
        sa.update(outbox_deliveries)
        .where(outbox_deliveries.c.id == claimed.id, _IS_PENDING, outbox_deliveries.c.attempts == claimed.attempt)
        .values(**values)
    )
    return settled.rowcount == 1


def backoff(attempt: int, luck: float, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait after a failed attempt: 5 s, then four times as long each time, at most 6 h, a quarter more or less.

    Args:
        attempt: which one failed, from 1.
        luck: 0 to 1, drawn anew each time, so that what failed together does not come back together.
        asked: what the receiver asked for by `Retry-After`; at most the longest wait is granted.
    """
    seconds = min(FIRST_WAIT.total_seconds() * 4.0 ** min(attempt - 1, 10), LONGEST_WAIT.total_seconds())
    usual = timedelta(seconds=seconds * (0.75 + 0.5 * luck))
    return usual if asked is None else max(usual, min(asked, LONGEST_WAIT))
