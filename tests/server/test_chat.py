"""The customer's side over a real socket: said once, answered once, never silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy.exc import OperationalError

from core.clock import FrozenClock
from core.errors import RateLimited
from handoff.visitors import visitor_of_token
from server import frames, metrics, sockets
from server.identity import sign_identity
from server.routes.chat_socket import _Line, _receive_frames
from server.sockets import FRAME_CHARACTERS, MOST_FRAMES, WINDOW, Allowance
from tests.server.conftest import Running, say


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
    assert (await socket.receive_json(timeout=5))["type"] == "resumed"
    missed = await socket.receive_json(timeout=5)
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


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "message", "client_id": "x", "text": ""}, "invalid"),
        ({"type": "message", "client_id": "x", "text": " \n\t "}, "invalid"),
        ({"type": "message", "client_id": "x", "text": "\x00\x07"}, "invalid"),
        ({"type": "message", "client_id": "x", "text": "\u200b\u200b"}, "invalid"),
        ({"type": "message", "client_id": "x", "text": " \u202e\u202e\u2066 "}, "invalid"),
        ({"type": "message", "client_id": "x", "text": "a" * 100_000}, "too_large"),
        ({"type": "message", "client_id": "x", "text": 7}, "invalid"),
        ({"type": "message", "client_id": "x"}, "invalid"),
        ({"type": "message", "client_id": "", "text": "hi"}, "invalid"),
        ({"type": "message", "client_id": "x" * 200, "text": "hi"}, "invalid"),
        ({"type": "shout", "client_id": "x", "text": "hi"}, "invalid"),
        ({"client_id": "x"}, "invalid"),
        ({"type": "rate", "client_id": "x", "score": 9}, "invalid"),
        ({"type": "rate", "client_id": "x", "score": 5}, "conflict"),
        ({"type": "email", "client_id": "x", "email": "nobody"}, "invalid"),
    ],
)
async def test_a_frame_that_is_wrong_gets_an_error_and_the_socket_stays_open(
    running: Running, frame: dict[str, Any], code: str
) -> None:
    chat = await running.visit()
    await chat.socket.send_json(frame)
    refused = await chat.until(lambda got: got["type"] == "error")
    assert refused["error"]["code"] == code
    assert refused["error"]["message"]
    assert (await chat.send("message", text="still here"))["type"] == "ack"


@pytest.mark.parametrize("raw", ["{", "[]", "7", "null", '"text"', "[" * 50_000])
async def test_a_frame_that_is_no_object_gets_an_error_and_the_socket_stays_open(running: Running, raw: str) -> None:
    chat = await running.visit()
    await chat.socket.send_str(raw)
    refused = await chat.until(lambda got: got["type"] == "error")
    assert refused["error"]["code"] == "invalid"
    assert (await chat.send("message", text="still here"))["type"] == "ack"


@pytest.mark.parametrize("filler", ["[" * 200_000, '"' + "x" * 200_000 + '"'])
async def test_a_frame_longer_than_any_has_to_be_is_refused_by_its_client_id_and_not_read(
    running: Running, filler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await running.visit()
    read: list[int] = []
    whole = frames.parse_json
    monkeypatch.setattr(frames, "parse_json", lambda raw: read.append(len(raw)) or whole(raw))
    raw = f'{{"type": "message", "client_id": "long", "text": "hi", "more": {filler}}}'
    await chat.socket.send_str(raw)
    refused = await chat.until(lambda got: got["type"] == "error")
    assert (refused["error"]["code"], refused["client_id"]) == ("too_large", "long")
    bearer = {"Authorization": f"Bearer {chat.token}"}
    assert (await running.client.post("/api/chat/frames", data=raw, headers=bearer)).status == 413
    assert (await running.client.post("/api/chat/sessions", data=raw)).status == 413
    assert read == []
    assert (await chat.send("message", text="\U0001f600" * 8_000))["type"] == "ack"


async def test_a_customer_has_so_many_lines_at_once_and_is_told_what_to_do_for_another(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MOST_LINES", 2)
    chat = await running.visit()
    hello = {"type": "hello", "token": chat.token, "after": None}

    async def another() -> tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]:
        socket = await running.client.ws_connect("/api/chat/socket")
        await socket.send_json(hello)
        return socket, await socket.receive_json(timeout=10)

    second, greeted = await another()
    assert greeted["type"] == "snapshot"
    third, refused = await another()
    assert (refused["type"], refused["error"]["code"]) == ("error", "rate_limited")
    assert "2 times" in refused["error"]["message"]
    assert (await third.receive(timeout=10)).data == aiohttp.WSCloseCode.POLICY_VIOLATION
    bearer = {"Authorization": f"Bearer {chat.token}"}
    polled = {wait: await running.client.get(f"/api/chat/events?wait={wait}", headers=bearer) for wait in (0, 1)}
    assert {wait: answer.status for wait, answer in polled.items()} == {0: 200, 1: 429}
    await second.close()
    while running.service.hub.listening(chat.conversation) > 1:
        await asyncio.sleep(0)
    assert (await another())[1]["type"] == "snapshot"


async def test_a_binary_frame_gets_an_error_and_the_socket_stays_open(running: Running) -> None:
    chat = await running.visit()
    await chat.socket.send_bytes(b'{"type": "message", "client_id": "b", "text": "hi"}')
    refused = await chat.until(lambda got: got["type"] == "error")
    assert (refused["error"]["code"], refused["client_id"]) == ("invalid", None)
    assert (await chat.send("message", text="still here"))["type"] == "ack"


async def test_invalid_utf8_is_refused_and_the_service_stays_up(running: Running) -> None:
    session = await (await running.client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {session['token']}", "Content-Type": "application/json"}
    response = await running.client.post("/api/chat/frames", data=b'{"type": "message\xff"}', headers=bearer)
    assert response.status == 400
    assert (await response.json())["error"]["code"] == "invalid"
    chat = await running.visit()
    await chat.socket._writer.send_frame(b"\xff\xfe", 1)
    closing = await chat.socket.receive(timeout=5)
    assert closing.data == 1007
    assert (await running.client.get("/healthz")).status == 200


async def test_a_client_that_answers_no_ping_is_gone_and_breaks_nothing(running: Running) -> None:
    class Silent:
        async def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
            yield aiohttp.WSMessage(aiohttp.WSMsgType.ERROR, TimeoutError(), None)

    chat = await running.visit()
    async with running.service.database.read() as reader:
        visitor = await visitor_of_token(reader, chat.token, running.clock.now())
    line = _Line(cast(web.WebSocketResponse, Silent()), running.service, chat.token, visitor)
    with running.service.hub.listen(chat.conversation) as listener:
        await _receive_frames(line, listener)


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


async def test_nobody_writes_into_somebody_elses_conversation(running: Running) -> None:
    mine, theirs = await running.visit(), await running.visit()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {theirs.conversation}"}):
        response = await running.client.post(
            "/api/chat/frames", json={"type": "message", "client_id": "x", "text": "hi"}, headers=headers
        )
        assert response.status == 401
    await mine.send("message", text="mine only")
    await mine.message("bot")
    snapshot = await (await running.client.post("/api/chat/sessions", json={"token": theirs.token})).json()
    assert snapshot["messages"] == []


async def test_a_socket_without_a_good_hello_is_told_and_closed(running: Running) -> None:
    for hello in ({"type": "hello", "token": "wrong"}, {"type": "message"}, {"type": "hello"}):
        socket = await running.client.ws_connect("/api/chat/socket")
        await socket.send_json(hello)
        assert (await socket.receive_json(timeout=5))["error"]["code"] in {"unauthenticated", "invalid"}
        assert (await socket.receive(timeout=5)).type.name in {"CLOSE", "CLOSED"}


async def test_a_page_of_a_site_that_is_not_listed_may_not_open_a_chat(running: Running) -> None:
    evil = {"Origin": "https://evil.example"}
    assert (await running.client.post("/api/chat/sessions", json={}, headers=evil)).status == 403
    assert (await running.client.get("/api/chat/socket", headers=evil)).status == 403
    own = {"Origin": str(running.client.make_url("")).rstrip("/")}
    assert (await running.client.post("/api/chat/sessions", json={}, headers=own)).status == 200


async def test_too_many_messages_in_a_minute_are_refused_with_a_time_to_wait(running: Running) -> None:
    chat = await running.visit()
    answers = [await chat.send("message", text=f"m{n}") for n in range(41)]
    assert [answer["type"] for answer in answers] == ["ack"] * 40 + ["error"]
    assert answers[-1]["error"]["code"] == "rate_limited"


@pytest.mark.parametrize(
    "frame", ["{}", '{"type": "ping"}', '{"type": "typing", "on": true}', '"' + "x" * 900_000 + '"']
)
async def test_who_floods_a_socket_is_told_and_let_go(running: Running, frame: str) -> None:
    chat = await running.visit()
    with contextlib.suppress(aiohttp.ClientConnectionResetError):
        for _ in range(MOST_FRAMES + 1 if len(frame) < 100 else 3):
            await chat.socket.send_str(frame)
    told = await chat.until(lambda got: got["type"] == "error" and got["error"]["code"] == "rate_limited")
    assert told["client_id"] is None
    while (received := await chat.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert (received.type, received.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.POLICY_VIOLATION)


async def test_what_a_socket_may_send_is_given_anew_with_each_window(clock: FrozenClock) -> None:
    allowance = Allowance(clock, 2)
    allowance.spend(10)
    allowance.spend(10)
    with pytest.raises(RateLimited):
        allowance.spend(10)
    clock.set(clock.now() + WINDOW)
    with pytest.raises(RateLimited):
        allowance.spend(3 * FRAME_CHARACTERS)


async def test_a_socket_whose_sending_side_breaks_is_closed_so_that_the_client_resumes(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await running.visit()

    async def fail(*_given: Any) -> None:
        raise OperationalError("SELECT", {}, OSError("the database restarts"))

    monkeypatch.setattr("server.routes.chat_socket.customer_view", fail)
    await chat.socket.send_json({"type": "person", "client_id": "p"})
    frame = await chat.socket.receive(timeout=10)
    while frame.type is aiohttp.WSMsgType.TEXT:
        frame = await chat.socket.receive(timeout=10)
    assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1011)
    monkeypatch.undo()
    socket = await running.client.ws_connect("/api/chat/socket")
    await socket.send_json({"type": "hello", "token": chat.token, "after": 0})
    resumed = await socket.receive_json(timeout=5)
    assert (resumed["type"], resumed["conversation"]["owner"]) == ("resumed", "queue")


async def test_a_socket_that_leaves_before_its_hello_is_not_counted_for_ever(running: Running) -> None:
    before = metrics.SOCKETS.labels("customer")._value.get()
    socket = await running.client.ws_connect("/api/chat/socket")
    await socket.send_json({"type": "shout"})
    socket._response.connection.transport.abort()  # type: ignore[union-attr]
    chat = await running.visit()
    await chat.send("message", text="hello")
    await chat.socket.close()
    async with asyncio.timeout(10):
        while metrics.SOCKETS.labels("customer")._value.get() != before:
            await asyncio.sleep(0)


async def signed_in_as_dana(running: Running, token: str) -> dict[str, Any]:
    identity = sign_identity({"sub": "dana"}, running.service.identity_secret, running.clock.now())
    response = await running.client.post("/api/chat/sessions", json={"token": token, "identity": identity})
    assert response.status == 200
    return await response.json()


async def test_who_copied_a_guests_token_neither_reads_nor_writes_once_the_guest_signs_in(running: Running) -> None:
    spy = await running.visit()
    bearer = {"Authorization": f"Bearer {spy.token}"}
    session = await signed_in_as_dana(running, spy.token)
    assert session["conversation"]["id"] == spy.conversation
    assert session["token"] != spy.token
    refused = await spy.until(lambda frame: frame["type"] == "error")
    assert refused["error"]["code"] == "unauthenticated"
    assert (await spy.socket.receive(timeout=5)).data == 4401
    assert (await running.client.get("/api/chat/events", headers=bearer)).status == 401
    frame = {"type": "message", "client_id": "x", "text": "send it to me"}
    assert (await running.client.post("/api/chat/frames", json=frame, headers=bearer)).status == 401
    own = {"Authorization": f"Bearer {session['token']}"}
    assert (await running.client.post("/api/chat/frames", json=frame, headers=own)).status == 200


async def test_a_held_poll_with_a_copied_token_ends_when_the_guest_signs_in(running: Running) -> None:
    session = await (await running.client.post("/api/chat/sessions", json={})).json()
    bearer = {"Authorization": f"Bearer {session['token']}"}
    held = asyncio.create_task(running.client.get("/api/chat/events?wait=25", headers=bearer))
    async with asyncio.timeout(10):
        while not running.service.hub.listening(session["conversation"]["id"]):
            await asyncio.sleep(0)
    await signed_in_as_dana(running, session["token"])
    assert (await asyncio.wait_for(held, 10)).status == 401


async def test_a_customer_who_comes_back_after_a_guest_finds_what_waits_and_the_guest_saw_none_of_it(
    running: Running,
) -> None:
    dana = await signed_in_as_dana(running, "")
    bearer = {"Authorization": f"Bearer {dana['token']}"}
    for frame in (
        {"type": "message", "client_id": "m", "text": "my invoice is wrong"},
        {"type": "person", "client_id": "p"},
    ):
        assert (await running.client.post("/api/chat/frames", json=frame, headers=bearer)).status == 200
    guest = await (await running.client.post("/api/chat/sessions", json={})).json()
    assert (guest["messages"], guest["conversation"]["customer"]) == ([], None)
    back = await signed_in_as_dana(running, guest["token"])
    assert (back["conversation"]["id"], back["conversation"]["owner"]) == (dana["conversation"]["id"], "queue")
    assert back["messages"][0]["text"] == "my invoice is wrong"
    assert back["token"] not in {dana["token"], guest["token"]}
    again = await (await running.client.post("/api/chat/sessions", json={"token": guest["token"]})).json()
    assert again["messages"] == []
    frame = {"type": "message", "client_id": "m2", "text": "still waiting"}
    for token in (back["token"], dana["token"]):
        own = {"Authorization": f"Bearer {token}"}
        assert (await running.client.post("/api/chat/frames", json=frame, headers=own)).status == 200


async def test_a_customer_who_opens_a_second_tab_keeps_their_token(running: Running) -> None:
    first = await signed_in_as_dana(running, "")
    again = await signed_in_as_dana(running, first["token"])
    assert (again["token"], again["conversation"]["id"]) == (first["token"], first["conversation"]["id"])


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
    assert (await socket.receive_json(timeout=5))["type"] == "resumed"
    assert (await socket.receive_json(timeout=5))["data"]["message"]["buttons"] == [{**button, "used": True}]
