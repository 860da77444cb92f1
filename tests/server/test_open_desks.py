"""What open desks are sent: once encoded, only what they need, only what they may read, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from core.events import Event
from handoff.records import Staff
from handoff.sight import Standing, may_look
from server import news, open_desks, shared_frames
from server.hub import BACKLOG, CatchUp, Listener
from server.open_desks import DESK_SOCKETS, show_desks
from server.shared_frames import SharedFrame
from tests.server.conftest import NOW, PATIENCE, Running
from tests.server.desks import CONVERSATIONS, Client, Desk, do, socket_of, waiting

LONG = 60.0
"""Seconds that no test takes."""


def event(conversation_id: str, kind: str = "message") -> Event:
    return Event(conversation_id, 1, kind, "both", {}, NOW)


async def heard_until_pong(desk: Desk) -> list[tuple[str, Any]]:
    """Return what a desk heard up to now, as (event, data)."""
    await desk.socket.send_json({"type": "ping"})
    heard = []
    while (frame := await desk.socket.receive_json(timeout=PATIENCE))["type"] != "pong":
        heard.append((frame.get("event", frame["type"]), frame.get("data")))
    return heard


async def serve_team(running: Running, client: Client, *teams: str) -> None:
    """Have a member serve these teams alone."""
    admin = await running.staff("amara@fernhill.example")
    me = (await (await client.get("/api/staff/session")).json())["staff"]["id"]
    answer = await admin.patch(f"/api/staff/{me}", json={"teams": list(teams)})
    assert answer.status == 200, await answer.text()


async def test_a_frame_is_encoded_once_for_all_desks_and_a_slow_one_is_cut_off_without_delaying_the_others(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[bytes] = []
    whole = shared_frames.text_frame
    monkeypatch.setattr(shared_frames, "text_frame", lambda text: encoded.append(text) or whole(text))
    monkeypatch.setattr(open_desks, "LOOK_SECONDS", 0.001)
    maya = await running.staff()
    slow, *others = [await socket_of(running, maya) for _ in range(4)]
    unread = slow.socket._conn._protocol.transport  # type: ignore[union-attr]
    unread.pause_reading()
    hub = running.service.hub
    listening = hub.listening(DESK_SOCKETS)
    sent = 0
    async with asyncio.timeout(60):
        # Until the slow one's kernel buffers, its own buffer and its queue are full; each frame has to reach the others meanwhile.
        while hub.listening(DESK_SOCKETS) == listening:
            await show_desks(hub, [SharedFrame("probe", {"n": sent, "text": "x" * 60_000})])
            for desk in others:
                await desk.hears("probe", n=sent)
            sent += 1
    assert sent > BACKLOG
    assert sum(b'"probe"' in one for one in encoded) == sent
    unread.abort()


async def test_a_desk_that_reads_again_in_time_gets_every_frame_in_order(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_desks, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(open_desks, "MOST_UNSENT", 1000)
    desk = await socket_of(running, await running.staff())
    unread = desk.socket._conn._protocol.transport  # type: ignore[union-attr]
    unread.pause_reading()
    (line,) = open_desks.open_desks(running.service.hub)
    sent = 0
    while line.frames.qsize() < BACKLOG // 2:
        # Beyond the kernel's buffers, so that some are written at once, some wait in the socket and some in the queue.
        await show_desks(running.service.hub, [SharedFrame("probe", {"n": sent, "text": "x" * 60_000})])
        sent += 1
    unread.resume_reading()
    assert [(await desk.hears("probe"))["n"] for _ in range(sent)] == list(range(sent))


async def test_frames_arrive_whole_whatever_their_length(running: Running) -> None:
    desk = await socket_of(running, await running.staff())
    # Around the lengths at which the head of a WebSocket frame changes its form (RFC 6455, 5.2).
    empty = len(json.dumps({"type": "event", "event": "probe", "data": {"text": ""}}))
    texts = ["x" * (length - empty) for length in (125, 126, 65_535, 65_536)]
    await show_desks(running.service.hub, [SharedFrame("probe", {"text": text}) for text in texts])
    assert [(await desk.hears("probe"))["text"] for _ in texts] == texts


def test_only_bytes_that_nothing_encrypts_on_their_way_go_past_the_transport() -> None:
    with socket.socket() as line:
        plain, encrypted = ({"socket": line, "sslcontext": context} for context in (None, object()))
        for given, descriptor in ((plain, line.fileno()), (encrypted, None), ({}, None)):
            transport = SimpleNamespace(get_extra_info=given.get)
            assert open_desks._descriptor_of(transport) == descriptor  # type: ignore[arg-type]
    assert open_desks._descriptor_of(None) is None


async def test_what_the_bot_says_is_sent_only_to_desks_that_look_at_it(running: Running) -> None:
    chat = await running.visit()
    amara = await socket_of(running, await running.staff("amara@fernhill.example"), view="bot")
    maya = await socket_of(running, await running.staff(), view="mine", conversation_id=chat.conversation)
    jonas = await socket_of(running, await running.staff("jonas@fernhill.example"))
    await chat.send("message", text="hello")
    await chat.message("bot")
    for desk in (amara, maya):
        assert (await desk.hears("message"))["message"]["text"] == "hello"
    assert not {"message", "conversation"} & {event for event, _ in await heard_until_pong(jonas)}


async def test_a_colleagues_conversation_is_read_by_its_team_and_by_leads_alone(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas, amara = [await running.staff(f"{name}@fernhill.example") for name in ("maya", "jonas", "amara")]
    await serve_team(running, jonas, "technical")
    team = (await (await jonas.get(f"{CONVERSATIONS}/{chat.conversation}")).json())["row"]["team"]
    assert team == "billing"
    lead = await socket_of(running, amara, view="colleagues")
    stranger = await socket_of(running, jonas, view="colleagues", conversation_id=chat.conversation)

    claimed = await do(maya, chat, "claim", epoch=2)
    gone = await stranger.hears("conversation", removed=True)
    assert (gone["row"]["id"], gone["row"]["agent"]["name"]) == (chat.conversation, "Maya Ortiz")
    assert (gone["row"]["last_message"], gone["row"]["subject"], gone["row"]["customer"]["name"]) == (None, None, None)
    await do(maya, chat, "replies", epoch=3, client_id="r", text="Between us.")
    while (await lead.hears("message"))["message"]["text"] != "Between us.":
        pass
    assert "Between us." not in str(await heard_until_pong(stranger))

    refused = await jonas.get(f"{CONVERSATIONS}/{chat.conversation}")
    assert (refused.status, (await refused.json())["error"]["message"]) == (
        403,
        "A colleague of the team billing has this conversation. A lead can pass it to you.",
    )
    ticket = claimed["ticket"]["id"]
    assert (await jonas.get(f"/api/sla/tickets/{ticket}")).status == 403
    assert (await jonas.patch(f"/api/desk/tickets/{ticket}", json={"priority": "low"})).status == 403
    await do(jonas, chat, "notes", 403, client_id="n", text="I look in.")
    assert (await amara.get(f"{CONVERSATIONS}/{chat.conversation}")).status == 200
    await serve_team(running, jonas, "billing")
    assert (await jonas.get(f"{CONVERSATIONS}/{chat.conversation}")).status == 200


@pytest.mark.parametrize(
    ("role", "teams", "holder", "may"),
    [
        ("agent", (), "st_2", True),
        ("agent", ("technical",), "st_2", False),
        ("agent", ("technical",), "st_1", True),
        ("agent", ("billing", "technical"), "st_2", True),
        ("lead", ("technical",), "st_2", True),
        ("content", (), "st_2", False),
    ],
)
def test_who_may_look(role: Any, teams: tuple[str, ...], holder: str, may: bool) -> None:
    member = Staff("st_1", "a@b.example", "A", role, True, teams)
    assert may_look(member, Standing("cv_1", f"agent:{holder}", "billing")) is may
    assert may_look(member, Standing("cv_1", "queue", "billing"))


async def test_what_people_wait_for_is_shown_at_once_and_what_the_bot_says_is_gathered(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "GATHER_SECONDS", LONG)
    feed = running.service.news
    with running.service.hub.attach(Listener("a test")) as listener:
        said, waits = event("cv_bot"), event("cv_people")
        feed._with_people.add("cv_people")
        for pressing in (event("cv_bot", "conversation"), waits, CatchUp()):
            listener.offer(said)
            listener.offer(pressing)
            assert await feed._gather(listener) == [said, pressing]
        monkeypatch.setattr(news, "GATHER_SECONDS", 0.001)
        listener.offer(said)
        assert await feed._gather(listener) == [said]


async def test_a_desk_is_told_the_counts_of_what_it_may_see(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    await do(maya, chat, "claim", epoch=2)
    await serve_team(running, jonas, "technical")
    everything, technical = await socket_of(running, maya), await socket_of(running, jonas)
    await do(maya, chat, "resolve", epoch=3)
    await everything.hears("counts", queue=0, bot=1)
    await technical.hears("counts", queue=0, bot=0)
    for client, bot in ((maya, 1), (jonas, 0)):
        assert (await (await client.get(f"{CONVERSATIONS}?view=bot")).json())["counts"]["bot"] == bot


async def test_presence_tells_only_what_has_changed(running: Running) -> None:
    watcher = await socket_of(running, await running.staff())
    await watcher.hears("presence")
    await socket_of(running, await running.staff("jonas@fernhill.example"))
    (came,) = (await watcher.hears("presence"))["agents"]
    assert (came["name"], came["state"]) == ("Jonas Lindgren", "online")
    running.service.presence_changed()
    await running.service.news._show_colleagues()
    assert "presence" not in [event for event, _ in await heard_until_pong(watcher)]


async def test_an_agent_who_came_and_went_between_two_looks_is_told_as_gone(running: Running) -> None:
    watcher = await socket_of(running, await running.staff())
    jonas = (await (await (await running.staff("jonas@fernhill.example")).get("/api/staff/session")).json())["staff"]
    running.service.presence_changed(jonas["id"])
    gone = {"id": jonas["id"], "name": "Jonas Lindgren", "state": "offline"}
    while gone not in (await watcher.hears("presence"))["agents"]:
        pass


async def test_a_colleague_whom_a_note_names_hears_of_it_at_their_desk(running: Running) -> None:
    chat = await waiting(running)
    maya, jonas = await running.staff(), await running.staff("jonas@fernhill.example")
    route = f"/api/desk/conversations/{chat.conversation}"
    offered = (await (await maya.get(f"{route}/readers")).json())["people"]
    assert {one["name"] for one in offered} >= {"Maya Ortiz", "Jonas Lindgren"}
    assert (await maya.get("/api/desk/conversations/cv_none/readers")).status == 404
    desk = await socket_of(running, jonas)
    written = await maya.post(f"{route}/notes", json={"client_id": "n1", "text": "@Jonas Lindgren knows this"})
    assert (await written.json())["message"]["notice"] == {"type": "mentions", "names": ["Jonas Lindgren"]}
    await desk.hears("notified", words="Maya Ortiz mentioned you in a visitor's conversation.")


async def test_who_is_passed_or_loses_a_conversation_is_told_at_once_and_in_their_list_until_they_read_it(
    running: Running,
) -> None:
    chat = await waiting(running)
    maya, jonas, amara = [await running.staff(f"{name}@fernhill.example") for name in ("maya", "jonas", "amara")]
    await do(maya, chat, "claim", epoch=2)
    to = (await (await jonas.get("/api/staff/session")).json())["staff"]["id"]
    desk, giver = await socket_of(running, jonas), await socket_of(running, maya)
    await do(maya, chat, "transfer", epoch=3, agent=to, note="They wait for May's invoice.")
    words = "Maya Ortiz passed FH-1001 to Jonas Lindgren. They wait for May's invoice."
    assert (await desk.hears("notified"))["words"] == words
    assert "notified" not in [event for event, _ in await heard_until_pong(giver)]
    running.clock.set(running.clock.now() + timedelta(seconds=1))
    await do(amara, chat, "claim", epoch=4)
    await desk.hears("notified", words="Amara Osei took over FH-1001.")
    told = await (await jonas.get("/api/desk/notifications")).json()
    assert (told["unread"], [one["words"] for one in told["notifications"]][-1]) == (2, words)
    route = "/api/desk/notifications/read"
    assert (await jonas.post(route, json={})).status == 400
    for _ in range(2):
        read = await (await jonas.post(route, json={"id": told["notifications"][0]["id"]})).json()
    assert (read["unread"], [one["read_at"] is None for one in read["notifications"]]) == (1, [False, True])
    await maya.post(route, json={"id": told["notifications"][1]["id"]})
    assert (await (await jonas.get("/api/desk/notifications")).json())["unread"] == 1
