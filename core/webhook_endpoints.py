"""Endpoints that other systems have us call: where they are, what they want to hear, and the secrets that sign it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.clock import iso
from core.database import Json, Moment, Reader, Transaction, metadata
from core.errors import Conflict, NotFound
from core.identifiers import new_id

EVERYTHING = "*"
"""Stands for every kind, those of later versions too."""
MOST_ENDPOINTS = 50
OLD_SECRET_SIGNS = timedelta(hours=24)
"""How long a replaced secret signs beside the new one."""
_PREFIX = "whsec_"

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("description", sa.String(200), nullable=False),
    sa.Column("kinds", Json, nullable=False),
    sa.Column("secrets", Json, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.String(200)),
    sa.Column("created_at", Moment, nullable=False),
)
"""`secrets` are `{"secret", "until"}`, the newest first; `until` is null on the one that stays. Signing takes them as they are."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as it stands, without its secrets."""

    id: str
    url: str
    description: str
    kinds: tuple[str, ...]
    active: bool
    disabled_reason: str | None
    created_at: datetime


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Tell whether an endpoint that asked for `kinds` is to hear of this one."""
    return EVERYTHING in kinds or kind in kinds


def new_signing_secret() -> str:
    """Return a secret of 256 random bits in the Standard Webhooks form."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a message after the Standard Webhooks specification: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signatures(stored: Sequence[Mapping[str, Any]], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a message that is sent now, signed with every secret that is still good."""
    timestamp = int(at.timestamp())
    good = [one["secret"] for one in stored if one["until"] is None or one["until"] > iso(at)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, message_id, timestamp, body) for secret in good),
    }


async def add_endpoint(
    tx: Transaction, url: str, kinds: Sequence[str], description: str, *, at: datetime
) -> tuple[Endpoint, str]:
    """Add an endpoint; returns it and its secret, which is told this once.

    Raises:
        Conflict: there are as many as there may be, or one has this address.
    """
    await _lock_addresses(tx)
    found = await tx.execute(sa.select(webhook_endpoints.c.url))
    urls = list(found.scalars())
    if len(urls) >= MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} endpoints already. Delete one that is not used any more.")
    _check_new(urls, url)
    secret = new_signing_secret()
    endpoint = Endpoint(new_id("we"), url, description, tuple(kinds), True, None, at)
    kept = {**vars(endpoint), "kinds": list(kinds), "secrets": [{"secret": secret, "until": None}]}
    await tx.execute(sa.insert(webhook_endpoints).values(**kept))
    return endpoint, secret


async def change_endpoint(tx: Transaction, endpoint_id: str, changes: Mapping[str, Any]) -> Endpoint:
    """Change address, kinds, description or whether it is active; what waits for it waits until it is active again.

    Raises:
        NotFound: there is none.
        Conflict: another one has the address.
    """
    values = dict(changes)
    if "url" in values:
        await _lock_addresses(tx)
        others = await tx.execute(sa.select(webhook_endpoints.c.url).where(webhook_endpoints.c.id != endpoint_id))
        _check_new(list(others.scalars()), values["url"])
    if values.get("active"):
        values["disabled_reason"] = None
    await tx.execute(sa.update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(**values))
    return await get_endpoint(tx.connection, endpoint_id)


async def disable_endpoint(tx: Transaction, endpoint_id: str, reason: str) -> None:
    """Switch an endpoint off for a reason that people are shown."""
    gone = webhook_endpoints.c.id == endpoint_id
    await tx.execute(sa.update(webhook_endpoints).where(gone).values(active=False, disabled_reason=reason))


async def replace_secret(tx: Transaction, endpoint_id: str, *, at: datetime) -> str:
    """Give an endpoint a new secret, told this once; the one before signs beside it for a day, older ones no more.

    Raises:
        NotFound: there is no such endpoint.
    """
    before = await secrets_of(tx.connection, endpoint_id, lock=True)
    secret = new_signing_secret()
    kept = [{"secret": secret, "until": None}, {"secret": before[0]["secret"], "until": iso(at + OLD_SECRET_SIGNS)}]
    await tx.execute(sa.update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(secrets=kept))
    return secret


async def delete_endpoint(tx: Transaction, endpoint_id: str) -> None:
    """Delete an endpoint with all that waits for it.

    Raises:
        NotFound: there is none.
    """
    deleted = await tx.execute(sa.delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id))
    if deleted.rowcount != 1:
        raise NotFound("There is no such endpoint.")


async def endpoints(reader: Reader) -> list[Endpoint]:
    """Return all endpoints, the oldest first."""
    rows = await reader.execute(_without_secrets().order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id))
    return [_endpoint(row) for row in rows.mappings()]


async def get_endpoint(reader: Reader, endpoint_id: str) -> Endpoint:
    """Return one endpoint.

    Raises:
        NotFound: there is none.
    """
    rows = await reader.execute(_without_secrets().where(webhook_endpoints.c.id == endpoint_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such endpoint.")
    return _endpoint(row)


async def secrets_of(reader: Reader, endpoint_id: str, *, lock: bool = False) -> list[dict[str, Any]]:
    """Return the secrets that an endpoint's messages are signed with, as `signatures` takes them; `lock` holds them in a write.

    Raises:
        NotFound: there is no such endpoint.
    """
    chosen = sa.select(webhook_endpoints.c.secrets).where(webhook_endpoints.c.id == endpoint_id)
    rows = await reader.execute(chosen.with_for_update() if lock else chosen)
    found: list[dict[str, Any]] | None = rows.scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found


def _without_secrets() -> sa.Select[Any]:
    return sa.select(*(column for column in webhook_endpoints.c if column.name != "secrets"))


def _endpoint(row: Mapping[Any, Any]) -> Endpoint:
    values = {str(name): value for name, value in row.items()}
    return Endpoint(**{**values, "kinds": tuple(values["kinds"])})


async def _lock_addresses(tx: Transaction) -> None:
    """Let nobody else add an address or change one before this write has ended; who is only told something is not held up."""
    if tx.connection.dialect.name == "postgresql":
        await tx.execute(sa.text("LOCK TABLE webhook_endpoints IN SHARE ROW EXCLUSIVE MODE"))


def _check_new(others: Sequence[str], url: str) -> None:
    if url in others:
        raise Conflict("There is an endpoint with this address already.", field="url")
