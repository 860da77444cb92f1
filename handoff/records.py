"""Conversations, messages and staff as they are read from their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from handoff.tables import CAPACITY

AuthorKind = Literal["customer", "bot", "agent", "system"]
MessageKind = Literal["text", "answer", "notice", "note"]
Role = Literal["agent", "lead", "content", "admin"]
ANSWERING: tuple[Role, ...] = ("agent", "lead", "admin")
"""Roles that answer customers."""

BOT = "bot"
QUEUE = "queue"
CLOSED = "closed"
_AGENT = "agent:"
AFTER_AGENTS = "agent;"
"""Sorts behind every owner that stands for a member of staff: a range instead of LIKE, so that the index of owners serves it everywhere."""


def agent_owner(staff_id: str) -> str:
    """Return the owner that stands for this member of staff."""
    return _AGENT + staff_id


def agent_of(owner: str) -> str | None:
    """Return the id of the member of staff that an owner stands for, or None if it stands for nobody."""
    return owner.removeprefix(_AGENT) if owner.startswith(_AGENT) else None


@dataclass(frozen=True)
class Conversation:
    """A conversation as it stands. `owner` and `epoch` alone decide who speaks."""

    id: str
    visitor_id: str
    customer_id: str | None
    channel: str
    owner: str
    epoch: int
    messages: int
    ticket_id: str | None
    last_ticket_id: str | None
    reason: str | None
    email: str | None
    page_url: str | None
    page_title: str | None
    rating_ticket_id: str | None
    rating_score: int | None
    queued_at: datetime | None
    created_at: datetime
    updated_at: datetime
    language: str | None = None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Conversation:
        """Read a row of `conversations`."""
        return cls(**{str(name): value for name, value in row.items()})

    @property
    def agent_id(self) -> str | None:
        """Return the id of the member of staff who owns it, if one does."""
        return agent_of(self.owner)

    @property
    def rasa_id(self) -> str:
        """Return the name of the Rasa conversation of this epoch: a new epoch is a new, empty tracker."""
        return f"{self.id}.{self.epoch}"


@dataclass(frozen=True)
class Button:
    """A button that the service issued. Its payload never leaves the service."""

    id: str
    title: str
    payload: str

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> Button:
        """Read a button as it is stored with its message."""
        return cls(stored["id"], stored["title"], stored["payload"])


@dataclass(frozen=True)
class Message:
    """One thing said in a conversation; `seq` gives the order."""

    id: str
    conversation_id: str
    seq: int
    epoch: int
    kind: str
    author_kind: str
    author_id: str | None
    author_name: str
    text: str
    client_id: str | None
    answer: dict[str, Any] | None
    notice: dict[str, Any] | None
    payload: str | None
    turn: str | None
    at: datetime
    buttons: tuple[Button, ...] = ()
    pressed: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, row: Mapping[Any, Any], pressed: frozenset[str] = frozenset()) -> Message:
        """Read a row of `messages`."""
        values = {str(name): value for name, value in row.items() if name not in _OF_THE_RUNNER}
        values["buttons"] = tuple(Button.of(stored) for stored in values["buttons"] or ())
        return cls(**values, pressed=pressed)


_OF_THE_RUNNER = {"turn_lease", "runner"}
"""Columns of `messages` that are nobody's business but `handoff.turns`'."""


@dataclass(frozen=True)
class Staff:
    """A member of staff.

    Attributes:
        id: opaque.
        email: what they sign in with.
        name: what customers and colleagues read.
        role: what they may do.
        active: whether they may sign in.
        teams: the teams that they serve; none named means every one.
        skills: categories and tags that they know more of than others.
        languages: what they write, such as `de`; none named means any.
        capacity: conversations that are assigned to them at once, at most; 0 for none.
        hours: when they work, as `handoff.sla.calendar_data` writes a calendar; None for always.
        password_once: whether their password is one that somebody else gave them.
    """

    id: str
    email: str
    name: str
    role: Role
    active: bool
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int = CAPACITY
    hours: dict[str, Any] | None = None
    password_once: bool = False

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Staff:
        """Read a row of `staff`."""
        values = {str(name): value for name, value in row.items() if name not in _OF_THE_ACCOUNT}
        for several in ("teams", "skills", "languages"):
            values[several] = tuple(values[several])
        return cls(**values)

    def serves(self, team: str | None) -> bool:
        """Tell whether a team's conversations are this person's to answer."""
        return self.role in ANSWERING and (not self.teams or team is None or team in self.teams)

    @property
    def supervises(self) -> bool:
        """Tell whether this person may look in and take over."""
        return self.role in {"lead", "admin"}


_OF_THE_ACCOUNT = {"password_hash", "created_at"}
"""Columns of `staff` that signing in alone asks for."""


@dataclass(frozen=True)
class Understanding:
    """What the assistant made of one message.

    Attributes:
        intent: what it took it for; `ranking` has the runners-up.
        intents: where it asks for several things, all of them in their order, each with `name`, `confidence` and `text`.
        entities: what the message names.
        language: ISO 639-1 code if it is in a language that the assistant does not understand.
        signals: what else it shows, each with `name`, `score` and `evidence`.
    """

    intent: str | None = None
    confidence: float | None = None
    ranking: list[dict[str, Any]] = field(default_factory=list)
    intents: list[dict[str, Any]] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)
    language: str | None = None
    signals: list[dict[str, Any]] = field(default_factory=list)

    @property
    def also(self) -> list[dict[str, Any]]:
        """What the message asks for beside its intent."""
        return [one for one in self.intents if one["name"] != self.intent]

    def matters(self) -> list[tuple[str | None, float | None]]:
        """Return each thing that it asks for with its confidence, the message's own intent first."""
        return [(self.intent, self.confidence), *((one["name"], one["confidence"]) for one in self.also)]


@dataclass(frozen=True)
class Reply:
    """One thing that the bot says: words, buttons as (title, payload), and an article's passage if it is an answer."""

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    answer: dict[str, Any] | None = None
