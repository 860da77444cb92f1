"""Learns the two scope thresholds from training data alone, so that no constant has to be tuned by hand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from bot.classifier import regression
from bot.scope import HELD_OUT_FILE, OUT_OF_SCOPE, Examples, scores

# Above this many examples one held-out fold says as much as five, and training stays within seconds.
CROSS_VALIDATION_LIMIT = 4000
TUNED_ON, KEPT, INTENT_KEPT = 0, 1, 2
USUAL_SIZE = 450
USUALLY_WRONG = 0.05
"""The share of known messages taken for another intent up to which `Worth.max_loss` holds: where more are, more may be held back."""
FEWEST_INTENTS = 5
"""With fewer, an intent taken away leaves too little to be foreign to."""

FEWEST_TOLD = 30
"""Held-out messages of a group of intents from which on it gets a threshold of its own."""


class Thresholds(NamedTuple):
    """From `answer` on the assistant answers, from `ask` on it asks which of its best guesses was meant, below it declines."""

    answer: float
    ask: float


class Fold(NamedTuple):
    """One rehearsal: a classifier learns from the known part and judges the rest. Indices into `vectors` and `names`."""

    vectors: np.ndarray
    names: np.ndarray
    known: np.ndarray
    kept: np.ndarray
    """Messages of known intents."""
    foreign: np.ndarray
    """Messages of intents that the classifier is not told of: they stand for what nobody foresaw."""


class HeldOut(NamedTuple):
    """Messages judged by a classifier, and an encoder, that have not seen them; arrays of one length."""

    scores: np.ndarray
    inside: np.ndarray
    """Whether it is a message of a known intent."""
    right: np.ndarray
    """Whether the best guess is the intent."""
    offered: np.ndarray
    """Whether the intent is among the guesses that asking would offer."""
    intents: np.ndarray
    """The intent that it is an example of."""
    guesses: np.ndarray
    """The best guess."""


class Worth(NamedTuple):
    """What decides between answering too much and too little; docs/understanding.md tells how they were found."""

    foreign: float
    """What it is worth to hold back all foreign messages, against answering all messages of known intents rightly and none wrongly."""
    unasked: float
    """What it is worth to decline all foreign messages rather than ask, against offering all known intents."""
    max_loss: float
    """The share of right answers that may be held back at `USUAL_SIZE` examples; at least half of it is."""

    def loss(self, examples: int, *, rehearsed: bool = False) -> float:
        """Returns the share that may be held back with so many examples: more of them tell scope better, so less is given up.

        Of a few examples a rehearsal holds fewer intents than there are, and is surer than what is used: a customer's right answers
        lie lower, so that half the share is what was meant.
        """
        most = self.max_loss / 2 if rehearsed else 2 * self.max_loss
        return min(most, self.max_loss * (USUAL_SIZE / max(1, examples)) ** 0.5)


def rehearsals(directory: Optional[Path]) -> List[Fold]:
    """Reads the rehearsals of a tuned encoder; none where the encoder is not a tuned one."""
    if directory is None or not (directory / HELD_OUT_FILE).is_file():
        return []
    with np.load(directory / HELD_OUT_FILE, allow_pickle=False) as file:
        vectors, names, roles = file["vectors"].astype(np.float32), file["intents"], file["role"]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-9)
    return [
        Fold(seen, names, *(np.flatnonzero(role == part) for part in (TUNED_ON, KEPT, INTENT_KEPT)))
        for seen, role in zip(vectors, roles, strict=True)
    ]


def folds(vectors: np.ndarray, names: np.ndarray, *, number: int, seed: int) -> Iterator[Fold]:
    """Splits the examples of an encoder that has seen none of them: examples and whole intents are kept back in turn.

    An intent with a single example is always known. Above `CROSS_VALIDATION_LIMIT` examples one fold has to do.
    """
    intents, counts = np.unique(names, return_counts=True)
    inside = sorted(set(intents) - {OUT_OF_SCOPE})
    random.Random(seed).shuffle(inside)  # noqa: S311
    away = [set(inside[place::number]) if len(inside) >= FEWEST_INTENTS else set() for place in range(number)]
    single = np.isin(names, intents[counts < 2])
    number = min(number, len(names))
    if number < 2 or len(intents) < 2:
        return
    for place, (_, test) in enumerate(KFold(number, shuffle=True, random_state=seed).split(names)):
        if place and len(names) > CROSS_VALIDATION_LIMIT:
            return
        foreign = np.isin(names, list(away[place]))
        kept = np.zeros(len(names), dtype=bool)
        kept[test] = True
        kept &= ~foreign & ~single
        parts = (~kept & ~foreign, kept & np.isin(names, names[~kept]), foreign)
        if len(set(names[parts[0]])) > 1:
            yield Fold(vectors, names, *(np.flatnonzero(part) for part in parts))


def judge(fold: Fold, *, c: float, choices: int) -> HeldOut:
    """Trains on the known part as the assistant does, and judges the rest as the gate will."""
    classifier = regression(c)
    with threadpool_limits(limits=1):
        classifier.fit(fold.vectors[fold.known], fold.names[fold.known])
    rest = np.concatenate([fold.kept, fold.foreign])
    if not len(rest):
        return HeldOut(np.empty(0), *(np.empty(0, dtype=kind) for kind in (bool, bool, bool, str, str)))
    probabilities, classes = classifier.predict_proba(fold.vectors[rest]), classifier.classes_
    known = Examples(fold.vectors[fold.known], fold.names[fold.known])
    best, scored = scores(probabilities, classes, fold.vectors[rest], known)
    truth = fold.names[rest]
    offerable = np.where(classes == OUT_OF_SCOPE, -1.0, probabilities)
    offer = classes[np.argsort(-offerable, axis=1)[:, :choices]]
    inside = (np.arange(len(rest)) < len(fold.kept)) & (truth != OUT_OF_SCOPE)
    asked = inside & (best != OUT_OF_SCOPE)  # what is taken for out of scope is declined, never asked about
    offered = asked & (offer == truth[:, None]).any(axis=1)
    return HeldOut(scored, inside, inside & (best == truth), offered, truth, best)


def together(parts: Sequence[HeldOut]) -> Optional[HeldOut]:
    """Joins what several folds found; None if nothing was held out."""
    found = [part for part in parts if len(part.scores)]
    return HeldOut(*(np.concatenate(columns) for columns in zip(*found))) if found else None  # noqa: B905 - Python 3.10


def choose(held_out: Optional[HeldOut], worth: Worth, *, examples: int, rehearsed: bool = False) -> Thresholds:
    """Returns the thresholds that serve the held-out messages best; 0 and 0 where there were too few examples.

    To answer: the share of known messages answered rightly, less the share answered wrongly, plus `worth.foreign` times the
    share of foreign messages held back, is largest, within bounds: of the right answers at least half of `worth.loss` is held
    back, and at most all of it, or as many times more as known messages are taken for another intent more often than usual.
    Foreign messages are made of known intents, so they may be nearer than any that customers write, or farther. To ask: the
    share offered, plus `worth.unasked` times the share of foreign messages declined, between a sixth and a third of the loss.
    """
    if held_out is None or not held_out.inside.any():
        return Thresholds(0.0, 0.0)
    loss = worth.loss(examples, rehearsed=rehearsed)
    mistaken = held_out.inside & ~held_out.right & (held_out.guesses != OUT_OF_SCOPE)  # which the gate declines
    doubt = max(1.0, float(mistaken.sum() / held_out.inside.sum()) / USUALLY_WRONG)
    nothing = np.zeros_like(mistaken)
    answer = _bounded(held_out, held_out.right, mistaken, worth.foreign, (loss / 2, loss * doubt))
    ask = _bounded(held_out, held_out.offered, nothing, worth.unasked, (loss / 6, loss / 3))
    return Thresholds(answer, min(answer, ask))


def choose_of_talk(held_out: Optional[HeldOut], talk: Collection[str], *, loss: float, least: float) -> float:
    """Returns the threshold of guesses that would be rude where they are wrong: it gives up the share `loss` of the right ones.

    Args:
        held_out: the held-out messages.
        talk: the intents that it is for.
        loss: the share of rightly guessed ones below it, 0 to 1.
        least: the threshold of all others, below which it is never; and what it is where too few are known to tell.
    """
    if held_out is None or not talk:
        return least
    right = held_out.scores[held_out.right & np.isin(held_out.guesses, sorted(talk))]
    return max(least, float(np.quantile(right, loss))) if len(right) >= FEWEST_TOLD else least


def _bounded(
    held_out: HeldOut, served: np.ndarray, misled: np.ndarray, worth: float, losses: Tuple[float, float]
) -> float:
    """Returns the best threshold that holds back a share of the served messages within `losses`, least and most."""
    good = np.sort(held_out.scores[served])
    if not len(good):
        return 0.0
    least, most = (float(np.quantile(good, min(1.0, share))) for share in losses)
    return min(max(_best(held_out, served, misled, worth), least), most) if (~held_out.inside).any() else most


def _best(held_out: HeldOut, served: np.ndarray, misled: np.ndarray, worth: float) -> float:
    """Returns the middle of the range of thresholds that are worth most; its ends are single messages' luck."""
    good, wrong, bad = (np.sort(held_out.scores[which]) for which in (served, misled, ~held_out.inside))
    tried = np.unique(np.concatenate([[0.0], held_out.scores]))
    kept = (len(good) - np.searchsorted(good, tried)) - (len(wrong) - np.searchsorted(wrong, tried))
    value = kept / held_out.inside.sum() + worth * np.searchsorted(bad, tried) / len(bad)
    place = int(np.flatnonzero(value >= value.max() - 1e-12).mean())
    return float((tried[place] + tried[max(place - 1, 0)]) / 2)


def report(held_out: Optional[HeldOut], thresholds: Thresholds, *, rehearsed: bool) -> Dict[str, Any]:
    """Returns what the thresholds do to the held-out messages, for people to read.

    Three kinds are told apart: `known`, `out_of_scope` and `left_out`, of intents that were kept away altogether. Figures are shares of
    their kind, but `taken_for`: how many messages of one intent were answered as another, `[intent, guess, messages]` for each kind. Which
    of these get the same reply as their own intent is in the rules, which a pipeline does not read.
    """
    if held_out is None:
        return {"rehearsed": rehearsed, "known": 0, "out_of_scope": 0, "left_out": 0}
    answered, asked = held_out.scores >= thresholds.answer, held_out.scores >= thresholds.ask
    asked &= ~answered
    wrong = answered & ~held_out.right
    inside, none_of_these = held_out.inside, held_out.intents == OUT_OF_SCOPE
    left_out = ~inside & ~none_of_these
    shares: List[Tuple[str, np.ndarray, np.ndarray]] = [
        ("answered_rightly", answered & held_out.right, inside),
        ("answered_wrongly", wrong, inside),
        ("asked_with_the_intent", asked & held_out.offered, inside),
        ("asked_without_it", asked & ~held_out.offered, inside),
        ("out_of_scope_answered", wrong, none_of_these),
        ("out_of_scope_asked", asked, none_of_these),
        ("left_out_answered", wrong, left_out),
        ("left_out_asked", asked, left_out),
    ]
    return {
        "rehearsed": rehearsed,
        "known": int(inside.sum()),
        "out_of_scope": int(none_of_these.sum()),
        "left_out": int(left_out.sum()),
        **{name: round(float(which[among].mean()), 4) if among.any() else None for name, which, among in shares},
        "taken_for": {
            "known": _taken_for(held_out, wrong & inside),
            "left_out": _taken_for(held_out, wrong & left_out),
        },
    }


def _taken_for(held_out: HeldOut, which: np.ndarray) -> List[Tuple[str, str, int]]:
    pairs = Counter(zip(held_out.intents[which].tolist(), held_out.guesses[which].tolist()))  # noqa: B905 - Python 3.10
    return [(*pair, many) for pair, many in sorted(pairs.items())]
