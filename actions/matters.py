"""Several matters in one message: which they are, and which of them an article may answer."""

from __future__ import annotations

from dataclasses import dataclass

from rasa_sdk import Tracker

from actions.assistance import query_of

NEVER_OFFERED = frozenset({
    "greet", "goodbye", "thanks", "how_are_you", "affirm", "deny", "praise", "bot_challenge", "article_helped",
    "article_did_not_help", "show_how_to_cancel", "stop_form", "correct_field", "none_of_these", "foreign_language", "no_words",
    "out_of_scope", "nlu_fallback", "nlu_unsure", "frustration", "give_contact",
})  # fmt: skip
"""Intents that nobody would look for in a list of what they might have meant."""
REQUESTS = frozenset(
    {"cancel_subscription", "open_ticket", "security_incident", "talk_to_person", "ticket_status", "give_contact"}
)
"""Intents that no article answers. Those that bring a person lead their message (bot/leading.py), so no action here sees to them."""


@dataclass(frozen=True)
class Matter:
    """One thing that a message asks for, in the customer's words."""

    intent: str
    text: str

    @property
    def is_request(self) -> bool:
        """Tell whether it asks the assistant to do something."""
        return self.intent in REQUESTS


def matters_of(tracker: Tracker) -> list[Matter]:
    """Return what the assistant took the clauses of the message for; nothing where a button carries the customer's words."""
    told = [] if query_of(tracker) else tracker.latest_message.get("intents") or []
    return [Matter(str(one["name"]), str(one["text"])) for one in told]


def is_question(intent: str) -> bool:
    """Tell whether an article may answer it."""
    return intent not in REQUESTS | NEVER_OFFERED
