"""The action that answers: the question of a message, or each of several, and then whatever else the message asks for."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import LAST_QUESTION, LONGEST_QUERY, TOGETHER, answer, asks, search, take_feedback
from actions.assistance import Assistance, answer_message, logged, query_of, question_of, shortened
from actions.matters import is_question, matters_of
from actions.requests import CANCELLATION, CANCELLATION_THEN_TICKET, offer_ticket, see_to_requests
from knowledge.follow_ups import LONGEST_BEFORE
from knowledge.results import SearchOutcome
from tickets.cancellation import read_cancellation
from tickets.rules import default_rules
from tickets.triage import plain

LONGEST_QUOTE = 80
"""Characters of a question that are repeated before its answer."""

LONGEST_DENIAL = 8
"""Words: what is longer tells more than "I don't want to cancel"."""


class AnswerQuestion(Action):
    """Searches the articles for the customer's question."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_answer_question"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Answer with the passage that answers the question, or say that there is none and offer a person; so for each of several.

        What the same message says of the article before counts first, what it asks for beside questions is seen to afterwards.
        """
        if _only_denies_cancelling(tracker):
            dispatcher.utter_message(response="utter_nothing_cancelled")
            return [asks(None)]
        if await _only_explains_cancelling(self._assistance, tracker):
            dispatcher.utter_message(response="utter_cancellation_noted")
            return [SlotSet("handover_reason", "cancellation"), SlotSet("failed_turns", 1.0)]
        matters = matters_of(tracker)
        rated = await take_feedback(self._assistance, tracker, {one.intent for one in matters})
        questions = [one.text for one in matters if is_question(one.intent)]
        if len(questions) > 1:
            answered = await answer_each(self._assistance, dispatcher, tracker, questions)
        else:
            requested = any(one.is_request for one in matters)
            asked = questions[0] if questions and requested else question_of(tracker)
            answered = await answer(self._assistance, dispatcher, tracker, asked)
        if tracker.active_loop.get("name") or _hands_over(dispatcher):
            return [*rated, *answered]
        requested_too = await see_to_requests(self._assistance, dispatcher, tracker, matters)
        if not requested_too and tracker.get_slot("open_question") == CANCELLATION_THEN_TICKET:
            requested_too = offer_ticket(dispatcher, str(tracker.get_slot("clarified") or ""))
        return [*rated, *answered, *requested_too]


async def answer_each(
    assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker, questions: list[str]
) -> list[Any]:
    """Answer each question of a message, named before its passage, and say which had none; one passage that answers two is shown once.

    If fewer than two have an answer of their own, the message is searched for as a whole.
    """
    conversation = await assistance.conversation(tracker)
    outcomes = [(question, await search(assistance, question, conversation)) for question in questions]
    found: dict[tuple[str, str], tuple[str, SearchOutcome]] = {}
    for question, outcome in outcomes:
        if outcome.answered:
            found.setdefault((outcome.results[0].article_id, outcome.results[0].heading), (question, outcome))
    if len(found) < 2:
        return await answer(assistance, dispatcher, tracker, question_of(tracker))
    for question, outcome in found.values():
        dispatcher.utter_message(
            response="utter_answer_to",
            question=shortened(question, LONGEST_QUOTE),
            json_message=answer_message(outcome.results[0], outcome.entry),
        )
        last = outcome.results[0].article_id
    together = [
        {"article_id": outcome.results[0].article_id, "question": question} for question, outcome in found.values()
    ]
    for question, outcome in outcomes:
        if not outcome.answered:
            carried = {"query": shortened(question, LONGEST_QUERY), **logged(outcome.entry)}
            dispatcher.utter_message(
                response="utter_no_answer_to", question=shortened(question, LONGEST_QUOTE), json_message=carried
            )
    aside = [SlotSet("ticket_aside", tracker.get_slot("requested_slot"))] if tracker.active_loop.get("name") else []
    shown = [
        SlotSet("article_id", last),
        SlotSet(TOGETHER, together),
        SlotSet(LAST_QUESTION, questions[-1][-LONGEST_BEFORE:]),
    ]
    return [*shown, SlotSet("failed_turns", 0.0), asks("helped"), *aside]


def _only_denies_cancelling(tracker: Tracker) -> bool:
    """Tell whether the message says that this is no cancellation, and nothing else: there is nothing to look up then."""
    message = tracker.latest_message
    text = plain(str(message.get("text") or ""))
    if (message.get("intent") or {}).get("name") != "nlu_fallback" or len(text.split()) > LONGEST_DENIAL:
        return False
    said = read_cancellation(text, default_rules().cancellation)
    return said is not None and said.kind == "denied"


async def _only_explains_cancelling(assistance: Assistance, tracker: Tracker) -> bool:
    """Tell whether the bot has asked about a cancellation and what follows is no question: "because it is too expensive".

    Once: what is not understood after that counts as anywhere, so that a person comes in the end. Several matters are more than a reason.
    """
    asked = tracker.get_slot("open_question") in {CANCELLATION, CANCELLATION_THEN_TICKET}
    if not asked or tracker.get_slot("failed_turns") or query_of(tracker) or matters_of(tracker):
        return False
    found = await search(assistance, question_of(tracker), await assistance.conversation(tracker))
    return not found.answered


def _hands_over(dispatcher: CollectingDispatcher) -> bool:
    """Tell whether the answer was to bring a person, with whom the customer goes on."""
    return any((said.get("custom") or {}).get("type") == "hand_over" for said in dispatcher.messages)
