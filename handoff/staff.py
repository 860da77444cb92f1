"""The one account table of staff: who may sign in, with which role."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.database import INSERT, Database, Reader, Transaction
from core.errors import Conflict, Invalid, Unauthenticated
from core.identifiers import fingerprint, new_id, new_secret
from core.prepared import Prepared
from core.text import shown_name
from handoff.passwords import hash_password, is_password
from handoff.records import Role, Staff
from handoff.tables import staff, staff_sessions
from handoff.wording import clean_email

SESSION_LENGTH = timedelta(hours=12)
SHORTEST_PASSWORD = 10
LONGEST_NAME = 200
ROLES: tuple[Role, ...] = ("agent", "lead", "content", "admin")
_OF_SESSION = Prepared(
    sa.select(staff)
    .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
    .where(
        staff_sessions.c.token_fingerprint == sa.bindparam("session"),
        staff_sessions.c.expires_at > sa.bindparam("now"),
        staff.c.active,
    )
)
"""Asked with each request of a desk, and with each of its pings."""
_WRONG = "The e-mail address or the password is wrong."


async def add_staff(database: Database, *, email: str, name: str, role: Role, password: str, at: datetime) -> Staff:
    """Make an account.

    Raises:
        Invalid: the address, the role or the password (under 10 characters) will not do.
        Conflict: the address is taken.
    """
    account, hashed = await new_account(email=email, name=name, role=role, password=password)
    async with database.write() as tx:
        if not await put_account(tx, account, hashed, at):
            raise Conflict(f"There is an account for {account.email} already.", field="email")
    return account


async def new_account(*, email: str, name: str, role: Role, password: str) -> tuple[Staff, str]:
    """Think an account up, for `put_account`; returns it with its password's hash, which takes a while to make.

    Raises:
        Invalid: like `add_staff`.
    """
    address = clean_email(email).lower()
    if role not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}.", field="role")
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"The password needs at least {SHORTEST_PASSWORD} characters.", field="password")
    named = clean_name(name)
    hashed = await hash_password(password)
    return Staff(new_id("st"), address, named, role, True), hashed


def clean_name(name: str) -> str:
    """Return a person's name in one line.

    Raises:
        Invalid: nothing of it can be seen, or it is longer than 200 characters.
    """
    cleaned = shown_name(name)
    if not 0 < len(cleaned) <= LONGEST_NAME:
        raise Invalid(f"The name has 1 to {LONGEST_NAME} characters, some of which can be seen.", field="name")
    return cleaned


async def put_account(tx: Transaction, account: Staff, password_hash: str, at: datetime) -> bool:
    """Make an account unless its address has one; tells whether it was made. Replicas may do so at the same moment."""
    insert = INSERT[tx.connection.dialect.name](staff).on_conflict_do_nothing(index_elements=[staff.c.email])
    made = await tx.execute(insert.values(**vars(account), password_hash=password_hash, created_at=at))
    return made.rowcount == 1


async def let_admin_in(database: Database, *, email: str, password: str, at: datetime) -> bool:
    """Make an admin with this password, or make this account one; tells whether that changed anything.

    A changed password ends the account's sessions. Idempotent by address and password.

    Raises:
        Invalid: the address or the password will not do.
    """
    address = clean_email(email).lower()
    async with database.read() as reader:
        row = (await reader.execute(sa.select(staff).where(staff.c.email == address))).mappings().one_or_none()
    is_admin = row is not None and row["active"] and row["role"] == "admin"
    if row is not None and is_admin and await is_password(row["password_hash"], password):
        return False
    account, hashed = await new_account(email=address, name="Administrator", role="admin", password=password)
    async with database.write() as tx:
        if not await put_account(tx, account, hashed, at):
            mine = staff.c.email == address
            await tx.execute(sa.update(staff).where(mine).values(password_hash=hashed, role="admin", active=True))
            whose = sa.select(staff.c.id).where(mine).scalar_subquery()
            await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.staff_id == whose))
    return True


async def sign_in(database: Database, *, email: str, password: str, at: datetime) -> tuple[Staff, str]:
    """Check a password and open a session; returns the account and the session's secret.

    Raises:
        Unauthenticated: the address or the password is wrong; it does not say which.
    """
    async with database.read() as reader:
        rows = await reader.execute(sa.select(staff).where(staff.c.email == email.strip().lower(), staff.c.active))
        row = rows.mappings().one_or_none()
    if not await is_password(None if row is None else row["password_hash"], password) or row is None:
        raise Unauthenticated(_WRONG)
    secret = new_secret()
    async with database.write() as tx:
        # Checking takes a while: whoever got another password meanwhile, or was dismissed, must not be left with a session of the old one.
        unchanged = sa.select(staff.c.id).where(
            staff.c.id == row["id"], staff.c.password_hash == row["password_hash"], staff.c.active
        )
        if (await tx.execute(unchanged.with_for_update())).one_or_none() is None:
            raise Unauthenticated(_WRONG)
        await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.expires_at < at))
        await tx.execute(
            sa.insert(staff_sessions).values(
                token_fingerprint=fingerprint(secret), staff_id=row["id"], expires_at=at + SESSION_LENGTH
            )
        )
    return Staff.of(row), secret


async def sign_out(tx: Transaction, secret: str) -> None:
    """End a session. Ending one that has ended is no error."""
    await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.token_fingerprint == fingerprint(secret)))


async def staff_of_session(reader: Reader, secret: str, at: datetime) -> Staff:
    """Return whose session this is.

    Raises:
        Unauthenticated: there is no such session, it has expired, or the account is not active any more.
    """
    row = (await _OF_SESSION.execute(reader, {"session": fingerprint(secret), "now": at})).one_or_none()
    if row is None:
        raise Unauthenticated("You are signed out. Sign in again.")
    return Staff.of(row)


async def set_active(tx: Transaction, emails: Sequence[str], active: bool) -> None:
    """Let the accounts of these addresses sign in, or not; open sessions of inactive ones end at once."""
    await tx.execute(sa.update(staff).where(staff.c.email.in_(emails)).values(active=active))


async def staff_names(reader: Reader, ids: Collection[str] | None = None) -> dict[str, str]:
    """Return members' names by id, former ones included: of these ids, or of all."""
    if ids is not None and not ids:
        return {}
    names = sa.select(staff.c.id, staff.c.name)
    rows = await reader.execute(names if ids is None else names.where(staff.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def anybody_on_staff(reader: Reader, *, besides: Sequence[str] = ()) -> bool:
    """Tell whether there is any account at all, besides those of these addresses."""
    query = sa.select(staff.c.id).where(staff.c.email.not_in(besides)).limit(1)
    return (await reader.execute(query)).one_or_none() is not None


async def active_accounts(reader: Reader, emails: Sequence[str]) -> dict[str, bool]:
    """Return, for each of these addresses that has an account, whether that may sign in."""
    rows = await reader.execute(sa.select(staff.c.email, staff.c.active).where(staff.c.email.in_(emails)))
    return {row.email: row.active for row in rows}
