"""Scores how surely a message is what the classifier takes it for, by how near it is to examples of that intent."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

OUT_OF_SCOPE = "out_of_scope"
SCOPE = "scope"
"""Where the parse data carries the gate's judgement."""
UNSURE = "nlu_unsure"
"""The intent of a message that is asked about."""
ANSWER, ASK, DECLINE = "answer", "ask", "decline"
CHOICES = 3
"""How many guesses a question offers at most: more are no help to choose from."""
SURE = 0.5
"""The confidence from which on the assistant answers."""
HELD_OUT_FILE = "held_out.npz"
"""Beside a tuned encoder: how one that was tuned on a part of the examples sees all of them (core/tuning.py)."""
NEIGHBOURS = 3
"""Examples of the intent that a message is held against: one alone may be mislabelled, many are never near at once."""


class Examples:
    """The training examples' unit vectors by intent."""

    def __init__(self, vectors: np.ndarray, names: Sequence[str]) -> None:
        """Keeps `vectors` `[n, size]` with their intents `[n]`."""
        self.vectors = vectors
        self.names = [str(name) for name in names]
        places: Dict[str, List[int]] = {}
        for place, name in enumerate(self.names):
            places.setdefault(name, []).append(place)
        self._by_intent = {name: vectors[some] for name, some in places.items()}

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.names)

    def similarity(self, vector: np.ndarray, intent: str) -> float:
        """Returns the mean cosine, 0 to 1, of a unit vector to the nearest examples of `intent`; 0 if it has none."""
        own = self._by_intent.get(intent)
        if own is None:
            return 0.0
        cosines = own @ vector
        if len(cosines) > NEIGHBOURS:
            cosines = np.partition(cosines, -NEIGHBOURS)[-NEIGHBOURS:]
        return min(max(float(cosines.sum()) / len(cosines), 0.0), 1.0)


def score(probability: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Returns how sure a guess is, 0 to 1, from the classifier's probability and the similarity to the intent's examples.

    The root, since over many intents a probability falls faster than the doubt is worth: an open set tells more by nearness.
    """
    return np.sqrt(probability) * similarity


def confidence(scored: float, threshold: float) -> float:
    """Returns a score on the scale that others read: 0.5 is the threshold to answer, whatever this training made of it."""
    if scored >= threshold:
        return SURE + (1 - SURE) * (scored - threshold) / max(1.0 - threshold, 1e-9)
    return SURE * scored / threshold


def scores(
    probabilities: np.ndarray, classes: Sequence[str], vectors: np.ndarray, known: Examples
) -> Tuple[np.ndarray, np.ndarray]:
    """Returns for each row the best intent and its score.

    A row whose best guess is `out_of_scope` is not answered whatever its score, so it scores 0.
    """
    best = np.asarray(classes, dtype=str)[probabilities.argmax(axis=1)]
    near = np.array([known.similarity(vector, intent) for vector, intent in zip(vectors, best)])  # noqa: B905 - speed
    return best, np.where(best == OUT_OF_SCOPE, 0.0, score(probabilities.max(axis=1), near))
