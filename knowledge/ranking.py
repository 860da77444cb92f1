"""Merges what meaning and words found into one order of articles, and says what the order looks like. Pure arithmetic.

A passage's score is a convex combination of its cosine and of log(1 + BM25): the logarithm tames the long tail of BM25 and,
unlike a division by the best score, leaves a weak match weak. Weights are learned (`knowledge.learning`), an article is worth
its best passage. Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), compare such combinations.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.scoring import Statistics, Worded

WEIGHT_OF_MEANING = 0.77
"""Of the cosine; the rest is of log(1 + BM25). Learned by listwise regression on two corpora, each tested on the other."""
WEIGHT_OF_TITLE = 0.15
"""Of the share of the question's information (sum of IDF) whose words stand in the title: an article that is *about* what is
asked goes before one that mentions it. It adds to what meaning and words say, and counts only where both take part."""
RIVALS = 5
"""Articles after the first that it is compared with."""
NEAR = 0.5
"""A cosine of all-MiniLM-L6-v2 from which on a passage is about the question's subject."""


class Ranked(NamedTuple):
    """An article in the order of a search, with its best passage."""

    article_id: str
    passage_id: int
    score: float
    cosine: float
    words: float
    """The best BM25F of its passages."""
    passages: Sequence[Worded]
    """Its passages among the candidates."""
    about: float
    """The share of the question's information (sum of IDF) whose words stand in its title or tags, 0 to 1."""

    @property
    def held(self) -> frozenset[str]:
        """The question's words that any of its passages holds."""
        return frozenset().union(*(one.held for one in self.passages))


@dataclass(frozen=True)
class Shape:
    """How an order looks, for the judgement whether its first article answers."""

    cosine: float
    """Of the first article's nearest passage, up to `NEAR`: beyond it nearer is no surer. 0 without semantic search."""
    coverage: float
    """The share of the question's information (sum of IDF) whose words the first article holds, 0 to 1."""
    lead: float
    """How far the nearest article's cosine is above the mean of the next five; of the scores without semantic search."""
    about: float
    """The share of the question's information whose words stand in the first article's title, 0 to 1."""


def rank(
    worded: Sequence[Worded],
    cosines: Mapping[int, float] | None,
    statistics: Statistics,
    *,
    titles: bool = True,
    without: Collection[str] = (),
) -> list[Ranked]:
    """Order articles by their best passage.

    Args:
        worded: every candidate passage with what its words are worth; all of them may be seen.
        cosines: cosines of passages by id. A candidate that has none was further away than every passage that has one, and
            is taken to be as far as the furthest. None: words alone decide.
        statistics: of the question's words.
        titles: whether the titles count beside meaning and words.
        without: ids of articles to leave out.

    Returns:
        The articles, best first; equal ones in the order of their ids.
    """
    furthest = max(0.0, min(cosines.values(), default=0.0)) if cosines is not None else 0.0
    near = cosines or {}
    articles: dict[str, list[Worded]] = {}
    for one in worded:
        articles.setdefault(one.article_id, []).append(one)
    idf = {term: statistics.idf(term) for term in statistics.frequencies}
    whole = sum(idf.values()) or 1.0
    weight = WEIGHT_OF_TITLE if titles and cosines is not None else 0.0
    ranked = []
    for article_id, passages in articles.items():
        if article_id in without:
            continue
        # Score the article by its nearest and by its best-worded passage, which need not be the same one.
        nearest, words, best, shown = 0.0, 0.0, -1.0, passages[0].passage_id
        for passage_id, _, score, _, _ in passages:
            cosine = near.get(passage_id, furthest)
            nearest = cosine if cosine > nearest else nearest
            words = score if score > words else words
            both = combined(cosine if cosine > 0.0 else 0.0, score)
            if both > best:
                best, shown = both, passage_id
        titled = passages[0].title
        about = sum([idf[term] for term in titled]) / whole if titled else 0.0
        worth = combined(nearest, words) + weight * about
        ranked.append(Ranked(article_id, shown, worth, nearest, words, passages, about))
    return sorted(ranked, key=lambda one: (-one.score, one.article_id))


def combined(cosine: float, words: float) -> float:
    """Return the score of a passage with this cosine and this BM25F."""
    return WEIGHT_OF_MEANING * cosine + (1.0 - WEIGHT_OF_MEANING) * math.log1p(words)


def shape(ranked: Sequence[Ranked], statistics: Statistics, *, semantic: bool) -> Shape:
    """Describe an order that is not empty; `semantic` says whether meaning took part in it."""
    first = ranked[0]
    idf = {term: statistics.idf(term) for term in statistics.frequencies}
    whole = sum(idf.values())
    values = sorted((one.cosine if semantic else one.score for one in ranked), reverse=True)
    rivals = values[1 : 1 + RIVALS]
    return Shape(
        cosine=min(first.cosine, NEAR),
        coverage=sum(idf[term] for term in first.held) / whole if whole else 0.0,
        lead=values[0] - sum(rivals) / len(rivals) if rivals else 0.0,
        about=first.about,
    )


def most_possible(ranked: Sequence[Ranked]) -> float:
    """Return the score of an article that means the same and holds the words as well as any found: what a score is relative to."""
    return combined(1.0, max((one.words for one in ranked), default=0.0)) + WEIGHT_OF_TITLE
