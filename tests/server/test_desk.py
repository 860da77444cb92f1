"""The desk over HTTP: what each list shows, and one conversation from claim to rating."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from handoff.staff import add_staff
from handoff.wording import TALK_TO_PERSON
from server import metrics
from server.identity import sign_identity
from tests.server.conftest import PATIENCE, Running
from tests.server.desks import CONVERSATIONS, detail, do, socket_of, waiting


def claims() -> float:
    return metrics.CLAIMS._value.get()


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
    ticket = (await detail(await running.staff(), chat))["ticket"]
    assert (await nora.patch(f"/api/desk/tickets/{ticket['id']}", json={"priority": "low"})).status == 403
    assert (await detail(await running.staff(), chat))["ticket"] == ticket
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

    counted = claims()
    claimed = await do(maya, chat, "claim", epoch=2)
    assert (claimed["row"]["agent"]["name"], claimed["row"]["epoch"]) == ("Maya Ortiz", 3)
    assert await do(maya, chat, "claim", epoch=2) == claimed
    assert claims() == counted + 1
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
        shown = str(await socket.receive_json(timeout=PATIENCE))
        await socket.send_json({"type": "ping"})
        while "pong" not in (frame := str(await socket.receive_json(timeout=PATIENCE))):
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
