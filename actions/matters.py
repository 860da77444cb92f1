"""Several matters in one message: which they are, and which of them an article may answer."""

from __future__ import annotations

from dataclasses import dataclass

from rasa_sdk import Tracker

from actions.assistance import query_of
from core.intents import of_kinds


def never_offered() -> frozenset[str]:
    """Return the intents that nobody would look for in a list of what they might have meant."""
    return of_kinds(
        "contact", "anger", "small_talk", "reply", "feedback", "remark", "pointer", "form", "button", "choice", "unreadable", "unknown"
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


@dataclass(frozen=True)
class Question:
    """One thing that a message asks, in the customer's words."""

    text: str
    waits: bool
    """Whether it is put so that somebody waits for an answer: "we are 300 people" is looked for, and not missed where nothing is found."""


def matters_of(tracker: Tracker) -> list[Matter]:
    """Return what the assistant took the clauses of the message for; nothing where a button carries the customer's words."""
    told = [] if query_of(tracker) else tracker.latest_message.get("intents") or []
    return [Matter(str(one["name"]), str(one["text"])) for one in told]


def form_of(tracker: Tracker) -> str | None:
    """Return the form of a message, `question`, `wish`, `trouble` or `statement`; None where it has several clauses, or is a button."""
    told = [] if query_of(tracker) else tracker.latest_message.get("told") or []
    return str(told[0]["form"]) if len(told) == 1 else None


def questions_of(tracker: Tracker) -> list[Question]:
    """Return what a message asks, in its order: the clauses that an article may answer, and those that ask and were not understood."""
    matters = {one.text: one.intent for one in matters_of(tracker)}
    told = [] if query_of(tracker) else tracker.latest_message.get("told") or []
    forms = {str(one["text"]): str(one["form"]) for one in told}
    unclear = {str(one["text"]) for one in told if one["form"] == "question" and _may_be_asked(one["name"])}
    asked = [text for text in forms if (is_question(matters[text]) if text in matters else text in unclear)]
    asked += [text for text, intent in matters.items() if text not in forms and is_question(intent)]
    return [Question(text, waits=forms.get(text, "question") != "statement") for text in asked]


def _may_be_asked(intent: str | None) -> bool:
    return intent is None or is_question(intent) or intent in of_kinds("unknown")


def is_question(intent: str) -> bool:
    """Tell whether an article may answer it."""
    return intent not in requests() | never_offered()
