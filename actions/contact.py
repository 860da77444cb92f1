"""Taking the address at which a customer wants to be reached."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from handoff.contact import address_given

CONTACT = "give_contact"


class TakeContact(Action):
    """Keeps an address that the customer typed as theirs."""

    def name(self) -> str:
        """Return the name that `domain.yml` knows the action by."""
        return "action_take_contact"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any) -> list[Any]:
        """Say that it is kept, or what an address looks like."""
        take_contact(dispatcher, str(tracker.latest_message.get("text") or ""))
        return []


def take_contact(dispatcher: CollectingDispatcher, text: str) -> None:
    """Have the service keep the address of a message with the turn's words; without one that is the customer's, ask for it."""
    email = address_given(text)
    if email is None:
        dispatcher.utter_message(response="utter_which_contact")
        return
    dispatcher.utter_message(response="utter_contact_kept", email=email)
    dispatcher.utter_message(json_message={"type": "contact", "email": email})
