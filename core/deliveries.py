"""Deliveries as people see them: listed, counted, sent again, and deleted when they are old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.errors import Conflict, NotFound
from core.outbox import MOST_ATTEMPTS, OUTBOX, outbox_deliveries, outbox_messages
from core.webhook_endpoints import webhook_endpoints

DeliveryState = Literal["pending", "delivered", "dead"]


@dataclass(frozen=True)
class Delivery:
    """A delivery as people see it."""

    id: str
    message_id: str
    endpoint_id: str
    url: str
    kind: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    settled_at: datetime | None


async def resend(tx: Transaction, delivery_id: str, *, at: datetime) -> None:
    """Make a delivery due now, in whatever state, with all its attempts before it again. Its `webhook-id` stays.

    One that is under way at this moment may reach its endpoint twice: by that id it can tell.

    Raises:
        NotFound: there is no such delivery.
        Conflict: its endpoint is switched off.
    """
    table = outbox_deliveries
    found = await tx.execute(
        sa.select(webhook_endpoints.c.active)
        .select_from(table.join(webhook_endpoints, webhook_endpoints.c.id == table.c.endpoint_id))
        .where(table.c.id == delivery_id)
    )
    active = found.scalar_one_or_none()
    if active is None:
        raise NotFound("There is no such delivery.")
    if not active:
        raise Conflict("The endpoint of this delivery is switched off. Switch it on first.")
    await tx.execute(
        sa.update(table)
        .where(table.c.id == delivery_id)
        .values(state="pending", next_at=at, give_up_after=table.c.attempts + MOST_ATTEMPTS, settled_at=None)
    )
    tx.wakes.add(OUTBOX)


def _listed() -> sa.Select[Any]:
    table = outbox_deliveries
    return sa.select(
        table.c.id, table.c.message_id, table.c.endpoint_id, webhook_endpoints.c.url, outbox_messages.c.kind,
        table.c.state, table.c.attempts, table.c.next_at, table.c.last_status, table.c.last_error, table.c.created_at,
        table.c.settled_at,
    ).select_from(table.join(webhook_endpoints).join(outbox_messages))  # fmt: skip


async def deliveries(
    reader: Reader, state: DeliveryState, *, limit: int, after: str | None = None, endpoint_id: str | None = None
) -> list[Delivery]:
    """Return deliveries in this state, the newest first; those that come after the delivery `after`, by its id, where that is given.

    Raises:
        NotFound: there is no delivery `after`.
    """
    chosen = _listed().where(outbox_deliveries.c.state == state)
    if after is not None:
        table = outbox_deliveries.c
        found = await reader.execute(sa.select(table.created_at).where(table.id == after))
        at = found.scalar_one_or_none()
        if at is None:
            raise NotFound("There is no such delivery to go on after.", field="after")
        # Of one event's deliveries to several endpoints all have the same moment.
        chosen = chosen.where(sa.or_(table.created_at < at, sa.and_(table.created_at == at, table.id > after)))
    if endpoint_id is not None:
        chosen = chosen.where(outbox_deliveries.c.endpoint_id == endpoint_id)
    rows = await reader.execute(
        chosen.order_by(outbox_deliveries.c.created_at.desc(), outbox_deliveries.c.id).limit(limit)
    )
    return [Delivery(**row) for row in rows.mappings()]


async def get_delivery(reader: Reader, delivery_id: str) -> tuple[Delivery, dict[str, Any]]:
    """Return one delivery and what it carries.

    Raises:
        NotFound: there is none.
    """
    rows = await reader.execute(
        _listed().add_columns(outbox_messages.c.payload).where(outbox_deliveries.c.id == delivery_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such delivery.")
    values = dict(row)
    payload: dict[str, Any] = values.pop("payload")
    return Delivery(**values), payload


async def count_deliveries(reader: Reader) -> dict[str, int]:
    """Return how many deliveries are pending and how many are dead."""
    table = outbox_deliveries
    rows = await reader.execute(
        sa.select(table.c.state, sa.func.count().label("deliveries"))
        .where(table.c.state.in_(["pending", "dead"]))
        .group_by(table.c.state)
    )
    return {"pending": 0, "dead": 0} | {row.state: row.deliveries for row in rows}


async def purge_outbox(tx: Transaction, before: datetime) -> int:
    """Delete what was settled before a moment, and messages that nobody has to be told any more; returns how many deliveries."""
    table = outbox_deliveries
    deleted = await tx.execute(sa.delete(table).where(table.c.state != "pending", table.c.settled_at < before))
    # Those of an endpoint that was deleted went with it, and left their messages behind.
    left = sa.select(table.c.id).where(table.c.message_id == outbox_messages.c.id).exists()
    await tx.execute(sa.delete(outbox_messages).where(outbox_messages.c.at < before, ~left))
    return int(deleted.rowcount)
