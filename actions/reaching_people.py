"""Bringing in a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.assistance import hand_over_message
from actions.contact import CONTACT, take_contact
from actions.matters import matters_of
from handoff.wording import REASONS

_REASONS = {"security_incident": "security", "cancel_subscription": "cancellation", "outage": "outage"}
"""What a message that asks for a person may ask for as well, and the reason that it then is."""


class HandOver(Action):
    """Ends the turn in a handoff."""

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_hand_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Say so and ask the service to hand over, for the reason that the message or the conversation's topic gives."""
        matters = matters_of(tracker)
        if address := next((one.text for one in matters if one.intent == CONTACT), None):
            take_contact(dispatcher, address)
        said = {one.intent for one in matters}
        reason = next(
            (code for intent, code in _REASONS.items() if intent in said), tracker.get_slot("handover_reason")
        )
        dispatcher.utter_message(response="utter_handing_over")
        dispatcher.utter_message(json_message=hand_over_message(reason if reason in REASONS else "asked"))
        return []
