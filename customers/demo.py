"""Invented customers of Fernhill, so that a fresh Baton has accounts to show: different plans, revenue and health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core.database import Transaction
from customers.accounts import Account, AccountDetails, upsert_customer
from customers.health import CORE_FEATURES
from customers.signals import record_payment_failure, set_activity
from customers.tables import customer_activity, payment_failures


@dataclass(frozen=True)
class _Invented:
    """A customer as invented: who they are, and how their last sixty days went.

    `login_days` are of the last 30; `usage` is of this month and the last; `failures` are days ago.
    """

    external_id: str
    name: str
    company: str
    plan: str
    mrr: int
    seats: int
    days_ago: int
    features: int
    login_days: int
    usage: tuple[int, int]
    failures: tuple[int, ...] = ()


_INVENTED = (
    _Invented("demo-dana", "Dana Whitfield", "Brightwater Media", "business", 6200, 413, 760, 3, 9, (410, 620), (12,)),
    _Invented("demo-marcus", "Marcus Oyelaran", "Tidewell Freight", "enterprise", 14300, 550, 1240, 7, 28, (5200, 4100)),
    _Invented("demo-ines", "Inês Carvalho", "Casa Azul Design", "starter", 96, 12, 210, 4, 22, (310, 290)),
    _Invented("demo-tom", "Tom Haverford", "Lantern Books", "business", 1_350, 90, 480, 1, 3, (20, 140), (5, 33, 61)),
    _Invented("demo-yuki", "Yuki Tanabe", "Northlight Research", "business", 2_700, 180, 365, 6, 26, (1_900, 1_850)),
    _Invented("demo-priyanka", "Priyanka Rao", "Kite & Anchor", "starter", 240, 30, 95, 2, 12, (150, 180), (40,)),
    _Invented("demo-felix", "Felix Brandt", "Brandt Werke", "enterprise", 5_720, 220, 900, 5, 20, (2_600, 2_650)),
    _Invented("demo-amara", "Amara Nwosu", "Open Gardens", "free", 0, 5, 30, 2, 17, (60, 0)),
)  # fmt: skip


async def seed_customers(tx: Transaction, at: datetime) -> list[Account]:
    """Make the invented customers with their signals, as they look at `at`, and return them.

    Idempotent: run again at the same moment it changes nothing, run on another day it moves their signals along.
    """
    return [await _seed(tx, invented, at) for invented in _INVENTED]


async def _seed(tx: Transaction, invented: _Invented, at: datetime) -> Account:
    email = f"{invented.external_id.removeprefix('demo-')}@{_domain(invented.company)}.example"
    details = AccountDetails(
        name=invented.name,
        email=email,
        company=invented.company,
        plan=invented.plan,
        mrr_minor=invented.mrr * 100,
        currency="USD",
        seats=invented.seats,
        signed_up_at=_midnight(at) - timedelta(days=invented.days_ago),
        csm_email="elena.marsh@fernhill.example" if invented.mrr >= 1_000 else None,
        features_used=CORE_FEATURES[: invented.features],
    )
    account = await upsert_customer(tx, invented.external_id, details, at=at)
    await tx.execute(sa.delete(customer_activity).where(customer_activity.c.customer_id == account.id))
    await tx.execute(sa.delete(payment_failures).where(payment_failures.c.customer_id == account.id))
    this_month, last_month = invented.usage
    for back, usage in ((0, this_month), (30, last_month)):
        for index in range(invented.login_days):
            share = usage // invented.login_days + (index < usage % invented.login_days)
            day = _midnight(at).date() - timedelta(days=back + index * 30 // invented.login_days)
            await set_activity(tx, account.id, day, logins=1 + index % 3, usage=share)
    for ago in invented.failures:
        failed_at = _midnight(at) - timedelta(days=ago)
        reference = f"demo-{failed_at.date().isoformat()}"
        await record_payment_failure(tx, account.id, reference, amount_minor=invented.mrr * 100, at=failed_at)
    return account


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _domain(company: str) -> str:
    return "".join(letter for letter in company.casefold() if letter.isascii() and letter.isalnum())
