"""Reads what a customer writes while a ticket is taken down: a value, a correction, a way out, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import Invalid
from handoff.wording import clean_email
from tickets.ticketing import LONGEST_SUBJECT, subject_of

SUBJECT = "ticket_subject"
DESCRIPTION = "ticket_description"
EMAIL = "ticket_email"
CONFIRMED = "ticket_confirmed"
OTHER_EMAIL = "ticket_other_email"
"""The known address was declined."""
CHANGE = "ticket_change"
"""Asked for only after a no to the summary: what is to be changed."""
FIELDS = (SUBJECT, DESCRIPTION, EMAIL)
BUTTON_FIELDS = {"subject": SUBJECT, "description": DESCRIPTION, "email": EMAIL}

_SHORT = 5
"""Words: small talk and the like is short; more than that is something that the customer tells."""
_QUESTION_LENGTH = 25
_ENOUGH = 10
"""Characters of a description that says something."""

_FOR_PEOPLE = {"talk_to_person", "security_incident"}
_ASIDE_IF_SHORT = {
    "greet", "goodbye", "thanks", "bot_challenge", "capabilities", "chat_itself", "which_language", "how_are_you", "praise", "frustration",
    "ticket_status", "article_helped", "article_did_not_help",
}  # fmt: skip
_WAY_OUT = {"stop_form", "deny"}

_WORDS = re.compile(r"[\w']+")
_STOPS = frozenset(_WORDS.findall("cancel stop quit exit abort nevermind nvm forget leave scrap drop discard skip"))
_AROUND_STOP = frozenset(
    _WORDS.findall(
        "no nah ok okay oh please pls sorry actually just wait then and it this that all about the my ticket request form here now "
        "everything thanks thank you again for let's lets i want to would like i'd out of let us"
    )
)
_SENDS = frozenset(_WORDS.findall("send submit open file create post go looks good right correct perfect fine"))
_AROUND_SEND = frozenset(
    _WORDS.findall(
        "ok okay yes yeah please pls now just then and it this that's thats the ticket off away ahead for me like that as is all i you can"
    )
)
_AGREES = frozenset(_WORDS.findall("yes yeah yep yup sure ok okay fine please alright"))
_AROUND_AGREE = frozenset(
    _WORDS.findall(
        "do it that this so go ahead thanks thank you of course sounds good great perfect for me i would like to"
    )
)
_STOP_WORDS = re.compile(
    r"\b(?:cancel|stop|quit|abort|never ?mind|forget|leave it|scrap|drop|discard|changed my mind|no longer|not needed|"
    r"no need|don'?t (?:want|need|send|bother|open|submit)|do not (?:want|need|send|open|submit)|rather not|not (?:now|any ?more)|skip)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?:and|but|so|ok|hey|hi|also|wait|actually|quick question|one question|by the way|btw|first|before that|\W)*"
    r"\b(?:how (?:do|does|can|could|to|much|many|long|is|are|would|will)|what(?:'?s| is| are| does| do| happens| if| will)|"
    r"where(?:'?s| do| does| can| is| are)|when (?:do|does|will|can|is|are)|why (?:do|does|did|is|are|was|can'?t)|who|which|"
    r"(?:can|could|should|may) (?:i|we|you|it|one|somebody|someone)|(?:do|does|did|is|are|will|would) (?:i|we|you|it|there|they|this))\b",
    re.IGNORECASE,
)
_OF_ADDRESS = r"[^\s@<>()\[\],;:\"']"
# From the beginning of a word only: a long one without an @ would be looked at from each of its letters.
ADDRESS = re.compile(rf"(?<!{_OF_ADDRESS}){_OF_ADDRESS}+@{_OF_ADDRESS}+")
_NAMES = {
    SUBJECT: r"subject(?: line)?|title|topic|heading|headline",
    DESCRIPTION: r"description|details?|text|message|body|explanation",
    EMAIL: r"e-?mail(?: address)?|mail(?: address)?|address",
}
_FIELD = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _NAMES.items()}
# Possessive, and no two runs of spaces side by side: thousands of them would be divided between the two in every way there is.
_LEAD = r"(?:no|sorry|actually|wait|oops|please|pls|oh|ah|hm+|ok|hey|can you|could you|i meant|just|and|but|,|\.|\s)*+"
_THE = r"(?:(?:the|my|that)\s+)?"
_SET = {
    name: re.compile(
        rf"{_LEAD}(?:(?:change|make|set|update|correct|edit|fix)\s+{_THE}(?:{words})\s*(?:to|into|:|=)|"
        rf"{_THE}(?:{words})\s*(?:should(?: have)?(?: be| been| say| read)?|must be|ought to (?:be|say)|needs to be|"
        rf"is actually|was meant to be|:|={'|is' if name == EMAIL else ''})|"
        rf"make\s+{_THE}(?:{words})\s(?!\s*(?:shorter|longer|clearer|better|different|right|correct)\b))\s*(?P<value>.+)",
        re.IGNORECASE | re.DOTALL,
    )
    for name, words in _NAMES.items()
}
_CHANGE_WORDS = re.compile(
    r"\b(?:change|correct|fix|edit|update|replace|redo|rewrite|reword|wrong|incorrect|typo|mistake|mistyped|misspel\w*|different|another|other)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Context:
    """Where the form stands.

    Args:
        requested: the slot that was asked for last.
        filled: the fields that have a value.
        aside: the slot at which a question was answered already: the second one is taken for what was asked.
        known_email: the address that was offered, if one was.
    """

    requested: str
    filled: frozenset[str] = frozenset()
    aside: str | None = None
    known_email: str | None = None


@dataclass(frozen=True)
class Step:
    """What to do with one message.

    Args:
        kind: `go` sets slots and asks for what is missing; `stop` gives the form up; `aside` leaves the message to the other rules.
        slots: values to set; None has a field asked for again.
        say: a response to give before the next question.
        ask: a slot to ask for, whatever is missing.
    """

    kind: Literal["go", "stop", "aside"]
    slots: dict[str, Any] = field(default_factory=dict)
    say: str | None = None
    ask: str | None = None


STOP, ASIDE = Step("stop"), Step("aside")


def read_press(intent: str | None, chosen: str | None, context: Context) -> Step:
    """Read a button: `intent` is its payload's, `chosen` the field that it names."""
    if intent == "stop_form":
        return STOP
    if intent == "affirm":
        return _yes(context)
    if intent == "deny":
        return _no(context)
    if intent == "correct_field":
        name = BUTTON_FIELDS.get(chosen or "")
        return Step("go", {name: None}) if name else Step("go", ask=CHANGE)
    if intent == "open_ticket":
        return _again(context)
    return ASIDE


def read_message(text: str, intent: str | None, context: Context) -> Step:
    """Read what a customer typed."""
    words = len(text.split())
    short = words <= _SHORT
    if _only(text, _STOPS, _AROUND_STOP) or (intent in _WAY_OUT and words <= 14 and _STOP_WORDS.search(text)):
        return STOP
    telling = context.requested in FIELDS[:2]
    address = ADDRESS.search(text)
    if address is not None and (address.group() == text.strip() or (short and not telling) or intent == "give_contact"):
        return _email(address.group(), context)
    if intent in _FOR_PEOPLE or (short and intent in _ASIDE_IF_SHORT):
        return ASIDE
    corrected = _correction(text, intent, context)
    if corrected is not None:
        return corrected
    if short and intent == "open_ticket" and telling:
        return _again(context)
    reader = {SUBJECT: _subject, DESCRIPTION: _description, EMAIL: _address, CHANGE: _what_to_change}
    return reader.get(context.requested, _confirmation)(text, intent, context)


def _subject(text: str, intent: str | None, context: Context) -> Step:
    if intent == "affirm" and len(text.split()) <= _SHORT:
        return Step("go", {SUBJECT: None}, say="utter_subject_needed")
    if intent == "deny" and len(text.split()) <= _SHORT:
        return STOP
    if _asks(text) and context.aside != SUBJECT:
        return ASIDE
    if sum(character.isalnum() for character in text) < 3:
        return Step("go", {SUBJECT: None}, say="utter_subject_needed")
    if len(text) > LONGEST_SUBJECT or "\n" in text.strip():
        # A whole story at once: its beginning is the subject, all of it the description.
        return Step("go", {SUBJECT: subject_of(text.strip().splitlines()[0]), DESCRIPTION: text.strip()})
    return Step("go", {SUBJECT: subject_of(text)})


def _description(text: str, intent: str | None, context: Context) -> Step:
    if _asks(text) and context.aside != DESCRIPTION:
        return ASIDE
    told = text.strip()
    if _only(text, _AGREES, _AROUND_AGREE):
        return Step("go", {DESCRIPTION: None}, say="utter_description_needed")
    if len(told) < _ENOUGH and not any("\u2e80" < character < "\uffa0" for character in told):
        return Step("go", {DESCRIPTION: None}, say="utter_description_needed")
    return Step("go", {DESCRIPTION: told})


def _address(text: str, intent: str | None, context: Context) -> Step:
    found = ADDRESS.search(text)
    if found is not None or "@" in text:
        return _email(found.group() if found else text, context)
    if intent == "affirm":
        return _yes(context)
    if intent == "deny" and context.known_email is not None and len(text.split()) <= _SHORT:
        return Step("go", {EMAIL: None, OTHER_EMAIL: True})
    if _asks(text) or intent == "cancel_subscription":
        return ASIDE
    return Step("go", {EMAIL: None}, say="utter_email_needed")


def _confirmation(text: str, intent: str | None, context: Context) -> Step:
    if found := ADDRESS.search(text):
        return _email(found.group(), context)
    if intent == "affirm" or _only(text, _SENDS, _AROUND_SEND):
        return _yes(context)
    if intent == "deny":
        return _no(context)
    if _asks(text) or intent == "cancel_subscription":
        return ASIDE
    return Step("go", {CONFIRMED: None}, say="utter_send_or_change")


def _what_to_change(text: str, intent: str | None, context: Context) -> Step:
    if found := ADDRESS.search(text):
        return _email(found.group(), context)
    named = _named(text)
    if named is not None:
        return Step("go", {named: None})
    if intent in {"affirm", "deny"} or _only(text, _SENDS, _AROUND_SEND):
        return Step("go", {CONFIRMED: None})
    if _asks(text):
        return ASIDE
    return Step("go", {CONFIRMED: None}, say="utter_send_or_change")


def _correction(text: str, intent: str | None, context: Context) -> Step | None:
    """Read a correction of what was given before; what was not given yet cannot be corrected."""
    telling = context.requested in FIELDS[:2]
    for name in FIELDS:
        if name not in context.filled:
            continue
        given = _SET[name].fullmatch(text.strip())
        if given and name == EMAIL and (found := ADDRESS.search(given["value"])):
            return _email(found.group(), context)
        if given and name != EMAIL:
            return _value(name, given["value"].strip(" \"“”'"), context)
    named = _named(text)
    means_it = intent == "correct_field" or (not telling and _CHANGE_WORDS.search(text) and len(text.split()) <= 12)
    if not means_it or (telling and len(text.split()) > 12):
        return None
    if named in context.filled:
        return Step("go", {named: None}) if named else None
    return Step("go", ask=CHANGE) if context.requested in {CONFIRMED, CHANGE} and named is None else None


def _value(name: str, value: str, context: Context) -> Step:
    inside = Context(name, context.filled, aside=name)
    return (_subject if name == SUBJECT else _description)(value, None, inside)


def _email(address: str, context: Context) -> Step:
    try:
        early = context.requested in FIELDS[:2]
        # What was asked for is asked again: say first that this was heard.
        return Step(
            "go", {EMAIL: clean_email(address.strip(".,;:!?<>()\"'"))}, say="utter_email_noted" if early else None
        )
    except Invalid:
        return Step("go", {EMAIL: None}, say="utter_email_wrong")


def _yes(context: Context) -> Step:
    if context.requested == CONFIRMED:
        return Step("go", {CONFIRMED: True})
    if context.requested == EMAIL and context.known_email is not None:
        return Step("go", {EMAIL: context.known_email})
    return _again(context)


def _no(context: Context) -> Step:
    if context.requested == CONFIRMED:
        return Step("go", ask=CHANGE)
    if context.requested == EMAIL and context.known_email is not None:
        return Step("go", {EMAIL: None, OTHER_EMAIL: True})
    return _again(context)


def _again(context: Context) -> Step:
    """Ask once more for what is asked for."""
    return Step("go", {CONFIRMED if context.requested == CHANGE else context.requested: None})


def _only(text: str, telling: frozenset[str], around: frozenset[str]) -> bool:
    """Tell whether a message consists of telling words and of such as stand around them."""
    words = _WORDS.findall(text.lower().replace("never mind", "nevermind").replace("’", "'"))
    return any(word in telling for word in words) and all(word in telling or word in around for word in words)


def _named(text: str) -> str | None:
    return next((name for name, words in _FIELD.items() if words.search(text)), None)


def _asks(text: str) -> bool:
    stripped = text.strip()
    words = len(stripped.split())
    return 1 < words <= _QUESTION_LENGTH and (stripped.endswith("?") or _QUESTION.match(stripped) is not None)
