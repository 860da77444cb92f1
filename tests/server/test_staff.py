"""Staff over HTTP: accounts with a password for once, changes in parts, a dismissal that holds at once, one's own password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from handoff import passwords
from handoff import staff as accounts
from handoff.routing.silence import Absences
from server.routing import route_once
from tests.server.conftest import Running
from tests.server.desks import Client, detail, do, socket_of, waiting

NINA = {
    "email": "nina@fernhill.example",
    "name": "Nina Aho",
    "teams": ["billing"],
    "languages": ["fi", "en"],
    "capacity": 2,
}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def sign_in(running: Running, email: str, password: str, status: int = 200) -> Client:
    client = running.browser(**{"X-Baton": "desk"})
    response = await client.post("/api/staff/session", json={"email": email, "password": password})
    assert response.status == status, await response.text()
    return client


@pytest.fixture
async def admin(running: Running) -> Client:
    await accounts.let_admin_in(
        running.service.database, email="root@fernhill.example", password="admin-password", at=running.clock.now()
    )
    return await sign_in(running, "root@fernhill.example", "admin-password")


async def ask(client: Client, method: str, path: str, status: int = 200, **body: Any) -> Any:
    response = await client.request(method, path, json=body or None)
    assert response.status == status, await response.text()
    return await response.json()


async def test_a_new_colleague_signs_in_with_a_password_for_once_and_chooses_their_own(
    running: Running, admin: Client
) -> None:
    hired = await ask(admin, "POST", "/api/staff", **NINA)
    assert (hired["member"]["teams"], hired["member"]["capacity"]) == (["billing"], 2)
    assert hired["member"]["languages"] == ["en", "fi"]
    nina = await sign_in(running, "nina@fernhill.example", hired["password"])
    assert (await ask(nina, "GET", "/api/staff/session"))["staff"]["password_once"] is True
    refused = await ask(nina, "GET", "/api/desk/conversations", 403)
    assert refused["error"]["message"] == "Choose a password of your own first."
    elsewhere = await sign_in(running, "nina@fernhill.example", hired["password"])
    for new, field in (("short", "new"), (hired["password"], "new")):
        wrong = await ask(nina, "PUT", "/api/staff/me/password", 400, current=hired["password"], new=new)
        assert wrong["error"]["field"] == field
    await ask(nina, "PUT", "/api/staff/me/password", 403, current="not it at all", new="a password of mine")
    await ask(nina, "PUT", "/api/staff/me/password", current=hired["password"], new="a password of mine")
    await ask(nina, "GET", "/api/desk/conversations")
    await ask(elsewhere, "GET", "/api/staff/session", 401)
    await sign_in(running, "nina@fernhill.example", hired["password"], 401)
    await sign_in(running, "nina@fernhill.example", "a password of mine")
    again = await ask(admin, "POST", f"/api/staff/{hired['member']['id']}/password")
    await ask(nina, "GET", "/api/staff/session", 401)
    await sign_in(running, "nina@fernhill.example", again["password"])


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"email": "maya@fernhill.example"}, 409, "email"),
        ({"email": "nonsense"}, 400, "email"),
        ({"name": "  "}, 400, "name"),
        ({"role": "boss"}, 400, "role"),
        ({"teams": ["astronauts"]}, 400, "teams"),
        ({"skills": ["a b"]}, 400, "skills"),
        ({"languages": ["klingon!"]}, 400, "languages"),
        ({"capacity": -1}, 400, "capacity"),
        ({"capacity": 101}, 400, "capacity"),
        ({"hours": {"zone": "Mars/Olympus", "windows": {"mon": ["09:00-17:00"]}}}, 400, "hours.zone"),
        ({"hours": {"zone": "UTC", "windows": {}}}, 400, "hours.windows"),
        ({"password": "short"}, 400, "password"),
        ({"capacity": True}, 400, "capacity"),
        ({"name": "\u200b\u2060"}, 400, "name"),
        ({"hours": {"zone": "UTC", "windows": {"mon": ["09:00-17:00"]}, "holidays": None}}, 400, "hours.holidays"),
        ({"salary": 1}, 400, "salary"),
    ],
)
async def test_an_account_that_will_not_do_is_refused_with_its_field_and_not_made(
    running: Running, admin: Client, change: dict[str, Any], status: int, field: str
) -> None:
    before = await ask(admin, "GET", "/api/staff")
    assert (await ask(admin, "POST", "/api/staff", status, **{**NINA, **change}))["error"]["field"] == field
    assert await ask(admin, "GET", "/api/staff") == before


async def test_agents_see_who_is_on_duty_leads_settle_routing_and_admins_everything(
    running: Running, admin: Client
) -> None:
    maya, amara = await running.staff(), await running.staff("amara@fernhill.example")
    async with running.service.database.read() as reader:
        ids = {name: staff_id for staff_id, name in (await accounts.staff_names(reader)).items()}
    jonas = f"/api/staff/{ids['Jonas Lindgren']}"
    await ask(maya, "GET", "/api/staff", 403)
    await ask(maya, "PATCH", jonas, 403, capacity=9)
    assert (await ask(amara, "PATCH", jonas, teams=["technical"], capacity=9))["capacity"] == 9
    await ask(amara, "PATCH", jonas, 403, role="admin")
    await ask(amara, "POST", "/api/staff", 403, **NINA)
    assert (await ask(admin, "PATCH", jonas, role="lead", name="Jonas L."))["name"] == "Jonas L."
    await ask(admin, "PATCH", "/api/staff/st_nobody", 404, capacity=1)
    assert (await ask(maya, "PUT", "/api/staff/me/capacity", capacity=0))["capacity"] == 0
    desk = await socket_of(running, maya)
    floor = await ask(maya, "GET", "/api/desk/floor")
    people = {one["name"]: one for one in floor["people"]}
    assert (people["Maya Ortiz"]["state"], people["Maya Ortiz"]["capacity"]) == ("online", 0)
    assert (people["Jonas L."]["state"], people["Jonas L."]["teams"]) == ("offline", ["technical"])
    assert "email" not in people["Maya Ortiz"]
    teams = {one["name"]: one for one in floor["teams"]}
    assert (teams["technical"]["members"], teams["billing"]["members"]) == (5, 4)
    await desk.socket.close()
    await ask(maya, "PUT", "/api/teams/vip", 403, title="VIP")
    assert (await ask(amara, "PUT", "/api/teams/vip", title="VIP", assignment="automatic"))["title"] == "VIP"
    assert (await ask(amara, "PUT", "/api/teams/vip", assignment=None))["assignment"] is None
    await ask(amara, "PUT", "/api/teams/Not%20One", 400, title="x")


async def test_a_dismissed_agent_is_out_at_once_and_their_chats_are_back_in_the_queue(
    running: Running, admin: Client
) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    chat = await waiting(running)
    claimed = await do(maya, chat, "claim", epoch=(await detail(maya, chat))["row"]["epoch"])
    await do(maya, chat, "replies", epoch=claimed["row"]["epoch"], client_id="r1", text="On it.")
    me = (await ask(maya, "GET", "/api/staff/session"))["staff"]["id"]
    await ask(admin, "PATCH", f"/api/staff/{me}", active=False)
    await ask(maya, "GET", "/api/desk/conversations", 401)
    assert (await desk.hears("error"))["error"]["code"] == "unauthenticated"
    assert (await detail(admin, chat))["row"]["owner"] == "queue"
    assert "Maya Ortiz is not available any more" in (await chat.notice("agent_gone"))["text"]
    await do(maya, chat, "replies", 401, epoch=claimed["row"]["epoch"], client_id="r2", text="Still me.")


async def test_the_last_admin_can_neither_leave_nor_step_down(running: Running, admin: Client) -> None:
    me = (await ask(admin, "GET", "/api/staff/session"))["staff"]["id"]
    for one in (await ask(admin, "GET", "/api/staff"))["staff"]:
        if one["role"] == "admin" and one["id"] != me:
            await ask(admin, "PATCH", f"/api/staff/{one['id']}", active=False)
    for change in ({"active": False}, {"role": "agent"}):
        refused = await ask(admin, "PATCH", f"/api/staff/{me}", 409, **change)
        assert "last admin" in refused["error"]["message"]


async def test_an_agent_whose_desk_falls_silent_loses_what_waits_for_them_after_the_set_time(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    chat = await waiting(running)
    await do(maya, chat, "claim", epoch=(await detail(maya, chat))["row"]["epoch"])
    absences = Absences(timedelta(minutes=running.service.settings.silent_minutes))
    await route_once(running.service, absences)
    running.clock.set(running.clock.now() + timedelta(minutes=2))
    await route_once(running.service, absences)
    running.clock.set(running.clock.now() + timedelta(minutes=2))
    await route_once(running.service, absences)
    assert (await detail(maya, chat))["row"]["owner"] == "agent"
    running.clock.set(running.clock.now() + timedelta(minutes=1))
    await route_once(running.service, absences)
    assert (await detail(maya, chat))["row"]["owner"] == "queue"
    assert await chat.notice("agent_gone")
    await desk.socket.close()


async def test_a_chat_can_be_passed_to_a_colleague_who_is_there_and_not_to_one_who_is_offline(running: Running) -> None:
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    to = (await ask(jonas, "GET", "/api/staff/session"))["staff"]["id"]
    chat = await waiting(running)
    epoch = (await do(maya, chat, "claim", epoch=(await detail(maya, chat))["row"]["epoch"]))["row"]["epoch"]
    refused = await do(maya, chat, "transfer", 409, epoch=epoch, agent=to)
    assert refused["error"]["message"].startswith("Jonas Lindgren is offline.")
    desk = await socket_of(running, jonas)
    passed = await do(maya, chat, "transfer", epoch=epoch, agent=to, note="Yours?")
    assert passed["row"]["agent"]["name"] == "Jonas Lindgren"
    assert (await chat.notice("moved_to_person"))["notice"]["to"] == "Jonas Lindgren"
    await desk.socket.close()
