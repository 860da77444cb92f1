"""The shapes of the protocol (docs/protocol.md), and how records are written in them.

The OpenAPI document is made from these types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from handoff.records import Conversation, Message


class AuthorView(TypedDict):
    """Who said something."""

    kind: str
    name: str


class ButtonView(TypedDict):
    """A button as it is shown: no payload."""

    id: str
    title: str
    used: bool


class AnswerView(TypedDict):
    """An article's own passage, rendered and sanitised."""

    article_id: str
    slug: str
    title: str
    heading: str
    url: str
    html: str
    search_id: str | None
    """The search that found it, for `POST /api/searches/{id}/clicks`."""


class MessageView(TypedDict):
    """One thing said."""

    id: str
    seq: int
    epoch: int
    kind: str
    author: AuthorView
    text: str
    at: str
    client_id: str | None
    answer: AnswerView | None
    buttons: list[ButtonView]
    notice: dict[str, Any] | None


class NameView(TypedDict):
    """Somebody's name."""

    name: str


class IdentityView(TypedDict):
    """Whom the host site says the customer is. `email` is masked: it tells where replies go without giving the address away."""

    name: str | None
    email: str | None


class QueueView(TypedDict):
    """Where a waiting customer stands. `wait_minutes` is null with nobody on duty; `opens_at` is then when somebody is, by the hours."""

    position: int
    staffed: bool
    wait_minutes: int | None
    wait_is_estimate: bool
    reply_by: str | None
    opens_at: str | None


class RatingView(TypedDict):
    """Whether the customer is asked to rate the help, and how they did."""

    requested: bool
    score: int | None


class ConversationView(TypedDict):
    """A conversation as its customer sees it. `last_event` is the number to resume after."""

    id: str
    owner: str
    epoch: int
    agent: NameView | None
    bot: str
    last_event: int
    queue: QueueView | None
    rating: RatingView | None
    email: str | None
    customer: IdentityView | None


def message_view(message: Message) -> MessageView:
    """Write a message as everyone who may read it sees it."""
    answer = message.answer
    return MessageView(
        id=message.id,
        seq=message.seq,
        epoch=message.epoch,
        kind=message.kind,
        author=AuthorView(kind=message.author_kind, name=message.author_name),
        text=message.text,
        at=iso(message.at),
        client_id=_given_client_id(message),
        answer=None
        if answer is None
        else AnswerView(**{key: ({"search_id": None} | answer)[key] for key in AnswerView.__annotations__}),  # type: ignore[typeddict-item]
        buttons=[
            ButtonView(id=button.id, title=button.title, used=button.id in message.pressed)
            for button in message.buttons
        ],
        notice=message.notice,
    )


def _given_client_id(message: Message) -> str | None:
    """Return the client id as the client gave it; an agent's is stored behind their own id and a colon."""
    if message.client_id is None or message.author_kind != "agent":
        return message.client_id
    return message.client_id.partition(":")[2]


def conversation_view(
    conversation: Conversation,
    *,
    last_event: int,
    bot: str,
    agent: str | None,
    customer: IdentityView | None,
    queue: QueueView | None,
) -> ConversationView:
    """Write a conversation as its customer sees it; the names and the queue are looked up by the caller."""
    return ConversationView(
        id=conversation.id,
        owner="agent" if conversation.agent_id else conversation.owner,
        epoch=conversation.epoch,
        agent=None if agent is None else NameView(name=agent),
        bot=bot,
        last_event=last_event,
        queue=queue,
        rating=None
        if conversation.rating_ticket_id is None
        else RatingView(requested=conversation.rating_score is None, score=conversation.rating_score),
        email=conversation.email,
        customer=customer,
    )


def queue_view(
    *, position: int, staffed: bool, wait_minutes: int | None, reply_by: datetime | None, opens_at: datetime | None
) -> QueueView:
    """Write a place in the queue."""
    return QueueView(
        position=position,
        staffed=staffed,
        wait_minutes=wait_minutes,
        wait_is_estimate=wait_minutes is not None,
        reply_by=iso_or_none(reply_by),
        opens_at=iso_or_none(opens_at),
    )
