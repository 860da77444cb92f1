"""Turns are rows, not memories: answered once, by whichever process is there, and never over a person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from core.errors import Invalid, Unavailable
from handoff.records import Staff
from handoff.taking_over import claim
from handoff.transcript import get_conversation
from knowledge.articles import Viewer
from knowledge.searches import ENTRY_JSON, SearchEntry, search_entry
from knowledge.tables import searches
from server.bot import BotTurn
from server.frames import ask_for_person
from server.spoken import Spoken, bound_buttons, read_turn
from tests.server.conftest import Running, say
from tests.server.desks import detail, do, waiting
from tests.server.turns import ANSWER, FEEDBACK, conversation_with_turns, said, settled


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


async def test_who_will_not_wait_for_a_person_is_answered_by_the_bot_again(running: Running) -> None:
    running.rasa.answer = lambda _turn: say("Here you are.")
    chat = await running.visit()
    await chat.send("person")
    await chat.notice("queued")
    await chat.send("message", text="are you there?")
    assert (await chat.send("withdraw"))["type"] == "ack"
    assert "answers what you wrote last" in (await chat.notice("withdrawn"))["text"]
    assert (await chat.message("bot"))["text"] == "Here you are."
    await chat.send("message", text="invoices?")
    await chat.message("bot")
    assert [turn["text"] for turn in running.rasa.heard] == ["are you there?", "invoices?"]
    await chat.send("person")
    maya = await running.staff()
    await maya.post(f"/api/desk/conversations/{chat.conversation}/claim", json={"epoch": 4})
    refused = await chat.send("withdraw")
    assert (refused["error"]["code"], "here already" in refused["error"]["message"]) == ("conflict", True)


async def test_what_was_written_in_line_does_not_put_who_left_it_back_into_it(running: Running) -> None:
    running.rasa.answer = lambda _turn: say("I am passing you on.", hand_over="asked")
    chat = await running.visit()
    await chat.send("person")
    await chat.notice("queued")
    await chat.send("message", text="is there no human at all?")
    await chat.send("withdraw")
    offer = await chat.message("bot")
    assert (offer["text"], [button["title"] for button in offer["buttons"]]) == (
        "What you wrote while you waited is one for our team. Talk to a person, or ask me something else.",
        ["Talk to a person"],
    )
    async with running.service.database.read() as reader:
        assert (await get_conversation(reader, chat.conversation)).owner == "bot"
    await chat.send("message", text="a human, please")
    assert (await chat.message("bot"))["text"] == "I am passing you on."
    await chat.notice("queued")


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


def test_an_address_that_a_turn_keeps_is_read_and_one_that_is_none_refused() -> None:
    kept = {"replies": [{"text": "Noted."}, {"custom": {"type": "contact", "email": " kim@example.com "}}]}
    assert read_turn(BotTurn.model_validate(kept)).contact == "kim@example.com"
    for wrong in ("kim@example", None):
        with pytest.raises(Invalid):
            read_turn(BotTurn.model_validate({"replies": [{"custom": {"type": "contact", "email": wrong}}]}))


def test_a_turn_that_says_nothing_is_no_answer() -> None:
    with pytest.raises(Unavailable):
        read_turn(BotTurn(replies=[{"custom": {"type": "joke"}}]))  # type: ignore[list-item]
    spoken = read_turn(BotTurn(replies=[{"custom": {"type": "hand_over", "reason": "asked"}}]))  # type: ignore[list-item]
    assert spoken == Spoken(hand_over="asked")


def test_articles_to_choose_from_are_not_nothing() -> None:
    entry = search_entry(
        "429", surface="bot", viewer=Viewer.ANONYMOUS, article_ids=["a"], outcome="unanswered", confidence=0.3,
        at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    logged = ENTRY_JSON.dump_python(entry, mode="json")
    for custom, nothing in (({"search": logged}, True), ({"type": "close_articles", "search": logged}, False)):
        turn = BotTurn.model_validate({"replies": [{"text": "One of these?", "custom": custom}]})
        assert read_turn(turn).found_nothing is nothing


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


async def test_a_turn_of_a_conversation_that_a_person_has_is_dropped_and_not_asked(running: Running) -> None:
    service = running.service
    conversation_id = await conversation_with_turns(service, "one")
    await ask_for_person(service, conversation_id)
    async with service.database.read() as reader:
        queued = await get_conversation(reader, conversation_id)
    await claim(
        service.database,
        conversation_id,
        Staff("st_1", "m@x.example", "Maya", "agent", True),
        epoch=queued.epoch,
        at=service.clock.now(),
    )
    service.turns.wake(conversation_id)
    await settled(service, conversation_id)
    assert running.rasa.heard == []


async def test_a_message_on_the_same_topic_goes_back_to_people_and_thanks_to_the_bot(
    running: Running,
) -> None:
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
