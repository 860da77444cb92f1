"""The host site's word for who a customer is: a JWT signed with a shared secret (HS256), expiring."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import jwt
import structlog
from pydantic import BaseModel, ConfigDict, Field

from core.database import Transaction
from core.errors import Invalid, Unauthenticated
from core.text import shown_name
from customers.accounts import Account, AccountDetails, upsert_customer
from handoff.wording import clean_email
from server.api import LARGEST_INTEGER, checked

log = structlog.get_logger()
LONGEST_LIFE = timedelta(hours=24)
SKEW_SECONDS = 60
"""How far the host site's clock may be off."""
_OPTIONS: Any = {
    "require": ["exp", "sub"],
    "verify_aud": False,
    # PyJWT reads the machine's clock; the moments are judged below, by the one that is handed in.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class AccountClaims(BaseModel):
    """What may be told of a customer's account. What is left out keeps its value."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=254)
    company: str | None = Field(None, max_length=200)
    plan: str | None = Field(None, max_length=40, description="Any name; triage and SLA policies know some.")
    mrr: float | None = Field(
        None, ge=0, lt=1e13, allow_inf_nan=False, description="Monthly revenue in whole units of the currency."
    )
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    seats: int | None = Field(None, ge=0, le=LARGEST_INTEGER)


class Claims(AccountClaims):
    """What the token may say. `sub` is the host site's own id of the customer."""

    model_config = ConfigDict(extra="ignore")

    sub: str = Field(min_length=1, max_length=200)
    exp: float = Field(allow_inf_nan=False)
    nbf: float | None = Field(None, allow_inf_nan=False)


def read_identity(token: str, secret: str, at: datetime) -> Claims:
    """Check a token and return what it says.

    Raises:
        Unauthenticated: no secret is set, or the token is broken, expired, or valid for longer than a day.
    """
    if not secret:
        raise Unauthenticated("This site cannot say who you are: BATON_IDENTITY_SECRET is not set.", field="identity")
    try:
        said: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], options=_OPTIONS)
        claims = checked(said, Claims)
    except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
        raise Unauthenticated("The identity token is not valid.", field="identity") from error
    except Invalid as error:
        raise Unauthenticated(f"The identity token says something wrong: {error.message}", field="identity") from error
    now = at.timestamp()
    if claims.exp <= now:
        raise Unauthenticated("The identity token has expired. Reload the page.", field="identity")
    if claims.exp > now + LONGEST_LIFE.total_seconds() + SKEW_SECONDS:
        raise Unauthenticated("The identity token is valid for more than a day. Sign shorter ones.", field="identity")
    if claims.nbf is not None and claims.nbf > now + SKEW_SECONDS:
        raise Unauthenticated("The identity token is not valid yet. Check the host site's clock.", field="identity")
    return claims


def sign_identity(claims: dict[str, Any], secret: str, at: datetime, life: timedelta = timedelta(hours=1)) -> str:
    """Sign a token as a host site does; the demo page is one."""
    return jwt.encode({**claims, "iat": int(at.timestamp()), "exp": int((at + life).timestamp())}, secret, "HS256")


def _shown(name: str | None) -> str | None:
    """Return a name as it may stand beside other words; one of which nothing can be seen is none."""
    return None if name is None else shown_name(name) or None


def _address(claims: Claims) -> str | None:
    """Return the e-mail address, None for what is none: the host site's slip costs the customer no chat."""
    if not claims.email:
        return None
    try:
        return clean_email(claims.email)
    except Invalid:
        log.warning("the identity token's e-mail is no address and was left out", customer=claims.sub)
        return None


async def account_of_claims(tx: Transaction, claims: Claims, at: datetime) -> Account:
    """Make or update the account that these claims are about. Idempotent by `sub`."""
    details = AccountDetails(
        name=_shown(claims.name),
        email=_address(claims),
        company=_shown(claims.company),
        plan=claims.plan,
        mrr_minor=None if claims.mrr is None else round(claims.mrr * 100),
        currency=claims.currency,
        seats=claims.seats,
    )
    return await upsert_customer(tx, claims.sub, details, at=at)
