"""Whose conversation it is: nobody reads or writes another's, also on a shared computer and in a second tab."""

from __future__ import annotations

import asyncio
from typing import Any

from server.identity import sign_identity
from tests.server.conftest import PATIENCE, Running


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
    assert (await spy.socket.receive(timeout=PATIENCE)).data == 4401
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
