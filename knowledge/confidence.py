"""How sure a search may be that its first article answers: a logistic model of the order's shape, learned from data.

`knowledge.learning` learns the coefficients and writes `knowledge/confidence_model.py`; docs/knowledge.md says from what.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from knowledge.confidence_model import THRESHOLD, WITH_MEANING, WORDS_ALONE
from knowledge.ranking import Shape

CLOSE = {True: 0.10, False: 0.20}
"""Confidence from which on an article that may not answer is still close to what was asked, with semantic search and without: of the
questions that are answered and not said to be, nearly all have more; most of those that nothing answers have less (docs/knowledge.md)."""


@dataclass(frozen=True)
class Judgement:
    """Whether a search's first article answers the question, and how likely that is."""

    confidence: float
    answered: bool
    close: bool
    """It answers, or is near enough to be shown as something close to what was asked."""


def judge(shape: Shape, *, semantic: bool) -> Judgement:
    """Judge an order by its shape; `semantic` says whether meaning took part in it."""
    model = WITH_MEANING if semantic else WORDS_ALONE
    values = asdict(shape)
    total = model["intercept"] + sum(weight * values[name] for name, weight in model.items() if name != "intercept")
    confidence = 1.0 / (1.0 + math.exp(-total))
    return Judgement(confidence, confidence >= THRESHOLD, confidence >= CLOSE[semantic])
