"""The trained head of triage: reads a text, names its category with a calibrated confidence and the words that told.

Four experts judge a text. Three are linear: words and meaning side by side, words alone without regard to how rare they are, and
meaning alone. The fourth is what tickets of a like meaning were. A conditional logit model weighs their scores, and, where it was
trained with them, the shares that rules give each category. All of it is arrays: the file is NumPy's `.npz`, read without pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.embedding import Encoder
from core.errors import ConfigurationError
from knowledge.terms import STOP_WORDS
from tickets.features import EMBEDDED, Floats, counts, weighted
from tickets.reading import Reading

VERSION = 3
BEGINNING_WEIGHT = 0.3
MEANING_WEIGHT = 0.5
"""Lengths of the beginning's and the meaning's part beside the words' part, whose length is 1."""
EXPERTS = 4
SHARPNESS = 16.0
"""How much nearer tickets count for more: e times as much for a cosine that is 1/16 greater."""
LEAST_SHARE = 1e-3
"""What the neighbours grant a category that none of them has."""
AT_ONCE = 256
"""Texts that are held against the neighbours in one step, which bounds the memory."""
WEAK = 0.4
"""A term that speaks for a category by this share of the strongest or less is not named as a reason."""
SHORTEST = 3
"""Letters of a word that explains something."""
_BETWEEN = " __ "
"""No word that a ticket has: it keeps what stood at its two sides from being taken for neighbours."""
_ADDRESS = re.compile(r"://|@|\w\.\w")
_ENDING = re.compile(r"['\u2019](?:t|s|d|m|ll|re|ve)\b", re.IGNORECASE)
_LITTLE = (
    "after again ago also always another back before being both during each else even ever every here less many more most much "
    "never now off once one only other out over own same since still such though through today tomorrow two under until up very "
    "well while yesterday yet"
)
_SAYS_LITTLE = STOP_WORDS | frozenset(_LITTLE.split())


@dataclass(frozen=True)
class Parts:
    """What the experts see of texts: counts of terms, of the beginnings' terms, and unit vectors; a row for each text."""

    terms: Any
    beginnings: Any
    meaning: Floats


@dataclass(frozen=True)
class Experts:
    """The experts as arrays. `mixed` judges words, beginning and meaning in this order; the last row is the offset.

    `neighbours` are unit vectors of tickets, float16 [tickets, dimensions], and `neighbour_labels` the numbers of their categories.
    """

    term_weights: Floats
    plain_weights: Floats
    beginning_weights: Floats
    mixed: Floats
    plain: Floats
    meaning: Floats
    neighbours: npt.NDArray[np.float16]
    neighbour_labels: npt.NDArray[np.intp]

    def scores(self, parts: Parts) -> npt.NDArray[np.float64]:
        """Return each expert's score of each category, shape [EXPERTS, texts, categories]."""
        terms = weighted(parts.terms, self.term_weights)
        beginnings = weighted(parts.beginnings, self.beginning_weights)
        split, width = terms.shape[1], beginnings.shape[1]
        mixed = terms @ self.mixed[:split] + BEGINNING_WEIGHT * (beginnings @ self.mixed[split : split + width])
        mixed = mixed + MEANING_WEIGHT * (parts.meaning @ self.mixed[split + width : -1]) + self.mixed[-1]
        plain = weighted(parts.terms, self.plain_weights) @ self.plain[:-1] + self.plain[-1]
        meaning = parts.meaning @ self.meaning[:-1] + self.meaning[-1]
        return np.stack([mixed, plain, meaning, self._by_neighbours(parts.meaning)]).astype(np.float64)

    def _by_neighbours(self, meaning: Floats) -> Floats:
        """Return the logarithm of each category's share among the neighbours, weighed by nearness: Nadaraya and Watson's estimate."""
        marks = np.eye(self.meaning.shape[1], dtype=np.float32)[self.neighbour_labels]
        neighbours = self.neighbours.astype(np.float32).T
        shares = np.zeros((len(meaning), marks.shape[1]), dtype=np.float32)
        for start in range(0, len(meaning), AT_ONCE):
            some = meaning[start : start + AT_ONCE]
            shares[start : start + AT_ONCE] = np.exp(SHARPNESS * (some @ neighbours - 1.0)) @ marks
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray(np.log(shares + LEAST_SHARE), dtype=np.float32)


@dataclass(frozen=True)
class Classifier:
    """A trained head. `read` and `probabilities` block for milliseconds a text: call them through `asyncio.to_thread`.

    Attributes:
        categories: what it can name.
        terms: numbers of known terms; `beginnings`: those of the first words.
        experts: what judges.
        judgement: weights of the experts and, last, of the rules' shares (0 if trained without them).
        offsets: what each category starts with.
        caution: what the scores are divided by before they become probabilities.
        shares: the categories' shares among the examples: what a text without a word gets.
        encoder: turns text into vectors.
        examples: how many texts it learned from.
    """

    categories: tuple[str, ...]
    terms: dict[str, int]
    beginnings: dict[str, int]
    experts: Experts
    judgement: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.float64]
    caution: float
    shares: npt.NDArray[np.float64]
    encoder: Encoder
    examples: int

    @cached_property
    def model_id(self) -> str:
        """Name this head: two with the same id say the same."""
        return f"triage-{hashlib.sha256(self._bytes()).hexdigest()[:12]}"

    def probabilities(
        self, texts: Sequence[str], shares: npt.NDArray[np.float64] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of each category for each text, shape [texts, categories].

        Args:
            texts: any texts; one without a letter or digit gets the categories' shares among the examples.
            shares: what rules give each category, 0 to 1, same shape as the result; None for nothing.
        """
        if not texts:
            return np.zeros((0, len(self.categories)))
        parts = parts_of(texts, self.terms, self.beginnings, self.encoder)
        result = judge(self.experts.scores(parts), shares, self.judgement, self.offsets, caution=self.caution)
        silent = [number for number, text in enumerate(texts) if not any(map(str.isalnum, text))]
        result[silent] = self.shares
        return result

    def read(self, text: str, shares: Mapping[str, float] | None = None) -> Reading:
        """Name one text's category.

        Args:
            text: what the customer wrote.
            shares: what the rules give categories, 0 to 1; those that this head does not know count for nothing.
        """
        given = None
        if shares is not None:
            given = np.array([[shares.get(category, 0.0) for category in self.categories]])
        likely = self.probabilities([text], given)[0]
        chosen = int(likely.argmax())
        return Reading(self.categories[chosen], float(likely[chosen]), self._telling(text, chosen))

    def _telling(self, text: str, category: int) -> tuple[str, ...]:
        """Return up to three terms that spoke most for a category against the others, none within another.

        What stands in every message (“on”) may weigh something and explains nothing to a person, nor does a part of an address.
        """
        row = weighted(counts([_words_alone(text)], self.terms, beginning=False), self.experts.term_weights)
        effects = self.experts.mixed[row.indices]
        gains = row.data * (effects[:, category] - effects.mean(axis=1))
        chosen: list[str] = []
        for place in np.argsort(-gains, kind="stable"):
            term = self._names[row.indices[place]]
            if gains[place] <= WEAK * gains.max() or len(chosen) == 3:
                break
            words = set(term.split())
            if any(map(_explains, words)) and not any(words & set(one.split()) for one in chosen):
                chosen.append(term)
        return tuple(chosen)

    @cached_property
    def _names(self) -> list[str]:
        return list(self.terms)

    def save(self, path: Path) -> None:
        """Write the head to one file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self._bytes())
                file.flush()
                os.fsync(file.fileno())
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _bytes(self) -> bytes:
        described = {
            "version": VERSION,
            "categories": self.categories,
            "encoder": self.encoder.model_id,
            "examples": self.examples,
            "caution": self.caution,
        }
        arrays = {f"experts.{name}": value for name, value in vars(self.experts).items()}
        arrays |= {name: getattr(self, name) for name in ("judgement", "offsets", "shares")}
        arrays |= {name: _packed("\n".join(getattr(self, name))) for name in ("terms", "beginnings")}
        target = io.BytesIO()
        np.savez(target, allow_pickle=False, described=_packed(json.dumps(described)), **arrays)
        return target.getvalue()

    @classmethod
    def load(cls, path: Path, encoder: Encoder) -> Classifier:
        """Read a head that `save` wrote.

        Raises:
            ConfigurationError: the file cannot be read, or was trained with another encoder.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            described = json.loads(_unpacked(arrays["described"]))
            if described["version"] != VERSION:
                raise ConfigurationError(f"{path} is from another version of Baton. Run baton train.")
            if described["encoder"] != encoder.model_id:
                raise ConfigurationError(f"{path} was trained with another sentence encoder. Run baton train.")
            numbered = {
                name: {term: number for number, term in enumerate(_unpacked(arrays[name]).split("\n"))}
                for name in ("terms", "beginnings")
            }
            return cls(
                categories=tuple(described["categories"]),
                experts=Experts(**{name: arrays[f"experts.{name}"] for name in Experts.__annotations__}),
                terms=numbered["terms"],
                beginnings=numbered["beginnings"],
                **{name: arrays[name] for name in ("judgement", "offsets", "shares")},
                encoder=encoder,
                examples=int(described["examples"]),
                caution=float(described["caution"]),
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f"{path} holds no readable triage head ({error}). Run baton train.") from error


def parts_of(texts: Sequence[str], terms: dict[str, int], beginnings: dict[str, int], encoder: Encoder) -> Parts:
    """Return what the experts see of texts."""
    return Parts(
        counts(texts, terms, beginning=False),
        counts(texts, beginnings, beginning=True),
        encoder.encode([text[:EMBEDDED] for text in texts]),
    )


def judge(
    scores: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64] | None,
    judgement: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
    *,
    caution: float = 1.0,
) -> npt.NDArray[np.float64]:
    """Return probabilities from the experts' scores and the rules' shares: a conditional logit model."""
    logits = np.tensordot(judgement[:EXPERTS], scores, 1) + offsets
    if shares is not None:
        logits = logits + judgement[EXPERTS] * shares
    return softened(logits, caution)


def softened(logits: npt.NDArray[np.float64], caution: float) -> npt.NDArray[np.float64]:
    """Return probabilities from logits, or log-probabilities, that are divided by a caution first."""
    likely = np.exp((logits - logits.max(axis=1, keepdims=True)) / caution)
    return np.asarray(likely / likely.sum(axis=1, keepdims=True), dtype=np.float64)


def _words_alone(text: str) -> str:
    """Return a text without addresses and the ends of contractions, of which nothing but fragments would be shown."""
    return " ".join(_BETWEEN if _ADDRESS.search(one) else _ENDING.sub(_BETWEEN, one) for one in text.split())


def _explains(word: str) -> bool:
    """Tell whether a word of a term means something to whoever reads a reason."""
    return sum(map(str.isalpha, word)) >= SHORTEST and word not in _SAYS_LITTLE


def _packed(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _unpacked(array: npt.NDArray[np.uint8]) -> str:
    return array.tobytes().decode("utf-8")
