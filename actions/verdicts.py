"""What the customer makes of an answer: a vote for the article or against it, and what comes next."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import LONGEST_TITLE, PERSON, TOGETHER, asks, search
from actions.assistance import Assistance, answer_message, hand_over_message, shortened
from core.errors import NotFound
from handoff.answers import shown_articles, viewer_of
from handoff.records import Conversation
from knowledge.results import Result
from knowledge.votes import record_vote, voter_of

UNHELPFUL_UNTIL_HANDOVER = 2
"""The second article in a conversation that did not help brings a person."""


class ArticleHelped(Action):
    """Keeps that an article helped."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_article_helped"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Vote for the article that was shown last, or for the one that the button names."""
        return await helped(self._assistance, dispatcher, tracker)


class ArticleDidNotHelp(Action):
    """Keeps that an article did not help, and shows the next best one or brings a person."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_article_did_not_help"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Vote against the article; answer with one not shown yet, offer a person, or at the second time hand over."""
        return await did_not_help(self._assistance, dispatcher, tracker)


async def helped(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    """Vote for the article that was shown last, for all that were shown with it, or for the one that a button names."""
    for article_id in [one["article_id"] for one in _together(tracker)] or [tracker.get_slot("article_id")]:
        await _vote(assistance, tracker, helpful=True, article_id=article_id)
    dispatcher.utter_message(response="utter_glad_it_helped")
    return [SlotSet("failed_turns", 0.0), asks(None)]


async def take_feedback(assistance: Assistance, tracker: Tracker, intents: Collection[str]) -> list[Any]:
    """Count what a message says of the last article where it goes on to something else: the next answer follows anyway."""
    if "article_helped" in intents:
        await _vote(assistance, tracker, helpful=True, article_id=tracker.get_slot("article_id"))
    elif "article_did_not_help" in intents:
        await _vote(assistance, tracker, helpful=False, article_id=tracker.get_slot("article_id"))
        return [SlotSet("not_helpful_count", float(tracker.get_slot("not_helpful_count") or 0) + 1)]
    return []


async def did_not_help(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    """Vote against the article; answer with one not shown yet, offer a person, or at the second time hand over.

    Where several were shown at once and no button says which, that is asked.
    """
    if together := _together(tracker):
        dispatcher.utter_message(response="utter_which_did_not_help", buttons=[*map(_still_open, together), PERSON])
        return [asks("choice")]
    await _vote(assistance, tracker, helpful=False, article_id=tracker.get_slot("article_id"))
    count = float(tracker.get_slot("not_helpful_count") or 0) + 1
    if count >= UNHELPFUL_UNTIL_HANDOVER:
        dispatcher.utter_message(response="utter_handing_over")
        dispatcher.utter_message(json_message=hand_over_message("not_helpful"))
        return [SlotSet("not_helpful_count", 0.0)]
    counted = SlotSet("not_helpful_count", count)
    search_id, fresh = await next_best(assistance, await assistance.conversation(tracker), tracker)
    if fresh is None:
        dispatcher.utter_message(response="utter_offer_person")
        return [counted, SlotSet(TOGETHER, None), asks("person")]
    # Another answer to the same question: the log has that question already.
    again = answer_message(fresh, None, followed=search_id)
    dispatcher.utter_message(response="utter_answer", json_message=again)
    return [counted, SlotSet("article_id", fresh.article_id), SlotSet(TOGETHER, None), asks("helped")]


async def next_best(
    assistance: Assistance, conversation: Conversation, tracker: Tracker
) -> tuple[str | None, Result | None]:
    """Search again for the question behind the article that did not help.

    Returns:
        The search of the log that the question was, and the best article not shown yet, if that is believed to answer by itself.
    """
    async with assistance.database.read() as reader:
        shown = await shown_articles(reader, conversation, tracker.get_slot("article_id"))
    if shown.question is None:
        return None, None
    own = (
        one["question"]
        for one in tracker.get_slot(TOGETHER) or []
        if one["article_id"] == tracker.get_slot("article_id")
    )
    found = await search(assistance, next(own, shown.question), conversation, without=shown.article_ids)
    return shown.search_id, found.results[0] if found.answered else None


def _together(tracker: Tracker) -> list[dict[str, str]]:
    """Return what was answered at once, if it was several things and the message does not name one of them by a button."""
    named = next(tracker.get_latest_entity_values("article_id"), None)
    together = tracker.get_slot(TOGETHER) or []
    return together if len(together) > 1 and not named else []


def _still_open(answered: dict[str, str]) -> dict[str, str]:
    named = json.dumps({"article_id": answered["article_id"]})
    question = shortened(answered["question"], LONGEST_TITLE)
    return {"title": question[:1].upper() + question[1:], "payload": f"/article_did_not_help{named}"}


async def _vote(assistance: Assistance, tracker: Tracker, *, helpful: bool, article_id: str | None) -> None:
    if article_id is None:
        return
    conversation = await assistance.conversation(tracker)
    # An article that was taken back since it was shown counts for nothing, and is no fault of the customer's.
    with contextlib.suppress(NotFound):
        await record_vote(
            assistance.database,
            article_id,
            voter_of(conversation.visitor_id, conversation.customer_id),
            helpful,
            clock=assistance.clock,
            viewer=viewer_of(conversation),
            conversation_id=conversation.id,
        )
