"""The health score's arithmetic at each border, and where its figures come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from core.database import Database
from core.errors import Invalid, NotFound
from customers.accounts import AccountDetails, upsert_customer
from customers.demo import seed_customers
from customers.health import HealthInputs, TicketCounts, band_of, health, health_of, health_view
from customers.signals import activity_of, record_payment_failure, set_activity

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STEADY = HealthInputs(
    login_days=20,
    core_features_used=8,
    core_features=8,
    usage_this_month=121,
    usage_last_month=100,
    payment_failures=0,
    tickets=TicketCounts(0, 0),
)


def signal(name: str, **changes: object) -> Fraction:
    found = health(replace(STEADY, **changes))  # type: ignore[arg-type]
    return next(signal.score for signal in found.signals if signal.name == name)


@pytest.mark.parametrize(("days", "score"), [(0, 0), (1, 5), (13, 65), (19, 95), (20, 100), (21, 100), (30, 100)])
def test_usage_is_one_and_a_half_times_the_share_of_login_days_and_at_most_100(days: int, score: int) -> None:
    assert signal("usage", login_days=days) == score


@pytest.mark.parametrize(
    ("used", "total", "score"), [(0, 8, 0), (1, 8, Fraction(25, 2)), (8, 8, 100), (1, 3, Fraction(100, 3))]
)
def test_adoption_is_the_share_of_the_core_features_used(used: int, total: int, score: Fraction) -> None:
    assert signal("adoption", core_features_used=used, core_features=total) == score


@pytest.mark.parametrize(("resolved", "total", "score"), [(0, 0, 70), (0, 4, 0), (3, 4, 75), (4, 4, 100)])
def test_sentiment_is_the_resolved_share_of_tickets_and_70_without_any(resolved: int, total: int, score: int) -> None:
    assert signal("sentiment", tickets=TicketCounts(resolved, total)) == score
    assert signal("sentiment", tickets=TicketCounts(resolved, total, withdrawn=3)) == score


def test_sentiment_says_what_was_withdrawn_beside_what_it_counts() -> None:
    def words(tickets: TicketCounts) -> str:
        return next(
            signal.detail for signal in health(replace(STEADY, tickets=tickets)).signals if signal.name == "sentiment"
        )

    assert words(TicketCounts(0, 0, withdrawn=1)) == "No other tickets in 90 days but 1 withdrawn."
    assert words(TicketCounts(1, 2, withdrawn=3)) == "1 of 2 other tickets in 90 days resolved, 3 withdrawn."


@pytest.mark.parametrize(
    ("this", "last", "score"),
    [
        (121, 100, 100), (120, 100, 70), (101, 100, 70), (100, 100, 40), (81, 100, 40), (80, 100, 10), (0, 100, 10),
        (1, 0, 100), (0, 0, 10), (12.0, 10.0, 70), (6, 5, 70), (4, 5, 10),
    ],
)  # fmt: skip
def test_expansion_compares_this_month_with_the_last_and_a_border_belongs_to_the_lower_step(
    this: float, last: float, score: int
) -> None:
    assert signal("expansion", usage_this_month=this, usage_last_month=last) == score


@pytest.mark.parametrize(("failures", "score"), [(0, 100), (1, 60), (2, 60), (3, 20), (9, 20)])
def test_payments_fall_with_failures_and_more_than_two_are_worst(failures: int, score: int) -> None:
    assert signal("payments", payment_failures=failures) == score


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (100, "healthy"),
        (70, "healthy"),
        (Fraction(6999, 100), "at_risk"),
        (40, "at_risk"),
        (39.99, "critical"),
        (0, "critical"),
    ],
)
def test_bands_begin_at_70_and_at_40(score: Fraction, band: str) -> None:
    assert band_of(score) == band


def test_the_weights_add_up_and_make_the_score() -> None:
    found = health(STEADY)
    assert [(signal.name, float(signal.weight)) for signal in found.signals] == [
        ("usage", 0.30), ("adoption", 0.20), ("sentiment", 0.15), ("expansion", 0.15), ("payments", 0.20),
    ]  # fmt: skip
    assert found.score == 30 + 20 + Fraction(105, 10) + 15 + 20


def test_a_score_of_exactly_70_is_healthy_although_floats_would_fall_below() -> None:
    # 0.30 x 100 + 0.20 x 0 + 0.15 x 70 + 0.15 x 100 + 0.20 x 60 = 67.5; one resolved share lifts it to 70 exactly.
    found = health(
        replace(STEADY, core_features_used=0, payment_failures=1, tickets=TicketCounts(13, 15), usage_last_month=0)
    )
    assert (found.score, found.band) == (70, "healthy")


def test_an_account_that_does_nothing_right_is_critical_and_says_why() -> None:
    worst = health(HealthInputs(0, 0, 8, 0, 50, 3, TicketCounts(0, 2)))
    assert worst.band == "critical"
    assert [signal.detail for signal in worst.signals] == [
        "Signed in on 0 of the last 30 days.",
        "Uses 0 of 8 core features.",
        "0 of 2 other tickets in 90 days resolved.",
        "Usage is 100 % below last month's.",
        "3 failed payments in 90 days.",
    ]


def test_what_is_shown_is_rounded_down_so_that_it_never_shows_a_better_band() -> None:
    shown = health_view(health(replace(STEADY, core_features_used=1, core_features=3)))
    assert shown["signals"][1]["score"] == 33.33
    assert shown["score"] == 82.16


@pytest.mark.parametrize(
    "changes",
    [
        {"login_days": -1},
        {"core_features": 0, "core_features_used": 0},
        {"core_features_used": 9},
        {"usage_this_month": float("nan")},
        {"usage_last_month": float("inf")},
        {"payment_failures": -1},
        {"tickets": TicketCounts(3, 2)},
    ],
)
def test_figures_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        health(replace(STEADY, **changes))  # type: ignore[arg-type]


async def test_a_month_is_the_last_30_days_and_failures_count_for_90(database: Database) -> None:
    async with database.write() as tx:
        account = await upsert_customer(tx, "acme", AccountDetails(name="Acme"), at=AT)
        for back, logins, usage in [(0, 2, 10), (29, 1, 5), (30, 1, 7), (59, 1, 8), (60, 1, 100), (-1, 1, 100)]:
            await set_activity(tx, account.id, AT.date() - timedelta(days=back), logins=logins, usage=usage)
        await set_activity(tx, account.id, AT.date() - timedelta(days=3), logins=0, usage=1)
        for number, ago in enumerate([timedelta(0), timedelta(days=90) - timedelta(seconds=1), timedelta(days=90)]):
            await record_payment_failure(tx, account.id, f"pay-{number}", amount_minor=100, at=AT - ago)
    async with database.read() as reader:
        activity = await activity_of(reader, account.id, AT)
    assert (activity.login_days, activity.usage_this_month, activity.usage_last_month) == (2, 16, 15)
    assert activity.payment_failures == 2


async def test_a_signal_reported_twice_counts_once(database: Database) -> None:
    async with database.write() as tx:
        account = await upsert_customer(tx, "acme", at=AT)
        for _ in range(2):
            await set_activity(tx, account.id, date(2026, 11, 20), logins=1, usage=5)
            await record_payment_failure(tx, account.id, "pay-1", amount_minor=100, at=AT)
    async with database.read() as reader:
        activity = await activity_of(reader, account.id, AT)
    assert (activity.login_days, activity.usage_this_month, activity.payment_failures) == (1, 5, 1)


async def test_health_of_nobody_is_not_found(database: Database) -> None:
    async with database.read() as reader:
        with pytest.raises(NotFound):
            await health_of(reader, "cu_none", AT, TicketCounts(0, 0))


async def test_health_is_not_known_until_the_use_of_the_product_was_reported(database: Database) -> None:
    async with database.write() as tx:
        account = await upsert_customer(tx, "acme", AccountDetails(name="Acme", plan="business"), at=AT)
        assert await health_of(tx.connection, account.id, AT, TicketCounts(0, 1)) is None
        await record_payment_failure(tx, account.id, "pay-1", amount_minor=100, at=AT)
        await set_activity(tx, account.id, AT.date() + timedelta(days=1), logins=1, usage=1)
        assert await health_of(tx.connection, account.id, AT, TicketCounts(0, 1)) is None
        await set_activity(tx, account.id, AT.date() - timedelta(days=200), logins=0, usage=0)
        known = await health_of(tx.connection, account.id, AT, TicketCounts(0, 1))
    assert known is not None
    assert known.band == "critical"


async def test_the_demo_customers_cover_every_band_and_dana_is_at_risk(database: Database) -> None:
    async with database.write() as tx:
        accounts = await seed_customers(tx, AT)
    async with database.read() as reader:
        bands = {
            account.external_id: found.band
            for account in accounts
            if (found := await health_of(reader, account.id, AT, TicketCounts(0, 0))) is not None
        }
    assert len(accounts) == len(bands) == 8
    assert bands["demo-dana"] == "at_risk"
    assert set(bands.values()) == {"healthy", "at_risk", "critical"}
    dana = accounts[0]
    assert (dana.name, dana.plan, dana.mrr, dana.currency) == ("Dana Whitfield", "business", 6200, "USD")


async def test_seeding_again_changes_nothing_and_seeding_later_moves_the_signals_along(database: Database) -> None:
    later = AT + timedelta(days=45)
    async with database.write() as tx:
        first = await seed_customers(tx, AT)
        again = await seed_customers(tx, AT)
        before = [await activity_of(tx.connection, account.id, AT) for account in first]
        moved = await seed_customers(tx, later)
        after = [await activity_of(tx.connection, account.id, later) for account in moved]
    assert [account.id for account in first] == [account.id for account in again] == [account.id for account in moved]
    assert before == after
