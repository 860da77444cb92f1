"""What the service itself says in a conversation, where the assistant may not be there to say it, and how text is cleaned."""

from __future__ import annotations

import re

from core.errors import Invalid, TooLarge

LONGEST_MESSAGE = 8_000

REASONS = {
    "asked": "The customer asked for a person.",
    "ticket": "The customer opened a ticket.",
    "repeated_failure": "The assistant could not answer several questions in a row.",
    "not_helpful": "The articles that were shown did not help.",
    "frustration": "The customer is frustrated.",
    "cancellation": "The customer wants to cancel.",
    "security": "The customer reports a security problem.",
    "outage": "The customer reports an outage.",
    "key_account": "An important account needs a person.",
    "bot_unavailable": "The assistant was not available.",
    "reopened": "The customer came back to a resolved ticket.",
    "action_failed": "Something that the assistant tried to do failed.",
}
"""Why a conversation is handed over: code and words."""

NOTICES = {
    "queued": "I've passed this conversation to our team. Everything you wrote is with them, so you won't have to repeat it.",
    "ticket_opened": "Your ticket {number}, “{subject}”, is with our team. They will answer to {email}.",
    "ticket_open_already": "You have sent us this already: it is ticket {number}, and our team has it.",
    "tickets_enough": "You have opened several tickets within the hour, so this one was not sent. Talk to a person here instead.",
    "claimed": "{agent} has joined the conversation.",
    "returned": "{agent} has handed the conversation back to the assistant.",
    "released": "{agent} had to leave. You are back in the queue, and keep your place.",
    "reopened": "I've brought this back to our team. They know what you talked about before.",
    "agent_gone": "{agent} is not available any more. You are back in the queue, and keep your place.",
    "moved_to_team": "{agent} has passed this conversation to our {team} team. They can read all of it, and you keep your place.",
    "moved_to_team_by_rule": "Your conversation was passed to our {team} team. They can read all of it, and you keep your place.",
    "moved_to_person_by_rule": "Your conversation was passed to {to}, who can read all of it.",
    "moved_to_person": "{agent} has passed this conversation to {to}, who can read all of it.",
    "withdrawn": "You are back with the assistant, and not in line any more. Ask away; you can have a person at any time.",
    "withdrawn_asked": "You are back with the assistant, and not in line any more. "
    "It answers what you wrote last. You can have a person at any time.",
    "resolved": "{agent} has marked this as resolved. If you have another question, just ask.",
    "bot_unavailable": "I can't answer right now. Your message is saved. You can try again in a moment, or talk to a person.",
    "email_saved": "Thank you. The team can reach you at {email}.",
    "rated": "Thank you for your rating.",
}
"""Notices by type, with what they name."""

AUTO_REPLY = "While our team looks at this: here is what our help articles say."
"""Said above the passage that answers a ticket automatically."""

FOR_A_PERSON = "What you wrote while you waited is one for our team. Talk to a person, or ask me something else."
"""Said to who left the queue, where the assistant can only hand over what they wrote in it."""

TALK_TO_PERSON = ("Talk to a person", "baton:person")
"""A button that the service acts on itself, bot or no bot."""

PERSON_PAYLOADS = frozenset({TALK_TO_PERSON[1], "/talk_to_person"})
"""Payloads of the buttons that ask for a person, the service's own and the assistant's."""

_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
"""Characters that show nothing by themselves: joiners, marks and overrides of direction, selectors, fillers."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean_text(text: str, *, field: str = "text", longest: int = LONGEST_MESSAGE) -> str:
    """Return `text` as it can be stored and shown: line ends made one kind, control characters and half surrogates gone.

    Raises:
        Invalid: nothing is left that anybody could see.
        TooLarge: it is longer than `longest` characters.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n")
    cleaned = _CONTROLS.sub("", cleaned).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
    if not _INVISIBLE.sub("", cleaned).strip():
        raise Invalid("The message is empty. Write something first.", field=field)
    if len(cleaned) > longest:
        what, do = ("message", "Send it in parts") if field == "text" else (field, "Shorten it")
        raise TooLarge(f"The {what} has {len(cleaned):,} characters; {longest:,} is the most. {do}.", field=field)
    return cleaned


_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def clean_email(email: str) -> str:
    """Return `email` trimmed.

    Raises:
        Invalid: it is not an e-mail address.
    """
    cleaned = email.strip()
    if len(cleaned) > 254 or not _EMAIL.fullmatch(cleaned):
        raise Invalid("That does not look like an e-mail address. Write it like name@example.com.", field="email")
    return cleaned


def masked_email(email: str | None) -> str | None:
    """Return an address as its owner knows it again: the first character and the domain. None where there is no address."""
    local, at, domain = (email or "").rpartition("@")
    return f"{local[:1]}…@{domain}" if at and local and domain else None
