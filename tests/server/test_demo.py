"""Who can sign in after a start: an admin always, the demo's published passwords only while the demo is on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from core.clock import FrozenClock
from core.database import Database
from core.errors import Unauthenticated
from customers.tables import customers
from handoff import passwords
from handoff.staff import add_staff, sign_in, staff_of_session
from handoff.tables import staff
from server.demo import DEMO_PASSWORD, DEMO_STAFF, FIRST_ADMIN, keep_accounts
from server.settings import Settings
from tests.server.conftest import make_settings

MAYA = DEMO_STAFF[0][0]
LONG = "a long password"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def settings_with(home: Path, **values: object) -> Settings:
    return make_settings(home, "http://127.0.0.1:1", **values)


async def addresses(database: Database) -> list[str]:
    async with database.read() as reader:
        return sorted((await reader.execute(sa.select(staff.c.email))).scalars())


async def test_a_first_start_makes_an_admin_and_the_demo_and_tells_the_password_once(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    told = await keep_accounts(database, settings_with(tmp_path), clock)
    assert told is not None
    email, _, password = told.partition(" / ")
    member, _secret = await sign_in(database, email=email, password=password, at=clock.now())
    assert (member.email, member.role) == (FIRST_ADMIN, "admin")
    await sign_in(database, email=MAYA, password=DEMO_PASSWORD, at=clock.now())
    assert await keep_accounts(database, settings_with(tmp_path), clock) is None
    assert len(await addresses(database)) == 1 + len(DEMO_STAFF)


async def test_replicas_that_start_together_make_one_admin_and_one_demo(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    told = await asyncio.gather(*(keep_accounts(database, settings_with(tmp_path), clock) for _ in range(3)))
    (made_up,) = [one for one in told if one is not None]
    await sign_in(database, email=FIRST_ADMIN, password=made_up.partition(" / ")[2], at=clock.now())
    assert await addresses(database) == sorted([FIRST_ADMIN, *(address for address, _name, _role in DEMO_STAFF)])


async def test_a_first_start_that_was_killed_half_way_is_made_good_by_the_next(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await add_staff(database, email=FIRST_ADMIN, name="Administrator", role="admin", password=LONG, at=clock.now())
    await add_staff(database, email=MAYA, name="Maya Ortiz", role="agent", password=DEMO_PASSWORD, at=clock.now())
    await keep_accounts(database, settings_with(tmp_path), clock)
    for email, _name, _role in DEMO_STAFF:
        await sign_in(database, email=email, password=DEMO_PASSWORD, at=clock.now())
    async with database.read() as reader:
        assert (await reader.execute(sa.select(sa.func.count()).select_from(customers))).scalar_one() == 8


async def test_the_admin_that_the_settings_name_is_made_and_let_in_again_when_the_password_is_lost(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    named = {"demo": False, "admin_email": "Boss@x.example"}
    first = settings_with(tmp_path, **named, admin_password=LONG)
    assert await keep_accounts(database, first, clock) is None
    member, secret = await sign_in(database, email="boss@x.example", password=LONG, at=clock.now())
    assert member.role == "admin"
    await keep_accounts(database, first, clock)
    async with database.read() as reader:
        assert await staff_of_session(reader, secret, clock.now()) == member

    await keep_accounts(database, settings_with(tmp_path, **named, admin_password="another password"), clock)
    await sign_in(database, email="boss@x.example", password="another password", at=clock.now())
    with pytest.raises(Unauthenticated):
        await sign_in(database, email="boss@x.example", password=LONG, at=clock.now())
    async with database.read() as reader:
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, clock.now())
    assert await addresses(database) == ["boss@x.example"]


async def test_turning_the_demo_off_locks_its_accounts_and_ends_their_sessions(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    on, off = settings_with(tmp_path), settings_with(tmp_path, demo=False)
    await keep_accounts(database, on, clock)
    _maya, secret = await sign_in(database, email=MAYA, password=DEMO_PASSWORD, at=clock.now())
    await keep_accounts(database, off, clock)
    async with database.read() as reader:
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, clock.now())
    with pytest.raises(Unauthenticated):
        await sign_in(database, email=MAYA, password=DEMO_PASSWORD, at=clock.now())
    await keep_accounts(database, on, clock)
    await sign_in(database, email=MAYA, password=DEMO_PASSWORD, at=clock.now())


async def test_a_demo_that_is_turned_on_later_has_its_accounts(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await keep_accounts(database, settings_with(tmp_path, demo=False), clock)
    assert await addresses(database) == [FIRST_ADMIN]
    await keep_accounts(database, settings_with(tmp_path), clock)
    await sign_in(database, email=MAYA, password=DEMO_PASSWORD, at=clock.now())
