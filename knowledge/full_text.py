"""Full-text search in SQL: candidates by FTS5 or `tsvector`, scored by one BM25 over fields for both databases.

The database finds the passages that hold the question's words and may be seen; both rank them only roughly, each in its own
way. The best few hundred are then scored here from the terms that they were stored with, by BM25F (Robertson & Zaragoza 2009):
a word in the title or a heading counts as several in the body. So SQLite and PostgreSQL give the same scores.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from core.database import Reader
from knowledge.articles import Viewer
from knowledge.derivation import read_generation
from knowledge.postings import FEW, Postings
from knowledge.scoring import Kept, Statistics
from knowledge.spelling import Vocabulary
from knowledge.tables import articles, passages
from knowledge.word_queries import (
    EVERYTHING,
    Only,
    count_holding,
    count_passages,
    count_words,
    find_candidates,
    find_wanted,
    measure_passages,
    read_all_terms,
    read_terms,
)

REMEMBERED = 20_000
"""Passages whose terms stay in memory, about 1 kB each."""
LEADING = 16
"""The rarest terms of a question that bring candidates; all of its terms count in their scores."""
MANY = 1_000
"""Terms bring candidates, the rarest first, until so many passages hold them; the others still count in the scores."""


@dataclass
class Memory:
    """What was counted and read while all passages stayed the same; given up with the first change of any."""

    generation: int
    totals: dict[Viewer, tuple[int, float]] = field(default_factory=dict)
    frequencies: dict[tuple[Viewer, str], int] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)
    vocabularies: dict[Viewer, Vocabulary] = field(default_factory=dict)
    postings: Postings | None = None
    """All passages' words, where they are few."""
    passages: int | None = None
    """How many there are for anybody, once they have been counted."""


class FullText:
    """Searches passages by their words, and remembers what it can (`Memory`) from one search to the next."""

    def __init__(self, few: int = FEW) -> None:
        """Start with nothing remembered; of up to `few` passages all words are."""
        self.few = few
        self._memory = Memory(-1)

    @property
    def passages(self) -> float:
        """How many passages there are, as far as the last search counted them; infinitely many before the first."""
        return max((count for count, _ in self._memory.totals.values()), default=math.inf)

    async def recall(self, reader: Reader) -> Memory:
        """Return what is remembered of the passages as `reader` sees them: one and the same for the whole of a search."""
        generation = await read_generation(reader)
        if generation != self._memory.generation:
            self._memory = Memory(generation)
        return self._memory

    async def postings(self, reader: Reader, memory: Memory) -> Postings | None:
        """Return the words of all passages if there are few, read when first needed and after a change; else None."""
        if memory.passages is None:
            count = await count_passages(reader)
            if count <= self.few:
                memory.postings = await asyncio.to_thread(Postings, await read_all_terms(reader))
            memory.passages = count
        return memory.postings

    async def statistics(self, reader: Reader, memory: Memory, terms: Sequence[str], viewer: Viewer) -> Statistics:
        """Count what the viewer may see: all passages, their mean length, and those with each term."""
        totals, frequencies = memory.totals, memory.frequencies
        postings = await self.postings(reader, memory)
        if postings is not None:
            if viewer not in totals:
                totals[viewer] = postings.totals(viewer)
            count, mean = totals[viewer]
            return Statistics(count, mean, {term: postings.frequency(term, viewer) for term in terms})
        if viewer not in totals:
            totals[viewer] = await measure_passages(reader, viewer)
        # Taken before anything is waited for: another search may make room in what is remembered meanwhile.
        known = {term: frequencies[viewer, term] for term in terms if (viewer, term) in frequencies}
        unknown = [term for term in terms if term not in known]
        if unknown:
            if len(frequencies) > REMEMBERED:
                frequencies.clear()
            counts = await count_holding(reader, unknown, viewer)
            known.update(zip(unknown, counts, strict=True))
            frequencies.update(((viewer, term), known[term]) for term in unknown)
        count, mean = totals[viewer]
        return Statistics(count, mean, {term: known[term] for term in terms})

    async def search(
        self,
        reader: Reader,
        terms: Sequence[str],
        statistics: Statistics,
        viewer: Viewer,
        *,
        only: Only = EVERYTHING,
    ) -> list[int]:
        """Return the ids of passages that hold any of `terms` and that `viewer` may see, the most promising."""
        leading = leading_terms(terms, statistics)
        return await find_candidates(reader, leading, statistics, viewer, only) if leading else []

    async def vocabulary(self, reader: Reader, memory: Memory, viewer: Viewer) -> Vocabulary:
        """Return the words of the passages that `viewer` may see, for spelling. Read when first needed, and after a change."""
        if viewer not in memory.vocabularies:
            counts = await count_words(reader, viewer)
            memory.vocabularies[viewer] = await asyncio.to_thread(Vocabulary, counts)
        return memory.vocabularies[viewer]

    async def texts_with(self, reader: Reader, term: str, viewer: Viewer, *, count: int = 3) -> list[str]:
        """Return titles, headings and texts of a few passages that hold `term` and that `viewer` may see."""
        statistics = Statistics(0, 1.0, {term: 1})
        found = (await self.search(reader, [term], statistics, viewer))[:count]
        statement = (
            sa.select(articles.c.title, passages.c.heading, passages.c.text, articles.c.excerpt)
            .join(articles, articles.c.id == passages.c.article_id)
            .where(passages.c.id.in_(found), passages.c.level <= viewer)
        )
        return [part for row in await reader.execute(statement) for part in row]

    async def read(
        self, reader: Reader, memory: Memory, ids: Collection[int], viewer: Viewer, *, only: Only = EVERYTHING
    ) -> list[Kept]:
        """Return those passages among `ids` that `viewer` may see and that are wanted, in the order of their ids."""
        # Taken before anything is waited for: another search may make room in what is remembered meanwhile.
        known = {one: memory.kept[one] for one in ids if one in memory.kept}
        missing = [one for one in ids if one not in known]
        if missing:
            if len(memory.kept) > REMEMBERED:
                memory.kept.clear()
            read = {one.passage_id: one for one in await read_terms(reader, missing)}
            known |= read
            memory.kept |= read
        found = [known[one] for one in sorted(ids) if one in known and known[one].level <= viewer]
        unsure = [one.passage_id for one in found if only.up_to(one.level)]
        if not unsure:
            return found
        left_out = set(unsure) - await find_wanted(reader, unsure, only)
        return [one for one in found if one.passage_id not in left_out]


def leading_terms(terms: Sequence[str], statistics: Statistics) -> list[str]:
    """Choose the terms that bring candidates: those that exist, the rarest first, while few enough passages hold them."""
    known = sorted((term for term in terms if statistics.frequencies[term]), key=lambda t: statistics.frequencies[t])
    chosen: list[str] = []
    budget = MANY
    for term in known:
        budget -= statistics.frequencies[term]
        if chosen and (budget < 0 or len(chosen) == LEADING):
            break
        chosen.append(term)
    return chosen
