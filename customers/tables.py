"""The tables of customers' accounts and of the signals their health is read from.

Money is in minor units: hundredths of the currency's unit, whatever the currency, so 6,200.00 a month is 620000.
"""

from __future__ import annotations

import sqlalchemy as sa

from core.database import Json, Moment, metadata

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("external_id", sa.String(200), nullable=False, unique=True),
    sa.Column("name", sa.String(200)),
    sa.Column("email", sa.String(254), index=True),
    sa.Column("company", sa.String(200)),
    sa.Column("plan", sa.String(40)),
    sa.Column("mrr_minor", sa.BigInteger),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("seats", sa.Integer),
    sa.Column("signed_up_at", Moment),
    sa.Column("csm_email", sa.String(254)),
    sa.Column("features_used", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)
"""One row for each account. `features_used` names the core features in use (see `customers.health.CORE_FEATURES`)."""

customer_activity = sa.Table(
    "customer_activity",
    metadata,
    sa.Column("customer_id", sa.String(40), sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("logins", sa.Integer, nullable=False),
    sa.Column("usage", sa.Integer, nullable=False),
)
"""What an account did on one day in UTC: how often its people signed in, and what they used (tasks changed)."""

payment_failures = sa.Table(
    "payment_failures",
    metadata,
    sa.Column("customer_id", sa.String(40), sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("reference", sa.String(100), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
)
"""A payment that did not go through. `reference` is the payment provider's own, so a repeated report is harmless."""
