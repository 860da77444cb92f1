"""Messages that say nothing by themselves: "show me how", "still the same", "since yesterday". They are about what was said before."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import FAILURES_UNTIL_HANDOVER, LAST_QUESTION, answer, asks, has_been_shown, search
from actions.assistance import Assistance, query_of, question_of
from actions.matters import form_of, matters_of
from actions.requests import CANCELLATION, CANCELLATION_THEN_TICKET, HOW_TO_CANCEL, offer_ticket
from actions.verdicts import did_not_help, take_feedback

SHOW_HOW = "show_how"
DETAILS = "details"
"""What the bot has asked where it noted something about the problem: whether a person shall look at it."""
_UNCHANGED = re.compile(
    r"\bstill\b|\b(?:already|just)\s+(?:did|done|tried|checked|read)\b|"
    r"\b(?:did|done|tried|followed|checked)\s+(?:that|this|it|so|all|both|those|these|everything|the\s+steps)\b|"
    r"\b(?:same|no)\s+(?:again|problem|error|issue|thing|luck|result|change|difference|effect)\b|\bnothing\s+changed\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 2


def says_unchanged(text: str) -> bool:
    """Tell whether a text says that something was tried, or is still as it was: "did that, the file is empty"."""
    return bool(_UNCHANGED.search(text))


def points_at_something(tracker: Tracker) -> bool:
    """Tell whether the message is "show me how" or the like; "I did all these steps" has the words of it and is none."""
    message = tracker.latest_message
    intent = (message.get("intent") or {}).get("name")
    return bool(intent == SHOW_HOW and not says_unchanged(str(message.get("text") or "")))


async def show_how(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    """Show what "show me how" points at: the steps of a cancellation that was asked about, or what answers the last question.

    Where choices are open it may be any of them, and which is asked.
    """
    asked = tracker.get_slot("open_question")
    if asked in {CANCELLATION, CANCELLATION_THEN_TICKET}:
        shown = await answer(assistance, dispatcher, tracker, HOW_TO_CANCEL)
        offered = asked == CANCELLATION_THEN_TICKET
        return [*shown, *(offer_ticket(dispatcher, str(tracker.get_slot("clarified") or "")) if offered else [])]
    if asked in {"choice", "article"}:
        dispatcher.utter_message(response="utter_which_one")
        return []
    last = tracker.get_slot(LAST_QUESTION)
    if not last:
        return await answer(assistance, dispatcher, tracker, question_of(tracker))
    return await answer(assistance, dispatcher, tracker, str(last), again=True)


async def take_reason(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any] | None:
    """Take what follows the question about a cancellation and is no question for its reason: "because it is too expensive".

    Once: what is not understood after that counts as anywhere, so that a person comes in the end. Several matters are more than a reason.

    Returns:
        None where it is not that: nothing was asked about a cancellation, it asks something, or an article answers what is said.
    """
    asked = tracker.get_slot("open_question") in {CANCELLATION, CANCELLATION_THEN_TICKET}
    if not asked or tracker.get_slot("failed_turns") or query_of(tracker) or matters_of(tracker):
        return None
    if form_of(tracker) == "question":
        return None
    found = await search(assistance, question_of(tracker), await assistance.conversation(tracker))
    if found.answered:
        return None
    dispatcher.utter_message(response="utter_cancellation_noted")
    return [SlotSet("handover_reason", "cancellation"), SlotSet("failed_turns", 1.0)]


async def take_statement(
    assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker
) -> list[Any] | None:
    """Take what is told about a problem after an article was shown for it, and is no question.

    That it is still there, or that the steps were tried, says that the article did not help. Anything else is kept in the transcript, and
    a person is offered, who reads it there; the third in a row brings one.

    Returns:
        None where it is not that: it asks something, or has an answer of its own.
    """
    asked, text = tracker.get_slot("open_question"), question_of(tracker)
    if asked not in {"helped", DETAILS} or tracker.active_loop.get("name") or query_of(tracker) or matters_of(tracker):
        return None
    if form_of(tracker) not in {"trouble", "statement"} or len(text.split()) < _FEWEST_WORDS:
        return None
    conversation = await assistance.conversation(tracker)
    found = await search(assistance, text, conversation, after=tracker.get_slot(LAST_QUESTION))
    is_new = found.answered and not await has_been_shown(assistance, conversation, found.results[0])
    if says_unchanged(text):
        if is_new and found.question.strip() == text.strip():
            rated = await take_feedback(assistance, tracker, {"article_did_not_help"})
            return [*rated, *await answer(assistance, dispatcher, tracker, text)]
        return await did_not_help(assistance, dispatcher, tracker)
    failed = float(tracker.get_slot("failed_turns") or 0) + 1
    if is_new or (found.close and not found.answered) or failed >= FAILURES_UNTIL_HANDOVER:
        return None
    dispatcher.utter_message(response="utter_detail_noted")
    return [SlotSet("failed_turns", failed), asks(DETAILS)]
