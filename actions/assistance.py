"""What the actions need of the rest of Baton, and how they know which conversation they act in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker

from core.clock import Clock
from core.database import Database
from core.errors import StaleEpoch
from handoff.records import Conversation
from handoff.transcript import get_conversation
from knowledge.results import Result
from knowledge.retriever import Retriever
from knowledge.searches import ENTRY_JSON, SearchEntry


@dataclass(frozen=True)
class Assistance:
    """The parts that actions call into. `retriever` raises `Unavailable` until the knowledge base has loaded."""

    database: Database
    clock: Clock
    retriever: Callable[[], Retriever]

    async def conversation(self, tracker: Tracker) -> Conversation:
        """Return the conversation that this turn belongs to.

        Raises:
            StaleEpoch: it has changed hands since the turn began; whatever the action did would come too late.
        """
        conversation_id, _, epoch = tracker.sender_id.rpartition(".")
        async with self.database.glance() as reader:
            conversation = await get_conversation(reader, conversation_id)
        if str(conversation.epoch) != epoch:
            raise StaleEpoch("The conversation has changed hands since this turn began.")
        return conversation


def query_of(tracker: Tracker) -> str:
    """Return the customer's words that a button carries, or nothing."""
    return str(next(tracker.get_latest_entity_values("query"), None) or "")


def question_of(tracker: Tracker) -> str:
    """Return what to search for: a button's `query`, else the customer's latest words."""
    return query_of(tracker) or str(tracker.latest_message.get("text") or "")


def shortened(text: str, longest: int) -> str:
    """Return a text of at most that many characters, cut at a word."""
    return text if len(text) <= longest else text[: longest - 1].rsplit(" ", 1)[0] + "…"


def answer_message(result: Result, entry: SearchEntry | None, *, followed: str | None = None) -> dict[str, Any]:
    """Write an article's passage as the custom payload that the service shows, with the search that found it.

    Args:
        result: the passage.
        entry: the search, where it is to be logged with this answer.
        followed: the id of an earlier search that this is another answer to.
    """
    answer = {name: getattr(result, name) for name in ("article_id", "slug", "title", "heading", "url", "html")}
    answer["search_id"] = followed if entry is None else entry.id
    return {"type": "answer", "article_id": result.article_id, "answer": answer, **logged(entry)}


def hand_over_message(reason: str, entry: SearchEntry | None = None) -> dict[str, Any]:
    """Write the directive that ends the turn in a handoff; the service hands over with the turn's words in one transaction."""
    return {"type": "hand_over", "reason": reason, **logged(entry)}


def logged(entry: SearchEntry | None) -> dict[str, Any]:
    """Write a search for the service to keep in the log: in the write that stores the turn's words, so no answer is without its search."""
    return {} if entry is None else {"search": ENTRY_JSON.dump_python(entry, mode="json")}
