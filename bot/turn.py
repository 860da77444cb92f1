"""Reads a turn's request and, afterwards, what Rasa's tracker says became of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Collection, Dict, List, Optional

from rasa.shared.constants import UTTER_PREFIX
from rasa.shared.core.constants import DEFAULT_ACTION_NAMES
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.given import GivenVector, KnownEncoder, read_vector

LANGUAGE = "language"
"""The entity that bot/language.py adds: what slot `language` is filled from."""
FOREIGN = "foreign_language"
"""The intent that it sets where the language is none of the assistant's."""
MAX_TEXT = 8000
MAX_PAYLOAD = 2000
RANKING = 3
CUSTOM = "action_"
_CONVERSATION = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")
_PAYLOAD = re.compile(r"/([A-Za-z0-9_]+)(\{.*\})?", re.DOTALL)


class TurnRequestError(ValueError):
    """The request breaks the contract; the message says how, for the caller's log."""


@dataclass(frozen=True)
class TurnRequest:
    """A checked request; `message` is what Rasa gets."""

    conversation: str
    message: str
    vector: Optional[GivenVector] = None


def read_turn_request(body: Any, intents: Collection[str], encoder: Optional[KnownEncoder] = None) -> TurnRequest:
    """Checks the JSON body of a turn.

    Args:
        body: What came.
        intents: Those that a payload may name.
        encoder: What reads messages, whose vectors may come with a text.

    Raises:
        TurnRequestError: A field is missing, of the wrong form, too long, or names an unknown intent.
    """
    if not isinstance(body, dict):
        raise TurnRequestError("The body must be a JSON object.")
    unknown = sorted(set(body) - {"conversation", "text", "payload", "vector"})
    if unknown:
        raise TurnRequestError(f"Unknown fields: {', '.join(map(str, unknown))}.")
    conversation = body.get("conversation")
    if not isinstance(conversation, str) or not _CONVERSATION.fullmatch(conversation):
        raise TurnRequestError("'conversation' must be 1 to 128 letters, digits or any of '_.:-'.")
    if ("text" in body) == ("payload" in body):
        raise TurnRequestError("Send exactly one of 'text' and 'payload'.")
    if "text" in body:
        text = _text(body["text"])
        return TurnRequest(conversation, text, _vector(body["vector"], text, encoder) if "vector" in body else None)
    if "vector" in body:
        raise TurnRequestError("'vector' is of a 'text'; a 'payload' has none.")
    return TurnRequest(conversation, _payload(body["payload"], intents))


def _text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise TurnRequestError("'text' must be a string that is not blank.")
    if len(text) > MAX_TEXT:
        raise TurnRequestError(f"'text' must not be longer than {MAX_TEXT} characters.")
    if text.lstrip().startswith("/"):
        raise TurnRequestError("'text' must not begin with '/'; a button's payload goes into 'payload'.")
    return text


def _vector(field: Any, text: str, encoder: Optional[KnownEncoder]) -> GivenVector:
    try:
        return read_vector(field, text.strip(), encoder)
    except ValueError as error:
        raise TurnRequestError(f"'vector' cannot be read: {error}.") from error


def _payload(payload: Any, intents: Collection[str]) -> str:
    matched = _PAYLOAD.fullmatch(payload) if isinstance(payload, str) and len(payload) <= MAX_PAYLOAD else None
    if matched is None:
        raise TurnRequestError("'payload' must look like '/intent' or '/intent{\"entity\": \"value\"}'.")
    intent, entities = matched.groups()
    if intent not in intents:
        raise TurnRequestError(f"'payload' names the unknown intent '{intent}'.")
    if entities is not None:
        _check_entities(entities)
    return str(payload)


def _check_entities(entities: str) -> None:
    try:
        json.loads(entities)
    except (ValueError, RecursionError) as error:
        raise TurnRequestError("'payload' does not carry valid JSON after the intent.") from error


class Turn:
    """The events of one turn: the customer's message and all that followed it."""

    def __init__(self, said: Optional[UserUttered], followed: List[Event]) -> None:
        """Keeps the message and the events after it, up to the next message."""
        self._said = said
        self._followed = followed

    @classmethod
    def of_message(cls, tracker: Optional[DialogueStateTracker], message_id: str) -> Turn:
        """Finds the turn that `message_id` began; another turn may already have been added behind it."""
        events = list(tracker.events) if tracker else []
        for start in range(len(events) - 1, -1, -1):
            event = events[start]
            if isinstance(event, UserUttered) and event.message_id == message_id:
                rest = events[start + 1 :]
                end = next((index for index, later in enumerate(rest) if isinstance(later, UserUttered)), len(rest))
                return cls(event, rest[:end])
        return cls(None, [])

    def failed_actions(self) -> List[str]:
        """Returns the custom actions of this turn that failed.

        Rasa logs an action's exception, drops its events, and goes on as if the action had run. Since every custom
        action of the contract utters, one that left no event behind has failed; so has one that was rejected. A form leaves an event
        too; its rejection says only that the message was not for it.
        """
        rejected = [event for event in self._followed if isinstance(event, ActionExecutionRejected)]
        failed = [event.action_name for event in rejected if event.action_name.startswith(CUSTOM)]
        for place, event in enumerate(self._followed):
            if not _leaves_an_event(event):
                continue
            after = self._followed[place + 1] if place + 1 < len(self._followed) else None
            if after is None or isinstance(after, ActionExecuted):
                failed.append(event.action_name)
        return failed

    def understanding(self) -> Dict[str, Any]:
        """Returns intent, guesses, the intents of several clauses, entities, the language if it is another, and signals."""
        if self._said is None:
            return {
                "intent": None, "confidence": 0.0, "ranking": [], "intents": [], "entities": [], "language": None, "signals": []
            }  # fmt: skip
        parsed = self._said.parse_data or {}
        text = self._said.text or ""
        return {
            "intent": self._said.intent.get("name"),
            "confidence": _rounded(self._said.intent.get("confidence")),
            "ranking": [
                {"name": guess["name"], "confidence": _rounded(guess["confidence"])}
                for guess in (parsed.get("intent_ranking") or [])[:RANKING]
            ],
            "intents": [
                {"name": one["name"], "confidence": _rounded(one["confidence"]), "text": one["text"]}
                for one in parsed.get("intents") or []
            ],
            "entities": [_entity(entity, text) for entity in self._said.entities if entity["entity"] != LANGUAGE],
            "language": self._other_language(),
            "signals": parsed.get("signals") or [],
        }

    def _other_language(self) -> Optional[str]:
        """Returns the language of the message where the assistant does not answer in it; its own is nothing to tell."""
        if self._said is None or self._said.intent.get("name") != FOREIGN:
            return None
        return next((entity["value"] for entity in self._said.entities if entity["entity"] == LANGUAGE), None)


def _leaves_an_event(event: Event) -> bool:
    """Tells whether this is the run of a custom action or a form, and not of a response or of an action of Rasa's own."""
    if not isinstance(event, ActionExecuted) or not event.action_name:
        return False
    return not event.action_name.startswith(UTTER_PREFIX) and event.action_name not in DEFAULT_ACTION_NAMES


def _entity(entity: Dict[str, Any], text: str) -> Dict[str, Any]:
    start, end = entity.get("start"), entity.get("end")
    within = text[start:end] if start is not None and end is not None else ""
    return {"entity": entity["entity"], "value": entity["value"], "text": within, "start": start, "end": end}


def _rounded(confidence: Any) -> float:
    return round(float(confidence or 0.0), 4)
