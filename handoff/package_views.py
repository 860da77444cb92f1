"""The handoff package as it is stored, shown at the desk and sent to sinks: types only."""

from __future__ import annotations

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from customers.health import HealthView
from tickets.ticketing import Ticket


class ReasonView(TypedDict):
    """Why it was handed over: a code, words, and the rule that said so, if one did."""

    code: str
    words: str
    rule: str | None


class TranscriptView(TypedDict):
    """Where the words are: the messages of a conversation from one number to another, both included."""

    conversation_id: str
    epoch: int
    first_seq: int | None
    last_seq: int | None
    messages: int


class EntityView(TypedDict):
    """Something that the customer named."""

    entity: str
    value: str
    text: str
    message_id: str


class MatterView(TypedDict):
    """Something else that a message asks for, in the customer's words."""

    intent: str
    confidence: float
    text: str


class IntentView(TypedDict):
    """What the assistant took a message for."""

    message_id: str
    text: str
    intent: str | None
    confidence: float | None
    also: list[MatterView]


class SignalEvidenceView(TypedDict):
    """What else a message shows, such as frustration: how strongly, and by which words."""

    name: str
    score: float
    words: list[str]
    message_id: str


class ShownArticleView(TypedDict):
    """An article that was shown or opened, and what the customer made of it. `shown_at` is null for one that they only opened."""

    article_id: str
    title: str
    url: str
    shown_at: str | None
    opened: bool
    vote: str | None


class AccountView(TypedDict):
    """The customer's account at the moment of the handoff. `mrr` is in whole units of `currency`."""

    id: str
    external_id: str
    name: str | None
    email: str | None
    company: str | None
    plan: str | None
    mrr: float | None
    currency: str
    seats: int | None
    since: str | None
    csm_email: str | None


class EarlierTicketView(TypedDict):
    """A ticket that the customer had before."""

    number: str
    subject: str
    status: str
    priority: str
    created_at: str
    resolved_at: str | None


class TriageView(TypedDict):
    """What triage made of it, with the reasons in words. Corrections by people are in the ticket."""

    ticket_id: str
    number: str
    category: str
    priority: str
    team: str
    tags: list[str]
    reasons: list[str]


class PackageView(TypedDict):
    """The package. It says how things stood at `handed_over_at` and is never changed afterwards."""

    version: int
    reason: ReasonView
    summary: list[str]
    transcript: TranscriptView
    entities: list[EntityView]
    intents: list[IntentView]
    signals: list[SignalEvidenceView]
    language: str | None
    articles: list[ShownArticleView]
    attempted: list[str]
    account: AccountView | None
    health: HealthView | None
    earlier_tickets: list[EarlierTicketView]
    triage: TriageView | None
    handed_over_at: str


def earlier_ticket_view(ticket: Ticket) -> EarlierTicketView:
    """Write a ticket that came before."""
    return EarlierTicketView(
        number=ticket.number,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        created_at=iso(ticket.created_at),
        resolved_at=iso_or_none(ticket.resolved_at),
    )
