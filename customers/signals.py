"""What an account does from day to day, as health reads it: signing in, using the product, failing to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from core.database import INSERT, Reader, Transaction
from core.errors import Invalid
from customers.tables import customer_activity, payment_failures

MONTH = timedelta(days=30)
PAYMENT_WINDOW = timedelta(days=90)


async def set_activity(tx: Transaction, customer_id: str, day: date, *, logins: int, usage: int) -> None:
    """Say what an account did on one day in UTC. Idempotent by customer and day: the last word stands.

    Args:
        tx: the write it is part of.
        customer_id: our own id of the account.
        day: the day, in UTC.
        logins: how often its people signed in.
        usage: how much they used the product, in any unit that stays the same from month to month.

    Raises:
        Invalid: a negative figure.
    """
    if logins < 0 or usage < 0:
        raise Invalid("Logins and usage are counts, 0 or more.", field="logins" if logins < 0 else "usage")
    figures = {"logins": logins, "usage": usage}
    statement = INSERT[tx.connection.dialect.name](customer_activity)
    await tx.execute(
        statement.values(customer_id=customer_id, day=day, **figures).on_conflict_do_update(
            index_elements=[customer_activity.c.customer_id, customer_activity.c.day], set_=figures
        )
    )


async def record_payment_failure(
    tx: Transaction, customer_id: str, reference: str, *, amount_minor: int, at: datetime
) -> None:
    """Keep that a payment failed. Idempotent by customer and the provider's `reference`."""
    statement = INSERT[tx.connection.dialect.name](payment_failures)
    await tx.execute(
        statement.values(
            customer_id=customer_id, reference=reference, amount_minor=amount_minor, at=at
        ).on_conflict_do_nothing()
    )


@dataclass(frozen=True)
class Activity:
    """An account's activity as health reads it, up to one moment. `reported` tells whether its use was ever reported by then."""

    reported: bool
    login_days: int
    usage_this_month: int
    usage_last_month: int
    payment_failures: int


async def activity_of(reader: Reader, customer_id: str, at: datetime) -> Activity:
    """Sum up an account's activity up to `at`.

    A month is the last 30 days in UTC with today as the last of them, and the month before is the 30 days before those:
    figures of calendar months would call every account shrinking on the second of a month.
    """
    today = at.astimezone(UTC).date()
    this_month = today - MONTH
    last_month = this_month - MONTH
    table = customer_activity
    recent = table.c.day > this_month
    sums = (
        await reader.execute(
            sa.select(
                sa.func.count(sa.case((sa.and_(recent, table.c.logins > 0), 1))),
                sa.func.coalesce(sa.func.sum(sa.case((recent, table.c.usage), else_=0)), 0),
                sa.func.coalesce(sa.func.sum(sa.case((recent, 0), else_=table.c.usage)), 0),
            ).where(table.c.customer_id == customer_id, table.c.day > last_month, table.c.day <= today)
        )
    ).one()
    ever = await reader.execute(
        sa.select(table.c.day).where(table.c.customer_id == customer_id, table.c.day <= today).limit(1)
    )
    failures = await reader.execute(
        sa.select(sa.func.count())
        .select_from(payment_failures)
        .where(
            payment_failures.c.customer_id == customer_id,
            payment_failures.c.at > at - PAYMENT_WINDOW,
            payment_failures.c.at <= at,
        )
    )
    return Activity(ever.first() is not None, int(sums[0]), int(sums[1]), int(sums[2]), failures.scalar_one())
