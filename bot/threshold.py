"""Learns the scope threshold from training data alone, so that no constant has to be tuned by hand."""

from __future__ import annotations

from typing import Iterator, Tuple

import numpy as np
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from bot.classifier import regression

# Above this many examples one held-out fold says as much as five, and training stays within seconds.
CROSS_VALIDATION_LIMIT = 4000


def learn_threshold(
    vectors: np.ndarray,
    names: np.ndarray,
    *,
    out_of_scope: str,
    c: float,
    max_loss: float,
    folds: int,
    seed: int,
) -> float:
    """Returns the largest threshold that costs at most `max_loss` of the in-scope accuracy on held-out folds.

    Each held-out in-scope example is classified by a model that has not seen it, and scored as the gate will
    score it. Only declining a *rightly* classified example costs anything. Out-of-scope examples take part in
    the classifier if there are any; the rule needs none.

    Args:
        vectors: Unit vectors `[n, size]`.
        names: The intents `[n]`.
        out_of_scope: The intent that stands for "none of these".
        c: The classifier's inverse L2 penalty.
        max_loss: Share of all held-out in-scope examples.
        folds: Number of folds.
        seed: Seed of the shuffle.

    Returns:
        The threshold; 0 when there are too few examples to hold any out.
    """
    kept, total = [], 0
    with threadpool_limits(limits=1):
        for train, test in _splits(names, folds, seed):
            right, scores = _score(vectors, names, train, test, out_of_scope, c)
            kept.extend(scores[right])
            total += len(scores)
    affordable = int(max_loss * total)
    return float(sorted(kept)[min(affordable, len(kept) - 1)]) if kept else 0.0


def _splits(names: np.ndarray, folds: int, seed: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
    intents, counts = np.unique(names.astype(str), return_counts=True)
    if len(intents) < 2 or counts.min() < 2:
        return
    splitter = StratifiedKFold(min(folds, int(counts.min())), shuffle=True, random_state=seed)
    for number, split in enumerate(splitter.split(np.zeros(len(names)), names.astype(str))):
        if number and len(names) > CROSS_VALIDATION_LIMIT:
            return
        yield split


def _score(
    vectors: np.ndarray, names: np.ndarray, train: np.ndarray, test: np.ndarray, out_of_scope: str, c: float
) -> Tuple[np.ndarray, np.ndarray]:
    """Returns, for the held-out in-scope examples, whether the top intent is right, and the gate's score."""
    classifier = regression(c)
    classifier.fit(vectors[train], names[train].astype(str))
    inside_train = train[names[train] != out_of_scope]
    inside_test = test[names[test] != out_of_scope]
    if not len(inside_train) or not len(inside_test):
        return np.empty(0, dtype=bool), np.empty(0)
    probabilities = classifier.predict_proba(vectors[inside_test])
    top = classifier.classes_[probabilities.argmax(axis=1)]
    nearest = [float((vectors[inside_train] @ vector).max()) for vector in vectors[inside_test]]
    return top == names[inside_test].astype(str), probabilities.max(axis=1) * np.clip(nearest, 0.0, 1.0)
