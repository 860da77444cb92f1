"""How an account is doing: five signals of 0 to 100, weighted into one score, each with its reason in words.

    usage      0.30  min(100, login days in 30 / 30 x 100 x 1.5)
    adoption   0.20  share of the core features used
    sentiment  0.15  share of the tickets of 90 days that are resolved, those not counted that the customer took back; 70 with none
    expansion  0.15  this month's usage over last month's: above 1.2 -> 100, above 1.0 -> 70, above 0.8 -> 40, else 10
    payments   0.20  more than 2 failures in 90 days -> 20, any -> 60, none -> 100

70 and above is healthy, 40 and above at risk, below critical. The arithmetic is in fractions, so that a score that
stands exactly on a border falls on the right side of it.

An account whose use was never reported has no score: nothing is known of three of the five signals, and counting them as
zero would call every new customer critical.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Literal

from typing_extensions import TypedDict

from core.database import Reader
from core.errors import Invalid
from customers.accounts import get_customer
from customers.signals import activity_of

Band = Literal["healthy", "at_risk", "critical"]

CORE_FEATURES = ("boards", "timeline", "automations", "integrations", "sharing", "reports", "mobile", "api")
"""The features of Fernhill that an account in good use has found."""

SENTIMENT_WINDOW_DAYS = 90
"""How far back tickets count for the sentiment signal; the caller counts them."""


@dataclass(frozen=True)
class TicketCounts:
    """The tickets that an account has had in a while beside the one that is looked at.

    Attributes:
        resolved: how many of `total` are resolved.
        total: how many there are that were not withdrawn.
        withdrawn: how many the customer took back before a person helped: neither a resolution nor the lack of one.
    """

    resolved: int
    total: int
    withdrawn: int = 0


@dataclass(frozen=True)
class HealthInputs:
    """The figures that health is computed from."""

    login_days: int
    core_features_used: int
    core_features: int
    usage_this_month: float
    usage_last_month: float
    payment_failures: int
    tickets: TicketCounts


@dataclass(frozen=True)
class Signal:
    """One of the five parts of a score: its value of 0 to 100, its weight, and why, in words."""

    name: str
    score: Fraction
    weight: Fraction
    detail: str


@dataclass(frozen=True)
class Health:
    """An account's score with the signals it is made of. `score` is exact."""

    score: Fraction
    band: Band
    signals: tuple[Signal, ...]


class SignalView(TypedDict):
    """A signal in the protocol."""

    name: str
    score: float
    weight: float
    detail: str


class HealthView(TypedDict):
    """A health score in the protocol."""

    score: float
    band: Band
    signals: list[SignalView]


def health(inputs: HealthInputs) -> Health:
    """Compute the score.

    Raises:
        Invalid: a count is negative, or a part is larger than its whole.
    """
    _check(inputs)
    signals = (_usage(inputs), _adoption(inputs), _sentiment(inputs.tickets), _expansion(inputs), _payments(inputs))
    score = sum((signal.score * signal.weight for signal in signals), Fraction(0))
    return Health(score, band_of(score), signals)


def band_of(score: Fraction | float) -> Band:
    """Name the band of a score: 70 and above healthy, 40 and above at risk, below critical."""
    if score >= 70:
        return "healthy"
    return "at_risk" if score >= 40 else "critical"


async def health_of(reader: Reader, customer_id: str, at: datetime, tickets: TicketCounts) -> Health | None:
    """Compute an account's health at a moment, or None while nobody has ever reported how the account uses the product.

    Args:
        reader: where to read.
        customer_id: our own id of the account.
        at: the moment; what came later is not seen.
        tickets: the account's tickets of the last `SENTIMENT_WINDOW_DAYS` days, counted by the caller
            (`tickets.ticketing.resolved_share`), because accounts know nothing of tickets.

    Raises:
        NotFound: there is no such account.
    """
    account = await get_customer(reader, customer_id)
    activity = await activity_of(reader, customer_id, at)
    if not activity.reported:
        return None
    return health(
        HealthInputs(
            login_days=activity.login_days,
            core_features_used=len(set(account.features_used) & set(CORE_FEATURES)),
            core_features=len(CORE_FEATURES),
            usage_this_month=activity.usage_this_month,
            usage_last_month=activity.usage_last_month,
            payment_failures=activity.payment_failures,
            tickets=tickets,
        )
    )


def health_view(health: Health) -> HealthView:
    """Write a score for people, rounded down to hundredths: rounding up could show 70 for an account at risk."""
    return HealthView(
        score=_hundredths(health.score),
        band=health.band,
        signals=[
            SignalView(
                name=signal.name, score=_hundredths(signal.score), weight=float(signal.weight), detail=signal.detail
            )
            for signal in health.signals
        ],
    )


def _hundredths(value: Fraction) -> float:
    return floor(value * 100) / 100


def _check(inputs: HealthInputs) -> None:
    counts = {
        "login_days": inputs.login_days,
        "core_features_used": inputs.core_features_used,
        "usage_this_month": inputs.usage_this_month,
        "usage_last_month": inputs.usage_last_month,
        "payment_failures": inputs.payment_failures,
        "resolved": inputs.tickets.resolved,
        "total": inputs.tickets.total,
        "withdrawn": inputs.tickets.withdrawn,
    }
    for name, count in counts.items():
        if not 0 <= count < float("inf"):
            raise Invalid(f"Health needs counts of 0 or more; {name} is {count}.", field=name)
    if inputs.core_features < 1 or inputs.core_features_used > inputs.core_features:
        raise Invalid("Health needs at least one core feature, and no more used than there are.", field="core_features")
    if inputs.tickets.resolved > inputs.tickets.total:
        raise Invalid("More tickets are resolved than there are.", field="resolved")


def _usage(inputs: HealthInputs) -> Signal:
    days = inputs.login_days
    score = min(Fraction(100), Fraction(days, 30) * 100 * Fraction(3, 2))
    return Signal("usage", score, Fraction(30, 100), f"Signed in on {days} of the last 30 days.")


def _adoption(inputs: HealthInputs) -> Signal:
    used, total = inputs.core_features_used, inputs.core_features
    return Signal("adoption", Fraction(100 * used, total), Fraction(20, 100), f"Uses {used} of {total} core features.")


def _sentiment(tickets: TicketCounts) -> Signal:
    weight = Fraction(15, 100)
    withdrawn = f"{tickets.withdrawn} withdrawn" if tickets.withdrawn else ""
    if tickets.total == 0:
        none = "No other tickets in 90 days"
        return Signal("sentiment", Fraction(70), weight, f"{none} but {withdrawn}." if withdrawn else f"{none}.")
    detail = f"{tickets.resolved} of {tickets.total} other tickets in 90 days resolved"
    detail = f"{detail}, {withdrawn}." if withdrawn else f"{detail}."
    return Signal("sentiment", Fraction(100 * tickets.resolved, tickets.total), weight, detail)


def _expansion(inputs: HealthInputs) -> Signal:
    weight = Fraction(15, 100)
    this, last = Fraction(inputs.usage_this_month), Fraction(inputs.usage_last_month)
    if last == 0:
        if this == 0:
            return Signal("expansion", Fraction(10), weight, "No usage in the last two months.")
        return Signal("expansion", Fraction(100), weight, "Usage began this month.")
    ratio = this / last
    score = 100 if ratio > Fraction(6, 5) else 70 if ratio > 1 else 40 if ratio > Fraction(4, 5) else 10
    return Signal("expansion", Fraction(score), weight, _change_in_words(ratio))


def _change_in_words(ratio: Fraction) -> str:
    percent = abs(round((ratio - 1) * 100))
    if ratio == 1:
        return "Usage is the same as last month."
    if percent == 0:
        return f"Usage is a little {'above' if ratio > 1 else 'below'} last month's."
    return f"Usage is {percent} % {'above' if ratio > 1 else 'below'} last month's."


def _payments(inputs: HealthInputs) -> Signal:
    failures = inputs.payment_failures
    score = 20 if failures > 2 else 60 if failures else 100
    detail = f"{failures} failed payment{'s' if failures > 1 else ''}" if failures else "No failed payment"
    return Signal("payments", Fraction(score), Fraction(20, 100), f"{detail} in 90 days.")
