"""BM25 over fields (Robertson & Zaragoza 2009): what a passage's words are worth to a question. One arithmetic for both databases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

K1 = 1.2
B = 0.75
FIELD_WEIGHTS = (2.0, 1.5, 1.0)
"""Of a word in the title, in the heading path, in the body."""


class Worded(NamedTuple):
    """A passage as its words see it. A tuple, because a search makes hundreds."""

    passage_id: int
    article_id: str
    score: float
    """BM25F over the passage; 0 when it holds none of the question's words."""
    held: frozenset[str]
    """The question's words that it holds."""
    title: frozenset[str] = frozenset()
    """Those of them that stand in the title or the tags."""


@dataclass(frozen=True)
class Statistics:
    """What BM25 needs to know of the passages that a viewer may see."""

    count: int
    mean_length: float
    frequencies: Mapping[str, int]
    """In how many passages each term of the question is."""

    def idf(self, term: str) -> float:
        """Return how much a term tells; a term that is nowhere tells most."""
        found = self.frequencies.get(term, 0)
        return math.log(1.0 + (self.count - found + 0.5) / (found + 0.5))


class Kept(NamedTuple):
    """What scoring needs of a passage."""

    passage_id: int
    article_id: str
    level: int
    length: int
    terms: str
    """One line for each field, each word between two spaces of its own, so that whole words can be counted as pieces of text."""


def score(
    kept: Sequence[Kept], terms: Sequence[str], statistics: Statistics, weights: Mapping[str, float] | None = None
) -> list[Worded]:
    """Score passages by BM25F, in their order; a term counts fully unless `weights` names it."""
    known = weights or {}
    weighed = [(term, f" {term} ", statistics.idf(term) * (K1 + 1.0) * known.get(term, 1.0)) for term in terms]
    nothing: frozenset[str] = frozenset()
    scored = []
    for one in kept:
        text = one.terms
        held = [this for this in weighed if this[1] in text]
        if not held:
            scored.append(Worded(one.passage_id, one.article_id, 0.0, nothing))
            continue
        damped = damping(one.length, statistics)
        title, heading, body = text.split("\n")
        total = 0.0
        titled = []
        for term, piece, weight in held:
            above = title.count(piece)
            if above:
                titled.append(term)
            count = (
                FIELD_WEIGHTS[0] * above
                + FIELD_WEIGHTS[1] * heading.count(piece)
                + FIELD_WEIGHTS[2] * body.count(piece)
            )
            total += weight * count / (count + damped)
        holding = frozenset(this[0] for this in held)
        scored.append(Worded(one.passage_id, one.article_id, total, holding, frozenset(titled)))
    return scored


def damping(length: int, statistics: Statistics) -> float:
    """Return what tames the repetition of a word in a passage of this many terms: the longer, the more."""
    return K1 * (1.0 - B + B * length / statistics.mean_length)


def spaced(terms: str) -> str:
    """Give each word two spaces of its own."""
    return f" {terms.replace(' ', '  ').replace(chr(10), f' {chr(10)} ')} "
