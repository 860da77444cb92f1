"""The handoff package of a real conversation: what happened, in order, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import iso
from customers.accounts import AccountDetails, upsert_customer
from customers.signals import set_activity
from handoff.package import build_package, package_of
from handoff.package_views import PackageView
from handoff.records import Conversation, Message, Reply, Staff
from handoff.speaking import press_as_customer
from handoff.taking_over import resolve
from handoff.visitors import begin_beside
from handoff.wording import REASONS
from knowledge.openings import note_opening
from knowledge.tables import articles, votes
from tests.handoff.conftest import ANSWER, MINUTE, Floor

OTHER = {**ANSWER, "article_id": "refunds", "title": "Refunds", "url": "/help/refunds"}


async def vote(floor: Floor, conversation: Conversation, article_id: str, helpful: bool) -> None:
    now = floor.clock.now()
    async with floor.database.write() as tx:
        article = {
            "id": article_id, "slug": article_id, "title": article_id, "content": "x", "tags": [], "related": [],
            "audience": "customer", "visibility": "public", "created_at": now, "updated_at": now,
            "status": "published", "content_hash": "x", "version": 1,
        }  # fmt: skip
        await tx.execute(sa.insert(articles).values(**article))
        await tx.execute(
            sa.insert(votes).values(
                article_id=article_id, voter=conversation.visitor_id, helpful=helpful, words="", voted_at=now
            )
        )


async def stored(floor: Floor, conversation: Conversation) -> PackageView:
    async with floor.database.read() as reader:
        package = await package_of(reader, str(conversation.ticket_id))
    assert package is not None
    return package


async def answered(
    floor: Floor, conversation: Conversation, text: str, answer: dict[str, Any] | None, **understood: Any
) -> Message:
    turn = await floor.say(conversation, text)
    await floor.answer(turn, Reply("Here:", (("No", "/no"),), answer), **understood)
    return turn


async def test_the_package_tells_what_the_customer_wants_what_was_shown_and_why_it_was_handed_over(
    floor: Floor,
) -> None:
    conversation = await floor.visit()
    plan = {"entity": "plan", "value": "business", "text": "Business plan", "start": 15, "end": 28}
    greeting = await answered(floor, conversation, "hi", None, intent="greet", confidence=0.99)
    question = await answered(
        floor, conversation, "invoice on my Business plan as pdf", ANSWER,
        intent="invoices", confidence=0.93, entities=[plan],
    )  # fmt: skip
    shown_at = floor.clock.now()
    await vote(floor, conversation, "download-invoices", helpful=False)
    floor.later(MINUTE)
    refund = await answered(
        floor, conversation, "then I want my money back please", OTHER, intent="refund", confidence=0.8, entities=[plan]
    )
    failed = await floor.say(conversation, "that does not say how long it takes")
    await floor.fail(failed)
    await answered(
        floor, conversation, "what about invoice INV-7 again then", ANSWER, intent="invoices", confidence=0.7
    )
    await floor.say(conversation, "and this one nobody has read")
    waiting = await floor.hand_over(conversation, "not_helpful")
    package = await stored(floor, waiting)

    assert package["reason"] == {
        "code": "not_helpful",
        "words": "The articles that were shown did not help.",
        "rule": None,
    }
    said = [message.seq for message in await floor.said(conversation)]
    assert package["transcript"] == {
        "conversation_id": conversation.id,
        "epoch": 1,
        "first_seq": said[0],
        "last_seq": said[-2],  # the last one is the notice of the handoff itself
        "messages": len(said) - 1,
    }
    assert package["handed_over_at"] == iso(floor.clock.now())
    assert package["summary"] == [
        "“invoice on my Business plan as pdf”",
        "“then I want my money back please”",
        "“that does not say how long it takes”",
        "“what about invoice INV-7 again then”",
    ]
    assert package["entities"] == [
        {"entity": "plan", "value": "business", "text": "Business plan", "message_id": question.id}
    ]
    assert [(one["text"], one["intent"], one["confidence"]) for one in package["intents"]] == [
        ("hi", "greet", 0.99),
        ("invoice on my Business plan as pdf", "invoices", 0.93),
        ("then I want my money back please", "refund", 0.8),
        ("what about invoice INV-7 again then", "invoices", 0.7),
    ]
    assert package["intents"][0]["message_id"] == greeting.id
    assert package["articles"] == [
        {
            "article_id": "download-invoices",
            "title": "Download invoices",
            "url": "/help/download-invoices",
            "shown_at": iso(shown_at),
            "opened": False,
            "vote": "not_helpful",
        },
        {
            "article_id": "refunds",
            "title": "Refunds",
            "url": "/help/refunds",
            "shown_at": iso(refund.at),
            "opened": False,
            "vote": None,
        },
    ]
    assert package["attempted"] == [
        "Answered from “Download invoices”: it did not help.",
        "Answered from “Refunds”: not rated.",
        "The assistant failed to answer “that does not say how long it takes”.",
    ]


async def test_what_was_pressed_is_no_word_of_the_customers(floor: Floor) -> None:
    conversation = await floor.visit()
    await answered(floor, conversation, "can I get my invoices as pdf", ANSWER, intent="invoices", confidence=0.9)
    button = (await floor.said(conversation))[-1].buttons[0]
    await press_as_customer(
        floor.database, conversation.id, client_id="p", button_id=button.id, name="D", at=floor.clock.now()
    )
    package = await stored(floor, await floor.hand_over(conversation))
    assert package["summary"] == ["“can I get my invoices as pdf”"]


async def test_somebody_elses_vote_is_not_the_customers(floor: Floor) -> None:
    conversation, other = await floor.visit(), await floor.visit()
    await answered(floor, conversation, "can I get my invoices as pdf", ANSWER)
    await vote(floor, other, "download-invoices", helpful=True)
    package = await stored(floor, await floor.hand_over(conversation))
    assert [article["vote"] for article in package["articles"]] == [None]


async def test_the_next_package_begins_where_the_bot_got_the_conversation_back(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya, "the webhook does not fire at all")
    await floor.reply(claimed, maya, "It is repaired.")
    back = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await floor.say(back, "now how do refunds work then")
    waiting = await floor.hand_over(back)
    assert (await stored(floor, waiting))["summary"] == ["“now how do refunds work then”"]
    assert (await stored(floor, claimed))["summary"] == ["“the webhook does not fire at all”"]


async def test_the_package_keeps_how_the_account_stood_when_it_was_handed_over(floor: Floor) -> None:
    account = await floor.customer(name="Dana", plan="Business", mrr_minor=620_000, features_used=("boards",))
    async with floor.database.write() as tx:
        await set_activity(tx, account.id, floor.clock.now().date(), logins=1, usage=10)
    await floor.waiting("an earlier matter of mine", account)
    conversation = await floor.visit(account)
    signal = {"name": "frustration", "score": 0.9, "evidence": [{"signal": "wording", "text": "fed up"}]}
    asked = await answered(floor, conversation, "I am fed up with the import", ANSWER, intent="api", signals=[signal])
    async with floor.database.write() as tx:
        await note_opening(tx, conversation.id, "download-invoices", "answer", at=floor.clock.now())
    waiting = await floor.hand_over(conversation)
    before = await stored(floor, waiting)
    async with floor.database.write() as tx:
        await upsert_customer(tx, "dana", AccountDetails(plan="free", mrr_minor=0), at=floor.later(MINUTE))
    package = await stored(floor, waiting)
    assert package == before
    assert package["account"] is not None
    assert (package["account"]["plan"], package["account"]["mrr"]) == ("business", 6200.0)
    assert package["health"] is not None
    assert [signal["name"] for signal in package["health"]["signals"]] == [
        "usage",
        "adoption",
        "sentiment",
        "expansion",
        "payments",
    ]
    assert [ticket["subject"] for ticket in package["earlier_tickets"]] == ["an earlier matter of mine"]
    assert package["triage"] is not None
    assert any("Revenue of" in reason for reason in package["triage"]["reasons"])
    assert package["signals"] == [{"name": "frustration", "score": 0.9, "words": ["fed up"], "message_id": asked.id}]
    assert [(article["opened"], article["vote"]) for article in package["articles"]] == [(True, None)]


async def test_earlier_tickets_of_a_visitor_without_an_account_are_in_the_package(floor: Floor) -> None:
    first = await floor.waiting("an earlier matter of mine")
    async with floor.database.write() as tx:
        later = await begin_beside(tx, first, channel="email", page_title="Beside", at=floor.later(MINUTE))
    package = await stored(floor, await floor.hand_over(later))
    assert [ticket["subject"] for ticket in package["earlier_tickets"]] == ["an earlier matter of mine"]


async def test_an_article_that_was_only_opened_is_in_the_package_as_such(floor: Floor) -> None:
    conversation = await floor.visit()
    await floor.say(conversation, "where do I find my invoices")
    await vote(floor, conversation, "download-invoices", helpful=False)
    async with floor.database.write() as tx:
        await note_opening(tx, conversation.id, "download-invoices", "suggestion", at=floor.clock.now())
    package = await stored(floor, await floor.hand_over(conversation))
    assert [(a["title"], a["shown_at"], a["opened"], a["vote"]) for a in package["articles"]] == [
        ("download-invoices", None, True, "not_helpful")
    ]


async def test_a_customer_who_said_nothing_is_not_given_words(floor: Floor) -> None:
    package = await stored(floor, await floor.hand_over(await floor.visit()))
    assert (package["summary"], package["entities"], package["intents"], package["attempted"]) == ([], [], [], [])


@pytest.mark.parametrize("code", sorted(REASONS))
async def test_every_reason_is_a_sentence(code: str) -> None:
    package = build_package([], {}, {}, reason=code, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert package["reason"]["words"][0].isupper()
    assert package["reason"]["words"].endswith(".")


async def test_what_a_message_asks_for_beside_a_person_is_in_package_summary_and_triage(floor: Floor) -> None:
    conversation = await floor.visit()
    both = [
        {"name": "sign_in_problem", "confidence": 0.8, "text": "my password does not work"},
        {"name": "talk_to_person", "confidence": 0.9, "text": "let me talk to a human"},
    ]
    text = "my password does not work and let me talk to a human"
    await answered(floor, conversation, text, None, intent="talk_to_person", confidence=0.9, intents=both)
    waiting = await floor.hand_over(conversation, "asked")
    package = await stored(floor, waiting)
    (seen,) = package["intents"]
    assert seen["also"] == [{"intent": "sign_in_problem", "confidence": 0.8, "text": "my password does not work"}]
    assert package["summary"] == [f"“{text}”"]
    assert package["triage"] is not None
    assert package["triage"]["category"] == "sign-in"
    assert any("“trouble signing in”" in reason for reason in package["triage"]["reasons"])


async def test_a_ticket_asked_for_beside_a_cancellation_that_is_confirmed_with_yes_is_in_the_package(
    floor: Floor,
) -> None:
    conversation = await floor.visit()
    both = [
        {"name": "open_ticket", "confidence": 0.8, "text": "open a ticket about the broken export"},
        {"name": "cancel_subscription", "confidence": 0.9, "text": "cancel my subscription"},
    ]
    text = "open a ticket about the broken export and cancel my subscription"
    await answered(floor, conversation, text, None, intent="cancel_subscription", confidence=0.9, intents=both)
    await answered(floor, conversation, "yes", None, intent="affirm", confidence=0.9)
    package = await stored(floor, await floor.hand_over(conversation, "cancellation"))
    assert package["reason"]["code"] == "cancellation"
    assert package["intents"][0]["also"] == [
        {"intent": "open_ticket", "confidence": 0.8, "text": "open a ticket about the broken export"}
    ]
    assert f"“{text}”" in package["summary"]
