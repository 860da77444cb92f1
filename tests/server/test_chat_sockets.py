"""What a socket refuses and survives: frames that are wrong, floods, clients that vanish. The service stays up."""

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
from core.events import record_event
from handoff.visitors import visitor_of_token
from server import frames, metrics, sockets
from server.hub import Listener
from server.routes.chat_socket import _Line, _receive_frames, _send_frames
from server.sockets import FRAME_CHARACTERS, MOST_FRAMES, WINDOW, Allowance
from tests.server.conftest import PATIENCE, Running


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
        return socket, await socket.receive_json(timeout=PATIENCE)

    second, greeted = await another()
    assert greeted["type"] == "snapshot"
    third, refused = await another()
    assert (refused["type"], refused["error"]["code"]) == ("error", "rate_limited")
    assert "2 times" in refused["error"]["message"]
    assert (await third.receive(timeout=PATIENCE)).data == aiohttp.WSCloseCode.POLICY_VIOLATION
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
    closing = await chat.socket.receive(timeout=PATIENCE)
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


async def test_who_missed_more_events_than_are_read_at_once_is_told_all_of_them(running: Running) -> None:
    chat, told = await running.visit(), list[int]()

    class Socket:
        async def send_json(self, frame: dict[str, Any]) -> None:
            told.append(frame["id"])

        async def close(self, **_how: Any) -> None:
            pass

    async with running.service.database.write() as tx:
        for _ in range(1_001):
            last = await record_event(tx, chat.conversation, "typing", {}, at=running.clock.now())
    async with running.service.database.read() as reader:
        visitor = await visitor_of_token(reader, chat.token, running.clock.now())
    line = _Line(cast(web.WebSocketResponse, Socket()), running.service, chat.token, visitor)
    listener = Listener(chat.conversation)
    listener.offer(last)
    listener.offer(None)
    await _send_frames(line, listener)
    assert told == list(range(1, last.number + 1))


async def test_a_socket_without_a_good_hello_is_told_and_closed(running: Running) -> None:
    for hello in ({"type": "hello", "token": "wrong"}, {"type": "message"}, {"type": "hello"}):
        socket = await running.client.ws_connect("/api/chat/socket")
        await socket.send_json(hello)
        assert (await socket.receive_json(timeout=PATIENCE))["error"]["code"] in {"unauthenticated", "invalid"}
        assert (await socket.receive(timeout=PATIENCE)).type.name in {"CLOSE", "CLOSED"}


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
    while (received := await chat.socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.TEXT:
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
    frame = await chat.socket.receive(timeout=PATIENCE)
    while frame.type is aiohttp.WSMsgType.TEXT:
        frame = await chat.socket.receive(timeout=PATIENCE)
    assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1011)
    monkeypatch.undo()
    socket = await running.client.ws_connect("/api/chat/socket")
    await socket.send_json({"type": "hello", "token": chat.token, "after": 0})
    resumed = await socket.receive_json(timeout=PATIENCE)
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
