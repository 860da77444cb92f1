"""Taking down a ticket: what the form asks, how an answer is taken, and what becomes of it at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import asks
from actions.assistance import Assistance, query_of, shortened
from actions.form_reading import (
    ADDRESS,
    CHANGE,
    CONFIRMED,
    DESCRIPTION,
    EMAIL,
    FIELDS,
    OTHER_EMAIL,
    SUBJECT,
    Context,
    Step,
    read_message,
    read_press,
)
from actions.matters import matters_of
from handoff.contact import address_beside, address_given
from handoff.requests import reply_address
from tickets.ticketing import subject_of

FORM = "ticket_form"
ASIDE = "ticket_aside"
REQUESTED = "requested_slot"
_OWN_SLOTS = (*FIELDS, CONFIRMED, CHANGE, OTHER_EMAIL, ASIDE)
_ABOUT = re.compile(
    r"(?:\b(?:about|regarding|concerning|because of|because|saying that|saying|re:)|\b(?:ticket|case|report|request|bug)\s*[:–-])"
    r"\s+(\S.{7,})$",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r"[\w']+")
_WISH = frozenset(
    _WORDS.findall(
        "open create raise file make start log submit get put write up in need want would like a an the new support help ticket case "
        "request please pls plz hi hey hello thanks thank you for me us i i'd we we'd to can could my our and with here is it this just"
    )
)
"""Words that say no more than that somebody wants a ticket."""
_PLAIN_WISH = re.compile(
    r"\W*(?:(?:hi|hey|hello|ok|okay|please|pls|plz|just|so|and|then|can|could|would|will|you|u|i|we|id|i['’]d|we['’]d|let['’]?s)\b[\s,.!]*)*+"
    r"(?:(?:want|wanna|need|like|open|raise|create|file|log|submit|start|make|write)(?:\s+(?:to|up|me|us))*\s+)++"
    r"(?:(?:an?|another|new|separate|support)\s+)*+(?:ticket|case|bug\s+report|support\s+request)\b",
    re.IGNORECASE,
)
_LONG = 100
"""Characters: a question longer than this is a description as well as a subject."""
_SHOWN = 300


@dataclass(frozen=True)
class Wish:
    """What a wish for a ticket says of it: its topic, empty if it does not tell, and where the answer goes."""

    topic: str
    email: str | None = None


class BeginTicket(Action):
    """Begins a ticket afresh, with what the customer has said of it already."""

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_begin_ticket"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Begin; the question before the button, or what follows "about", is the subject. An address of theirs is not asked for again."""
        if query := query_of(tracker):
            return begin_ticket(dispatcher, tracker, query)
        wish = read_wish(str(tracker.latest_message.get("text") or ""))
        return begin_ticket(dispatcher, tracker, wish.topic, wish.email)


class ValidateTicket(Action):
    """Reads each message that the form gets, before the form asks on."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that Rasa's form calls the action by."""
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Set what the message gives. Setting nothing has the form leave the message to the other rules.

        Rasa calls this also when the form begins, and when it comes back after another action has answered: there is
        nothing to read then.
        """
        requested = tracker.get_slot(REQUESTED)
        if requested is None or not _answers_the_form(tracker):
            return []
        step = await self._read(tracker, str(requested))
        if step.kind == "aside":
            return []
        if step.kind == "stop":
            # The confirmation's slot is what tells the form that this was for it; the empty request ends it.
            return [SlotSet(CONFIRMED, False), SlotSet(REQUESTED, None)]
        if step.say is not None:
            dispatcher.utter_message(response=step.say)
        asked = [SlotSet(CHANGE, None), SlotSet(REQUESTED, step.ask)] if step.ask else []
        return [*(SlotSet(name, value) for name, value in step.slots.items()), SlotSet(ASIDE, None), *asked]

    async def _read(self, tracker: Tracker, requested: str) -> Step:
        message = tracker.latest_message
        text, intent = str(message.get("text") or ""), (message.get("intent") or {}).get("name")
        known = None
        if requested == EMAIL and not tracker.get_slot(OTHER_EMAIL):
            known = await _known(self._assistance, tracker)
        context = Context(
            requested,
            frozenset(name for name in FIELDS if tracker.get_slot(name) is not None),
            tracker.get_slot(ASIDE),
            known and known[0],
        )
        if text.startswith("/"):
            return read_press(intent, next(tracker.get_latest_entity_values("field"), None), context)
        return read_message(text, intent, context)


class AskEmail(Action):
    """Asks where the answer is to go."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that Rasa's form calls the action by."""
        return f"action_ask_{EMAIL}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Offer the address that is known, unless it was declined."""
        known = None if tracker.get_slot(OTHER_EMAIL) else await _known(self._assistance, tracker)
        if known is None:
            dispatcher.utter_message(response="utter_ask_email")
        else:
            dispatcher.utter_message(response="utter_offer_email", email=known[1])
        return []


class AskConfirmation(Action):
    """Shows the ticket and asks whether to send it."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that Rasa's form calls the action by."""
        return f"action_ask_{CONFIRMED}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Show subject, description and address as they will be sent; an account's address stays masked."""
        subject, description, email = (str(tracker.get_slot(name) or "") for name in FIELDS)
        known = await _known(self._assistance, tracker)
        dispatcher.utter_message(
            response="utter_confirm_ticket",
            subject=subject,
            description=shortened(description, _SHOWN),
            email=known[1] if known is not None and known[0] == email else email,
        )
        return []


class FinishTicket(Action):
    """Sends the ticket, or drops it."""

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_finish_ticket"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Ask the service to open the ticket with the turn's words in one transaction, if the customer said so."""
        if tracker.get_slot(CONFIRMED) is True:
            subject, description, email = (tracker.get_slot(name) for name in FIELDS)
            ticket = {"subject": subject, "description": description, "email": email}
            dispatcher.utter_message(response="utter_ticket_sent")
            dispatcher.utter_message(json_message={"type": "open_ticket", "ticket": ticket})
        else:
            dispatcher.utter_message(response="utter_ticket_dropped")
        return [SlotSet(name, None) for name in _OWN_SLOTS]


def begin_ticket(dispatcher: CollectingDispatcher, tracker: Tracker, topic: str, email: str | None = None) -> list[Any]:
    """Say what is coming, and empty the form; a topic that is known is the subject, a long one the details too, an address the address.

    A ticket that something else came between goes on with what it has.
    """
    known: dict[str, str] = {}
    if topic and tracker.get_slot(SUBJECT) == subject_of(topic):
        known = {name: value for name in FIELDS if (value := tracker.get_slot(name))}
    if email is not None:
        known[EMAIL] = email
    if topic:
        known[SUBJECT] = subject_of(topic)
        dispatcher.utter_message(response="utter_begin_ticket_about", subject=shortened(known[SUBJECT], _LONG))
    else:
        dispatcher.utter_message(response="utter_begin_ticket")
    if len(topic) > _LONG:
        known[DESCRIPTION] = topic
    if email is not None:
        dispatcher.utter_message(response="utter_email_noted")
    return [SlotSet(name, known.get(name)) for name in _OWN_SLOTS]


def read_wish(text: str) -> Wish:
    """Read a wish for a ticket: what it is about, and the address where the answer goes, if it says so.

    An address is the customer's where they call it theirs, and where it stands beside nothing but the wish. "Open a ticket to remove
    kim@example.com" gives none.
    """
    email, rest = address_beside(text)
    if email is None and (found := ADDRESS.search(text)):
        beside = _WORDS.findall((text[: found.start()] + text[found.end() :]).lower().replace("’", "'"))
        email = address_given(found.group().strip(".!?")) if _WISH.issuperset(beside) else None
    return Wish(topic_of(rest), email)


def take_plain_wish(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any] | None:
    """Begin the ticket that a message asks for in its first words, though what it is about had it taken for a question.

    Returns:
        None where it is not that: it begins otherwise, does not say what about, or asks for several things.
    """
    text = str(tracker.latest_message.get("text") or "")
    if tracker.active_loop.get("name") or query_of(tracker) or matters_of(tracker) or not _PLAIN_WISH.match(text):
        return None
    wish = read_wish(text)
    if not wish.topic:
        return None
    return [*begin_ticket(dispatcher, tracker, wish.topic, wish.email), asks(None), FollowupAction(FORM)]


def topic_of(text: str) -> str:
    """Return what follows "about" in a wish for a ticket; nothing where it does not say."""
    said = _ABOUT.search(text)
    return said[1].strip(" .!") if said else ""


async def _known(assistance: Assistance, tracker: Tracker) -> tuple[str, str] | None:
    """Return the address that is known, and how it is shown."""
    conversation = await assistance.conversation(tracker)
    async with assistance.database.glance() as reader:
        known = await reply_address(reader, conversation)
    return None if known is None else (known.email, known.shown)


def _answers_the_form(tracker: Tracker) -> bool:
    """Tell whether the customer's message came right before the form. The form adds its own execution as the last action."""
    ran = [event.get("name") for event in tracker.events if event.get("event") == "action"]
    return ran[-2:] == ["action_listen", FORM]
