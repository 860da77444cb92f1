"""What a customer asks of the assistant that no article answers: how tickets are going, a cancellation, a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import answer, asks, goes_on_from_the_last
from actions.assistance import Assistance, query_of, question_of, shortened
from actions.contact import CONTACT, take_contact
from actions.form_reading import SUBJECT
from actions.matters import Matter, form_of, matters_of
from actions.ticket_form import topic_of
from handoff.gathering import tickets_of_visitor
from handoff.requests import last_reply
from knowledge.follow_ups import may_lean
from tickets.cancellation import read_cancellation
from tickets.rules import default_rules
from tickets.triage import plain

TICKETS_TOLD = 3
CANCELLATION, CANCELLATION_THEN_TICKET = "cancellation", "cancellation, then ticket"
"""What is asked before a cancellation: the question alone, or with a ticket to come back to that the same message asks for."""
HOW_TO_CANCEL = "How do I cancel my subscription?"
"""What is searched for to show the steps; the button that offers them in `domain.yml` carries the same."""
LONGEST_REPLY = 300
_SUBJECT_SHOWN = 100
_STATUS = {"open": "open", "pending": "waiting for you", "resolved": "resolved", "closed": "closed"}


class TicketStatus(Action):
    """Tells where the customer's earlier requests stand."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_ticket_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Tell it, then see to what else the message asks for."""
        asked = await tell_tickets(self._assistance, dispatcher, tracker)
        if tracker.active_loop.get("name"):
            return []
        others = [one for one in matters_of(tracker) if one.intent != "ticket_status"]
        return [*asked, *await see_to_requests(self._assistance, dispatcher, tracker, others)]


class ConfirmCancellation(Action):
    """Asks once before a cancellation."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_confirm_cancellation"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Ask, and see to what else the message asks for; a ticket that was begun is kept, and offered afterwards.

        "When does it end?" after a question about trials is a question about those.
        """
        question = question_of(tracker)
        if await self._is_about_the_last(tracker, question):
            answered = await answer(self._assistance, dispatcher, tracker, question)
            return [*answered, SlotSet("handover_reason", "asked")]
        own = Matter("cancel_subscription", question)
        waiting = "" if tracker.active_loop.get("name") else str(tracker.get_slot(SUBJECT) or "")
        if waiting:
            dispatcher.utter_message(response="utter_ticket_waits", subject=shortened(waiting, _SUBJECT_SHOWN))
        return await see_to_requests(
            self._assistance, dispatcher, tracker, [*matters_of(tracker), own], waiting=waiting
        )

    async def _is_about_the_last(self, tracker: Tracker, question: str) -> bool:
        if query_of(tracker) or matters_of(tracker) or form_of(tracker) != "question":
            return False
        if tracker.active_loop.get("name") or not may_lean(question):
            return False
        if read_cancellation(plain(question), default_rules().cancellation) is not None:
            return False
        return await goes_on_from_the_last(self._assistance, tracker, question)


async def tell_tickets(assistance: Assistance, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Any]:
    """Name the newest tickets with their numbers and states, and what a person has answered last; without one offer a person."""
    conversation = await assistance.conversation(tracker)
    async with assistance.database.read() as reader:
        found = await tickets_of_visitor(reader, conversation, limit=TICKETS_TOLD)
        replies = {ticket.id: await last_reply(reader, ticket) for ticket in found}
    if not found:
        dispatcher.utter_message(response="utter_no_tickets")
        return [asks("person")]
    lines = []
    for ticket in found:
        lines.append(f"{ticket.number} “{ticket.subject}”: {_STATUS[ticket.status]}")
        if reply := replies[ticket.id]:
            lines.append(f"{reply.author_name}: “{shortened(reply.text, LONGEST_REPLY)}”")
    dispatcher.utter_message(response="utter_ticket_status", tickets="\n".join(lines))
    return []


async def see_to_requests(
    assistance: Assistance,
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    matters: Sequence[Matter],
    *,
    waiting: str = "",
) -> list[Any]:
    """Do what a message asks for beside its questions: how tickets are going is told, a cancellation or a ticket is asked about.

    Of two things to ask, the cancellation comes first: a yes can be the answer to one question only. The ticket is offered after a no,
    and so is one that was begun, by its subject `waiting`.
    """
    requests = {one.intent: one.text for one in matters if one.is_request}
    if CONTACT in requests:
        take_contact(dispatcher, requests[CONTACT])
    if "ticket_status" in requests:
        await tell_tickets(assistance, dispatcher, tracker)
    if "cancel_subscription" in requests:
        dispatcher.utter_message(response="utter_confirm_cancellation")
        reason = SlotSet("handover_reason", "cancellation")
        if "open_ticket" not in requests and not waiting:
            return [asks(CANCELLATION), reason]
        topic = topic_of(requests["open_ticket"]) if "open_ticket" in requests else waiting
        return [asks(CANCELLATION_THEN_TICKET), reason, SlotSet("clarified", topic or None)]
    if "open_ticket" in requests:
        return offer_ticket(dispatcher, topic_of(requests["open_ticket"]))
    return []


def offer_ticket(dispatcher: CollectingDispatcher, topic: str) -> list[Any]:
    """Ask whether to take down the ticket that the customer asked for beside something else."""
    dispatcher.utter_message(response="utter_ticket_as_well", json_message={"query": topic} if topic else None)
    return [asks("ticket"), SlotSet("clarified", topic or None)]
