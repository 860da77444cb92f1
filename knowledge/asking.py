"""A question as it is searched for: its telling words, those that were mistyped corrected, and its text for the comparison by meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.database import Reader
from knowledge.articles import Viewer
from knowledge.full_text import FullText, Memory
from knowledge.scoring import Statistics
from knowledge.spelling import WEIGHT, Correction, Knows, little_word, replaced, surface, suspects
from knowledge.terms import joined_terms, question_terms, terms

LONG = 4_000
"""Characters from which on a question is condensed: only its beginning and its end are compared by meaning."""
ENDS = 700
"""Characters of either end of a long question, about as many as the encoder reads; people ask first or last, and tell in between."""
MOST_TERMS = 64
MOST_COUNTED = 512
"""Distinct words of a long question that are counted, the most repeated first; the most telling `MOST_TERMS` are searched for."""


@dataclass(frozen=True)
class Asked:
    """What is searched for."""

    text: str
    """Compared by meaning: the question, corrected, or the two ends of a long one."""
    terms: list[str]
    statistics: Statistics
    weights: Mapping[str, float] = field(default_factory=dict)
    """Of terms that count less than fully."""
    corrections: tuple[Correction, ...] = ()


def telling_terms(question: str) -> list[str]:
    """Return the terms of a question to be looked up, more than are searched for if it is long."""
    if len(question) <= LONG:
        return question_terms(question, limit=MOST_TERMS)
    repeated = Counter(terms(question))
    distinct = question_terms(question, limit=len(repeated))
    return sorted(distinct, key=lambda term: -repeated[term])[:MOST_COUNTED]


async def understand(
    reader: Reader,
    full_text: FullText,
    memory: Memory,
    question: str,
    telling: Sequence[str],
    viewer: Viewer,
    *,
    knows: Knows,
    spelling: bool = True,
) -> Asked:
    """Count a question's words among what `viewer` may see, and correct those that stand nowhere there and are no common English.

    A correction is only ever to a word that this viewer may read: the vocabulary is theirs, and the word it gives is counted once more.

    Args:
        reader: the snapshot that the whole search reads.
        full_text: counts words, and gives the vocabulary.
        memory: what `full_text.recall` returned for this snapshot.
        question: in the customer's words.
        telling: its terms, from `telling_terms`.
        viewer: decides which words there are.
        knows: tells what is common English.
        spelling: whether words are corrected at all.
    """
    if len(question) > LONG:
        statistics = await full_text.statistics(reader, memory, telling, viewer)
        repeated = Counter(terms(question))
        found = [term for term in telling if statistics.frequencies[term]] or list(telling)
        best = sorted(found, key=lambda term: -statistics.idf(term) * repeated[term])[:MOST_TERMS]
        ends = f"{question[:ENDS]}\n{question[-ENDS:]}"
        return Asked(ends, best, _only(statistics, best))
    joined = [one for one in joined_terms(question) if one not in telling] if spelling else []
    statistics = await full_text.statistics(reader, memory, [*telling, *joined], viewer)
    together = [one for one in joined if statistics.frequencies[one]]
    chosen = [*telling, *together]
    asked = Asked(question, chosen, _only(statistics, chosen), dict.fromkeys(together, WEIGHT))
    if not spelling:
        return asked
    unknown = [term for term in telling if not statistics.frequencies[term]]
    return await _corrected(reader, full_text, memory, asked, unknown, viewer, knows) if unknown else asked


async def _corrected(
    reader: Reader,
    full_text: FullText,
    memory: Memory,
    asked: Asked,
    unknown: Sequence[str],
    viewer: Viewer,
    knows: Knows,
) -> Asked:
    doubtful = suspects(asked.text, unknown, knows)
    if not doubtful:
        return asked
    vocabulary = await full_text.vocabulary(reader, memory, viewer)
    meant: dict[str, str] = {}
    little: set[str] = set()
    corrections = []
    for one in doubtful:
        stem = vocabulary.nearest(one.stem)
        if stem is not None:
            used = surface(stem, one.typed, await full_text.texts_with(reader, stem, viewer))
            if used is not None:
                meant[one.stem] = stem
                corrections.append(Correction(one.typed, used))
            continue
        begun = vocabulary.beginning(one.stem) if one.last and len(one.stem) >= 3 else None
        if begun is not None:
            # The last word may be half typed ("invo", which is near "into" too): it is searched for, but nothing is called a mistake.
            meant[one.stem] = begun
        elif (word := little_word(one.typed)) is not None:
            little.add(one.stem)
            corrections.append(Correction(one.typed, word))
    if not (meant or little):
        return asked
    telling = [term for term in asked.terms if term not in little] or asked.terms
    chosen = list(dict.fromkeys(meant.get(term, term) for term in telling))
    return replace(
        asked,
        text=replaced(asked.text, corrections),
        terms=chosen,
        statistics=await full_text.statistics(reader, memory, chosen, viewer),
        weights={**asked.weights, **dict.fromkeys(meant.values(), WEIGHT)},
        corrections=tuple(corrections),
    )


def _only(statistics: Statistics, chosen: Sequence[str]) -> Statistics:
    return replace(statistics, frequencies={term: statistics.frequencies[term] for term in chosen})
