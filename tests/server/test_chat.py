"""The customer's side over a real socket: said once, answered once, never silent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from core.events import record_event
from tests.server.conftest import PATIENCE, Running, say


async def test_a_message_is_acknowledged_shown_and_answered(running: Running) -> None:
    running.rasa.answer = lambda turn: say(f"You said {turn['text']}.", intent="greet", confidence=0.9)
    chat = await running.visit()
    ack = await chat.send("message", text="hello")
    assert ack["message"]["text"] == "hello"
    assert (await chat.message("customer"))["seq"] == 1
    answer = await chat.message("bot")
    assert (answer["text"], answer["seq"]) == ("You said hello.", 2)
    assert running.rasa.heard == [{"conversation": f"{chat.conversation}.1", "text": "hello"}]


async def test_repeating_a_client_id_gives_the_same_ack_and_no_second_answer(running: Running) -> None:
    chat = await running.visit()
    first = await chat.send("message", text="hello", client_id="same")
    again = await chat.send("message", text="hello", client_id="same")
    assert again["message"]["id"] == first["message"]["id"]
    await chat.message("bot")
    await chat.send("message", text="done")
    await chat.message("bot")
    assert [turn["text"] for turn in running.rasa.heard] == ["hello", "done"]


async def test_messages_sent_in_a_burst_are_answered_in_their_order(running: Running) -> None:
    async def answer(turn: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        return say(f"re {turn['text']}")

    running.rasa.answer = answer
    chat = await running.visit()
    for n in range(5):
        await chat.send("message", text=f"m{n}")
    answers = [(await chat.message("bot"))["text"] for _ in range(5)]
    assert answers == [f"re m{n}" for n in range(5)]


@pytest.mark.parametrize(
    "broken",
    [
        lambda _turn: web.json_response({"replies": []}),
        lambda _turn: web.json_response({"error": {"code": "action_failed"}}, status=502),
        lambda _turn: web.Response(text="not json"),
        lambda _turn: asyncio.Event().wait(),  # never: later than any limit
    ],
    ids=["empty", "failed", "no json", "late"],
)
async def test_a_bot_that_fails_in_any_way_leaves_a_customer_who_is_told_and_offered_a_person(
    running: Running, broken: Any, request: pytest.FixtureRequest
) -> None:
    running.rasa.answer = broken
    if request.node.callspec.id == "late":
        running.service.bot.timeout = 0.1
    chat = await running.visit()
    await chat.send("message", text="hello?")
    told = await chat.notice("bot_unavailable")
    assert "talk to a person" in told["text"]
    ack = await chat.send("press", button=told["buttons"][0]["id"])
    assert ack["message"]["text"] == "Talk to a person"
    failed = "action_failed" if told["notice"]["cause"] == "action_failed" else "bot_unavailable"
    assert (await chat.notice("queued"))["notice"]["reason"] == failed


async def test_commands_typed_by_a_customer_are_shown_as_typed_and_reach_rasa_without_their_slashes(
    running: Running,
) -> None:
    chat = await running.visit()
    for text in ("/restart", '/greet{"a":1}', "  //back", "/"):
        ack = await chat.send("message", text=text)
        assert ack["message"]["text"] == text.strip()
        await chat.message("bot")
    assert [turn["text"] for turn in running.rasa.heard] == ["restart", 'greet{"a":1}', "back", "?"]
    assert all("payload" not in turn for turn in running.rasa.heard)


async def test_a_button_sends_the_payload_that_the_service_issued_and_works_once(running: Running) -> None:
    running.rasa.answer = lambda turn: (
        {"replies": [{"text": "Which?", "buttons": [{"title": "This", "payload": '/choose{"n": 1}'}]}]}
        if "text" in turn
        else say("Chosen.")
    )
    chat = await running.visit()
    await chat.send("message", text="offer")
    button = (await chat.message("bot"))["buttons"][0]
    assert set(button) == {"id", "title", "used"}
    await chat.send("press", button=button["id"])
    assert (await chat.message("bot"))["text"] == "Chosen."
    assert running.rasa.heard[-1]["payload"] == '/choose{"n": 1}'
    again = await chat.send("press", button=button["id"])
    assert again["error"]["code"] == "conflict"


async def test_a_button_that_the_service_did_not_issue_is_refused(running: Running) -> None:
    mine, theirs = await running.visit(), await running.visit()
    running.rasa.answer = lambda _turn: {"replies": [{"text": "?", "buttons": [{"title": "Go", "payload": "/go"}]}]}
    await theirs.send("message", text="offer")
    button = (await theirs.message("bot"))["buttons"][0]["id"]
    for forged in (button, "bt_1", "/restart", ""):
        refused = await mine.send("press", button=forged)
        assert refused["error"]["code"] == "not_found"
    assert len(running.rasa.heard) == 1


async def test_a_dropped_socket_resumes_after_its_last_event_and_misses_nothing(running: Running) -> None:
    chat = await running.visit()
    await chat.send("message", text="one")
    await chat.message("bot")
    last = chat.last_event
    await chat.socket.close()
    response = await running.client.post(
        "/api/chat/frames",
        json={"type": "message", "client_id": "while-away", "text": "two"},
        headers={"Authorization": f"Bearer {chat.token}"},
    )
    assert response.status == 200
    socket = await running.client.ws_connect("/api/chat/socket")
    await socket.send_json({"type": "hello", "token": chat.token, "after": last})
    assert (await socket.receive_json(timeout=PATIENCE))["type"] == "resumed"
    missed = await socket.receive_json(timeout=PATIENCE)
    assert missed["id"] == last + 1
    assert missed["data"]["message"]["text"] == "two"


async def test_long_polling_gives_the_same_events(running: Running) -> None:
    session = await (await running.client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    frame = {"type": "message", "client_id": "a", "text": "hello"}
    ack = await (await running.client.post("/api/chat/frames", json=frame, headers=bearer)).json()
    assert ack["type"] == "ack"
    texts: list[str] = []
    after = 0
    while len(texts) < 2:
        url = f"/api/chat/events?after={after}&wait=5"
        polled = await (await running.client.get(url, headers=bearer)).json()
        for event in polled["events"]:
            after = event["id"]
            texts.append(event["data"]["message"]["text"])
    assert texts == ["hello", "Hello."]


async def test_who_polls_on_from_the_last_event_of_each_answer_misses_none_of_1200(running: Running) -> None:
    session = await (await running.client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    conversation_id = session["conversation"]["id"]
    async with running.service.database.write() as tx:
        at = running.service.clock.now()
        for number in range(1200):
            message = {"id": f"ms_{number}", "buttons": []}
            await record_event(tx, conversation_id, "message", {"message": message}, at=at)
            await record_event(tx, conversation_id, "message", {"message": {"id": "note"}}, at=at, audience="staff")
    told: list[str] = []
    answers: list[tuple[int, bool]] = []
    after, more = 0, True
    while more:
        polled = await (await running.client.get(f"/api/chat/events?after={after}", headers=bearer)).json()
        told += [event["data"]["message"]["id"] for event in polled["events"]]
        after, more = polled["conversation"]["last_event"], polled["more"]
        answers.append((len(polled["events"]), more))
    assert told == [f"ms_{number}" for number in range(1200)]
    assert answers == [(500, True), (500, True), (200, False)]
    assert after == 2400


async def test_markup_in_a_message_is_kept_as_the_characters_it_is(running: Running) -> None:
    chat = await running.visit()
    text = "<script>alert(1)</script> & <b>bold</b> \U0001f600 \u202eabc"
    ack = await chat.send("message", text=text)
    assert ack["message"]["text"] == text


async def test_half_a_surrogate_pair_is_replaced_and_stored(running: Running) -> None:
    chat = await running.visit()
    await chat.socket.send_str('{"type": "message", "client_id": "s", "text": "a\\ud800b"}')
    ack = await chat.until(lambda got: got["type"] in {"ack", "error"})
    assert ack["message"]["text"] == "a\ufffdb"


async def test_a_poll_tells_buttons_as_they_are_now(running: Running) -> None:
    running.rasa.answer = lambda _turn: {"replies": [{"text": "?", "buttons": [{"title": "Go", "payload": "/go"}]}]}
    chat = await running.visit()
    await chat.send("message", text="offer")
    button = (await chat.message("bot"))["buttons"][0]
    await chat.send("press", button=button["id"])
    bearer = {"Authorization": f"Bearer {chat.token}"}
    polled = await (await running.client.get("/api/chat/events?after=0", headers=bearer)).json()
    issued = [event["data"]["message"]["buttons"] for event in polled["events"]]
    assert [{**button, "used": True}] in issued
    await chat.socket.close()
    socket = await running.client.ws_connect("/api/chat/socket")
    await socket.send_json({"type": "hello", "token": chat.token, "after": 1})
    assert (await socket.receive_json(timeout=PATIENCE))["type"] == "resumed"
    assert (await socket.receive_json(timeout=PATIENCE))["data"]["message"]["buttons"] == [{**button, "used": True}]
