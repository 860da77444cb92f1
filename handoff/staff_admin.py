"""Administering staff: accounts made with a password for once, changed in parts, and ended; passwords that people set themselves."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Database, Reader, Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.identifiers import fingerprint
from handoff import staff as accounts
from handoff.passwords import hash_password, is_password
from handoff.records import Role, Staff
from handoff.sla.calendar_data import calendar_data, parse_calendar
from handoff.staff import ROLES, new_account, put_account
from handoff.tables import staff, staff_sessions
from handoff.teams import teams_by_name

MOST_CAPACITY = 100
ROUTED = frozenset({"teams", "skills", "languages", "capacity", "hours"})
"""What a lead may settle for a colleague; the rest of an account is an admin's business."""
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


async def all_staff(reader: Reader) -> list[Staff]:
    """Return every account, active ones first, by name."""
    rows = await reader.execute(sa.select(staff).order_by(staff.c.active.desc(), staff.c.name, staff.c.id))
    return [Staff.of(row) for row in rows.mappings()]


async def hire(
    database: Database,
    by: Staff,
    *,
    email: str,
    name: str,
    role: Role,
    password: str | None,
    routed: Mapping[str, Any],
    at: datetime,
) -> tuple[Staff, str | None]:
    """Make an account; without a password one is made up, is returned, and has to be replaced at the first sign-in.

    Raises:
        Forbidden: only admins may.
        Invalid: the address, name, role, password or something of the routing will not do.
        Conflict: the address is taken.
    """
    _admins_only(by)
    made_up = None if password else secrets.token_urlsafe(12)
    account, hashed = await new_account(email=email, name=name, role=role, password=password or made_up or "")
    async with database.write() as tx:
        if not await put_account(tx, account, hashed, at):
            raise Conflict(f"There is an account for {account.email} already. Change that one instead.", field="email")
        values = {**await _checked_routing(tx, routed), "password_once": made_up is not None}
        return await _store(tx, account.id, values), made_up


async def change_member(database: Database, by: Staff, staff_id: str, changes: Mapping[str, Any]) -> Staff:
    """Change what `changes` names of an account: `name`, `role`, `active`, and what routing goes by. Idempotent.

    Who is not active any more is signed out in the same write; their conversations go back to the queue
    (`handoff.routing.silence.give_up`), which also happens should the caller die before it asks for that.

    Raises:
        NotFound: there is no such account.
        Forbidden: only admins may, or only leads and admins.
        Invalid: a value will not do.
        Conflict: nobody would be left who can administer.
    """
    if not by.supervises:
        raise Forbidden("Only leads and admins can change a colleague.")
    if not set(changes) <= ROUTED:
        _admins_only(by)
    async with database.write() as tx:
        # Whoever else may be the last admin is locked too, so that two admins cannot dismiss each other at once.
        locked = sa.select(staff).where(sa.or_(staff.c.id == staff_id, staff.c.role == "admin")).order_by(staff.c.id)
        rows = {row["id"]: row for row in (await tx.execute(locked.with_for_update())).mappings()}
        if staff_id not in rows:
            raise NotFound("There is no such account.")
        before = Staff.of(rows[staff_id])
        values = {**_checked_account(changes), **await _checked_routing(tx, changes)}
        stays_admin = values.get("role", before.role) == "admin" and values.get("active", before.active)
        others = any(row["active"] and row["role"] == "admin" for row in rows.values() if row["id"] != staff_id)
        if before.role == "admin" and before.active and not stays_admin and not others:
            raise Conflict(f"{before.name} is the last admin. Make somebody else an admin first.")
        if values.get("active") is False:
            await _end_sessions(tx, staff_id)
        return await _store(tx, staff_id, values) if values else before


async def new_password(database: Database, by: Staff, staff_id: str) -> str:
    """Give somebody a password for once and end their sessions; returns it, which is stored nowhere.

    Raises:
        NotFound: there is no such account.
        Forbidden: only admins may.
    """
    _admins_only(by)
    password = secrets.token_urlsafe(12)
    await _set_password(database, staff_id, password, once=True)
    return password


async def change_own_password(database: Database, member: Staff, *, current: str, new: str, secret: str) -> None:
    """Replace one's own password; every other session of theirs ends, the one of this secret goes on.

    Raises:
        Forbidden: the current password is wrong.
        Invalid: the new one is too short, or the same.
    """
    if len(new) < accounts.SHORTEST_PASSWORD:
        raise Invalid(f"The new password needs at least {accounts.SHORTEST_PASSWORD} characters.", field="new")
    if new == current:
        raise Invalid("The new password is the old one. Choose another.", field="new")
    async with database.read() as reader:
        stored = (await reader.execute(sa.select(staff.c.password_hash).where(staff.c.id == member.id))).scalar_one()
    if not await is_password(stored, current):
        raise Forbidden("The current password is wrong.", field="current")
    await _set_password(database, member.id, new, once=False, keep=secret)


async def set_own_capacity(database: Database, member: Staff, capacity: int) -> Staff:
    """Say how many conversations may be assigned to one at once.

    Raises:
        Invalid: it is not 0 to `MOST_CAPACITY`.
    """
    async with database.write() as tx:
        return await _store(tx, member.id, await _checked_routing(tx, {"capacity": capacity}))


async def _set_password(database: Database, staff_id: str, password: str, *, once: bool, keep: str = "") -> None:
    hashed = await hash_password(password)
    async with database.write() as tx:
        await _store(tx, staff_id, {"password_hash": hashed, "password_once": once})
        await _end_sessions(tx, staff_id, keep=keep)


async def _end_sessions(tx: Transaction, staff_id: str, *, keep: str = "") -> None:
    kept = staff_sessions.c.token_fingerprint == fingerprint(keep)
    await tx.execute(sa.delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id, sa.not_(kept)))


async def _store(tx: Transaction, staff_id: str, values: Mapping[str, Any]) -> Staff:
    stored = await tx.execute(sa.update(staff).where(staff.c.id == staff_id).values(**values).returning(staff))
    row = stored.mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return Staff.of(row)


def _checked_account(changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: changes[key] for key in ("name", "role", "active") if key in changes}
    if "name" in values:
        values["name"] = accounts.clean_name(str(values["name"]))
    if values.get("role", "agent") not in ROLES:
        raise Invalid(f"The role must be one of {', '.join(ROLES)}.", field="role")
    return values


async def _checked_routing(tx: Transaction, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: changes[key] for key in ROUTED if key in changes}
    if "teams" in values:
        known = await teams_by_name(tx.connection)
        if unknown := [team for team in values["teams"] if team not in known]:
            raise Invalid(f"There is no team {unknown[0]!r}. The teams are {', '.join(known)}.", field="teams")
    for field, form, such_as in (("skills", _WORD, "api or enterprise"), ("languages", _LANGUAGE, "en or pt-br")):
        if field in values:
            values[field] = [str(word).strip().casefold() for word in values[field]]
            if wrong := [word for word in values[field] if not form.fullmatch(word)]:
                raise Invalid(f"{wrong[0]!r} will not do among the {field}; write {such_as}.", field=field)
    for field in ("teams", "skills", "languages"):
        if field in values:
            values[field] = sorted(set(values[field]))
    if "capacity" in values and not 0 <= values["capacity"] <= MOST_CAPACITY:
        raise Invalid(
            f"The capacity is a whole number from 0 (nothing is assigned) to {MOST_CAPACITY}.", field="capacity"
        )
    if values.get("hours") is not None:
        values["hours"] = calendar_data(parse_calendar("hours", values["hours"]))
    return values


def _admins_only(by: Staff) -> None:
    if by.role != "admin":
        raise Forbidden("Only admins can do this. Ask one.")
