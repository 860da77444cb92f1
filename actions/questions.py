"""The action that answers: the question of a message, or each of several."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import LONGEST_QUERY, answer, asks, search
from actions.asking_back import NEVER_OFFERED
from actions.assistance import Assistance, answer_message, logged, query_of, question_of, shortened

LONGEST_QUOTE = 80
"""Characters of a question that are repeated before its answer."""
NOT_SEARCHED = frozenset({
    "cancel_subscription", "open_ticket", "security_incident", "talk_to_person", "ticket_status",
})  # fmt: skip
"""Intents that no article answers: as a second matter they are offered as a button."""


class AnswerQuestion(Action):
    """Searches the articles for the customer's question."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_answer_question"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Answer with the passage that answers the question, or say that there is none and offer a person; so for each of several."""
        several = [one for one in _several(tracker) if one["name"] not in NEVER_OFFERED]
        questions = [str(one["text"]) for one in several if one["name"] not in NOT_SEARCHED]
        others = [str(one["name"]) for one in several if one["name"] in NOT_SEARCHED]
        if len(questions) > 1:
            events = await answer_each(self._assistance, dispatcher, tracker, questions)
        else:
            asked = questions[0] if questions and others else question_of(tracker)
            events = await answer(self._assistance, dispatcher, tracker, asked)
        if others and not tracker.active_loop.get("name") and not _hands_over(dispatcher):
            query = shortened(question_of(tracker), LONGEST_QUERY)
            dispatcher.utter_message(
                response="utter_and_the_other", json_message={"type": "choices", "choices": others, "query": query}
            )
            return [*events, asks("choice"), SlotSet("clarified", None)]
        return events


async def answer_each(
    assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker, questions: list[str]
) -> list[Any]:
    """Answer each question of a message, named before its passage, and say which had none; one passage that answers two is shown once.

    If none has an answer of its own, the message is searched for as a whole.
    """
    conversation = await assistance.conversation(tracker)
    outcomes = [(question, await search(assistance, question, conversation)) for question in questions]
    found = {outcome.results[0].article_id: (question, outcome) for question, outcome in outcomes if outcome.answered}
    if len(found) < 2:
        return await answer(assistance, dispatcher, tracker, question_of(tracker))
    for article_id, (question, outcome) in found.items():
        dispatcher.utter_message(
            response="utter_answer_to",
            question=shortened(question, LONGEST_QUOTE),
            json_message=answer_message(outcome.results[0], outcome.entry),
        )
        last = article_id
    for question, outcome in outcomes:
        if not outcome.answered:
            carried = {"query": shortened(question, LONGEST_QUERY), **logged(outcome.entry)}
            dispatcher.utter_message(
                response="utter_no_answer_to", question=shortened(question, LONGEST_QUOTE), json_message=carried
            )
    aside = [SlotSet("ticket_aside", tracker.get_slot("requested_slot"))] if tracker.active_loop.get("name") else []
    return [SlotSet("article_id", last), SlotSet("failed_turns", 0.0), asks("helped"), *aside]


def _several(tracker: Tracker) -> list[dict[str, Any]]:
    """Return what the assistant took the clauses of the message for; nothing where a button carries the customer's words."""
    return [] if query_of(tracker) else tracker.latest_message.get("intents") or []


def _hands_over(dispatcher: CollectingDispatcher) -> bool:
    """Tell whether the answer was to bring a person, with whom the customer goes on."""
    return any((said.get("custom") or {}).get("type") == "hand_over" for said in dispatcher.messages)
