"""Several matters in one message: which they are, and which of them an article may answer."""

from __future__ import annotations

from dataclasses import dataclass

from rasa_sdk import Tracker

from actions.assistance import query_of
from core.intents import of_kinds


def never_offered() -> frozenset[str]:
    """Return the intents that nobody would look for in a list of what they might have meant."""
    return of_kinds(
        "contact", "anger", "small_talk", "reply", "feedback", "remark", "form", "button", "choice", "unreadable", "unknown"
    )  # fmt: skip


def requests() -> frozenset[str]:
    """Return the intents that no article answers. Those that bring a person lead their message (bot/leading.py): no action sees to them."""
    return of_kinds("request", "ticket", "contact", "incident", "person")


@dataclass(frozen=True)
class Matter:
    """One thing that a message asks for, in the customer's words."""

    intent: str
    text: str

    @property
    def is_request(self) -> bool:
        """Tell whether it asks the assistant to do something."""
        return self.intent in requests()


def matters_of(tracker: Tracker) -> list[Matter]:
    """Return what the assistant took the clauses of the message for; nothing where a button carries the customer's words."""
    told = [] if query_of(tracker) else tracker.latest_message.get("intents") or []
    return [Matter(str(one["name"]), str(one["text"])) for one in told]


def is_question(intent: str) -> bool:
    """Tell whether an article may answer it."""
    return intent not in requests() | never_offered()
