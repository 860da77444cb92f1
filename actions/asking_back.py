"""Asking back: which of the likely intents is meant, and what a plain yes or no is the answer to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import LONGEST_QUERY, answer, asks, goes_on_from_the_last, search
from actions.assistance import Assistance, hand_over_message, question_of, shortened
from actions.matters import is_question, never_offered
from actions.pointing_back import DETAILS, take_reason, take_statement
from actions.requests import CANCELLATION, CANCELLATION_THEN_TICKET, offer_ticket
from actions.ticket_form import FORM, begin_ticket, take_plain_wish
from actions.verdicts import did_not_help, helped

MOST_CHOICES = 3
_DECLINES = re.compile(
    r"\b(?:thanks?|thx|ty|thank\s*(?:you|u)|leave\s+(?:it|that)|never\s*mind|nvm|forget\s+(?:it|that|about)|don['’]?t\s+bother|no\s+need)\b",
    re.IGNORECASE,
)
"""In a no: it is polite or lets the matter rest, and wants no more."""


class Clarify(Action):
    """Asks which of the likely intents is meant."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_clarify"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Show the choices as buttons that carry the customer's words; with none to show, look for the words themselves.

        What goes on from the question before ("and the attachments?") is unsure by nature, and answered instead; so is what is told about
        the problem after an article, or as the reason of a cancellation. Nor is anything asked where all choices would search for the same
        words and an article answers these.
        """
        guesses = (tracker.latest_message.get("scope") or {}).get("choices") or []
        hidden = never_offered()
        choices = [guess["name"] for guess in guesses if guess["name"] not in hidden][:MOST_CHOICES]
        question = question_of(tracker)
        if (begun := take_plain_wish(dispatcher, tracker)) is not None:
            return begun
        for take in (take_reason, take_statement):
            if (taken := await take(self._assistance, dispatcher, tracker)) is not None:
                return taken
        if (
            not choices
            or await goes_on_from_the_last(self._assistance, tracker, question)
            or await self._is_answered_anyway(tracker, question, choices)
        ):
            return await answer(self._assistance, dispatcher, tracker, question)
        query = shortened(question, LONGEST_QUERY)
        dispatcher.utter_message(
            response="utter_did_you_mean", json_message={"type": "choices", "choices": choices, "query": query}
        )
        return [asks("choice"), SlotSet("clarified", query)]

    async def _is_answered_anyway(self, tracker: Tracker, question: str, choices: Sequence[str]) -> bool:
        """Tell whether every choice leads to the same article, since the customer's own words are searched first."""
        if not all(map(is_question, choices)):
            return False
        return (await search(self._assistance, question, await self._assistance.conversation(tracker))).answered


class TakeYes(Action):
    """Takes a plain yes for the answer to what the bot asked last."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_take_yes"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Vote, hand over, take down a ticket, or ask which; without an open question ask what else there is."""
        asked = tracker.get_slot("open_question")
        if asked == "helped":
            return await helped(self._assistance, dispatcher, tracker)
        if asked in {"person", DETAILS}:
            dispatcher.utter_message(response="utter_handing_over")
            dispatcher.utter_message(json_message=hand_over_message(_offered_because(tracker)))
            return [asks(None)]
        if asked in {CANCELLATION, CANCELLATION_THEN_TICKET}:
            dispatcher.utter_message(response="utter_handing_over")
            dispatcher.utter_message(json_message=hand_over_message("cancellation"))
            return [asks(None)]
        if asked == "ticket":
            topic = str(tracker.get_slot("clarified") or "")
            return [
                *begin_ticket(dispatcher, tracker, topic),
                asks(None),
                SlotSet("clarified", None),
                FollowupAction(FORM),
            ]
        which = asked in {"choice", "article"}
        dispatcher.utter_message(response="utter_which_one" if which else "utter_anything_else")
        return [] if which else [asks(None)]


class TakeNo(Action):
    """Takes a plain no for the answer to what the bot asked last."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_take_no"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Show the next best article, look for the words that no choice fitted, offer a person, or ask what is wanted instead.

        "No thanks" and "no, leave it" decline whatever more there is, and say nothing of the article. A no to nothing in particular
        is the end of a matter.
        """
        asked = tracker.get_slot("open_question")
        if asked == "helped":
            if _DECLINES.search(str(tracker.latest_message.get("text") or "")):
                dispatcher.utter_message(response="utter_nothing_more")
                return [asks(None)]
            return await did_not_help(self._assistance, dispatcher, tracker)
        if asked in {"choice", "article"}:
            return await _no_choice_fits(self._assistance, dispatcher, tracker)
        declined = {
            CANCELLATION: "utter_nothing_cancelled",
            CANCELLATION_THEN_TICKET: "utter_nothing_cancelled",
            "ticket": "utter_anything_else",
            "person": "utter_what_instead",
            DETAILS: "utter_what_instead",
        }
        dispatcher.utter_message(response=declined.get(asked, "utter_nothing_more"))
        if asked == CANCELLATION_THEN_TICKET:
            return offer_ticket(dispatcher, str(tracker.get_slot("clarified") or ""))
        return [asks(None)]


class NoneOfThese(Action):
    """Goes on after no choice fitted."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_none_of_these"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Look for what the customer wrote before the choices, whatever intent it has."""
        return await _no_choice_fits(self._assistance, dispatcher, tracker)


async def _no_choice_fits(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    if tracker.get_slot("open_question") == "article":
        dispatcher.utter_message(response="utter_offer_person")
        return [asks("person")]
    carried = next(tracker.get_latest_entity_values("query"), None) or tracker.get_slot("clarified")
    if not carried:
        dispatcher.utter_message(response="utter_what_instead")
        return [asks(None)]
    return [*await answer(assistance, dispatcher, tracker, str(carried)), SlotSet("clarified", None)]


def _offered_because(tracker: Tracker) -> str:
    if float(tracker.get_slot("not_helpful_count") or 0) > 0:
        return "not_helpful"
    return "repeated_failure" if float(tracker.get_slot("failed_turns") or 0) > 1 else "asked"
