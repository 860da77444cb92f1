"""A choice made in words: "2", "the second one" or "last" below a list of buttons is a press of that button."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from core.database import Reader
from handoff.records import Button, Conversation
from handoff.transcript import last_of_bot
from handoff.wording import TALK_TO_PERSON

Listed = TypeVar("Listed")
LAST = -1
"""The place of "the last one", counted from the end."""
_FEWEST = 2
"""Buttons that are a choice."""
_RATES = "/article_helped"
"""How the payload begins that is among those that rate one article: "first" says nothing of whether it helped."""
_ORDINALS = {
    **{str(number): number for number in range(1, 10)},
    "one": 1, "first": 1, "1st": 1, "top": 1, "former": 1, "two": 2, "second": 2, "2nd": 2, "three": 3, "third": 3, "3rd": 3,
    "four": 4, "fourth": 4, "4th": 4, "five": 5, "fifth": 5, "5th": 5, "six": 6, "sixth": 6, "6th": 6,
    "last": LAST, "bottom": LAST, "latter": LAST,
}  # fmt: skip
_BEFORE = (
    r"(?:(?:ok|okay|yes|yeah|well|so|oh|hm+|please|pls|i\s+(?:mean|meant|choose|pick|take|want|think)|i['’]ll\s+(?:take|go\s+with)|"
    r"it['’]?s|its|it\s+is|that\s+would\s+be|maybe|probably|let['’]?s\s+(?:take|try|go\s+with)|take|pick|choose|try|go\s+with|just|about)[\s,]+)*+"
)
_NAMED = r"(?:option|number|nr|no|num|answer|choice|article|link|point|question)"
_AFTER = r"(?:[\s,]+(?:one|option|answer|choice|article|link|point|question|please|pls|thanks|thx|i\s+think|i\s+guess|then|again))*+"
_PLACES = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_PLACE = re.compile(
    rf"{_BEFORE}(?:the\s+|my\s+)?(?:{_NAMED}\s*\.?\s*)?#?(?P<place>{_PLACES})\b[.):]?{_AFTER}[\s.!,]*", re.IGNORECASE
)
_LONGEST = 60
"""Characters of a choice; what is longer says more."""


def place_named(text: str) -> int | None:
    """Return the place in a list that a text names and nothing else: 1 is the first, `LAST` the last; None if it says anything more."""
    plain = text.strip()
    found = _PLACE.fullmatch(plain) if len(plain) <= _LONGEST else None
    return _ORDINALS[found["place"].lower()] if found else None


def at_place(listed: Sequence[Listed], place: int) -> Listed | None:
    """Return what stands at a place as `place_named` gives it, if the list is that long."""
    if len(listed) < max(place, 1):
        return None
    return listed[-1] if place == LAST else listed[place - 1]


async def choice_meant(reader: Reader, conversation: Conversation, text: str) -> Button | None:
    """Return the button that a customer's words choose, of those below the last thing that the bot said; None if they choose none.

    Buttons that rate an article are no choice, and a single one is none.
    """
    place = place_named(text)
    if place is None:
        return None
    said = await last_of_bot(reader, conversation)
    buttons = said.buttons if said is not None else ()
    if len(buttons) < _FEWEST or any(one.payload.startswith(_RATES) for one in buttons):
        return None
    chosen = at_place(buttons, place)
    return None if chosen is None or chosen.payload == TALK_TO_PERSON[1] else chosen
