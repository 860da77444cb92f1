"""Turns that are picked up: by the next start, by another process, when their lease has ended, and each answered once and in order."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from core.clock import FrozenClock
from core.database import Database
from core.errors import ConfigurationError
from handoff.speaking import TURN_LEASE, say_as_customer
from handoff.visitors import new_visitor
from server.replica import check_home, check_locks, held_home, look_at_home
from server.service import SERVICE, Service
from tests.server.conftest import Running, ScriptedRasa, say
from tests.server.turns import conversation_with_turns, said, settled, started

Starts = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> AsyncIterator[Starts]:
    """Start services one after the other on one home, with these settings; what is still open in the end is closed."""
    shutil.copytree(first_home, tmp_path / "home")
    clients = []

    async def begin(**settings: Any) -> Running:
        clients.append(await started(tmp_path, rasa[1], clock, **settings))
        return Running(clients[-1], clients[-1].app[SERVICE], rasa[0], clock)

    yield begin
    for client in clients:
        await client.close()


async def test_what_a_dead_process_left_pending_is_answered_by_the_next_in_order(
    rasa: tuple[ScriptedRasa, str], start: Starts
) -> None:
    scripted, _ = rasa
    held = asyncio.Event()

    async def hold(_turn: Any) -> Any:
        await held.wait()

    scripted.answer = hold
    first = await start(bot_patience=30)
    conversation_id = await conversation_with_turns(first.service, "one", "two")
    first.service.turns.wake(conversation_id)
    while not scripted.heard:
        await asyncio.sleep(0)
    await first.client.close()
    assert [turn["text"] for turn in scripted.heard] == ["one"]

    held.set()
    scripted.answer = lambda turn: say(f"re {turn['text']}")
    second = await start(bot_patience=30)
    await settled(second.service, conversation_id)
    assert await said(second.service, conversation_id) == ["one", "two", "re one", "re two"]


async def test_while_the_bot_starts_messages_are_acknowledged_at_once_and_answered_when_it_is_ready(
    rasa: tuple[ScriptedRasa, str], start: Starts
) -> None:
    scripted, _ = rasa
    scripted.ready = False
    running = await start(bot_patience=30)
    chat = await running.visit()
    assert chat.snapshot["conversation"]["bot"] == "starting"
    ack = await chat.send("message", text="anybody there?")
    assert ack["message"]["text"] == "anybody there?"
    assert scripted.heard == []
    scripted.ready = True
    await running.service.bot.check()
    assert (await chat.message("bot"))["text"] == "Hello."


async def test_a_bot_that_does_not_come_is_no_silence_and_a_person_is_there_at_once(
    rasa: tuple[ScriptedRasa, str], start: Starts
) -> None:
    scripted, _ = rasa
    scripted.ready = False
    running = await start()
    chat, other = await running.visit(), await running.visit()
    await other.send("message", text="anybody there?")
    await other.send("person")
    assert (await other.notice("queued"))["notice"]["reason"] == "asked"
    await chat.send("message", text="anybody there?")
    assert (await chat.notice("bot_unavailable"))["buttons"]
    assert scripted.heard == []


async def test_a_turn_whose_lease_has_ended_is_picked_up_and_one_that_is_held_is_not(running: Running) -> None:
    turns = running.service.turns
    conversation_id = await conversation_with_turns(running.service, "one")
    await turns.reconcile_once()
    assert running.rasa.heard == []
    running.clock.set(running.clock.now() + TURN_LEASE * 1.01)
    await turns.reconcile_once()
    await settled(running.service, conversation_id)
    assert await said(running.service, conversation_id) == ["one", "Hello."]


async def test_the_search_for_pending_turns_outlives_a_database_that_fails(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.turns.RECONCILE_EVERY", 0)
    turns = running.service.turns
    calls = 0
    again = asyncio.Event()

    async def fail_first() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OperationalError("SELECT", {}, OSError("the database restarts"))
        again.set()

    monkeypatch.setattr(turns, "reconcile_once", fail_first)
    worker = asyncio.create_task(turns.reconcile())
    await asyncio.wait_for(again.wait(), 10)
    worker.cancel()


async def test_nothing_new_is_begun_once_turns_are_stopped(running: Running) -> None:
    asked = asyncio.Event()

    async def never(_turn: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    running.rasa.answer = never
    turns = running.service.turns
    conversation_id = await conversation_with_turns(running.service, "one")
    turns.wake(conversation_id)
    turns.wake(conversation_id)
    await asked.wait()
    await turns.stop()
    await asyncio.sleep(0)
    assert turns._running == {}
    assert await said(running.service, conversation_id) == ["one"]


@pytest.fixture
async def replicas(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path, redis_url: str
) -> AsyncIterator[tuple[Service, Service]]:
    """Two services on one database and one Redis, each with a home of its own."""
    clients = []
    for name in ("one", "other"):
        shutil.copytree(first_home, tmp_path / name / "home")
        url = f"sqlite:///{tmp_path}/one/home/baton.db"
        clients.append(await started(tmp_path / name, rasa[1], clock, database_url=url, redis_url=redis_url))
    services = [client.app[SERVICE] for client in clients]
    for service in services:
        assert await service.bot.until_ready(10)
    yield services[0], services[1]
    for client in clients:
        await client.close()


async def test_two_replicas_that_are_sent_one_conversations_messages_ask_rasa_once_for_each_and_in_order(
    replicas: tuple[Service, Service], rasa: tuple[ScriptedRasa, str]
) -> None:
    one, other = replicas
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(turn: Any) -> Any:
        asked.set()
        await go_on.wait()
        return say(f"re {turn['text']}")

    rasa[0].answer = slow
    conversation_id = await conversation_with_turns(one, "first", runner=one.turns.runner)
    one.turns.wake(conversation_id)
    await asyncio.wait_for(asked.wait(), 10)
    await say_as_customer(
        other.database, conversation_id, client_id="second", text="second", name="Dana", at=other.clock.now(),
        runner=other.turns.runner,
    )  # fmt: skip
    other.turns.wake(conversation_id)
    await other.turns.reconcile_once()
    await asyncio.wait_for(other.turns.idle(), 10)
    go_on.set()
    await settled(one, conversation_id)
    assert [turn["text"] for turn in rasa[0].heard] == ["first", "second"]
    assert await said(one, conversation_id) == ["first", "second", "re first", "re second"]


async def test_a_replica_that_starts_leaves_the_others_running_turns_alone(
    replicas: tuple[Service, Service], rasa: tuple[ScriptedRasa, str], clock: FrozenClock
) -> None:
    one, other = replicas
    conversation_id = await conversation_with_turns(one, "first", runner="a third one")
    for service in (one, other):
        await service.turns.reconcile_once()
        service.turns.wake(conversation_id)
        await asyncio.wait_for(service.turns.idle(), 10)
    assert rasa[0].heard == []
    clock.set(clock.now() + TURN_LEASE)
    for service in (one, other):
        await service.turns.reconcile_once()
    await settled(one, conversation_id)
    assert [turn["text"] for turn in rasa[0].heard] == ["first"]


async def test_a_killed_process_finds_its_own_turns_at_its_next_start_without_waiting_for_a_lease(
    start: Starts, tmp_path: Path, clock: FrozenClock
) -> None:
    with held_home(tmp_path / "home") as name:
        database = Database.open(f"sqlite:///{tmp_path}/home/baton.db")
        async with database.write() as tx:
            visitor, _ = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=clock.now())
        conversation_id = visitor.conversation.id
        await say_as_customer(
            database, conversation_id, client_id="c", text="one", name="Dana", at=clock.now(), runner=name
        )
        await database.close()
    service = (await start(bot_patience=30)).service
    assert service.turns.runner == name
    await settled(service, conversation_id)
    assert await said(service, conversation_id) == ["one", "Hello."]


def test_a_home_keeps_its_name_and_is_one_services_at_a_time(tmp_path: Path) -> None:
    with held_home(tmp_path) as first, pytest.raises(ConfigurationError, match=f"process {os.getpid()}"):
        check_home(tmp_path)
    with held_home(tmp_path) as again:
        assert again == first


def test_who_only_looks_at_a_home_sees_its_service_and_leaves_everything_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_home(tmp_path / "not there")
    assert not (tmp_path / "not there").exists()
    locked: list[object] = []
    with held_home(tmp_path), monkeypatch.context() as watched:
        watched.setattr(fcntl, "flock", lambda *given: locked.append(given))
        with pytest.raises(ConfigurationError, match=f"process {os.getpid()}"):
            look_at_home(tmp_path)
    left = (tmp_path / "replica").read_text()
    look_at_home(tmp_path)  # its process runs on, and holds the home no more
    assert (locked, (tmp_path / "replica").read_text()) == ([], left)


def test_a_name_that_was_kept_without_its_holder_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "replica").write_text("replica_1")
    with held_home(tmp_path) as name:
        assert name == "replica_1"


def test_a_home_whose_disk_knows_no_locks_is_not_taken_for_one_that_somebody_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ConfigurationError, match="replica cannot be locked: No locks available"):
        check_home(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be locked: No locks available"):
        check_locks(tmp_path)
