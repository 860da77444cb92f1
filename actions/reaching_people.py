"""Bringing in a person, and telling where earlier requests stand."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import Assistance, hand_over_message, shortened
from handoff.requests import last_reply, tickets_of_visitor
from handoff.wording import REASONS

TICKETS_TOLD = 3
LONGEST_REPLY = 300
_STATUS = {"open": "open", "pending": "waiting for you", "resolved": "resolved", "closed": "closed"}


class HandOver(Action):
    """Ends the turn in a handoff."""

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_hand_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Say so and ask the service to hand over, for the reason that the conversation's topic gives."""
        reason = tracker.get_slot("handover_reason")
        dispatcher.utter_message(response="utter_handing_over")
        dispatcher.utter_message(json_message=hand_over_message(reason if reason in REASONS else "asked"))
        return []


class TicketStatus(Action):
    """Tells where the customer's earlier requests stand."""

    def __init__(self, assistance: Assistance) -> None:
        self._assistance = assistance

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_ticket_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Name the newest tickets with their numbers and states, and what a person has answered last."""
        conversation = await self._assistance.conversation(tracker)
        async with self._assistance.database.read() as reader:
            found = await tickets_of_visitor(reader, conversation, limit=TICKETS_TOLD)
            replies = {ticket.id: await last_reply(reader, ticket) for ticket in found}
        if not found:
            dispatcher.utter_message(response="utter_no_tickets")
            return []
        lines = []
        for ticket in found:
            lines.append(f"{ticket.number} “{ticket.subject}”: {_STATUS[ticket.status]}")
            if reply := replies[ticket.id]:
                lines.append(f"{reply.author_name}: “{shortened(reply.text, LONGEST_REPLY)}”")
        dispatcher.utter_message(response="utter_ticket_status", tickets="\n".join(lines))
        return []
