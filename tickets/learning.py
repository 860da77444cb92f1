"""Trains the head of triage from labelled tickets; what it says of its confidence is learned from texts held out in turn."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.embedding import Encoder
from core.errors import Invalid
from tickets.classifier import (
    BEGINNING_WEIGHT,
    EXPERTS,
    MEANING_WEIGHT,
    Classifier,
    Experts,
    Parts,
    judge,
    parts_of,
    softened,
)  # fmt: skip
from tickets.features import Floats, association, rarity, vocabulary_of, weighted
from tickets.triage import AUTO_REPLY_ABOVE

MANY = 5_000
"""From this many examples on a term must occur twice, and three folds are enough."""
STRENGTH = 0.3
"""LinearSVC's C."""
RIDGE = 3.0
STEADY = 1.0
"""How strongly the judgement is held to its start, in examples: what a few dozen texts can teach is little."""
RIGHT = 0.975
"""Of the texts that the head is sure enough of for an automatic reply, so many at least shall be right."""
LEAST_CAUTION, MOST_CAUTION = 1.1, 4.0
"""Tickets to come differ more from the learned ones than those differ from each other: 1.1, found on a held-out part."""
SMALL_SET_CAUTION = 2.0
"""Over the root of the examples it is added to the least caution: what a hundred texts say of themselves is a guess."""
MOST_NEIGHBOURS = 8_000
"""Tickets whose vectors the head keeps: a service holds them in memory, and each ticket is compared with all of them."""
CAUTION_STEP = 0.05
FEW = 15
"""Surely read texts that are too few to tell a share by."""
FOLDS = 5
SEED = 0
Labels = npt.NDArray[np.intp]


def learn(
    texts: Sequence[str],
    categories: Sequence[str],
    encoder: Encoder,
    *,
    shares_of: Callable[[str], dict[str, float]] | None = None,
) -> Classifier:
    """Train a head. The same examples and encoder make the same head.

    Args:
        texts: what tickets say. Empty ones teach nothing but how frequent their category is.
        categories: what each is.
        encoder: turns texts into vectors; the head works with this one only.
        shares_of: what the rules give categories for a text, 0 to 1, so that the head learns how much to heed them.

    Raises:
        Invalid: there are not two categories with two texts each.
    """
    frequent = Counter(category for text, category in zip(texts, categories, strict=True) if text.strip())
    if sum(many >= 2 for many in frequent.values()) < 2:
        raise Invalid(
            f"Triage cannot be learned from {_described(frequent)}: two categories with two different texts each are the least."
        )
    names = sorted(frequent)
    kept = [number for number, text in enumerate(texts) if text.strip()]
    read = [texts[number] for number in kept]
    labels = np.array([names.index(categories[number]) for number in kept], dtype=np.intp)
    at_least = 2 if len(read) >= MANY else 1
    terms = vocabulary_of(read, at_least=at_least, beginning=False)
    beginnings = vocabulary_of(read, at_least=at_least, beginning=True)
    parts = parts_of(read, terms, beginnings, encoder)
    shares = None
    if shares_of is not None:
        shares = np.array([[given.get(name, 0.0) for name in names] for given in map(shares_of, read)])
    scores = _held_out(parts, labels, len(names))
    judgement, offsets = _learn_judgement(scores, shares, labels)
    return Classifier(
        categories=tuple(names),
        terms=terms,
        beginnings=beginnings,
        experts=_learn_experts(parts, labels, len(names)),
        judgement=judgement,
        offsets=offsets,
        caution=_learn_caution(scores, shares, labels),
        shares=np.bincount(labels, minlength=len(names)) / len(labels),
        encoder=encoder,
        examples=len(read),
    )


def _learn_experts(parts: Parts, labels: Labels, kinds: int) -> Experts:
    from scipy.sparse import csr_matrix, hstack

    telling, telling_first = association(parts.terms, labels), association(parts.beginnings, labels)
    term_weights, beginning_weights = rarity(parts.terms) * telling, rarity(parts.beginnings) * telling_first
    mixed = hstack(
        [
            weighted(parts.terms, term_weights),
            BEGINNING_WEIGHT * weighted(parts.beginnings, beginning_weights),
            csr_matrix(MEANING_WEIGHT * parts.meaning),
        ]
    ).tocsr()
    kept = np.flatnonzero(_dealt(labels, -(-len(labels) // MOST_NEIGHBOURS)) == 0)
    return Experts(
        term_weights=term_weights,
        plain_weights=telling,
        beginning_weights=beginning_weights,
        mixed=_separate(mixed, labels, kinds),
        plain=_separate(weighted(parts.terms, telling), labels, kinds),
        meaning=_regress(parts.meaning, labels, kinds),
        neighbours=parts.meaning[kept].astype(np.float16),
        neighbour_labels=labels[kept],
    )


def _separate(rows: Any, labels: Labels, kinds: int) -> Floats:
    """Fit a linear support vector machine of each category against the rest; return weights, the offsets as last row.

    A category without an example here scores like anything that is surely something else.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    weights = np.zeros((rows.shape[1] + 1, kinds), dtype=np.float32)
    weights[-1] = -1.0
    present = np.unique(labels)
    if len(present) == 1:
        weights[-1, present] = 1.0
        return weights
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine = LinearSVC(C=STRENGTH, random_state=SEED).fit(rows, labels)
    found, offsets = machine.coef_, machine.intercept_
    if len(present) == 2:
        found, offsets = np.concatenate([-found, found]), np.concatenate([-offsets, offsets])
    weights[:-1, present] = found.T
    weights[-1, present] = offsets
    return weights


def _regress(rows: Floats, labels: Labels, kinds: int) -> Floats:
    """Fit ridge regression to -1 and 1 for each category; return weights, the offsets as last row."""
    aims = np.where(labels[:, None] == np.arange(kinds), 1.0, -1.0)
    middle, aim = rows.mean(axis=0, dtype=np.float64), aims.mean(axis=0)
    centred = rows.astype(np.float64) - middle
    weights = np.linalg.solve(centred.T @ centred + RIDGE * np.eye(rows.shape[1]), centred.T @ (aims - aim))
    return np.vstack([weights, aim - middle @ weights]).astype(np.float32)


def _held_out(parts: Parts, labels: Labels, kinds: int) -> npt.NDArray[np.float64]:
    """Return the experts' scores of each text from experts that have not seen it."""
    folds = 3 if len(labels) >= MANY else FOLDS
    fold = _dealt(labels, folds)
    scores = np.zeros((EXPERTS, len(labels), kinds))
    for number in range(folds):
        chosen, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(chosen) and len(others):
            scores[:, chosen] = _learn_experts(_some(parts, others), labels[others], kinds).scores(_some(parts, chosen))
    return scores


def _dealt(labels: Labels, folds: int) -> npt.NDArray[np.intp]:
    """Deal texts to folds, those of each category as evenly as can be."""
    shuffled = np.random.default_rng(SEED).permutation(len(labels))
    by_category = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold = np.empty(len(labels), dtype=np.intp)
    fold[by_category] = np.arange(len(labels)) % folds
    return fold


def _some(parts: Parts, chosen: npt.NDArray[np.intp]) -> Parts:
    return Parts(parts.terms[chosen], parts.beginnings[chosen], parts.meaning[chosen])


def _learn_judgement(
    scores: npt.NDArray[np.float64], shares: npt.NDArray[np.float64] | None, labels: Labels
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fit how much each expert counts by maximum likelihood; return the weights and the categories' offsets.

    This calibrates as well: the weights have no given sum, so they also say how sure to be. None is negative.
    """
    from scipy.optimize import minimize

    kinds = scores.shape[2]
    columns = [*scores, np.zeros_like(scores[0]) if shares is None else shares]
    stacked = np.stack(columns)
    start = np.concatenate([np.full(EXPERTS, 1.0), [0.0 if shares is None else 1.0], np.zeros(kinds)])
    marks = np.eye(kinds)[labels]

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        likely = judge(scores, shares, values[: EXPERTS + 1], values[EXPERTS + 1 :])
        missed = likely - marks
        away = values - start
        slope = np.concatenate([(stacked * missed).sum(axis=(1, 2)), missed.sum(axis=0)]) + 2 * STEADY * away
        found = -np.log(likely[np.arange(len(labels)), labels] + 1e-12).sum() + STEADY * (away**2).sum()
        return float(found), slope

    bounds = [(0.0, None)] * (EXPERTS + 1) + [(None, None)] * kinds
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[: EXPERTS + 1], found[EXPERTS + 1 :]


def _learn_caution(scores: npt.NDArray[np.float64], shares: npt.NDArray[np.float64] | None, labels: Labels) -> float:
    """Return what to divide scores by so that `RIGHT` of the surely read texts are right, learned from texts not seen.

    Two estimates, of which the more cautious one counts. The likeliest caution goes by every text and is steady, but looks at
    the surely read ones no more than at others. Where there are more than `FEW` of those, the share of right ones among them decides.
    """
    found = _judged_in_turn(scores, shares, labels)
    least = LEAST_CAUTION + SMALL_SET_CAUTION / np.sqrt(len(labels))
    start = max(LEAST_CAUTION, least * _likeliest_caution(found, labels))
    right = found.argmax(axis=1) == labels
    for caution in np.arange(start, MOST_CAUTION, CAUTION_STEP):
        sure = softened(found, caution).max(axis=1) > AUTO_REPLY_ABOVE
        if sure.sum() <= FEW or right[sure].sum() >= RIGHT * sure.sum():
            return round(float(caution), 2)
    return MOST_CAUTION


def _judged_in_turn(
    scores: npt.NDArray[np.float64], shares: npt.NDArray[np.float64] | None, labels: Labels
) -> npt.NDArray[np.float64]:
    """Return log-probabilities of each text by weights that have not seen it, so that a small set is not believed more than it can tell."""
    fold = _dealt(labels, FOLDS)
    found = np.zeros((len(labels), scores.shape[2]))
    for number in range(FOLDS):
        chosen, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(chosen) and len(others):
            given = None if shares is None else shares[others]
            judgement, offsets = _learn_judgement(scores[:, others], given, labels[others])
            here = None if shares is None else shares[chosen]
            found[chosen] = np.log(judge(scores[:, chosen], here, judgement, offsets) + 1e-12)
    return found


def _likeliest_caution(found: npt.NDArray[np.float64], labels: Labels) -> float:
    """Return the caution that makes the labels likeliest, given log-probabilities."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def loss(caution: float) -> float:
        return float(-np.log(softened(found, caution)[rows, labels] + 1e-12).sum())

    return float(minimize_scalar(loss, bounds=(0.3, MOST_CAUTION), method="bounded").x)


def _described(frequent: Counter[str]) -> str:
    if not frequent:
        return "no examples"
    many = sum(frequent.values())
    return f"{many} example{'' if many == 1 else 's'} of {', '.join(sorted(frequent)[:5])}"
