"""One conversation on a real database, and the assistant's actions in it, run as Rasa runs them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import Assistance
from actions.registry import build_actions
from core.clock import FrozenClock
from core.database import Database
from core.errors import Invalid
from customers.accounts import AccountDetails, upsert_customer
from handoff.handing_over import hand_over
from handoff.records import Conversation, Reply, Understanding
from handoff.speaking import say_as_bot, say_as_customer
from handoff.staff import add_staff
from handoff.taking_over import claim, resolve
from handoff.transcript import get_conversation
from handoff.visitors import join_customer, new_visitor, visitor_of_token
from knowledge.articles import Article, Viewer
from knowledge.results import Result, SearchOutcome
from knowledge.searches import SearchEntry
from knowledge.store import save_article
from knowledge.votes import vote_of

SHOWN = ("response", "custom", "tickets", "subject", "description", "email", "buttons")


@dataclass
class Shelf:
    """A retriever with the same `search`: gives what is put on it, remembers what it was asked."""

    results: list[Result] = field(default_factory=list)
    answered: bool = True
    close: bool = False
    asked: list[tuple[str, Viewer, str | None]] = field(default_factory=list)
    entry: SearchEntry | None = None
    by_word: dict[str, Result | None] = field(default_factory=dict)
    """What a question with this word finds instead; None is nothing."""
    goes_on: Result | None = None
    """What a question finds that is asked after another."""
    after: list[str | None] = field(default_factory=list)
    """The question before each one that was asked."""
    answers_without: bool = True
    """Whether the best of the others answers, where some are not wanted."""

    async def search(
        self,
        question: str,
        *,
        viewer: Viewer,
        limit: int,
        surface: str,
        conversation_id: str | None,
        log: bool,
        after: str | None = None,
        without: Collection[str] = (),
    ) -> SearchOutcome:
        if not question.strip():
            raise Invalid("Please type a question.", field="question")
        assert (surface, limit, log) == ("bot", 3, False)
        self.asked.append((question, viewer, conversation_id))
        self.after.append(after)
        if after and self.goes_on:
            return SearchOutcome([self.goes_on], True, 0.9, entry=self.entry, question=f"{after} {question}")
        for word, found in self.by_word.items():
            if word in question and not (found and found.article_id in without):
                return SearchOutcome(
                    [found] if found else [], found is not None, 0.9, entry=self.entry, question=question.strip()
                )
        left = [one for one in self.results if one.article_id not in without]
        answered = bool(left) and (self.answers_without if without else self.answered)
        return SearchOutcome(left, answered, 0.9, entry=self.entry, close=self.close, question=question.strip())


def result(slug: str) -> Result:
    return Result(slug, slug, slug.title(), "", f"/help/{slug}", slug, 1.0, "public", "")


@dataclass
class Scene:
    """One conversation and the actions that act in it."""

    database: Database
    clock: FrozenClock
    shelf: Shelf
    conversation: Conversation
    secret: str
    slots: dict[str, Any] = field(default_factory=dict)
    said: int = 0
    understood: dict[str, Any] = field(default_factory=dict)
    """What else the assistant made of the message: `scope`, `language`, `intents`."""
    follows: str | None = None
    """The action that an action has asked for after itself."""

    async def run(
        self,
        action: str,
        text: str = "",
        *,
        entities: Sequence[dict[str, Any]] = (),
        intent: str | None = None,
        ran: Sequence[str] = (),
    ) -> list[Any]:
        """Run an action as Rasa would; returns what it utters: response names, custom payloads."""
        dispatcher = CollectingDispatcher()
        tracker = Tracker.from_dict(
            {
                "sender_id": self.conversation.rasa_id,
                "slots": dict(self.slots),
                "latest_message": {
                    "text": text,
                    "intent": {"name": intent},
                    "entities": list(entities),
                    **self.understood,
                },
                "events": [{"event": "action", "name": name} for name in ("action_listen", *ran)],
                "paused": False,
                "latest_action_name": None,
                "active_loop": {"name": "ticket_form"} if self.slots.get("requested_slot") else {},
            }
        )
        actions = {one.name(): one for one in build_actions(Assistance(self.database, self.clock, lambda: self.shelf))}  # type: ignore[arg-type,return-value]
        for event in await actions[action].run(dispatcher, tracker, {}):
            assert event["event"] in {"slot", "followup"}
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            else:
                self.follows = event["name"]
        return [{key: message[key] for key in SHOWN if message.get(key)} for message in dispatcher.messages]

    async def was_answered(self, question: str, *slugs: str) -> None:
        """Have the conversation as it is after these articles were shown for a question."""
        self.said += 1
        turn = await say_as_customer(
            self.database,
            self.conversation.id,
            client_id=str(self.said),
            text=question,
            name="Dana",
            at=self.clock.now(),
        )
        replies = []
        for slug in slugs:
            found = result(slug)
            answer = {name: getattr(found, name) for name in ("article_id", "slug", "title", "heading", "url", "html")}
            replies.append(Reply("Here:", (), answer))
        async with self.database.write() as tx:
            await say_as_bot(tx, turn, replies, Understanding(), epoch=self.conversation.epoch, at=self.clock.now())

    async def vote(self, slug: str) -> bool | None:
        return await vote_of(self.database, slug, self.conversation.visitor_id)

    async def sign_in(self) -> None:
        async with self.database.write() as tx:
            account = await upsert_customer(tx, "dana", AccountDetails(name="Dana"), at=self.clock.now())
            visitor = await visitor_of_token(tx.connection, self.secret, self.clock.now())
            joined = await join_customer(tx, visitor, self.secret, account.id, at=self.clock.now())
        assert joined is not None
        visitor, self.secret = joined
        self.conversation = visitor.conversation

    async def ask_for_a_person(self) -> None:
        async with self.database.write() as tx:
            current = await get_conversation(tx.connection, self.conversation.id, lock=True)
            self.conversation = await hand_over(tx, current, "asked", at=self.clock.now())

    async def helped_by_a_person(self) -> None:
        """Hand over, have an agent resolve, and give the conversation back to the bot."""
        await self.ask_for_a_person()
        now = self.clock.now()
        maya = await add_staff(
            self.database, email="maya@fernhill.example", name="Maya", role="agent", password="long enough", at=now
        )
        claimed = (
            await claim(self.database, self.conversation.id, maya, epoch=self.conversation.epoch, at=now)
        ).conversation
        await resolve(self.database, claimed.id, maya, epoch=claimed.epoch, at=now)
        async with self.database.read() as reader:
            self.conversation = await get_conversation(reader, claimed.id)


@pytest.fixture
async def scene(database: Database, clock: FrozenClock) -> Scene:
    async with database.write() as tx:
        visitor, secret = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=clock.now())
        for slug in ("invoices", "refunds"):
            article = Article(slug, slug, slug.title(), f"About {slug}.\n", clock.now(), clock.now())
            await save_article(tx, article, at=clock.now())
    return Scene(database, clock, Shelf([result("invoices"), result("refunds")]), visitor.conversation, secret)


HANDED_OVER = [{"response": "utter_handing_over"}]


def directive(reason: str) -> list[dict[str, Any]]:
    return [*HANDED_OVER, {"custom": {"type": "hand_over", "reason": reason}}]


def articles(uttered: list[Any]) -> list[str]:
    return [one["custom"]["article_id"] for one in uttered if one.get("custom", {}).get("type") == "answer"]
