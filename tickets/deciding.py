"""What triage is asked, what it answers, and what it gathers on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tickets.vocabulary import Category, Priority

SURE_INTENT = 0.5
"""How confident the assistant must be for its intent to decide: from here on it answers (docs/understanding.md#the-gate)."""


@dataclass(frozen=True)
class Signal:
    """Something that the assistant saw in a message beside its topic: how sure, 0 to 1, and the customer's words that tell."""

    name: str
    score: float
    words: tuple[str, ...] = ()

    @classmethod
    def strongest(cls, understood: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[Signal, ...]:
        """Return the strongest signal of each name among those of several messages, as the assistant sends them."""
        found: dict[str, Signal] = {}
        for told in (one for signals in understood for one in signals):
            name, score = str(told.get("name")), float(told.get("score") or 0)
            if name not in found or score > found[name].score:
                words = (
                    str(piece["text"]) for piece in told.get("evidence") or () if piece.get("signal") != "classifier"
                )
                found[name] = cls(name, score, tuple(words))
        return tuple(found.values())


@dataclass(frozen=True)
class TriageRequest:
    """What is known of a ticket before anybody has read it.

    Attributes:
        text: what the customer wrote.
        intent: what the assistant understood; one that no rule knows counts for nothing.
        intent_confidence: 0 to 1.
        also: what else the same message asks for: intents with their confidences.
        plan: the customer's plan; any, or none.
        mrr: monthly revenue in whole units of the currency.
        handover_reason: the reason code if a conversation was handed over.
        earlier_tickets: the customer's tickets of the last 90 days.
        articles: ids of suggested articles, the best first; the caller searches.
        signals: what the assistant saw beside the topic, the strongest of each name.
    """

    text: str
    intent: str | None = None
    intent_confidence: float | None = None
    also: tuple[tuple[str, float], ...] = ()
    plan: str | None = None
    mrr: float | None = None
    handover_reason: str | None = None
    earlier_tickets: int = 0
    articles: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()

    def matters(self) -> list[tuple[str, float]]:
        """Return what the assistant understood, each intent with its confidence, the message's own first."""
        own = [] if self.intent is None else [(self.intent, self.intent_confidence or 0.0)]
        return [*own, *self.also]

    def sureness_of(self, intent: str) -> float:
        """Return how surely the assistant understood an intent; 0 where it did not."""
        return max((confidence for name, confidence in self.matters() if name == intent), default=0.0)


@dataclass(frozen=True)
class Triage:
    """The decision. `confidence` is of the category, 0 to 1; `auto_reply` is the id of the article to answer with."""

    category: Category
    priority: Priority
    team: str
    tags: tuple[str, ...]
    confidence: float
    reasons: tuple[str, ...]
    suggested_articles: tuple[str, ...]
    auto_reply: str | None


@dataclass
class Findings:
    """What is gathered on the way to a decision."""

    scores: dict[Category, float] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def count(self, category: Category, weight: float) -> None:
        """Add evidence for a category."""
        self.scores[category] = self.scores.get(category, 0.0) + weight

    def tag(self, tag: str) -> None:
        """Add a tag once."""
        if tag not in self.tags:
            self.tags.append(tag)
