"""Staff accounts: made once, signed in with a password, and no word on what exactly was wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from core.errors import Conflict, Invalid, Unauthenticated
from handoff import passwords
from handoff import staff as accounts
from handoff.staff import SESSION_LENGTH, add_staff, anybody_on_staff, sign_in, sign_out, staff_of_session
from handoff.tables import staff, staff_sessions
from tests.handoff.conftest import Floor

PASSWORD = "a good password"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def add(floor: Floor, **given: str) -> accounts.Staff:
    values = {"email": " Nora@Fernhill.Example ", "name": " Nora ", "role": "agent", "password": PASSWORD, **given}
    return await add_staff(floor.database, **values, at=floor.clock.now())  # type: ignore[arg-type]


async def test_an_account_is_made_with_a_clean_address_and_a_hash_for_a_password(floor: Floor) -> None:
    async with floor.database.read() as reader:
        assert not await anybody_on_staff(reader)
    member = await add(floor)
    assert (member.email, member.name, member.role) == ("nora@fernhill.example", "Nora", "agent")
    (row,) = await floor.rows(staff)
    assert row["password_hash"].startswith("$argon2id$")
    async with floor.database.read() as reader:
        assert await anybody_on_staff(reader)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nora"}, "email"),
        ({"email": "nora@localhost"}, "email"),
        ({"role": "boss"}, "role"),
        ({"password": "short"}, "password"),
        ({"name": "  "}, "name"),
        ({"name": "\u200b\u202e\u2066 \u3164"}, "name"),
    ],
)
async def test_an_account_that_will_not_do_is_refused_with_its_field(
    floor: Floor, given: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await add(floor, **given)
    assert refused.value.field == field
    assert await floor.rows(staff) == []


async def test_an_address_has_one_account(floor: Floor) -> None:
    await add(floor)
    with pytest.raises(Conflict, match="nora@fernhill.example"):
        await add(floor, email="NORA@fernhill.example")


async def test_a_wrong_password_and_an_unknown_address_read_the_same(floor: Floor) -> None:
    await add(floor)
    messages = []
    for email, password in (("nora@fernhill.example", "wrong"), ("nobody@fernhill.example", PASSWORD), ("", "")):
        with pytest.raises(Unauthenticated) as refused:
            await sign_in(floor.database, email=email, password=password, at=floor.clock.now())
        messages.append(refused.value.message)
    assert len(set(messages)) == 1
    assert await floor.rows(staff_sessions) == []


async def test_a_session_lasts_its_length_and_ends_with_signing_out(floor: Floor) -> None:
    member = await add(floor)
    now = floor.clock.now()
    signed_in, secret = await sign_in(floor.database, email="NORA@fernhill.example", password=PASSWORD, at=now)
    assert signed_in == member
    async with floor.database.read() as reader:
        assert await staff_of_session(reader, secret, now + SESSION_LENGTH - timedelta(seconds=1)) == member
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, now + SESSION_LENGTH)
    for _ in range(2):
        async with floor.database.write() as tx:
            await sign_out(tx, secret)
    async with floor.database.read() as reader:
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, now)


async def test_signing_in_sweeps_away_sessions_that_have_expired(floor: Floor) -> None:
    await add(floor)
    for _ in range(2):
        await sign_in(floor.database, email="nora@fernhill.example", password=PASSWORD, at=floor.clock.now())
        floor.later(SESSION_LENGTH + timedelta(seconds=1))
    assert len(await floor.rows(staff_sessions)) == 1


async def test_an_account_that_is_not_active_any_more_is_out_at_once(floor: Floor) -> None:
    await add(floor)
    now = floor.clock.now()
    _, secret = await sign_in(floor.database, email="nora@fernhill.example", password=PASSWORD, at=now)
    async with floor.database.write() as tx:
        await tx.execute(sa.update(staff).values(active=False))
    async with floor.database.read() as reader:
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, now)
    with pytest.raises(Unauthenticated):
        await sign_in(floor.database, email="nora@fernhill.example", password=PASSWORD, at=now)


async def test_a_password_that_is_replaced_while_it_is_checked_opens_no_session(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = await add(floor)

    async def replaced_meanwhile(stored: str | None, password: str) -> bool:
        matches = await passwords.is_password(stored, password)
        async with floor.database.write() as tx:
            await tx.execute(sa.update(staff).where(staff.c.id == member.id).values(password_hash="another"))
        return matches

    monkeypatch.setattr(accounts, "is_password", replaced_meanwhile)
    with pytest.raises(Unauthenticated):
        await sign_in(floor.database, email=member.email, password=PASSWORD, at=floor.clock.now())
    assert await floor.rows(staff_sessions) == []
