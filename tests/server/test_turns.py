"""Turns are rows, not memories: answered once, by whichever process is there, and never over a person."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import OperationalError

from core.clock import FrozenClock
from core.database import Database
from core.errors import Unavailable
from core.sqlite_driver import SqliteConnection
from handoff.ownership import change_owner
from handoff.records import CLOSED, Conversation
from handoff.speaking import TURN_LEASE, say_as_customer
from handoff.taking_over import claim
from handoff.transcript import get_conversation, transcript
from handoff.visitors import new_visitor
from knowledge.articles import Viewer
from knowledge.searches import ENTRY_JSON, SearchEntry, search_entry
from knowledge.tables import searches
from server.app import build_app
from server.bot import BotTurn
from server.frames import MessageFrame, act
from server.places import Places
from server.replica import replica_name
from server.service import SERVICE, Service
from server.spoken import Spoken, bound_buttons, read_turn
from tests.server.conftest import Running, ScriptedRasa, make_settings, say

ANSWER = {"article_id": "a-1", "slug": "s", "title": "T", "heading": "", "url": "/help/s", "html": "<p>p</p>"}
FEEDBACK = [
    {"title": "Yes", "payload": "/article_helped"},
    {"title": "No", "payload": "/article_did_not_help"},
    {"title": "Person", "payload": "/talk_to_person"},
]


async def started(home: Path, url: str, clock: FrozenClock, **settings: Any) -> TestClient[Any, Any]:
    chosen = make_settings(home, url).model_copy(update=settings)
    client: TestClient[Any, Any] = TestClient(TestServer(build_app(chosen, clock)))
    await client.start_server()
    return client


async def conversation_with_turns(service: Service, *texts: str, runner: str | None = None) -> str:
    now = service.clock.now()
    async with service.database.write() as tx:
        visitor, _ = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=now)
    for text in texts:
        await say_as_customer(
            service.database,
            visitor.conversation.id,
            client_id=text,
            text=text,
            name="Dana",
            at=now,
            runner=runner,
        )
    return visitor.conversation.id


async def said(service: Service, conversation_id: str) -> list[str]:
    async with service.database.read() as reader:
        return [message.text for message in await transcript(reader, conversation_id, notes=False)]


async def settled(service: Service, conversation_id: str) -> None:
    """Return when no message of the conversation waits for the bot."""
    while True:
        async with service.database.read() as reader:
            if all(message.turn != "pending" for message in await transcript(reader, conversation_id, notes=True)):
                return


async def test_what_a_dead_process_left_pending_is_answered_by_the_next_in_order(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> None:
    scripted, url = rasa
    shutil.copytree(first_home, tmp_path / "home")
    held = asyncio.Event()

    async def hold(_turn: Any) -> Any:
        await held.wait()

    scripted.answer = hold
    first = await started(tmp_path, url, clock, bot_patience=30)
    service = first.app[SERVICE]
    conversation_id = await conversation_with_turns(service, "one", "two")
    service.turns.wake(conversation_id)
    while not scripted.heard:
        await asyncio.sleep(0)
    await first.close()
    assert [turn["text"] for turn in scripted.heard] == ["one"]

    held.set()
    scripted.answer = lambda turn: say(f"re {turn['text']}")
    second = await started(tmp_path, url, clock, bot_patience=30)
    service = second.app[SERVICE]
    await settled(service, conversation_id)
    assert await said(service, conversation_id) == ["one", "two", "re one", "re two"]
    await second.close()


async def test_while_the_bot_starts_messages_are_acknowledged_at_once_and_answered_when_it_is_ready(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> None:
    scripted, url = rasa
    scripted.ready = False
    shutil.copytree(first_home, tmp_path / "home")
    client = await started(tmp_path, url, clock, bot_patience=30)
    service = client.app[SERVICE]
    chat = await Running(client, service, scripted, clock).visit()
    assert chat.snapshot["conversation"]["bot"] == "starting"
    ack = await chat.send("message", text="anybody there?")
    assert ack["message"]["text"] == "anybody there?"
    assert scripted.heard == []
    scripted.ready = True
    await service.bot.check()
    assert (await chat.message("bot"))["text"] == "Hello."
    await client.close()


async def test_a_bot_that_does_not_come_is_no_silence_and_a_person_is_there_at_once(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> None:
    scripted, url = rasa
    scripted.ready = False
    shutil.copytree(first_home, tmp_path / "home")
    client = await started(tmp_path, url, clock)
    running = Running(client, client.app[SERVICE], scripted, clock)
    chat, other = await running.visit(), await running.visit()
    await other.send("message", text="anybody there?")
    await other.send("person")
    assert (await other.notice("queued"))["notice"]["reason"] == "asked"
    await chat.send("message", text="anybody there?")
    assert (await chat.notice("bot_unavailable"))["buttons"]
    assert scripted.heard == []
    await client.close()


async def test_a_turn_that_ends_in_a_handoff_stores_its_words_and_hands_over_together(running: Running) -> None:
    running.rasa.answer = lambda _turn: say(
        "I am passing you on.", hand_over="security", intent="security_incident", confidence=0.97
    )
    chat = await running.visit()
    await chat.send("message", text="our account was hacked")
    assert (await chat.message("bot"))["text"] == "I am passing you on."
    assert (await chat.notice("queued"))["notice"]["reason"] == "security"
    maya = await running.staff()
    detail = await (await maya.get(f"/api/desk/conversations/{chat.conversation}")).json()
    assert detail["ticket"]["priority"] == "urgent"
    assert detail["package"]["intents"][0]["intent"] == "security_incident"


async def test_a_handoff_for_an_unknown_reason_stores_nothing_and_offers_a_person(running: Running) -> None:
    running.rasa.answer = lambda _turn: say("I am passing you on.", hand_over="mood")
    chat = await running.visit()
    await chat.send("message", text="hello?")
    await chat.notice("bot_unavailable")
    assert "I am passing you on." not in await said(running.service, chat.conversation)


@pytest.mark.parametrize("broken", ["stopped", "late"])
async def test_a_late_answer_is_dropped_once_a_person_has_taken_over(running: Running, broken: str) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_turn: Any) -> Any:
        asked.set()
        await go_on.wait()
        return say("Too late!") if broken == "late" else web.Response(status=500)

    running.rasa.answer = slow
    chat = await running.visit()
    await chat.send("message", text="hello?")
    await asked.wait()
    await chat.send("person")
    await chat.notice("queued")
    maya = await running.staff()
    response = await maya.post(f"/api/desk/conversations/{chat.conversation}/claim", json={"epoch": 2})
    assert response.status == 200
    go_on.set()
    await settled(running.service, chat.conversation)
    body = {"epoch": 3, "client_id": "a", "text": "Hello, this is Maya."}
    await maya.post(f"/api/desk/conversations/{chat.conversation}/replies", json=body)
    await chat.message("agent")
    texts = await said(running.service, chat.conversation)
    assert "Too late!" not in texts
    assert texts[-1] == "Hello, this is Maya."
    assert "Too late!" not in str(chat.seen)


async def test_buttons_of_an_older_epoch_are_dead(running: Running) -> None:
    running.rasa.answer = lambda _turn: {
        "replies": [{"text": "Here.", "buttons": FEEDBACK, "custom": {"type": "answer", "article_id": "a-1",
                                                                       "answer": ANSWER}}]
    }  # fmt: skip
    chat = await running.visit()
    await chat.send("message", text="invoices?")
    answer = await chat.message("bot")
    assert (answer["kind"], answer["answer"]) == ("answer", {**ANSWER, "search_id": None})
    await chat.send("person")
    refused = await chat.send("press", button=answer["buttons"][0]["id"])
    assert refused["error"]["code"] == "conflict"
    assert "earlier part" in refused["error"]["message"]
    assert len(running.rasa.heard) == 1


async def test_what_was_searched_for_an_answer_is_kept_with_it(running: Running) -> None:
    entry = search_entry(
        "invoices", surface="bot", viewer=Viewer.ANONYMOUS, article_ids=["a-1"], outcome="unanswered", confidence=0.1,
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    custom = {"search": ENTRY_JSON.dump_python(entry, mode="json")}
    running.rasa.answer = lambda _turn: {"replies": [{"text": "Nothing found.", "custom": custom}]}
    chat = await running.visit()
    await chat.send("message", text="invoices?")
    assert (await chat.message("bot"))["text"] == "Nothing found."
    async with running.service.database.read() as reader:
        rows = (await reader.execute(sa.select(searches))).mappings().all()
    assert [SearchEntry(**{name: row[name] for name in vars(entry)}) for row in rows] == [entry]


async def test_feedback_reaches_rasa_with_the_article_that_it_is_about(running: Running) -> None:
    running.rasa.answer = lambda turn: (
        {
            "replies": [
                {
                    "text": "Here.",
                    "buttons": FEEDBACK,
                    "custom": {"type": "answer", "article_id": "a-1", "answer": ANSWER},
                }
            ]
        }
        if "text" in turn
        else say("Thanks.")
    )
    chat = await running.visit()
    await chat.send("message", text="invoices?")
    buttons = (await chat.message("bot"))["buttons"]
    for button in buttons[::2]:
        await chat.send("press", button=button["id"])
        await chat.message("bot")
    assert [turn["payload"] for turn in running.rasa.heard[1:]] == [
        '/article_helped{"article_id": "a-1"}',
        "/talk_to_person",
    ]


@pytest.mark.parametrize(
    "custom",
    [
        {"type": "answer"},
        {"type": "answer", "article_id": "a-1"},
        {"type": "answer", "article_id": "a-1", "answer": {"title": "half"}},
        {"type": "hand_over"},
    ],
)
async def test_a_turn_in_a_broken_form_is_told_like_any_failure_and_the_next_one_works(
    running: Running, custom: dict[str, Any]
) -> None:
    running.rasa.answer = lambda turn: (
        {"replies": [{"text": "Here.", "custom": custom}]} if turn["text"] == "first" else say("Fine.")
    )
    chat = await running.visit()
    await chat.send("message", text="first")
    await chat.notice("bot_unavailable")
    await chat.send("message", text="second")
    assert (await chat.message("bot"))["text"] == "Fine."


def test_a_turn_that_says_nothing_is_no_answer() -> None:
    with pytest.raises(Unavailable):
        read_turn(BotTurn(replies=[{"custom": {"type": "joke"}}]))  # type: ignore[list-item]
    spoken = read_turn(BotTurn(replies=[{"custom": {"type": "hand_over", "reason": "asked"}}]))  # type: ignore[list-item]
    assert spoken == Spoken(hand_over="asked")


def test_only_feedback_buttons_without_an_article_are_bound_to_one() -> None:
    given = (("a", "/article_helped"), ("b", '/article_helped{"article_id": "x"}'), ("c", "/talk_to_person"))
    assert bound_buttons(given, {"article_id": "y"}) == (("a", '/article_helped{"article_id": "y"}'), *given[1:])


def test_choices_keep_their_order_and_carry_what_the_customer_wrote() -> None:
    given = [(name.title(), f"/{name}") for name in ("api", "refund", "invoices", "none_of_these", "talk_to_person")]
    asked = {"type": "choices", "choices": ["invoices", "api", "gone"], "query": "“pdf”\nwo?"}
    assert bound_buttons(given, asked) == (
        ("Invoices", '/invoices{"query": "“pdf”\\nwo?", "topic": "Invoices"}'),
        ("Api", '/api{"query": "“pdf”\\nwo?", "topic": "Api"}'),
        ("None_Of_These", '/none_of_these{"query": "“pdf”\\nwo?"}'),
        ("Talk_To_Person", "/talk_to_person"),
    )
    among = bound_buttons(given, {**asked, "choices": ["talk_to_person", "api"]})
    assert [title for title, _payload in among] == ["Talk_To_Person", "Api", "None_Of_These"]


def test_after_a_handoff_nothing_more_is_said() -> None:
    replies = [{"text": "One moment."}, {"custom": {"type": "hand_over", "reason": "asked"}}, {"text": "The subject?"}]
    assert [reply.text for reply in read_turn(BotTurn.model_validate({"replies": replies})).replies] == ["One moment."]


async def test_a_turn_whose_lease_has_ended_is_picked_up_and_one_that_is_held_is_not(running: Running) -> None:
    turns = running.service.turns
    conversation_id = await conversation_with_turns(running.service, "one")
    await turns.reconcile_once()
    assert running.rasa.heard == []
    running.clock.set(running.clock.now() + TURN_LEASE * 1.01)
    await turns.reconcile_once()
    await settled(running.service, conversation_id)
    assert await said(running.service, conversation_id) == ["one", "Hello."]


async def test_a_turn_of_a_conversation_that_a_person_has_is_dropped_and_not_asked(running: Running) -> None:
    service = running.service
    conversation_id = await conversation_with_turns(service, "one")
    from server.frames import ask_for_person

    await ask_for_person(service, conversation_id)
    async with service.database.read() as reader:
        waiting = await get_conversation(reader, conversation_id)
    from handoff.records import Staff

    await claim(
        service.database,
        conversation_id,
        Staff("st_1", "m@x.example", "Maya", "agent", True),
        epoch=waiting.epoch,
        at=service.clock.now(),
    )
    service.turns.wake(conversation_id)
    await settled(service, conversation_id)
    assert running.rasa.heard == []


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
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> None:
    shutil.copytree(first_home, tmp_path / "home")
    with replica_name(tmp_path / "home") as name:
        database = Database.open(f"sqlite:///{tmp_path}/home/baton.db")
        async with database.write() as tx:
            visitor, _ = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=clock.now())
        conversation_id = visitor.conversation.id
        await say_as_customer(
            database, conversation_id, client_id="c", text="one", name="Dana", at=clock.now(), runner=name
        )
        await database.close()
    client = await started(tmp_path, rasa[1], clock, bot_patience=30)
    service = client.app[SERVICE]
    assert service.turns.runner == name
    await settled(service, conversation_id)
    assert await said(service, conversation_id) == ["one", "Hello."]
    await client.close()


def test_a_second_process_on_the_same_home_has_another_name(tmp_path: Path) -> None:
    with replica_name(tmp_path) as first, replica_name(tmp_path) as second:
        assert first != second
    with replica_name(tmp_path) as again:
        assert again == first


async def test_a_message_on_the_same_topic_goes_back_to_people_and_thanks_to_the_bot(
    running: Running,
) -> None:
    from tests.server.desks import detail, do, waiting

    running.rasa.answer = lambda _turn: say("Here is an article.", intent="invoices", confidence=0.9)
    maya = await running.staff()
    chat = await waiting(running)
    claimed = await do(maya, chat, "claim", epoch=(await detail(maya, chat))["row"]["epoch"])
    await do(maya, chat, "replies", epoch=claimed["row"]["epoch"], client_id="r", text="Done.")
    await do(maya, chat, "resolve", epoch=claimed["row"]["epoch"], note="")
    for intent in ("thanks", "invoices"):
        running.rasa.answer = lambda _turn, intent=intent: say(f"About {intent}.", intent=intent, confidence=0.9)
        await chat.send("message", text=f"something on {intent}")
        if intent == "thanks":
            await chat.until(lambda frame: "About thanks." in str(frame))
    reopened = await chat.notice("reopened")
    seen = await detail(maya, chat)
    assert seen["row"]["owner"] == "queue"
    assert seen["ticket"]["number"] == claimed["ticket"]["number"]
    assert seen["ticket"]["status"] == "open"
    assert reopened["notice"]["ticket"] == claimed["ticket"]["number"]
    assert "About invoices." not in {message["text"] for message in seen["messages"]}


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
    running.service.turns._places = Places(1, held=0.001, patience=60)
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
        frame = await chat.socket.receive_json(timeout=5)
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
