"""Signing in at the desk: what a stranger learns, how guessing is slowed down, and how a session ends."""

from __future__ import annotations

import aiohttp
import pytest
from argon2 import PasswordHasher

from handoff import passwords
from handoff.staff import SESSION_LENGTH
from server.routes import sessions
from server.routes.sessions import MOST_FAILURES_EACH, SIGN_IN_WINDOW
from tests.server.conftest import Running
from tests.server.desks import Client, cookie_of


async def test_a_wrong_password_and_an_unknown_address_read_the_same_and_set_no_cookie(running: Running) -> None:
    bodies = []
    for body in (
        {"email": "maya@fernhill.example", "password": "wrong"},
        {"email": "nobody@fernhill.example", "password": "fernhill-demo"},
        {"email": "\x00\ud800", "password": "\ud800"},
    ):
        response = await running.client.post("/api/staff/session", json=body, headers={"X-Baton": "desk"})
        assert (response.status, response.cookies) == (401, {})
        bodies.append(await response.json())
    assert bodies[0] == bodies[1] == bodies[2]


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites_and_ends(running: Running) -> None:
    body = {"email": " MAYA@fernhill.example", "password": "fernhill-demo"}
    client = running.browser()
    assert (await client.post("/api/staff/session", json=body)).status == 403
    response = await client.post("/api/staff/session", json=body, headers={"X-Baton": "desk"})
    member = (await response.json())["staff"]
    assert (member["name"], member["role"], member["capacity"]) == ("Maya Ortiz", "agent", 5)
    cookie = response.cookies["baton_staff"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == str(int(SESSION_LENGTH.total_seconds()))
    assert (await (await client.get("/api/staff/session")).json())["staff"] == member
    running.clock.set(running.clock.now() + SESSION_LENGTH)
    assert (await client.get("/api/staff/session")).status == 401


async def test_signing_out_ends_the_session_for_good(running: Running) -> None:
    maya = await running.staff()
    cookie = {"Cookie": f"baton_staff={cookie_of(maya)}"}
    assert (await maya.delete("/api/staff/session")).status == 200
    assert (await maya.get("/api/staff/session")).status == 401
    assert (await running.client.get("/api/staff/session", headers=cookie)).status == 401


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def sign_in_as(client: Client, email: str, password: str = "x") -> aiohttp.ClientResponse:
    body = {"email": email, "password": password}
    return await client.post("/api/staff/session", json=body, headers={"X-Baton": "desk"})


@pytest.mark.usefixtures("quick_hashing")
async def test_guessing_one_accounts_password_is_slowed_down_and_nobody_elses(running: Running) -> None:
    statuses = [(await sign_in_as(running.client, "maya@fernhill.example")).status for _ in range(MOST_FAILURES_EACH)]
    response = await sign_in_as(running.client, " MAYA@fernhill.example")
    assert [*statuses, response.status] == [401] * MOST_FAILURES_EACH + [429]
    assert 1 <= int(response.headers["Retry-After"]) <= SIGN_IN_WINDOW
    assert (await response.json())["error"]["code"] == "rate_limited"
    assert (await sign_in_as(running.client, "jonas@fernhill.example", "fernhill-demo")).status == 200


@pytest.mark.usefixtures("quick_hashing")
async def test_guessing_at_many_accounts_from_one_address_is_slowed_down(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_FAILURES", 5)
    statuses = [(await sign_in_as(running.client, f"guess{n}@fernhill.example")).status for n in range(6)]
    assert statuses == [401] * 5 + [429]


@pytest.mark.usefixtures("quick_hashing")
async def test_who_knows_the_password_uses_up_nobodys_attempts(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_FAILURES", 3)
    for _ in range(5):
        assert (await sign_in_as(running.client, "maya@fernhill.example", "fernhill-demo")).status == 200


@pytest.mark.usefixtures("quick_hashing")
async def test_a_stranger_elsewhere_cannot_lock_an_agent_out(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "remote", lambda request, _service: request.headers["X-From"])
    maya = {"email": "maya@fernhill.example", "password": "fernhill-demo"}

    async def attempt(address: str, **body: str) -> int:
        headers = {"X-Baton": "desk", "X-From": address}
        return (await running.client.post("/api/staff/session", json={**maya, **body}, headers=headers)).status

    while await attempt("192.0.2.66", password="x") != 429:
        pass
    assert await attempt("192.0.2.1") == 200
