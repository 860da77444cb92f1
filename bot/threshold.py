"""Learns the two scope thresholds from training data alone, so that no constant has to be tuned by hand."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Tuple

import numpy as np
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from bot.classifier import regression

# Above this many examples one held-out fold says as much as five, and training stays within seconds.
CROSS_VALIDATION_LIMIT = 4000


class Thresholds(NamedTuple):
    """From `answer` on the assistant answers, from `ask` on it asks which of its best guesses was meant, below it declines."""

    answer: float
    ask: float


class HeldOut(NamedTuple):
    """In-scope messages judged by a model that has not seen them; arrays of one length."""

    scores: np.ndarray
    """The gate's score of the best guess."""
    right: np.ndarray
    """Whether the best guess is the intent."""
    offered: np.ndarray
    """Whether the intent is among the guesses that asking would offer."""


def learn_thresholds(
    vectors: np.ndarray,
    names: np.ndarray,
    *,
    out_of_scope: str,
    c: float,
    max_loss: float,
    max_declined: float,
    choices: int,
    folds: int,
    seed: int,
) -> Thresholds:
    """Returns the largest thresholds that cost at most what they may on held-out folds.

    Each held-out in-scope example is classified by a model that has not seen it, and scored as the gate will
    score it. Only holding back a *rightly* classified example costs an answer, and only declining one whose
    intent would have been offered costs a question. Out-of-scope examples take part in the classifier if there
    are any; the rule needs none.

    Args:
        vectors: Unit vectors `[n, size]`.
        names: The intents `[n]`.
        out_of_scope: The intent that stands for "none of these".
        c: The classifier's inverse L2 penalty.
        max_loss: Share of all held-out in-scope examples that may miss their answer.
        max_declined: Share of them that may be declined though asking would have offered their intent.
        choices: How many guesses asking offers.
        folds: Number of folds.
        seed: Seed of the shuffle.

    Returns:
        The thresholds; 0 when there are too few examples to hold any out.
    """
    parts = []
    with threadpool_limits(limits=1):
        for train, test in _splits(names, folds, seed):
            parts.append(_judge(vectors, names, train, test, out_of_scope, c, choices))
    held_out = HeldOut(*(np.concatenate(column) for column in zip(*parts))) if parts else None  # noqa: B905 - Python 3.10
    if held_out is None:
        return Thresholds(0.0, 0.0)
    answer = _affordable(held_out.scores[held_out.right], max_loss, len(held_out.scores))
    ask = _affordable(held_out.scores[held_out.offered], max_declined, len(held_out.scores))
    return Thresholds(answer, min(ask, answer))


def _affordable(scores: np.ndarray, share: float, total: int) -> float:
    """Returns the largest threshold below which at most `share` of `total` scores lie."""
    ordered = np.sort(scores)
    return float(ordered[min(int(share * total), len(ordered) - 1)]) if len(ordered) else 0.0


def _splits(names: np.ndarray, folds: int, seed: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
    intents, counts = np.unique(names.astype(str), return_counts=True)
    if len(intents) < 2 or counts.min() < 2:
        return
    splitter = StratifiedKFold(min(folds, int(counts.min())), shuffle=True, random_state=seed)
    for number, split in enumerate(splitter.split(np.zeros(len(names)), names.astype(str))):
        if number and len(names) > CROSS_VALIDATION_LIMIT:
            return
        yield split


def _judge(
    vectors: np.ndarray,
    names: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    out_of_scope: str,
    c: float,
    choices: int,
) -> HeldOut:
    """Judges the in-scope part of `test` by a classifier and neighbours from `train`."""
    inside_train = train[names[train] != out_of_scope]
    inside_test = test[names[test] != out_of_scope]
    if not len(inside_train) or not len(inside_test):
        return HeldOut(np.empty(0), np.empty(0, dtype=bool), np.empty(0, dtype=bool))
    classifier = regression(c)
    classifier.fit(vectors[train], names[train].astype(str))
    probabilities = classifier.predict_proba(vectors[inside_test])
    truth = names[inside_test].astype(str)
    top = classifier.classes_[probabilities.argmax(axis=1)]
    offerable = np.where(classifier.classes_ == out_of_scope, -1.0, probabilities)
    best = classifier.classes_[np.argsort(-offerable, axis=1)[:, :choices]]
    nearest = np.array([float((vectors[inside_train] @ vector).max()) for vector in vectors[inside_test]])
    return HeldOut(
        scores=probabilities.max(axis=1) * np.clip(nearest, 0.0, 1.0),
        right=top == truth,
        offered=(best == truth[:, None]).any(axis=1),
    )
