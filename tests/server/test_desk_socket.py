"""The desk's socket: what it hears, who may open it, who is on duty, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy.exc import OperationalError

from core.events import Event, events_after
from handoff import staff
from handoff.routing.presence import present
from handoff.staff import SESSION_LENGTH
from server.hub import BACKLOG, DESK
from server.sla_worker import escalate, fire_clocks
from server.sockets import MOST_FRAMES, SIGNED_OUT
from tests.server.conftest import NOW, PATIENCE, Running
from tests.server.desks import cookie_of, do, socket_of, waiting

FRAMES = (
    "{", "7", "9" * 5000, '{"type": "shout"}', '{"type": "presence", "state": "asleep"}',
    '{"type": "typing", "conversation_id": "cv_none", "on": true}',
)  # fmt: skip


async def test_a_desk_socket_hears_rows_messages_typing_presence_and_counts(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya, view="bot")
    me = (await (await maya.get("/api/staff/session")).json())["staff"]
    assert (await desk.hears("presence"))["agents"] == [{"id": me["id"], "name": "Maya Ortiz", "state": "online"}]
    chat = await waiting(running)
    # What happens within one gathering comes in no promised order of kinds.
    texts, owners, counted = [], [], 0
    while "where are my invoices please" not in texts or "queue" not in owners or not counted:
        frame = await desk.socket.receive_json(timeout=PATIENCE)
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
        events = await events_after(reader, chat.conversation, 0, audiences=["staff"])
    assert [event.data["what"] for event in events if event.kind == "clock"] == ["warning", "breach"]
    await chat.send("message", text="still there?")
    assert all(frame.get("event") != "clock" for frame in chat.seen)


async def test_a_desk_socket_ends_when_its_agent_signs_out_somewhere_else(running: Running) -> None:
    maya = await running.staff()
    desk = await socket_of(running, maya)
    watcher = await socket_of(running, await running.staff("jonas@fernhill.example"))
    assert (await maya.delete("/api/staff/session")).status == 200
    assert (await desk.hears("error"))["error"]["code"] == "unauthenticated"
    assert (await desk.socket.receive(timeout=PATIENCE)).data == SIGNED_OUT
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
                await staff.sign_out(tx, cookie_of(maya))
    await desk.socket.send_json({"type": "ping"})
    assert (await desk.hears("error"))["error"]["code"] == "unauthenticated"
    assert (await desk.socket.receive(timeout=PATIENCE)).data == SIGNED_OUT


async def test_a_desk_that_says_nothing_any_more_is_closed(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.routes.desk_socket.SILENT_SECONDS", 0.1)
    maya = await running.staff()
    origin = str(running.client.make_url("")).rstrip("/")
    socket = await maya.ws_connect("/api/desk/socket", headers={"Origin": origin})
    while (frame := await socket.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.TEXT:
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
    while (frame := await desk.socket.receive_json(timeout=PATIENCE)).get("type") != "pong":
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
        while (frame := await desk.socket.receive_json(timeout=PATIENCE))["type"] != "pong":
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
