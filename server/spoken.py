"""Reads what Rasa answered to a turn: what is said, and what is asked of the service beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import Unavailable
from handoff.records import Reply
from handoff.requests import TicketRequest
from handoff.wording import PERSON_PAYLOADS, clean_email
from knowledge.searches import ENTRY_JSON, SearchEntry
from server.bot import BotTurn

NONE_OF_THESE = "none_of_these"
"""The intent of the button below a list of choices."""
BELOW_CHOICES = (NONE_OF_THESE, "talk_to_person")
"""Intents that a list of choices ends with: whoever is asked back has a person within reach too."""


@dataclass
class Spoken:
    """What a turn says and asks for."""

    replies: list[Reply] = field(default_factory=list)
    searches: list[SearchEntry] = field(default_factory=list)
    """Made for it, to be kept in the log."""
    hand_over: str | None = None
    """The reason code of the handoff that it ends in."""
    request: TicketRequest | None = None
    """A ticket to open, while the bot keeps the conversation."""
    contact: str | None = None
    """The address at which the customer wants to be reached."""
    near: bool = False
    """Whether articles that come close are offered to choose from."""

    @property
    def found_nothing(self) -> bool:
        """Tell whether the articles were searched and none was shown or offered."""
        return bool(self.searches) and not self.near and all(reply.answer is None for reply in self.replies)


def read_turn(turn: BotTurn) -> Spoken:
    """Tell what a turn says from what it asks for. Nothing is said after a handoff: the conversation is people's then.

    Raises:
        Unavailable: it says nothing and asks for nothing.
        Invalid: it asks for a ticket that cannot be opened, or gives an address that is none.
    """
    spoken = Spoken()
    for reply in turn.replies:
        custom = reply.custom or {}
        kind = custom.get("type")
        if "search" in custom:
            spoken.searches.append(ENTRY_JSON.validate_python(custom["search"]))
        if spoken.hand_over is not None:
            continue
        if kind == "hand_over":
            spoken.hand_over = str(custom["reason"])
        elif kind == "open_ticket":
            spoken.request = TicketRequest.of(custom.get("ticket"))
        elif kind == "contact":
            spoken.contact = clean_email(str(custom.get("email")))
        elif reply.text or reply.buttons or kind == "answer":
            spoken.near = spoken.near or kind == "close_articles"
            buttons = bound_buttons([(button.title, button.payload) for button in reply.buttons], custom)
            spoken.replies.append(Reply(reply.text or "", buttons, custom["answer"] if kind == "answer" else None))
    if not spoken.replies and spoken.hand_over is None and spoken.request is None:
        raise Unavailable("Rasa answered with nothing that can be shown.")
    return spoken


def bound_buttons(buttons: Sequence[tuple[str, str]], custom: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give the buttons of a response what they are about, so that pressing an older one is about what stood above it.

    The article that is shown goes into the buttons that rate it, and the customer's `query` into all others but those that ask for
    a person. Of a response's `choices` only the named intents stay, in their order, before `BELOW_CHOICES`.
    """
    if "choices" in custom:
        place = {
            f"/{name}": position for position, name in enumerate(dict.fromkeys([*custom["choices"], *BELOW_CHOICES]))
        }
        buttons = sorted((one for one in buttons if one[1] in place), key=lambda one: place[one[1]])
    return tuple((title, _bound(title, payload, custom)) for title, payload in buttons)


def _bound(title: str, payload: str, custom: Mapping[str, Any]) -> str:
    name = "article_id" if payload.startswith("/article_") else "query"
    if name not in custom or "{" in payload or payload in PERSON_PAYLOADS:
        return payload
    entities = {name: custom[name]}
    if "choices" in custom and payload != f"/{NONE_OF_THESE}":
        entities["topic"] = title
    return payload + json.dumps(entities, ensure_ascii=False)
