"""What the classifier sees of a ticket's text: its words and word pairs, those of its beginning, and what it means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tickets.triage import LONGEST_READ

EMBEDDED = 300
"""Characters of a text that are read for its meaning. A ticket says early what it wants; more costs time in proportion."""
BEGINNING = 10
"""Words that count as the beginning: often the subject."""

Floats = npt.NDArray[np.float32]
Sparse = Any
"""A `scipy.sparse.csr_matrix` of float32; scipy comes without types."""
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text[:LONGEST_READ].casefold())


def terms_of(words: Sequence[str]) -> Iterator[str]:
    """Yield words and pairs of neighbours."""
    return chain(words, map(" ".join, pairwise(words)))


def vocabulary_of(texts: Sequence[str], *, at_least: int, beginning: bool) -> dict[str, int]:
    """Number the terms that occur in `at_least` texts or more, in alphabetical order."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(set(terms_of(_chosen(text, beginning))))
    return {term: number for number, term in enumerate(sorted(one for one, many in found.items() if many >= at_least))}


def counts(texts: Sequence[str], vocabulary: Mapping[str, int], *, beginning: bool) -> Sparse:
    """Return 1 + ln(count) of each known term in each text, shape [len(texts), len(vocabulary)]."""
    from scipy.sparse import csr_matrix

    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        found = Counter(vocabulary[term] for term in terms_of(_chosen(text, beginning)) if term in vocabulary)
        columns.extend(found.keys())
        values.extend(found.values())
        starts.append(len(columns))
    data = 1.0 + np.log(np.maximum(np.array(values, dtype=np.float32), 1.0))
    return csr_matrix((data.astype(np.float32), columns, starts), shape=(len(texts), max(len(vocabulary), 1)))


def weighted(rows: Sparse, weights: Floats) -> Sparse:
    """Return rows with each column times its weight, each row then of unit length; an empty row stays empty."""
    from scipy.sparse import diags

    scaled = (rows @ diags(weights)).tocsr().astype(np.float32)
    lengths = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel())
    return (diags((1.0 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ scaled).tocsr()


def rarity(rows: Sparse) -> Floats:
    """Return each column's inverse document frequency, smoothed: ln((1 + n) / (1 + df)) + 1."""
    frequency = np.bincount(rows.indices, minlength=rows.shape[1])
    return np.asarray(np.log((1.0 + rows.shape[0]) / (1.0 + frequency)) + 1.0, dtype=np.float32)


def association(rows: Sparse, labels: npt.NDArray[np.intp], *, prior_texts: float = 8.0) -> Floats:
    """Return how much each column tells of the label: the root of the divergence of the labels where it occurs from all.

    The shares of the labels among the texts with a term are drawn towards those among all texts by `prior_texts` texts, so
    that a term seen once tells little. Kullback-Leibler divergence, in nats; its root weighs better than itself (measured).
    """
    from scipy.sparse import csr_matrix

    kinds = int(labels.max()) + 1
    shares = (np.bincount(labels, minlength=kinds) / len(labels))[:, None]
    shares = np.maximum(shares, 1e-9)
    marks = csr_matrix((np.ones(len(labels), np.float32), (labels, np.arange(len(labels)))), shape=(kinds, len(labels)))
    present = csr_matrix((np.ones_like(rows.data), rows.indices, rows.indptr), shape=rows.shape)
    within = np.asarray((marks @ present).todense(), dtype=np.float64)
    smoothed = (within + prior_texts * shares) / (within.sum(axis=0) + prior_texts)
    divergence: npt.NDArray[np.float64] = (smoothed * np.log(smoothed / shares)).sum(axis=0)
    return np.asarray(np.sqrt(np.maximum(divergence, 0.0)), dtype=np.float32)


def _chosen(text: str, beginning: bool) -> list[str]:
    words = words_of(text)
    return words[:BEGINNING] if beginning else words
