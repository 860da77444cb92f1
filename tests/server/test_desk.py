"""The desk over HTTP and its socket: who may sign in, what each list shows, one conversation from claim to rating."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher
from sqlalchemy.exc import OperationalError

from core.events import Event
from handoff import passwords, staff
from handoff.routing.presence import present
from handoff.staff import SESSION_LENGTH, add_staff
from handoff.wording import TALK_TO_PERSON
from server.hub import BACKLOG, DESK
from server.identity import sign_identity
from server.routes import desk as desk_routes
from server.routes.desk import MOST_FAILURES_EACH, SIGN_IN_WINDOW
from server.sla_worker import escalate, fire_clocks
from server.sockets import MOST_FRAMES, SIGNED_OUT
from tests.server.conftest import NOW, Chat, Running

Client = TestClient[web.Request, web.Application]
CONVERSATIONS = "/api/desk/conversations"


async def waiting(running: Running, text: str = "where are my invoices please") -> Chat:
    chat = await running.visit()
    await chat.send("message", text=text)
    await chat.message("bot")
    assert (await chat.send("person"))["type"] == "ack"
    await chat.notice("queued")
    return chat


async def detail(client: Client, chat: Chat) -> dict[str, Any]:
    response = await client.get(f"{CONVERSATIONS}/{chat.conversation}")
    assert response.status == 200
    return await response.json()


async def do(client: Client, chat: Chat, what: str, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{CONVERSATIONS}/{chat.conversation}/{what}", json=body)
    assert response.status == status, await response.text()
    return await response.json()


class Desk:
    """An agent's open socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hears(self, event: str, **wanted: Any) -> dict[str, Any]:
        """Return the data of the next such event whose data has these values."""
        while True:
            frame = await self.socket.receive_json(timeout=10)
            data = frame.get("data", frame)
            if frame.get("event", frame["type"]) == event and all(data.get(key) == wanted[key] for key in wanted):
                return data


async def socket_of(running: Running, client: Client, **shown: str) -> Desk:
    """Open a desk that shows a `view` and a `conversation_id`."""
    origin = str(running.client.make_url("")).rstrip("/")
    desk = Desk(await client.ws_connect("/api/desk/socket", headers={"Origin": origin}))
    await desk.socket.send_json({"type": "watch", **shown})
    await desk.hears("watching")
    return desk


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
    cookie = {"Cookie": f"baton_staff={_cookie(maya)}"}
    assert (await maya.delete("/api/staff/session")).status == 200
    assert (await maya.get("/api/staff/session")).status == 401
    assert (await running.client.get("/api/staff/session", headers=cookie)).status == 401


def _cookie(client: Client) -> str:
    return next(cookie.value for cookie in client.session.cookie_jar if cookie.key == "baton_staff")


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
    monkeypatch.setattr(desk_routes, "MOST_FAILURES", 5)
    statuses = [(await sign_in_as(running.client, f"guess{n}@fernhill.example")).status for n in range(6)]
    assert statuses == [401] * 5 + [429]


@pytest.mark.usefixtures("quick_hashing")
async def test_who_knows_the_password_uses_up_nobodys_attempts(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_routes, "MOST_FAILURES", 3)
    for _ in range(5):
        assert (await sign_in_as(running.client, "maya@fernhill.example", "fernhill-demo")).status == 200


@pytest.mark.usefixtures("quick_hashing")
async def test_a_stranger_elsewhere_cannot_lock_an_agent_out(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_routes, "remote", lambda request, _service: request.headers["X-From"])
    maya = {"email": "maya@fernhill.example", "password": "fernhill-demo"}

    async def attempt(address: str, **body: str) -> int:
        headers = {"X-Baton": "desk", "X-From": address}
        return (await running.client.post("/api/staff/session", json={**maya, **body}, headers=headers)).status

    while await attempt("192.0.2.66", password="x") != 429:
        pass
    assert await attempt("192.0.2.1") == 200


async def test_every_desk_route_refuses_strangers_customers_and_requests_without_the_header(running: Running) -> None:
    chat = await waiting(running)
    routes = [("GET", CONVERSATIONS), ("GET", f"{CONVERSATIONS}/{chat.conversation}"), ("GET", "/api/desk/search?q=x")]
    unsafe = [
        ("POST", f"{CONVERSATIONS}/{chat.conversation}/{what}")
        for what in ("claim", "replies", "notes", "resolve", "return", "release")
    ] + [("PATCH", "/api/desk/tickets/FH-1001"), ("PUT", "/api/desk/presence"), ("DELETE", "/api/staff/session")]
    strangers: list[dict[str, str]] = [
        {},
        {"Authorization": f"Bearer {chat.token}"},
        {"Cookie": f"baton_staff={chat.token}"},
        {"Cookie": "baton_staff=wrong"},
    ]
    for method, path in routes + unsafe:
        for stranger in strangers:
            response = await running.client.request(method, path, json={}, headers={**stranger, "X-Baton": "desk"})
            assert (response.status, (await response.json())["error"]["code"]) == (401, "unauthenticated"), path
    maya = await running.staff()
    for method, path in unsafe:
        response = await maya.request(method, path, json={}, headers={"X-Baton": "no"})
        assert (response.status, (await response.json())["error"]["code"]) == (403, "forbidden"), path


async def test_content_staff_may_search_and_nothing_of_the_customers(running: Running) -> None:
    chat = await waiting(running)
    await add_staff(
        running.service.database,
        email="nora@fernhill.example",
        name="Nora",
        role="content",
        password="fernhill-demo",
        at=running.clock.now(),
    )
    nora = await running.staff("nora@fernhill.example")
    assert (await nora.get("/api/staff/session")).status == 200
    assert (await nora.get(f"{CONVERSATIONS}/{chat.conversation}")).status == 403
    refused = await do(nora, chat, "claim", 403, epoch=2)
    assert refused["error"]["message"] == "Your role, content, may not do this."
    assert (await nora.patch("/api/desk/tickets/FH-1001", json={"priority": "low"})).status == 403
    found = await nora.get("/api/desk/search?q=invoices")
    assert (found.status, (await found.json())["results"]) == (200, [])  # no encoder in this test: words alone decide


async def test_from_claim_to_rating_every_step_is_seen_on_both_sides(running: Running) -> None:
    chat = await waiting(running)
    maya = await running.staff()
    listed = await (await maya.get(CONVERSATIONS)).json()
    assert listed["counts"] == {"queue": 1, "mine": 0, "bot": 0}
    (row,) = listed["conversations"]
    assert (row["id"], row["owner"], row["epoch"], row["reason"]) == (chat.conversation, "queue", 2, "asked")
    assert (row["number"], row["subject"]) == ("FH-1001", "where are my invoices please")
    assert row["clock"]["metric"] == "first_response"

    claimed = await do(maya, chat, "claim", epoch=2)
    assert (claimed["row"]["agent"]["name"], claimed["row"]["epoch"]) == ("Maya Ortiz", 3)
    assert claimed["ticket"]["reasons"] == ["“invoices” is about billing."]
    assert claimed["package"]["reason"]["words"] == "The customer asked for a person."
    assert (await chat.notice("claimed"))["text"] == "Maya Ortiz has joined the conversation."
    assert (await do(maya, chat, "claim", epoch=2))["row"]["epoch"] == 3

    reply = await do(maya, chat, "replies", epoch=3, client_id="r1", text="Hello, <b>Dana</b>.")
    again = await do(maya, chat, "replies", epoch=3, client_id="r1", text="Hello, <b>Dana</b>.")
    assert again == reply
    assert reply["message"]["client_id"] == "r1"
    seen = await chat.message("agent")
    assert (seen["text"], seen["author"]["name"]) == ("Hello, <b>Dana</b>.", "Maya Ortiz")
    first = (await detail(maya, chat))["clocks"][0]
    assert (first["metric"], first["state"]) == ("first_response", "met")

    resolved = await do(maya, chat, "resolve", epoch=3, note="Showed the way.")
    assert (resolved["row"]["owner"], resolved["row"]["epoch"]) == ("bot", 4)
    assert resolved["ticket"]["status"] == "resolved"
    assert "Showed the way." in [message["text"] for message in resolved["messages"]]
    await chat.notice("resolved")
    asked = await chat.until(
        lambda frame: frame.get("event") == "conversation" and frame["data"]["conversation"]["rating"]
    )
    assert asked["data"]["conversation"]["rating"] == {"requested": True, "score": None}
    await chat.send("rate", score=5, comment="quick")
    assert (await detail(maya, chat))["rating"] == {"score": 5, "comment": "quick"}
    await chat.send("message", text="one more thing")
    assert (await chat.message("bot"))["text"] == "Hello."
    assert running.rasa.heard[-1]["conversation"] == f"{chat.conversation}.4"
    listed = await (await maya.get(f"{CONVERSATIONS}?view=resolved")).json()
    assert [row["number"] for row in listed["conversations"]] == ["FH-1001"]


async def test_the_second_claim_is_refused_kindly_and_so_is_all_that_comes_too_late(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    await do(maya, chat, "claim", epoch=2)
    refused = await do(jonas, chat, "claim", 409, epoch=2)
    assert refused == {
        "error": {
            "code": "stale_epoch",
            "message": "Maya Ortiz has already taken this conversation.",
            "field": None,
        }
    }
    for what, body in (
        ("replies", {"epoch": 3, "client_id": "x", "text": "hi"}),
        ("resolve", {"epoch": 3, "note": "mine!"}),
        ("return", {"epoch": 3}),
        ("release", {"epoch": 3}),
    ):
        assert (await do(jonas, chat, what, 409, **body))["error"]["code"] == "stale_epoch"
    assert "mine!" not in str(await detail(maya, chat))
    released = await do(maya, chat, "release", epoch=3)
    assert released["row"]["owner"] == "queue"
    assert (await chat.notice("released"))["notice"]["agent"] == "Maya Ortiz"
    await do(jonas, chat, "claim", epoch=4)
    back = await do(jonas, chat, "return", epoch=5)
    assert (back["row"]["owner"], back["rating"]) == ("bot", None)
    assert (await do(jonas, chat, "claim", 409, epoch=6))["error"]["code"] == "conflict"
    assert (await jonas.post(f"{CONVERSATIONS}/cv_none/claim", json={"epoch": 1})).status == 404


BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("claim", {}),
    ("claim", {"epoch": 0}),
    ("claim", {"epoch": "x"}),
    ("claim", {"epoch": 2, "force": True}),
    ("replies", {"epoch": 3, "client_id": "", "text": "hi"}),
    ("replies", {"epoch": 3, "client_id": "x", "text": " "}),
    ("notes", {"client_id": "x"}),
    ("resolve", {"epoch": 3, "note": 7}),
)


async def test_a_body_that_is_wrong_is_refused_with_the_reason(running: Running) -> None:
    chat = await waiting(running)
    maya = await running.staff()
    for what, body in BODIES:
        error = (await do(maya, chat, what, 400, **body))["error"]
        assert error["code"] == "invalid"
        assert error["message"]
    assert (await maya.get(f"{CONVERSATIONS}?view=everything")).status == 400
    assert (await detail(maya, chat))["row"]["epoch"] == 2


async def test_a_note_reaches_desks_that_have_it_open_and_the_customer_in_no_way(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    desk = await socket_of(running, jonas, conversation_id=chat.conversation)
    await do(maya, chat, "claim", epoch=2)
    note = (await do(maya, chat, "notes", client_id="n", text="SECRET: sounds angry"))["message"]
    assert note["kind"] == "note"
    assert (await desk.hears("message", message=note))["conversation_id"] == chat.conversation
    await do(maya, chat, "replies", epoch=3, client_id="r", text="Hello.")
    await chat.message("agent")
    assert all("SECRET" not in str(frame) for frame in chat.seen)
    session = await running.client.post("/api/chat/sessions", json={"token": chat.token})
    assert "SECRET" not in await session.text()
    bearer = {"Authorization": f"Bearer {chat.token}"}
    assert "SECRET" not in await (await running.client.get("/api/chat/events?after=0", headers=bearer)).text()
    for after in (None, 0):
        socket = await running.client.ws_connect("/api/chat/socket")
        await socket.send_json({"type": "hello", "token": chat.token, "after": after})
        shown = str(await socket.receive_json(timeout=5))
        await socket.send_json({"type": "ping"})
        while "pong" not in (frame := str(await socket.receive_json(timeout=5))):
            shown += frame
        assert "Hello." in shown
        assert "SECRET" not in shown
        await socket.close()
    assert "SECRET" in str(await detail(maya, chat))


async def test_a_correction_of_the_priority_is_kept_with_the_old_value_and_moves_the_clock(running: Running) -> None:
    chat = await waiting(running)
    maya = await running.staff()
    before = (await detail(maya, chat))["row"]["clock"]
    ticket = (await detail(maya, chat))["ticket"]
    response = await maya.patch(f"/api/desk/tickets/{ticket['id']}", json={"priority": "urgent"})
    (override,) = (await response.json())["overrides"]
    assert (override["field"], override["old"], override["new"], override["by"]) == (
        "priority",
        "normal",
        "urgent",
        "Maya Ortiz",
    )
    after = (await detail(maya, chat))["row"]["clock"]
    assert (before["target_minutes"], after["target_minutes"], after["started_at"]) == (480, 30, before["started_at"])
    for body in ({}, {"priority": "huge"}, {"category": "\x00"}, {"team": "x"}):
        assert (await maya.patch(f"/api/desk/tickets/{ticket['id']}", json=body)).status == 400
    assert (await maya.patch("/api/desk/tickets/none", json={"priority": "low"})).status == 404


async def test_a_desk_socket_hears_rows_messages_typing_presence_and_counts(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya, view="bot")
    me = (await (await maya.get("/api/staff/session")).json())["staff"]
    assert (await desk.hears("presence"))["agents"] == [{"id": me["id"], "name": "Maya Ortiz", "state": "online"}]
    chat = await waiting(running)
    # What happens within one gathering comes in no promised order of kinds.
    texts, owners, counted = [], [], 0
    while "where are my invoices please" not in texts or "queue" not in owners or not counted:
        frame = await desk.socket.receive_json(timeout=10)
        kind, data = frame.get("event", frame["type"]), frame.get("data", {})
        if kind == "message":
            assert data["conversation_id"] == chat.conversation
            texts.append(data["message"]["text"])
        elif kind == "conversation":
            owners.append(data["row"]["owner"])
        counted += kind == "counts"
    await chat.socket.send_json({"type": "typing", "on": True})
    typing = await desk.hears("typing", conversation_id=chat.conversation, on=True)
    assert typing["author"] == {"kind": "customer", "name": "Visitor"}

    await do(maya, chat, "claim", epoch=2)
    await desk.socket.send_json({"type": "typing", "conversation_id": chat.conversation, "on": True})
    shown = await chat.until(
        lambda frame: frame.get("event") == "typing" and frame["data"]["author"]["kind"] == "agent"
    )
    assert shown["data"] == {"author": {"kind": "agent", "name": "Maya Ortiz"}, "on": True}


async def test_only_who_has_a_conversation_is_seen_writing_in_it(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    await do(maya, chat, "claim", epoch=2)
    intruder, owner = await socket_of(running, jonas), await socket_of(running, maya)
    for desk in (intruder, owner):
        await desk.socket.send_json({"type": "typing", "conversation_id": chat.conversation, "on": True})
        await desk.socket.send_json({"type": "ping"})
        await desk.hears("pong")
    shown = await chat.until(
        lambda frame: frame.get("event") == "typing" and frame["data"]["author"]["kind"] == "agent"
    )
    assert shown["data"]["author"]["name"] == "Maya Ortiz"


FRAMES = (
    "{", "7", "9" * 5000, '{"type": "shout"}', '{"type": "presence", "state": "asleep"}',
    '{"type": "typing", "conversation_id": "cv_none", "on": true}',
)  # fmt: skip


async def test_a_desk_frame_that_is_wrong_gets_an_error_and_the_socket_stays_open(running: Running) -> None:
    desk = await socket_of(running, await running.staff())
    for raw in FRAMES:
        await desk.socket.send_str(raw)
        assert (await desk.hears("error"))["error"]["message"]
    await desk.socket.send_json({"type": "ping"})
    await desk.hears("pong")


async def test_the_desks_socket_is_for_its_own_site_and_signed_in_staff_only(running: Running) -> None:
    maya = await running.staff()
    own = str(running.client.make_url("")).rstrip("/")
    for origin in ("https://evil.example", "null", "http://[", "", own.replace("http://", "http://x.")):
        response = await maya.get("/api/desk/socket", headers={"Origin": origin})
        assert (response.status, (await response.json())["error"]["code"]) == (403, "forbidden"), origin
    assert (await maya.get("/api/desk/socket")).status == 403
    assert (await running.client.get("/api/desk/socket", headers={"Origin": own})).status == 401


async def test_presence_survives_pings_and_ends_with_the_socket(running: Running) -> None:
    chat = await waiting(running)
    maya = await running.staff()

    async def queue() -> dict[str, Any]:
        response = await running.client.post("/api/chat/sessions", json={"token": chat.token})
        return (await response.json())["conversation"]["queue"]

    assert (await queue())["staffed"] is False
    assert (await queue())["wait_minutes"] is None
    assert (await queue())["reply_by"] == "2026-11-23T17:00:00.000Z"
    desk = await socket_of(running, maya)
    assert await queue() == {
        "position": 1,
        "staffed": True,
        "wait_minutes": 1,
        "wait_is_estimate": True,
        "reply_by": "2026-11-23T17:00:00.000Z",
        "opens_at": None,
    }
    assert (await maya.put("/api/desk/presence", json={"state": "away"})).status == 200
    await desk.socket.send_json({"type": "ping"})
    await desk.hears("pong")
    assert (await queue())["staffed"] is False
    assert (await maya.put("/api/desk/presence", json={"state": "online"})).status == 200
    assert (await queue())["staffed"] is True
    watcher = await socket_of(running, await running.staff("jonas@fernhill.example"))
    await desk.socket.close()
    me = (await (await maya.get("/api/staff/session")).json())["staff"]["id"]
    while {"id": me, "name": "Maya Ortiz", "state": "offline"} not in (await watcher.hears("presence"))["agents"]:
        pass


async def test_a_waiting_customer_is_told_when_people_come_on_duty(running: Running) -> None:
    chat = await waiting(running)
    await socket_of(running, await running.staff())
    told = await chat.until(lambda frame: frame.get("event") == "queue" and frame["data"]["queue"]["staffed"])
    assert told["data"]["queue"]["wait_minutes"] == 1


async def test_warning_and_breach_are_fired_once_each_and_every_desk_hears_of_them(running: Running) -> None:
    chat = await waiting(running)
    desk = await socket_of(running, await running.staff())
    started = running.clock.now()
    heard = []
    for minutes in (383, 384, 479, 480, 481):
        running.clock.set(started + timedelta(minutes=minutes))
        while await fire_clocks(running.service) or await escalate(running.service):
            pass
        if minutes in {384, 480}:
            told = await desk.hears("clock", conversation_id=chat.conversation)
            heard.append((minutes, told["what"], told["clock"]["metric"], told["clock"]["state"]))
    assert heard == [(384, "warning", "first_response", "running"), (480, "breach", "first_response", "breached")]
    async with running.service.database.read() as reader:
        from core.events import events_after

        events = await events_after(reader, chat.conversation, 0, audiences=["staff"])
    assert [event.data["what"] for event in events if event.kind == "clock"] == ["warning", "breach"]
    await chat.send("message", text="still there?")
    assert all(frame.get("event") != "clock" for frame in chat.seen)


async def test_names_with_markup_are_text_in_json_and_nothing_else(running: Running) -> None:
    name = '<script>alert("x")</script>'
    secret = running.service.identity_secret
    identity = sign_identity({"sub": "evil", "name": name, "company": name}, secret, running.clock.now())
    session = await (await running.client.post("/api/chat/sessions", json={"identity": identity})).json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    await running.client.post("/api/chat/frames", json={"type": "person", "client_id": "p"}, headers=bearer)
    maya = await running.staff()
    response = await maya.get(f"{CONVERSATIONS}/{session['conversation']['id']}")
    assert response.content_type == "application/json"
    shown = await response.json()
    assert (shown["customer"]["name"], shown["customer"]["company"]) == (name, name)
    assert shown["row"]["customer"]["name"] == name


async def test_an_old_press_of_talk_to_a_person_repeated_after_the_end_hands_nothing_over_again(
    running: Running,
) -> None:
    running.rasa.answer = lambda _turn: web.Response(status=500)
    chat = await running.visit()
    await chat.send("message", text="hello?")
    button = (await chat.notice("bot_unavailable"))["buttons"][0]
    assert button["title"] == TALK_TO_PERSON[0]
    await chat.send("press", button=button["id"], client_id="p")
    maya = await running.staff()
    await do(maya, chat, "claim", epoch=2)
    await do(maya, chat, "resolve", epoch=3)
    assert (await chat.send("press", button=button["id"], client_id="p"))["type"] == "ack"
    assert (await detail(maya, chat))["row"]["owner"] == "bot"


async def test_two_desks_that_claim_at_once_get_one_yes_and_one_name(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    answers = await asyncio.gather(
        *(client.post(f"{CONVERSATIONS}/{chat.conversation}/claim", json={"epoch": 2}) for client in (maya, jonas))
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    lost = next(answer for answer in answers if answer.status == 409)
    assert (await lost.json())["error"]["message"].endswith("has already taken this conversation.")


async def test_a_desk_socket_ends_when_its_agent_signs_out_somewhere_else(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    watcher = await socket_of(running, await running.staff("jonas@fernhill.example"))
    assert (await maya.delete("/api/staff/session")).status == 200
    assert (await desk.hears("error"))["error"]["code"] == "unauthenticated"
    assert (await desk.socket.receive(timeout=10)).data == SIGNED_OUT
    while ("Maya Ortiz", "offline") not in [
        (agent["name"], agent["state"]) for agent in (await watcher.hears("presence"))["agents"]
    ]:
        pass


@pytest.mark.parametrize("ended", ["expired", "deactivated", "signed out on another replica"])
async def test_a_desk_socket_ends_with_its_session_at_the_next_ping(running: Running, ended: str) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    if ended == "expired":
        running.clock.set(running.clock.now() + SESSION_LENGTH)
    else:
        async with running.service.database.write() as tx:
            if ended == "deactivated":
                await staff.set_active(tx, ["maya@fernhill.example"], False)
            else:
                await staff.sign_out(tx, _cookie(maya))
    await desk.socket.send_json({"type": "ping"})
    assert (await desk.hears("error"))["error"]["code"] == "unauthenticated"
    assert (await desk.socket.receive(timeout=10)).data == SIGNED_OUT


async def test_a_desk_that_says_nothing_any_more_is_closed(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.routes.desk_socket.SILENT_SECONDS", 0.1)
    maya = await running.staff()
    origin = str(running.client.make_url("")).rstrip("/")
    socket = await maya.ws_connect("/api/desk/socket", headers={"Origin": origin})
    while (frame := await socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert frame.type is aiohttp.WSMsgType.CLOSE


async def test_a_customer_who_floods_with_typing_disconnects_no_desk(running: Running) -> None:
    desk = await socket_of(running, await running.staff())
    chat = await waiting(running)
    flood = b"".join(
        _text_frame(b'{"type":"typing","on":%s}' % on) for on in [b"true", b"false"] * (MOST_FRAMES // 2 - 10)
    )
    chat.socket._conn._protocol.transport.write(flood)  # type: ignore[union-attr]
    await chat.socket.send_json({"type": "ping"})
    await chat.until(lambda frame: frame["type"] == "pong")
    await desk.socket.send_json({"type": "ping"})
    heard = []
    while (frame := await desk.socket.receive_json(timeout=10)).get("type") != "pong":
        heard.append(frame.get("event"))
    assert heard.count("typing") == 2


def _text_frame(text: bytes) -> bytes:
    """Write a client's WebSocket frame of under 126 bytes, masked with zeros."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


async def test_desks_are_shown_who_writes_only_where_a_person_reads_along(running: Running) -> None:
    desk = await socket_of(running, await running.staff())
    with_the_bot, with_people = await running.visit(), await waiting(running)
    for chat in (with_the_bot, with_people):
        await chat.socket.send_json({"type": "typing", "on": True})
        await chat.socket.send_json({"type": "ping"})
        await chat.until(lambda frame: frame["type"] == "pong")
    assert (await desk.hears("typing"))["conversation_id"] == with_people.conversation


async def test_a_customer_who_goes_on_writing_is_shown_again_and_one_who_stops_is_shown_once(running: Running) -> None:
    chat = await waiting(running)
    desk = await socket_of(running, await running.staff())
    shown = []
    for seconds, on in ((0, True), (1, True), (3, True), (4, False), (4, False), (4, True), (6, True)):
        running.clock.set(NOW + timedelta(seconds=seconds))
        await running.service.typists.show(chat.conversation, "Dana", on=on)
        await desk.socket.send_json({"type": "ping"})
        while (frame := await desk.socket.receive_json(timeout=10))["type"] != "pong":
            if frame["event"] == "typing":
                shown.append((seconds, frame["data"]["on"]))
    assert shown == [(0, True), (3, True), (4, False), (6, True)]


async def test_an_agent_who_is_away_stays_away_when_redis_forgets_and_a_second_desk_opens(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    await desk.socket.send_json({"type": "presence", "state": "away"})
    await desk.socket.send_json({"type": "ping"})
    await desk.hears("pong")
    await running.service.redis.flushall()
    await desk.socket.send_json({"type": "ping"})
    await desk.hears("pong")
    await desk.socket.send_json({"type": "ping"})  # answered after what the ping before it did
    await desk.hears("pong")
    await socket_of(running, maya)
    assert list((await present(running.service.redis, running.clock.now())).values()) == ["away"]


async def test_asking_for_a_person_again_with_an_old_client_id_opens_no_second_ticket(running: Running) -> None:
    chat = await running.visit()
    await chat.send("person", client_id="p")
    maya = await running.staff()
    await do(maya, chat, "claim", epoch=2)
    await do(maya, chat, "resolve", epoch=3)
    assert await chat.send("person", client_id="p") == {"type": "ack", "client_id": "p", "message": None}
    assert (await detail(maya, chat))["row"]["owner"] == "bot"
    assert (await chat.send("person", client_id="q"))["type"] == "ack"
    assert (await detail(maya, chat))["row"]["owner"] == "queue"


async def test_desks_read_again_when_what_is_new_could_not_be_shown(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await socket_of(running, await running.staff(), view="bot")

    async def fail(*_given: Any) -> None:
        raise OperationalError("SELECT", {}, OSError("the database restarts"))

    monkeypatch.setattr("server.news.rows_of", fail)
    chat = await running.visit()
    await chat.send("message", text="hello")
    assert await desk.hears("reread") == {}


async def test_desks_read_again_when_redis_was_away(running: Running) -> None:
    desk = await socket_of(running, await running.staff())
    running.service.hub.catch_up(DESK)
    assert await desk.hears("reread") == {}


async def test_desks_read_again_when_their_feed_fell_behind(running: Running) -> None:
    desk = await socket_of(running, await running.staff(), view="bot")
    there = await running.visit()
    event = Event(there.conversation, 1, "clock", "staff", {}, running.clock.now())
    running.service.hub._deliver([event] * (BACKLOG + 1))
    assert await desk.hears("reread") == {}
    # And the feed goes on.
    chat = await running.visit()
    await chat.send("message", text="hello")
    assert (await desk.hears("message"))["message"]["text"] == "hello"
