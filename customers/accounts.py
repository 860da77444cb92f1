"""Who a customer is: their account, found by our id or by the host site's, and kept up to date from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import INSERT, Reader, Transaction
from core.errors import Invalid, NotFound
from core.identifiers import new_id
from customers.tables import customers


@dataclass(frozen=True)
class Account:
    """A customer's account as it stands. `mrr_minor` is monthly revenue in hundredths of `currency`."""

    id: str
    external_id: str
    name: str | None
    email: str | None
    company: str | None
    plan: str | None
    mrr_minor: int | None
    currency: str
    seats: int | None
    signed_up_at: datetime | None
    csm_email: str | None
    features_used: tuple[str, ...]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Account:
        """Read a row of `customers`."""
        values = {str(name): value for name, value in row.items()}
        return cls(**{**values, "features_used": tuple(values["features_used"])})

    @property
    def mrr(self) -> float | None:
        """Return the monthly revenue in whole units of the currency, 6200.0 for 6,200.00, or nothing if unknown."""
        return None if self.mrr_minor is None else self.mrr_minor / 100


@dataclass(frozen=True)
class AccountDetails:
    """What a host site or an import says of an account. What is left at `None` keeps its stored value."""

    name: str | None = None
    email: str | None = None
    company: str | None = None
    plan: str | None = None
    mrr_minor: int | None = None
    currency: str | None = None
    seats: int | None = None
    signed_up_at: datetime | None = None
    csm_email: str | None = None
    features_used: tuple[str, ...] | None = None


async def upsert_customer(
    tx: Transaction, external_id: str, details: AccountDetails = AccountDetails(), *, at: datetime
) -> Account:
    """Make the account that the host site calls `external_id`, or bring it up to date, and return it.

    Idempotent by `external_id`: two sessions that meet a new customer at once make one account.

    Raises:
        Invalid: a value that no account can have, with its field.
    """
    _check(external_id, details)
    given = {name: value for name, value in vars(details).items() if value is not None}
    if "plan" in given:
        given["plan"] = given["plan"].strip().casefold()
    if "features_used" in given:
        given["features_used"] = sorted(set(given["features_used"]))
    made = {"id": new_id("cu"), "external_id": external_id, "currency": "USD", "features_used": [], "created_at": at}
    statement = INSERT[tx.connection.dialect.name](customers).values(**made | given, updated_at=at)
    stored = await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[customers.c.external_id], set_={**given, "updated_at": at}
        ).returning(customers)
    )
    return Account.of(stored.mappings().one())


async def get_customer(reader: Reader, customer_id: str) -> Account:
    """Return the account with our own id.

    Raises:
        NotFound: there is none.
    """
    account = await _find(reader, customers.c.id == customer_id)
    if account is None:
        raise NotFound("There is no such customer.")
    return account


async def find_by_external_id(reader: Reader, external_id: str) -> Account | None:
    """Return the account that the host site knows as `external_id`, if there is one."""
    return await _find(reader, customers.c.external_id == external_id)


async def _find(reader: Reader, condition: sa.ColumnElement[bool]) -> Account | None:
    row = (await reader.execute(sa.select(customers).where(condition))).mappings().one_or_none()
    return None if row is None else Account.of(row)


_LONGEST = {"name": 200, "email": 254, "company": 200, "plan": 40, "csm_email": 254}


def _check(external_id: str, details: AccountDetails) -> None:
    if not external_id.strip() or len(external_id) > 200 or "\x00" in external_id:
        raise Invalid("A customer's id on the host site is a text of 1 to 200 characters.", field="external_id")
    for name, longest in _LONGEST.items():
        text = getattr(details, name)
        if text is not None and (len(text) > longest or "\x00" in text):
            raise Invalid(f"A customer's {name.replace('_', ' ')} has at most {longest} characters.", field=name)
    if details.mrr_minor is not None and not 0 <= details.mrr_minor < 10**15:
        raise Invalid("Monthly revenue is a number of hundredths, 0 or more.", field="mrr_minor")
    if details.seats is not None and not 0 <= details.seats < 2**31:
        raise Invalid("Seats are a number, 0 or more.", field="seats")
    if details.currency is not None and not (len(details.currency) == 3 and details.currency.isupper()):
        raise Invalid("A currency is its ISO 4217 code, such as USD.", field="currency")
