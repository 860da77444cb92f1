"""What the assistant does, on a real database: slots in, one use-case, an utterance out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import Assistance
from actions.registry import build_actions, build_executor
from core.clock import FrozenClock
from core.database import Database
from core.errors import Invalid, StaleEpoch, Unavailable
from customers.accounts import AccountDetails, upsert_customer
from handoff.handing_over import hand_over
from handoff.policies import load_policies
from handoff.records import Conversation, Reply, Understanding
from handoff.speaking import say_as_bot, say_as_customer
from handoff.staff import add_staff
from handoff.taking_over import claim, resolve
from handoff.transcript import get_conversation
from handoff.visitors import join_customer, new_visitor, visitor_of_token
from handoff.wording import REASONS
from knowledge.articles import Article, Viewer
from knowledge.retriever import Result, SearchOutcome
from knowledge.searches import ENTRY_JSON, SearchEntry, search_entry
from knowledge.store import remove_article, save_article
from knowledge.votes import vote_of
from tickets.ticketing import set_status

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text())


@dataclass
class Shelf:
    """A retriever with the same `search`: gives what is put on it, remembers what it was asked."""

    results: list[Result] = field(default_factory=list)
    answered: bool = True
    asked: list[tuple[str, Viewer, str | None]] = field(default_factory=list)
    entry: SearchEntry | None = None

    async def search(
        self, question: str, *, viewer: Viewer, limit: int, surface: str, conversation_id: str | None, log: bool
    ) -> SearchOutcome:
        if not question.strip():
            raise Invalid("Please type a question.", field="question")
        assert (surface, limit, log) == ("bot", 3, False)
        self.asked.append((question, viewer, conversation_id))
        return SearchOutcome(self.results, self.answered, 0.9, entry=self.entry)


def result(slug: str) -> Result:
    return Result(slug, slug, slug.title(), "", f"/help/{slug}", f"<p>{slug}</p>", slug, 1.0, "public", "")


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

    async def run(
        self, action: str, text: str = "", *, entities: Sequence[dict[str, Any]] = (), intent: str | None = None
    ) -> list[Any]:
        """Run an action as Rasa would; returns what it utters: response names, custom payloads."""
        dispatcher = CollectingDispatcher()
        tracker = Tracker.from_dict(
            {
                "sender_id": self.conversation.rasa_id,
                "slots": dict(self.slots),
                "latest_message": {"text": text, "intent": {"name": intent}, "entities": list(entities)},
                "events": [],
                "paused": False,
                "latest_action_name": None,
                "active_loop": {},
            }
        )
        actions = {one.name(): one for one in build_actions(Assistance(self.database, self.clock, lambda: self.shelf))}  # type: ignore[arg-type,return-value]
        for event in await actions[action].run(dispatcher, tracker, {}):
            assert event["event"] == "slot"
            self.slots[event["name"]] = event["value"]
        return [
            {key: message[key] for key in ("response", "custom", "tickets") if message.get(key)}
            for message in dispatcher.messages
        ]

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
            self.conversation = await hand_over(tx, current, "asked", load_policies(), at=self.clock.now())

    async def helped_by_a_person(self) -> None:
        """Hand over, have an agent resolve, and give the conversation back to the bot."""
        await self.ask_for_a_person()
        now = self.clock.now()
        maya = await add_staff(
            self.database, email="maya@fernhill.example", name="Maya", role="agent", password="long enough", at=now
        )
        claimed = await claim(self.database, self.conversation.id, maya, epoch=self.conversation.epoch, at=now)
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


async def test_a_question_is_answered_with_the_best_articles_own_passage(scene: Scene) -> None:
    scene.slots["failed_turns"] = 2.0
    (uttered,) = await scene.run("action_answer_question", "can I get my invoices as pdf?")
    assert uttered == {
        "response": "utter_answer",
        "custom": {
            "type": "answer",
            "article_id": "invoices",
            "answer": {
                "article_id": "invoices",
                "slug": "invoices",
                "title": "Invoices",
                "heading": "",
                "url": "/help/invoices",
                "html": "<p>invoices</p>",
                "search_id": None,
            },
        },
    }
    assert scene.slots == {"failed_turns": 0.0, "article_id": "invoices"}
    assert scene.shelf.asked == [("can I get my invoices as pdf?", Viewer.ANONYMOUS, scene.conversation.id)]


async def test_a_search_goes_along_with_what_the_turn_says_and_is_not_written_by_the_action(scene: Scene) -> None:
    scene.shelf.entry = search_entry(
        "invoices", surface="bot", viewer=Viewer.ANONYMOUS, article_ids=["a"], outcome="answered", confidence=0.9,
        at=scene.clock.now(),
    )  # fmt: skip
    for answered, slots in ((True, {}), (False, {}), (False, {"failed_turns": 2.0})):
        scene.shelf.answered = answered
        scene.slots.update(slots)
        last = (await scene.run("action_answer_question", "invoices"))[-1]
        assert ENTRY_JSON.validate_python(last["custom"]["search"]) == scene.shelf.entry


async def test_a_known_customer_searches_what_customers_may_read(scene: Scene) -> None:
    await scene.sign_in()
    await scene.run("action_answer_question", "invoices?")
    assert [viewer for _, viewer, _ in scene.shelf.asked] == [Viewer.CUSTOMER]


async def test_a_buttons_query_is_searched_for_instead_of_its_payload(scene: Scene) -> None:
    query = {"entity": "query", "value": "How do I cancel my subscription?"}
    await scene.run("action_answer_question", "/show_how_to_cancel", entities=[query])
    assert [question for question, _, _ in scene.shelf.asked] == ["How do I cancel my subscription?"]


async def test_the_third_question_in_a_row_without_an_answer_brings_a_person(scene: Scene) -> None:
    scene.shelf.answered = False
    for failed in (1.0, 2.0):
        assert await scene.run("action_answer_question", "what is the meaning?") == [{"response": "utter_no_answer"}]
        assert scene.slots["failed_turns"] == failed
    assert await scene.run("action_answer_question", "what is the meaning?") == directive("repeated_failure")
    assert scene.slots["failed_turns"] == 0.0


async def test_an_answer_in_between_begins_the_count_anew(scene: Scene) -> None:
    for answered in (False, False, True, False):
        scene.shelf.answered = answered
        uttered = await scene.run("action_answer_question", "what is the meaning?")
    assert uttered == [{"response": "utter_no_answer"}]
    assert scene.slots["failed_turns"] == 1.0


async def test_a_question_of_nothing_is_no_failure_of_the_action(scene: Scene) -> None:
    assert await scene.run("action_answer_question", " ") == [{"response": "utter_no_answer"}]


async def test_before_the_knowledge_base_is_there_the_action_fails_and_says_so(scene: Scene) -> None:
    def not_yet() -> Any:
        raise Unavailable("The knowledge base is still loading.")

    (action, *_) = build_actions(Assistance(scene.database, scene.clock, not_yet))
    tracker = Tracker.from_dict({"sender_id": scene.conversation.rasa_id, "latest_message": {"text": "x"}})
    with pytest.raises(Unavailable):
        await action.run(CollectingDispatcher(), tracker, {})


async def test_an_action_of_an_old_epoch_does_nothing(scene: Scene) -> None:
    before = scene.conversation
    await scene.ask_for_a_person()
    scene.conversation = before
    scene.slots["article_id"] = "invoices"
    for action in ("action_answer_question", "action_article_helped", "action_ticket_status"):
        with pytest.raises(StaleEpoch):
            await scene.run(action, "hello")
    assert await scene.vote("invoices") is None
    assert scene.shelf.asked == []


async def test_a_vote_is_recorded_for_the_article_that_the_button_names_and_can_be_changed(scene: Scene) -> None:
    await scene.was_answered("invoices?", "invoices")
    scene.slots |= {"article_id": "invoices", "failed_turns": 2.0}
    assert await scene.run("action_article_helped") == [{"response": "utter_glad_it_helped"}]
    assert await scene.vote("invoices") is True
    assert scene.slots["failed_turns"] == 0.0
    await scene.run("action_article_did_not_help")
    assert await scene.vote("invoices") is False
    assert await scene.vote("refunds") is None


async def test_thanks_without_an_article_is_no_vote(scene: Scene) -> None:
    assert await scene.run("action_article_helped", "that helped") == [{"response": "utter_glad_it_helped"}]
    assert await scene.vote("invoices") is None


async def test_a_vote_on_an_article_that_is_gone_is_taken_with_thanks_and_counts_for_nothing(scene: Scene) -> None:
    async with scene.database.write() as tx:
        await remove_article(tx, "invoices")
    scene.slots["article_id"] = "invoices"
    assert await scene.run("action_article_helped") == [{"response": "utter_glad_it_helped"}]


async def test_what_did_not_help_is_followed_by_the_second_best_and_then_by_a_person(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    scene.slots["article_id"] = "invoices"
    uttered = await scene.run("action_article_did_not_help", "/article_did_not_help")
    assert articles(uttered) == ["refunds"]
    assert [question for question, _, _ in scene.shelf.asked] == ["can I get my invoices as pdf?"]
    assert (scene.slots["article_id"], scene.slots["not_helpful_count"]) == ("refunds", 1.0)
    await scene.was_answered("no", "refunds")
    assert await scene.run("action_article_did_not_help") == directive("not_helpful")
    assert (await scene.vote("invoices"), await scene.vote("refunds")) == (False, False)


async def test_no_to_an_older_answer_searches_for_that_answers_question(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    await scene.was_answered("how do I invite people?", "members")
    scene.slots["article_id"] = "invoices"
    assert articles(await scene.run("action_article_did_not_help", "/article_did_not_help")) == ["refunds"]
    assert [question for question, _, _ in scene.shelf.asked] == ["can I get my invoices as pdf?"]
    assert (await scene.vote("invoices"), await scene.vote("members")) == (False, None)


async def test_a_typed_yes_or_no_counts_after_an_answer_and_for_nothing_after_a_question_without_one(
    scene: Scene,
) -> None:
    scene.slots["failed_turns"] = 1.0
    assert await scene.run("action_article_helped", "yes", intent="affirm") == [{"response": "utter_anything_else"}]
    assert await scene.run("action_article_did_not_help", "no", intent="deny") == [{"response": "utter_what_instead"}]
    assert "not_helpful_count" not in scene.slots
    scene.slots["failed_turns"] = 0.0
    assert await scene.run("action_article_did_not_help", "no", intent="deny") == [{"response": "utter_offer_person"}]
    assert scene.slots["not_helpful_count"] == 1


async def test_what_was_asked_before_a_person_helped_is_not_answered_again(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices")
    await scene.helped_by_a_person()
    assert await scene.run("action_article_did_not_help", "that didn't help") == [{"response": "utter_offer_person"}]
    assert scene.shelf.asked == []


async def test_without_a_second_article_a_person_is_offered(scene: Scene) -> None:
    await scene.was_answered("can I get my invoices as pdf?", "invoices", "refunds")
    scene.slots["article_id"] = "refunds"
    assert await scene.run("action_article_did_not_help") == [{"response": "utter_offer_person"}]
    scene.slots["not_helpful_count"] = 0.0
    scene.shelf.answered = False
    assert await scene.run("action_article_did_not_help") == [{"response": "utter_offer_person"}]


async def test_unhelpful_words_before_any_question_offer_a_person(scene: Scene) -> None:
    assert await scene.run("action_article_did_not_help", "that did not help") == [{"response": "utter_offer_person"}]
    assert scene.shelf.asked == []


@pytest.mark.parametrize(
    ("slot", "reason"), [*((code, code) for code in REASONS), (None, "asked"), ("nonsense", "asked")]
)
async def test_a_handoff_carries_the_reason_of_its_topic(slot: str | None, reason: str) -> None:
    dispatcher = CollectingDispatcher()
    tracker = Tracker.from_dict({"sender_id": "cv_1.1", "slots": {"handover_reason": slot}})
    (action,) = [one for one in build_actions(None) if one.name() == "action_hand_over"]  # type: ignore[arg-type]
    assert await action.run(dispatcher, tracker, {}) == []
    assert [message.get("response") for message in dispatcher.messages] == ["utter_handing_over", None]
    assert dispatcher.messages[-1]["custom"] == {"type": "hand_over", "reason": reason}


async def test_the_status_of_earlier_requests_is_told_with_numbers_newest_first(scene: Scene) -> None:
    assert await scene.run("action_ticket_status", "where is my ticket") == [{"response": "utter_no_tickets"}]
    await scene.was_answered("the invoice is wrong again")
    await scene.ask_for_a_person()
    assert await scene.run("action_ticket_status") == [
        {"response": "utter_ticket_status", "tickets": "FH-1001 “the invoice is wrong again”: open"}
    ]
    async with scene.database.write() as tx:
        await set_status(tx, str(scene.conversation.ticket_id), "resolved", at=scene.clock.now())
    (told,) = await scene.run("action_ticket_status")
    assert told["tickets"].endswith(": resolved")


async def test_a_known_customer_hears_of_the_tickets_of_all_their_conversations(scene: Scene) -> None:
    await scene.was_answered("the invoice is wrong again")
    await scene.ask_for_a_person()
    await scene.sign_in()
    async with scene.database.write() as tx:
        visitor, _ = await new_visitor(
            tx, customer_id=scene.conversation.customer_id, page_url=None, page_title=None, at=scene.clock.now()
        )
    scene.conversation = visitor.conversation
    (told,) = await scene.run("action_ticket_status")
    assert told["tickets"].startswith("FH-1001 ")


def test_the_actions_of_the_domain_are_the_actions_that_are_registered() -> None:
    registered = build_executor(Assistance(None, None, None)).actions  # type: ignore[arg-type]
    assert sorted(registered) == sorted(DOMAIN["actions"])


def test_every_response_that_code_and_rules_utter_is_in_the_domain() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "actions").glob("*.py"))
    rules = (ROOT / "data" / "rules.yml").read_text()
    uttered = set(re.findall(r"\butter_(?!message\b)\w+", code + rules))
    assert uttered
    assert uttered <= set(DOMAIN["responses"])
    assert set(DOMAIN["responses"]) <= uttered


def test_what_an_action_fills_in_is_what_its_response_asks_for() -> None:
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            asked = set(re.findall(r"{(\w+)}", variant["text"]))
            assert asked == ({"tickets"} if name == "utter_ticket_status" else set()), name


def test_every_button_of_the_domain_carries_an_intent_of_the_domain() -> None:
    intents = {next(iter(one)) if isinstance(one, dict) else one for one in DOMAIN["intents"]}
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            for button in variant.get("buttons", []):
                intent = re.match(r"/(\w+)", button["payload"])
                assert intent, name
                assert intent[1] in intents, name


def test_every_reason_that_a_slot_can_carry_is_one_that_a_handoff_knows() -> None:
    mapped = {mapping["value"] for mapping in DOMAIN["slots"]["handover_reason"]["mappings"]}
    assert mapped <= set(REASONS)
