"""Accounts: made once, kept up to date, and found."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.database import Database
from core.errors import Invalid, NotFound
from customers.accounts import AccountDetails, find_by_external_id, get_customer, upsert_customer
from customers.tables import customers

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def test_an_account_is_made_once_and_updated_after_that(database: Database) -> None:
    async with database.write() as tx:
        made = await upsert_customer(tx, "acme", AccountDetails(name="Ann", plan="Business", mrr_minor=620_050), at=AT)
    async with database.write() as tx:
        later = AT + timedelta(days=1)
        updated = await upsert_customer(tx, "acme", AccountDetails(plan="enterprise", seats=70), at=later)
    assert made.id == updated.id
    assert (made.plan, made.mrr, made.currency) == ("business", 6200.5, "USD")
    assert (updated.name, updated.plan, updated.seats, updated.mrr_minor) == ("Ann", "enterprise", 70, 620_050)
    assert (updated.created_at, updated.updated_at) == (AT, later)


async def test_two_sessions_that_meet_a_new_customer_at_once_make_one_account(database: Database) -> None:
    async def meet(name: str) -> str:
        async with database.write() as tx:
            return (await upsert_customer(tx, "acme", AccountDetails(name=name), at=AT)).id

    ids = await asyncio.gather(*(meet(f"Person {number}") for number in range(8)))
    assert len(set(ids)) == 1
    async with database.read() as reader:
        assert (await reader.execute(sa.select(sa.func.count()).select_from(customers))).scalar_one() == 1


async def test_an_account_is_found_by_our_id_and_by_the_host_sites(database: Database) -> None:
    async with database.write() as tx:
        made = await upsert_customer(tx, "acme", AccountDetails(features_used=("api", "boards", "api")), at=AT)
    async with database.read() as reader:
        assert await get_customer(reader, made.id) == await find_by_external_id(reader, "acme") == made
        assert await find_by_external_id(reader, "other") is None
        with pytest.raises(NotFound):
            await get_customer(reader, "acme")
    assert made.features_used == ("api", "boards")


@pytest.mark.parametrize(
    ("external_id", "details", "field"),
    [
        ("", AccountDetails(), "external_id"),
        ("x" * 201, AccountDetails(), "external_id"),
        ("a\x00b", AccountDetails(), "external_id"),
        ("acme", AccountDetails(name="x" * 201), "name"),
        ("acme", AccountDetails(company="a\x00"), "company"),
        ("acme", AccountDetails(mrr_minor=-1), "mrr_minor"),
        ("acme", AccountDetails(seats=-1), "seats"),
        ("acme", AccountDetails(currency="usd"), "currency"),
    ],
)
async def test_what_no_account_can_have_is_refused(
    database: Database, external_id: str, details: AccountDetails, field: str
) -> None:
    async with database.write() as tx:
        with pytest.raises(Invalid) as refusal:
            await upsert_customer(tx, external_id, details, at=AT)
    assert refusal.value.field == field
