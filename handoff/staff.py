"""The one account table of staff: who may sign in, with which role."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core.database import Database, Reader, Transaction
from core.errors import Conflict, Invalid, Unauthenticated
from core.identifiers import fingerprint, new_id, new_secret
from handoff.records import Role, Staff
from handoff.tables import staff, staff_sessions
from handoff.wording import clean_email

SESSION_LENGTH = timedelta(hours=12)
ROLES: tuple[Role, ...] = ("agent", "lead", "content", "admin")
_WRONG = "The e-mail address or the password is wrong."
_hasher = PasswordHasher()


@functools.cache
def _nobody() -> str:
    """Return what a password is checked against when nobody has the address, so that both take the same time."""
    return _hasher.hash(new_secret())


async def add_staff(database: Database, *, email: str, name: str, role: Role, password: str, at: datetime) -> Staff:
    """Make an account.

    Raises:
        Invalid: the address, the role or the password (under 10 characters) will not do.
        Conflict: the address is taken.
    """
    address = clean_email(email).lower()
    if role not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}.", field="role")
    if len(password) < 10:
        raise Invalid("The password needs at least 10 characters.", field="password")
    if not name.strip():
        raise Invalid("The name is empty.", field="name")
    hashed = await asyncio.to_thread(_hasher.hash, password)
    async with database.write() as tx:
        taken = await tx.execute(sa.select(staff.c.id).where(staff.c.email == address))
        if taken.one_or_none() is not None:
            raise Conflict(f"There is an account for {address} already.", field="email")
        account = Staff(new_id("st"), address, name.strip(), role, True)
        await tx.execute(sa.insert(staff).values(**vars(account), password_hash=hashed, created_at=at))
    return account


async def sign_in(database: Database, *, email: str, password: str, at: datetime) -> tuple[Staff, str]:
    """Check a password and open a session; returns the account and the session's secret.

    Raises:
        Unauthenticated: the address or the password is wrong; it does not say which.
    """
    async with database.read() as reader:
        rows = await reader.execute(sa.select(staff).where(staff.c.email == email.strip().lower(), staff.c.active))
        row = rows.mappings().one_or_none()
    try:
        stored = await asyncio.to_thread(_nobody) if row is None else row["password_hash"]
        await asyncio.to_thread(_hasher.verify, stored, password)
    except VerificationError as error:
        raise Unauthenticated(_WRONG) from error
    if row is None:
        raise Unauthenticated(_WRONG)
    secret = new_secret()
    async with database.write() as tx:
        await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.expires_at < at))
        await tx.execute(
            sa.insert(staff_sessions).values(
                token_fingerprint=fingerprint(secret), staff_id=row["id"], expires_at=at + SESSION_LENGTH
            )
        )
    return _staff(row), secret


async def sign_out(tx: Transaction, secret: str) -> None:
    """End a session. Ending one that has ended is no error."""
    await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.token_fingerprint == fingerprint(secret)))


async def staff_of_session(reader: Reader, secret: str, at: datetime) -> Staff:
    """Return whose session this is.

    Raises:
        Unauthenticated: there is no such session, it has expired, or the account is not active any more.
    """
    rows = await reader.execute(
        sa.select(staff)
        .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
        .where(
            staff_sessions.c.token_fingerprint == fingerprint(secret), staff_sessions.c.expires_at > at, staff.c.active
        )
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise Unauthenticated("You are signed out. Sign in again.")
    return _staff(row)


async def set_active(tx: Transaction, emails: Sequence[str], active: bool) -> None:
    """Let the accounts of these addresses sign in, or not; open sessions of inactive ones end at once."""
    await tx.execute(sa.update(staff).where(staff.c.email.in_(emails)).values(active=active))


async def staff_names(reader: Reader) -> dict[str, str]:
    """Return every member's name by id, former ones included."""
    rows = await reader.execute(sa.select(staff.c.id, staff.c.name))
    return {row.id: row.name for row in rows}


async def anybody_on_staff(reader: Reader) -> bool:
    """Tell whether there is any account at all."""
    return (await reader.execute(sa.select(staff.c.id).limit(1))).one_or_none() is not None


def _staff(row: sa.RowMapping) -> Staff:
    return Staff(row["id"], row["email"], row["name"], row["role"], row["active"])
