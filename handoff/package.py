"""The handoff package: what an agent must know without asking. Extracted from what happened, never invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.clock import iso, iso_or_none
from core.database import Reader
from core.intents import of_kinds
from customers.accounts import Account
from customers.health import HealthView
from handoff.package_views import (
    AccountView,
    EntityView,
    IntentView,
    MatterView,
    PackageView,
    ReasonView,
    ShownArticleView,
    SignalEvidenceView,
    TranscriptView,
    TriageView,
    earlier_ticket_view,
)
from handoff.records import Conversation, Message, Understanding
from handoff.summary import summarise
from handoff.tables import packages, understandings
from handoff.wording import REASONS, TALK_TO_PERSON
from tickets.ticketing import Ticket
from tickets.triage import Signal

VERSION = 3
"""Of the form. 2 had no `also`; 1 had no transcript, signals, account, health, earlier tickets, triage and rule."""


def about_the_chat() -> frozenset[str]:
    """Return the intents that say how a person feels or what they want of the assistant, not what the ticket is about."""
    return of_kinds(
        "person", "anger", "small_talk", "reply", "feedback", "remark", "pointer", "ticket", "contact", "form", "choice", "unreadable"
    )  # fmt: skip


def names_a_matter(understanding: Understanding) -> bool:
    """Tell whether a message is about more than the chat itself: one that asks for a person may ask a question too."""
    chat = about_the_chat()
    return any(intent not in chat for intent, _confidence in understanding.matters())


@dataclass(frozen=True)
class Known:
    """What is known beside the words, as of the handoff. All of it may be missing.

    Attributes:
        account: the customer's account.
        health: how the account is doing, with its signals.
        earlier: tickets that they had before, the newest first.
        ticket: the ticket that the handoff opens, with what triage made of it.
        opened: when articles were first opened from the chat, by article id.
        titles: title and address of opened articles that were not shown as an answer, by article id.
        rule: the rule that handed over, if one did.
    """

    account: Account | None = None
    health: HealthView | None = None
    earlier: Sequence[Ticket] = ()
    ticket: Ticket | None = None
    opened: Mapping[str, datetime] = field(default_factory=dict)
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    rule: str | None = None


def build_package(
    messages: Sequence[Message],
    understood: Mapping[str, Understanding],
    votes: Mapping[str, bool],
    known: Known = Known(),
    *,
    conversation: Conversation | None = None,
    reason: str,
    at: datetime,
) -> PackageView:
    """Put the package together.

    Args:
        messages: what was said since the bot got the conversation, in order.
        understood: the assistant's understanding by message id.
        votes: helpful or not, by article id, as this visitor voted.
        known: what is known beside the words.
        conversation: whose messages they are; None only where nothing was said.
        reason: the reason's code.
        at: the moment of the handoff.
    """
    asked = [message for message in messages if message.author_kind == "customer" and message.payload is None]
    return PackageView(
        version=VERSION,
        reason=ReasonView(code=reason, words=REASONS.get(reason, reason), rule=known.rule),
        summary=_summary(asked, understood),
        transcript=_transcript(messages, conversation),
        entities=_entities(asked, understood),
        intents=_intents(asked, understood),
        signals=_signals(asked, understood),
        language=next((seen.language for seen in _understood(asked, understood) if seen.language), None),
        articles=_articles(messages, votes, known),
        attempted=_attempted(messages, votes),
        account=None if known.account is None else _account(known.account),
        health=known.health,
        earlier_tickets=[earlier_ticket_view(ticket) for ticket in known.earlier],
        triage=None if known.ticket is None else _triage(known.ticket),
        handed_over_at=iso(at),
    )


def _summary(asked: Sequence[Message], understood: Mapping[str, Understanding]) -> list[str]:
    """Quote the sentences that say most of the matter; what was said of the chat itself only if there is nothing else."""
    wanted = [one for one in asked if one.text != TALK_TO_PERSON[0]]
    matter = [one for one in wanted if names_a_matter(understood.get(one.id, Understanding()))]
    return [f"“{line}”" for line in summarise([one.text for one in matter or wanted])]


def _transcript(messages: Sequence[Message], conversation: Conversation | None) -> TranscriptView:
    own = [
        message.seq for message in messages if conversation is not None and message.conversation_id == conversation.id
    ]
    return TranscriptView(
        conversation_id="" if conversation is None else conversation.id,
        epoch=0 if conversation is None else conversation.epoch,
        first_seq=own[0] if own else None,
        last_seq=own[-1] if own else None,
        messages=len(own),
    )


def _intents(asked: Sequence[Message], understood: Mapping[str, Understanding]) -> list[IntentView]:
    return [
        IntentView(
            message_id=message.id,
            text=message.text,
            intent=seen.intent,
            confidence=seen.confidence,
            also=[MatterView(intent=one["name"], confidence=one["confidence"], text=one["text"]) for one in seen.also],
        )
        for message in asked
        if (seen := understood.get(message.id)) is not None
    ]


def _signals(asked: Sequence[Message], understood: Mapping[str, Understanding]) -> list[SignalEvidenceView]:
    return [
        SignalEvidenceView(name=signal.name, score=signal.score, words=list(signal.words), message_id=message.id)
        for message in asked
        if message.id in understood
        for signal in Signal.strongest([understood[message.id].signals])
    ]


def _account(account: Account) -> AccountView:
    return AccountView(
        id=account.id,
        external_id=account.external_id,
        name=account.name,
        email=account.email,
        company=account.company,
        plan=account.plan,
        mrr=account.mrr,
        currency=account.currency,
        seats=account.seats,
        since=iso_or_none(account.signed_up_at),
        csm_email=account.csm_email,
    )


def _triage(ticket: Ticket) -> TriageView:
    return TriageView(
        ticket_id=ticket.id,
        number=ticket.number,
        category=ticket.category,
        priority=ticket.priority,
        team=ticket.team,
        tags=list(ticket.tags),
        reasons=list(ticket.reasons),
    )


def _entities(asked: Sequence[Message], understood: Mapping[str, Understanding]) -> list[EntityView]:
    found: dict[tuple[str, str], EntityView] = {}
    for message in asked:
        for entity in understood.get(message.id, Understanding()).entities:
            kind, value = str(entity.get("entity")), str(entity.get("value"))
            start, end = entity.get("start"), entity.get("end")
            text = str(entity.get("text") or (message.text[start:end] if start is not None else value))
            found.setdefault((kind, value), EntityView(entity=kind, value=value, text=text, message_id=message.id))
    return list(found.values())


def _understood(asked: Sequence[Message], understood: Mapping[str, Understanding]) -> list[Understanding]:
    return [understood[message.id] for message in asked if message.id in understood]


def _articles(messages: Sequence[Message], votes: Mapping[str, bool], known: Known) -> list[ShownArticleView]:
    shown: dict[str, ShownArticleView] = {}
    for message in messages:
        answer: dict[str, Any] | None = message.answer
        if answer is not None and answer["article_id"] not in shown:
            about = (answer["title"], answer["url"])
            shown[answer["article_id"]] = _article(answer["article_id"], about, iso(message.at), votes, known)
    since = messages[0].at if messages else None
    for article_id, opened_at in known.opened.items():
        if article_id not in shown and article_id in known.titles and since is not None and opened_at >= since:
            shown[article_id] = _article(article_id, known.titles[article_id], None, votes, known)
    return list(shown.values())


def _article(
    article_id: str, about: tuple[str, str], shown_at: str | None, votes: Mapping[str, bool], known: Known
) -> ShownArticleView:
    vote = votes.get(article_id)
    return ShownArticleView(
        article_id=article_id,
        title=about[0],
        url=about[1],
        shown_at=shown_at,
        opened=article_id in known.opened,
        vote=None if vote is None else "helpful" if vote else "not_helpful",
    )


def _attempted(messages: Sequence[Message], votes: Mapping[str, bool]) -> list[str]:
    lines = []
    for message in messages:
        if message.turn == "failed":
            lines.append(f"The assistant failed to answer “{_short(message.text)}”.")
        elif message.answer is not None:
            vote = votes.get(message.answer["article_id"])
            outcome = "not rated" if vote is None else "it helped" if vote else "it did not help"
            lines.append(f"Answered from “{message.answer['title']}”: {outcome}.")
    return list(dict.fromkeys(lines))


def _short(text: str, longest: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rsplit(" ", 1)[0] + "…"


async def understandings_of(reader: Reader, conversation_id: str) -> dict[str, Understanding]:
    """Return what the assistant made of each message of a conversation, by message id."""
    table = understandings
    rows = await reader.execute(sa.select(table).where(table.c.conversation_id == conversation_id))
    return {
        row.message_id: Understanding(
            row.intent, row.confidence, row.ranking, row.intents, row.entities, row.language, row.signals
        )
        for row in rows
    }


async def package_of(reader: Reader, ticket_id: str) -> PackageView | None:
    """Return a ticket's newest package, or None if it came without one."""
    rows = await reader.execute(
        sa.select(packages.c.content)
        .where(packages.c.ticket_id == ticket_id)
        .order_by(packages.c.version.desc())
        .limit(1)
    )
    return rows.scalar_one_or_none()
