"""Answering from the articles. What the customer makes of an answer is in `actions.verdicts`."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import (
    Assistance,
    answer_message,
    hand_over_message,
    logged,
    question_of,
    shortened,
)
from core.errors import Invalid
from handoff.answers import BOT_LIMIT, shown_articles, viewer_of
from handoff.records import Conversation
from handoff.wording import TALK_TO_PERSON
from knowledge.follow_ups import LONGEST_BEFORE
from knowledge.results import Result, SearchOutcome
from knowledge.searches import note_choice
from tickets.triage import FRUSTRATED

FAILURES_UNTIL_OFFER = 2
"""The second question in a row without an answer has the bot ask whether to bring a person."""
FAILURES_UNTIL_HANDOVER = 3
"""The third question in a row without an answer brings a person."""
TOGETHER = "answered_together"
"""The slot of what was answered in one turn, each `{article_id, question}`, where it was more than one thing or not the message alone."""
LAST_QUESTION = "last_question"
"""The slot of what was searched for last, which the next question may go on from."""
CLOSE_BY = 0.8
"""Of the best article's score, what another one needs to be offered beside it where none answers for sure."""
LONGEST_TITLE = 60
"""Characters of a question or a title on a button."""
PERSON = {"title": TALK_TO_PERSON[0], "payload": "/talk_to_person"}
LONGEST_QUERY = 500
"""Characters of the customer's words that a button carries."""


class ShowArticle(Action):
    """Shows an article that comes close to the question."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_show_article"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Show the article that the button names, at the passage that the customer's question is about."""
        return await show_chosen(self._assistance, dispatcher, tracker)


async def answer(
    assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker, question: str, *, again: bool = False
) -> list[Any]:
    """Answer a question, or count that it could not be answered: the second in a row offers a person, the third hands over.

    The first one that articles come close to without answering it for sure asks which of them is meant.
    One that goes on from the question before ("and on the free plan?") is searched for with that.
    A question that was put to one of the choices is searched for in the customer's words first, then by the choice's title.

    Args:
        assistance: what the answer is looked for with.
        dispatcher: what it is said by.
        tracker: the conversation.
        question: what to look for.
        again: whether it was answered before, and what is shown may have been shown.
    """
    conversation = await assistance.conversation(tracker)
    found = await search(assistance, question, conversation, after=tracker.get_slot(LAST_QUESTION))
    topic = next(tracker.get_latest_entity_values("topic"), None)
    if topic is not None and not found.answered:
        found = await search(assistance, str(topic), conversation)
    aside = [SlotSet("ticket_aside", tracker.get_slot("requested_slot"))] if tracker.active_loop.get("name") else []
    aside.append(SlotSet(LAST_QUESTION, (found.question or question)[-LONGEST_BEFORE:]))
    if not found.answered:
        return [*_without_answer(dispatcher, tracker, question, found), *aside]
    best = found.results[0]
    goes_on = _went_on(question, found)
    known = (again or goes_on) and await has_been_shown(assistance, conversation, best)
    response = "utter_answer_again" if known else "utter_answer_upset" if _is_upset(tracker) else "utter_answer"
    dispatcher.utter_message(response=response, json_message=answer_message(best, found.entry))
    behind = [{"article_id": best.article_id, "question": found.question}] if goes_on or again else None
    shown = [SlotSet("article_id", best.article_id), SlotSet(TOGETHER, behind)]
    return [*shown, SlotSet("failed_turns", 0.0), asks("helped"), *aside]


def _is_upset(tracker: Tracker) -> bool:
    """Tell whether the message shows frustration beside its question: an article alone would be cold."""
    signals = tracker.latest_message.get("signals") or []
    return any(one["name"] == "frustration" and one["score"] >= FRUSTRATED for one in signals)


def _without_answer(
    dispatcher: CollectingDispatcher, tracker: Tracker, question: str, found: SearchOutcome
) -> list[Any]:
    """Say that there is no answer, ask which of the articles that come close is meant, offer a person, or hand over."""
    failed = float(tracker.get_slot("failed_turns") or 0) + 1
    if failed >= FAILURES_UNTIL_HANDOVER:
        dispatcher.utter_message(response="utter_handing_over")
        dispatcher.utter_message(json_message=hand_over_message("repeated_failure", found.entry))
        return [SlotSet("failed_turns", 0.0)]
    first = failed < FAILURES_UNTIL_OFFER
    if first and found.close and not tracker.active_loop.get("name"):
        return [SlotSet("failed_turns", failed), *_offer_close(dispatcher, question, found)]
    carried = {"query": shortened(question, LONGEST_QUERY), **logged(found.entry)}
    dispatcher.utter_message(response="utter_no_answer" if first else "utter_still_no_answer", json_message=carried)
    return [SlotSet("failed_turns", failed), asks("person")]


async def show_chosen(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    """Show the article that was chosen among those that come close, at the passage that the question is about.

    One that is not found any more, or that this customer may not see, is no answer: the question is searched for again.
    """
    question = question_of(tracker)
    conversation = await assistance.conversation(tracker)
    found = await search(assistance, question, conversation)
    article_id = next(tracker.get_latest_entity_values("article_id"), None)
    chosen = next((one for one in found.results if one.article_id == article_id), None)
    if chosen is None:
        return await answer(assistance, dispatcher, tracker, question)
    # The log has the question already, as one without an answer: the article lacks the words that it was asked in. The choice is its click.
    await note_choice(assistance.database, conversation.id, chosen.article_id, at=assistance.clock.now())
    dispatcher.utter_message(response="utter_answer", json_message=answer_message(chosen, None))
    shown = [SlotSet("article_id", chosen.article_id), SlotSet(TOGETHER, None)]
    return [*shown, SlotSet("failed_turns", 0.0), asks("helped")]


def _offer_close(dispatcher: CollectingDispatcher, question: str, found: SearchOutcome) -> list[Any]:
    query = shortened(question, LONGEST_QUERY)
    best = found.results[0].score
    buttons = [
        {
            "title": shortened(one.title, LONGEST_TITLE),
            "payload": f"/show_article{json.dumps({'article_id': one.article_id, 'query': query}, ensure_ascii=False)}",
        }
        for one in found.results
        if one.score >= CLOSE_BY * best
    ]
    carried = {"type": "close_articles", "query": query, **logged(found.entry)}
    dispatcher.utter_message(response="utter_close_articles", buttons=[*buttons, PERSON], json_message=carried)
    return [asks("article")]


def asks(what: str | None) -> Any:
    """Remember what the bot has asked last, so that a typed yes or no counts for it, even some words later."""
    return SlotSet("open_question", what)


async def goes_on_from_the_last(assistance: Assistance, tracker: Tracker, question: str) -> bool:
    """Tell whether a question has its answer only together with the one before."""
    last = tracker.get_slot(LAST_QUESTION)
    if not last:
        return False
    found = await search(assistance, question, await assistance.conversation(tracker), after=last)
    return _went_on(question, found)


async def search(
    assistance: Assistance,
    question: str,
    conversation: Conversation,
    *,
    after: str | None = None,
    without: Collection[str] = (),
) -> SearchOutcome:
    """Search the articles; nothing to ask finds nothing. The search is logged with the turn's words, not here.

    Args:
        assistance: has the retriever.
        question: in the customer's words.
        conversation: whose customer decides what may be found.
        after: the question before, which this one may go on from.
        without: ids of articles that are not wanted any more.
    """
    try:
        return await assistance.retriever().search(
            question,
            viewer=viewer_of(conversation),
            limit=BOT_LIMIT,
            after=after,
            without=without,
            surface="bot",
            conversation_id=conversation.id,
            log=False,
        )
    except Invalid:
        return SearchOutcome()


def _went_on(question: str, found: SearchOutcome) -> bool:
    """Tell whether something was searched for behind the question before."""
    return found.question.endswith(f" {question.strip()}")


async def has_been_shown(assistance: Assistance, conversation: Conversation, best: Result) -> bool:
    """Tell whether this passage was shown since the bot took over."""
    async with assistance.database.read() as reader:
        shown = await shown_articles(reader, conversation, None)
    return (best.article_id, best.heading) in shown.passages
