"""The handoff package: what an agent must know without asking. Extracted from what happened, never invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from typing_extensions import TypedDict

from core.clock import iso
from core.database import Reader
from handoff.records import Message, Understanding
from handoff.tables import packages, understandings
from handoff.wording import REASONS
from tickets.triage import Signal

VERSION = 1
SUMMARY_LINES = 4


class ReasonView(TypedDict):
    """Why it was handed over: a code, and words."""

    code: str
    words: str


class EntityView(TypedDict):
    """Something that the customer named."""

    entity: str
    value: str
    text: str
    message_id: str


class IntentView(TypedDict):
    """What the assistant took a message for."""

    message_id: str
    text: str
    intent: str | None
    confidence: float | None


class SignalView(TypedDict):
    """What a message showed beside its topic: how sure, 0 to 1, and the customer's words that tell."""

    name: str
    score: float
    words: list[str]
    message_id: str


class ShownArticleView(TypedDict):
    """An article that was shown, and what the customer made of it."""

    article_id: str
    title: str
    url: str
    shown_at: str
    opened: bool
    vote: str | None


class PackageView(TypedDict):
    """The package as it is stored, shown at the desk and sent to sinks."""

    version: int
    reason: ReasonView
    summary: list[str]
    entities: list[EntityView]
    intents: list[IntentView]
    signals: list[SignalView]
    language: str | None
    articles: list[ShownArticleView]
    attempted: list[str]
    handed_over_at: str


def build_package(
    messages: Sequence[Message],
    understood: dict[str, Understanding],
    votes: dict[str, bool],
    *,
    reason: str,
    at: datetime,
) -> PackageView:
    """Put the package together.

    Args:
        messages: what was said since the bot got the conversation, in order.
        understood: the assistant's understanding by message id.
        votes: helpful or not, by article id, as this visitor voted.
        reason: the reason's code.
        at: the moment of the handoff.
    """
    asked = [message for message in messages if message.author_kind == "customer" and message.payload is None]
    shown = _articles(messages, votes)
    return PackageView(
        version=VERSION,
        reason=ReasonView(code=reason, words=REASONS.get(reason, reason)),
        summary=_summary(asked, shown),
        entities=_entities(asked, understood),
        intents=[
            IntentView(
                message_id=message.id,
                text=message.text,
                intent=understood[message.id].intent,
                confidence=understood[message.id].confidence,
            )
            for message in asked
            if message.id in understood
        ],
        signals=_signals(asked, understood),
        language=next((seen.language for seen in _understood(asked, understood) if seen.language), None),
        articles=shown,
        attempted=_attempted(messages, votes),
        handed_over_at=iso(at),
    )


def _summary(asked: Sequence[Message], shown: Sequence[ShownArticleView]) -> list[str]:
    telling = [message for message in asked if len(message.text.split()) > 3] or list(asked)
    lines = [f"“{_short(message.text)}”" for message in telling[:SUMMARY_LINES]]
    if len(telling) > SUMMARY_LINES:
        lines[-1] = f"“{_short(telling[-1].text)}”"
    if shown:
        lines.append("Shown: " + "; ".join(article["title"] for article in shown) + ".")
    return lines


def _entities(asked: Sequence[Message], understood: dict[str, Understanding]) -> list[EntityView]:
    found: dict[tuple[str, str], EntityView] = {}
    for message in asked:
        for entity in understood.get(message.id, Understanding()).entities:
            kind, value = str(entity.get("entity")), str(entity.get("value"))
            start, end = entity.get("start"), entity.get("end")
            text = str(entity.get("text") or (message.text[start:end] if start is not None else value))
            found.setdefault((kind, value), EntityView(entity=kind, value=value, text=text, message_id=message.id))
    return list(found.values())


def _understood(asked: Sequence[Message], understood: dict[str, Understanding]) -> list[Understanding]:
    return [understood[message.id] for message in asked if message.id in understood]


def _signals(asked: Sequence[Message], understood: dict[str, Understanding]) -> list[SignalView]:
    return [
        SignalView(name=signal.name, score=signal.score, words=list(signal.words), message_id=message.id)
        for message in asked
        if message.id in understood
        for signal in Signal.strongest([understood[message.id].signals])
    ]


def _articles(messages: Sequence[Message], votes: dict[str, bool]) -> list[ShownArticleView]:
    shown: dict[str, ShownArticleView] = {}
    for message in messages:
        answer: dict[str, Any] | None = message.answer
        if answer is not None and answer["article_id"] not in shown:
            vote = votes.get(answer["article_id"])
            shown[answer["article_id"]] = ShownArticleView(
                article_id=answer["article_id"],
                title=answer["title"],
                url=answer["url"],
                shown_at=iso(message.at),
                opened=False,
                vote=None if vote is None else "helpful" if vote else "not_helpful",
            )
    return list(shown.values())


def _attempted(messages: Sequence[Message], votes: dict[str, bool]) -> list[str]:
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
        row.message_id: Understanding(row.intent, row.confidence, row.ranking, row.entities, row.language, row.signals)
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
