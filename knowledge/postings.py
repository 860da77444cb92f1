"""The words of a small knowledge base in memory: which passages hold a term and how often, so that a question need not ask SQL for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from knowledge.scoring import FIELD_WEIGHTS, K1, Kept, Statistics, Worded, damping

FEW = 2_000
"""Passages of a knowledge base that is kept in memory, at most: some 10 MB."""


class _Held(NamedTuple):
    """A passage that holds a term."""

    kept: Kept
    weight: float
    """How often, each field's times its weight."""
    titled: bool


class Postings:
    """An inverted index of passages; what a viewer may see is decided with every look into it. Never changes: safe to share."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        self._kept = {one.passage_id: one for one in kept}
        self._holding: dict[str, list[_Held]] = defaultdict(list)
        for one in self._kept.values():
            counts: dict[str, list[int]] = {}
            for field, words in enumerate(one.terms.split("\n")):
                for word in words.split():
                    counts.setdefault(word, [0, 0, 0])[field] += 1
            for word, found in counts.items():
                weight = sum(times * each for times, each in zip(FIELD_WEIGHTS, found, strict=True))
                self._holding[word].append(_Held(one, weight, found[0] > 0))

    def totals(self, viewer: int) -> tuple[int, float]:
        """Return how many passages `viewer` may see, and how many terms they have on average."""
        lengths = [one.length for one in self._kept.values() if one.level <= viewer]
        return len(lengths), sum(lengths) / len(lengths) if lengths else 1.0

    def frequency(self, term: str, viewer: int) -> int:
        """Return how many of the passages that `viewer` may see hold `term`."""
        return sum(held.kept.level <= viewer for held in self._holding.get(term, ()))

    def score(
        self,
        terms: Sequence[str],
        statistics: Statistics,
        weights: Mapping[str, float],
        viewer: int,
        *,
        leading: Collection[str],
        near: Collection[int],
    ) -> list[Worded]:
        """Score the passages that hold a leading term or are near in meaning, as `knowledge.scoring.score` does, by their ids."""
        wanted = {held.kept.passage_id for term in leading for held in self._holding.get(term, ())}
        wanted.update(near)
        found: dict[int, tuple[float, list[str], list[str]]] = {}
        for term in terms:
            weight = statistics.idf(term) * (K1 + 1.0) * weights.get(term, 1.0)
            for kept, count, titled in self._holding.get(term, ()):
                if kept.passage_id not in wanted or kept.level > viewer:
                    continue
                total, holding, in_title = found.get(kept.passage_id) or (0.0, [], [])
                holding.append(term)
                if titled:
                    in_title.append(term)
                total += weight * count / (count + damping(kept.length, statistics))
                found[kept.passage_id] = (total, holding, in_title)
        nothing: frozenset[str] = frozenset()
        scored = []
        for passage_id in sorted(wanted):
            one = self._kept.get(passage_id)
            if one is None or one.level > viewer:
                continue
            if passage_id in found:
                total, holding, in_title = found[passage_id]
                scored.append(Worded(passage_id, one.article_id, total, frozenset(holding), frozenset(in_title)))
            else:
                scored.append(Worded(passage_id, one.article_id, 0.0, nothing))
        return scored
