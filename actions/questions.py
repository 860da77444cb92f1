"""The action that answers: the question of a message, or each of several, and then whatever else the message asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import LAST_QUESTION, LONGEST_QUERY, TOGETHER, answer, asks, goes_on_from_the_last, search
from actions.assistance import Assistance, answer_message, logged, question_of, shortened
from actions.matters import Question, matters_of, questions_of
from actions.pointing_back import points_at_something, show_how, take_reason, take_statement
from actions.requests import CANCELLATION_THEN_TICKET, offer_ticket, see_to_requests
from actions.ticket_form import take_plain_wish
from actions.verdicts import take_feedback
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
        if (begun := take_plain_wish(dispatcher, tracker)) is not None:
            return begun
        if points_at_something(tracker):
            return await show_how(self._assistance, dispatcher, tracker)
        for take in (take_reason, take_statement):
            if (taken := await take(self._assistance, dispatcher, tracker)) is not None:
                return taken
        matters = matters_of(tracker)
        rated = await take_feedback(self._assistance, tracker, {one.intent for one in matters})
        questions = questions_of(tracker)
        if len(questions) > 1:
            answered = await answer_each(self._assistance, dispatcher, tracker, questions)
        else:
            requested = any(one.is_request for one in matters)
            asked = questions[0].text if questions and requested else question_of(tracker)
            answered = await answer(self._assistance, dispatcher, tracker, asked)
        if tracker.active_loop.get("name") or _hands_over(dispatcher):
            return [*rated, *answered]
        requested_too = await see_to_requests(self._assistance, dispatcher, tracker, matters)
        if not requested_too and tracker.get_slot("open_question") == CANCELLATION_THEN_TICKET:
            requested_too = offer_ticket(dispatcher, str(tracker.get_slot("clarified") or ""))
        return [*rated, *answered, *requested_too]


class AboutTheChat(Action):
    """Says that the chat can be left and come back to, where the question is about that and not about what was asked before."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_about_the_chat"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Answer "can I restore it later?" from the articles that the last question was answered from; else speak of the chat."""
        question = question_of(tracker)
        if await goes_on_from_the_last(self._assistance, tracker, question):
            return await answer(self._assistance, dispatcher, tracker, question)
        dispatcher.utter_message(response="utter_about_the_chat")
        return []


async def answer_each(
    assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker, questions: Sequence[Question]
) -> list[Any]:
    """Answer each question of a message, named before its passage, and say which had none; one passage that answers two is shown once.

    One that goes on from the one before it in the message is searched for with that. If fewer than two have an answer and nothing that
    asks is left without one, the message is searched for as a whole.
    """
    conversation = await assistance.conversation(tracker)
    befores = [None, *(one.text for one in questions)]
    outcomes = [
        (one, await search(assistance, one.text, conversation, after=before))
        for one, before in zip(questions, befores, strict=False)
    ]
    found: dict[tuple[str, str], tuple[Question, SearchOutcome]] = {}
    for question, outcome in outcomes:
        if outcome.answered:
            found.setdefault((outcome.results[0].article_id, outcome.results[0].heading), (question, outcome))
    missed = [(question, outcome) for question, outcome in outcomes if question.waits and not outcome.answered]
    if not found or (len(found) < 2 and not missed):
        return await answer(assistance, dispatcher, tracker, question_of(tracker))
    for question, outcome in found.values():
        _say_answer_to(dispatcher, question, outcome)
    for question, outcome in missed:
        _say_no_answer_to(dispatcher, question, outcome)
    together = [
        {"article_id": outcome.results[0].article_id, "question": outcome.question or question.text}
        for question, outcome in found.values()
    ]
    aside = [SlotSet("ticket_aside", tracker.get_slot("requested_slot"))] if tracker.active_loop.get("name") else []
    shown = [
        SlotSet("article_id", together[-1]["article_id"]),
        SlotSet(TOGETHER, together),
        SlotSet(LAST_QUESTION, questions[-1].text[-LONGEST_BEFORE:]),
    ]
    return [*shown, SlotSet("failed_turns", 0.0), asks("helped"), *aside]


def _say_answer_to(dispatcher: CollectingDispatcher, question: Question, outcome: SearchOutcome) -> None:
    named = shortened(question.text, LONGEST_QUOTE)
    passage = answer_message(outcome.results[0], outcome.entry)
    dispatcher.utter_message(response="utter_answer_to", question=named, json_message=passage)


def _say_no_answer_to(dispatcher: CollectingDispatcher, question: Question, outcome: SearchOutcome) -> None:
    named = shortened(question.text, LONGEST_QUOTE)
    carried = {"query": shortened(question.text, LONGEST_QUERY), **logged(outcome.entry)}
    dispatcher.utter_message(response="utter_no_answer_to", question=named, json_message=carried)


def _only_denies_cancelling(tracker: Tracker) -> bool:
    """Tell whether the message says that this is no cancellation, and nothing else: there is nothing to look up then."""
    message = tracker.latest_message
    text = plain(str(message.get("text") or ""))
    if (message.get("intent") or {}).get("name") != "nlu_fallback" or len(text.split()) > LONGEST_DENIAL:
        return False
    said = read_cancellation(text, default_rules().cancellation)
    return said is not None and said.kind == "denied"


def _hands_over(dispatcher: CollectingDispatcher) -> bool:
    """Tell whether the answer was to bring a person, with whom the customer goes on."""
    return any((said.get("custom") or {}).get("type") == "hand_over" for said in dispatcher.messages)
