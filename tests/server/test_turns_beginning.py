"""Turns that begin while their message is being written, a few at a time, and with what is known of it already."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core.sqlite_driver import SqliteConnection
from handoff.ownership import change_owner
from handoff.records import CLOSED, Conversation
from handoff.speaking import say_as_customer
from handoff.transcript import get_conversation
from server.frames import MessageFrame, act
from server.places import Places
from tests.server.conftest import PATIENCE, Running, say
from tests.server.turns import said


async def test_the_bot_thinks_while_the_disk_writes_and_the_ack_waits_for_the_disk(running: Running) -> None:
    chat = await running.visit()
    turn = asyncio.Event()
    may_commit = asyncio.Event()

    def answer(_turn: Any) -> Any:
        turn.set()
        return say("Thought.")

    running.rasa.answer = answer
    commit = SqliteConnection.commit

    async def slow(connection: SqliteConnection) -> None:
        await may_commit.wait()
        await commit(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteConnection, "commit", slow)
        await chat.socket.send_json({"type": "message", "client_id": "slow", "text": "think"})
        await turn.wait()
        with pytest.raises(asyncio.TimeoutError):
            await chat.socket.receive_json(timeout=0.05)
        may_commit.set()
        assert (await chat.until(lambda frame: frame["type"] == "ack"))["client_id"] == "slow"
    assert (await chat.message("bot"))["text"] == "Thought."
    assert len(running.rasa.heard) == 1


async def test_a_server_that_hangs_for_some_keeps_nobody_else_waiting_for_a_place(running: Running) -> None:
    running.service.turns._answering._places = Places(1, held=0.001, patience=60)
    hangs = asyncio.Event()

    async def hang() -> Any:
        await hangs.wait()
        return say("At last.")

    running.rasa.answer = lambda turn: hang() if turn["text"] == "hang" else say("Here.")
    slow = [await running.visit() for _ in range(3)]
    for chat in slow:
        await chat.send("message", text="hang")
    quick = await running.visit()
    await quick.send("message", text="quick")
    assert (await quick.message("bot"))["text"] == "Here."
    hangs.set()
    for chat in slow:
        assert (await chat.message("bot"))["text"] == "At last."


async def test_an_answer_never_shares_the_commit_of_its_message_so_the_ack_is_always_first(running: Running) -> None:
    chat = await running.visit()
    database = running.service.database
    before_it, behind_it, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def answer(_turn: Any) -> Any:
        answered.set()
        return say("At once.")

    running.rasa.answer = answer

    async def hold(until: asyncio.Event) -> None:
        async with database.write() as tx:
            await tx.execute(sa.text("SELECT 1"))
            await until.wait()

    held = asyncio.create_task(hold(before_it))
    await asyncio.sleep(0)
    await chat.socket.send_json({"type": "message", "client_id": "quick", "text": "quick?"})
    while not database._writes._waiting:  # type: ignore[union-attr]
        await asyncio.sleep(0)
    held_too = asyncio.create_task(hold(behind_it))
    await asyncio.sleep(0)
    before_it.set()
    await answered.wait()
    # The message's commit waits for the one behind it, so an answer that was in a hurry could join it.
    while running.service.bot.http.connector._acquired:  # type: ignore[union-attr]
        await asyncio.sleep(0)
    behind_it.set()
    await asyncio.gather(held, held_too)
    frames = []
    while "bot" not in frames:
        frame = await chat.socket.receive_json(timeout=PATIENCE)
        frames.append(frame["data"]["message"]["author"]["kind"] if frame["type"] == "event" else frame["type"])
    assert frames.index("ack") < frames.index("bot")


async def test_a_message_that_is_not_written_after_all_is_answered_by_nobody_and_may_be_sent_again(
    running: Running,
) -> None:
    chat = await running.visit()
    commit = SqliteConnection.commit
    failures = ["disk I/O error"]

    async def broken(connection: SqliteConnection) -> None:
        if failures:
            await connection.rollback()
            raise sqlite3.OperationalError(failures.pop())
        await commit(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteConnection, "commit", broken)
        with pytest.raises(OperationalError):
            await act_as(running, chat, "lost")
        await running.service.turns.idle()
        assert await said(running.service, chat.conversation) == []
        await chat.send("message", client_id="lost", text="lost")
    assert (await chat.message("bot"))["text"] == "Hello."
    assert await said(running.service, chat.conversation) == ["lost", "Hello."]


async def test_a_message_is_answered_though_whoever_sent_it_hung_up_while_it_was_written(running: Running) -> None:
    chat = await running.visit()
    commit, begun, go_on = SqliteConnection.commit, asyncio.Event(), asyncio.Event()

    async def held(connection: SqliteConnection) -> None:
        begun.set()
        await go_on.wait()
        await commit(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteConnection, "commit", held)
        sending = asyncio.create_task(act_as(running, chat, "still there?"))
        await begun.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        go_on.set()
        await running.service.turns.idle()
        async with running.service.database.write():
            pass  # It has its turn when the commit before it is through, which nobody waits for any more.
    await running.service.turns.reconcile_once()
    await running.service.turns.idle()
    assert await said(running.service, chat.conversation) == ["still there?", "Hello."]


async def act_as(running: Running, chat: Any, text: str) -> None:
    frame = MessageFrame(type="message", client_id=text, text=text)
    await act(running.service, chat.conversation, "vs_x", "Dana", frame)


async def test_the_answer_to_a_message_that_reopens_a_closed_conversation_is_begun_after_its_commit(
    running: Running,
) -> None:
    """Until then an action would read the epoch before."""
    chat = await running.visit()
    service = running.service
    async with service.database.write() as tx:
        await change_owner(tx, await get_conversation(tx.connection, chat.conversation), CLOSED, at=service.clock.now())
    told = []

    async def stored(_tx: Any, conversation: Conversation) -> None:
        told.append(conversation.epoch)

    given = {"name": "Dana", "at": service.clock.now(), "stored": stored}
    await say_as_customer(service.database, chat.conversation, client_id="1", text="back", **given)
    assert told == []
    await say_as_customer(service.database, chat.conversation, client_id="2", text="more", **given)
    assert told == [3]


class Counted:
    """An encoder of its own name that counts what it is asked for."""

    fingerprint = "ours"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def reads_whole(self, text: str) -> bool:
        return len(text.split()) < 5

    def encode(self, texts: list[str]) -> Any:
        self.texts += texts
        return np.array([[1.0, 0.5]], dtype=np.float32)


@pytest.mark.parametrize(("encoder", "shared"), [("ours", True), ("another", False), (None, False)])
async def test_a_message_goes_to_the_bot_with_its_vector_if_the_bot_has_the_same_encoder(
    running: Running, encoder: str | None, shared: bool
) -> None:
    counted = Counted()
    running.service.retriever = SimpleNamespace(
        index=SimpleNamespace(encoder=counted), foreseeing=lambda *_: nullcontext()
    )  # type: ignore[assignment]
    running.rasa.encoder = encoder
    await running.service.bot.check()
    chat = await running.visit()
    await chat.send("message", text="hello there")
    await chat.message("bot")
    for unsent in ("x" * 501, "more words than it reads"):
        await chat.send("message", text=unsent)
        await chat.message("bot")
    values = base64.b64encode(np.array([1.0, 0.5], dtype="<f4").tobytes()).decode()
    sent = [turn.get("vector") for turn in running.rasa.heard]
    assert sent == [{"encoder": "ours", "values": values} if shared else None, None, None]
    assert counted.texts == (["hello there"] if shared else [])
