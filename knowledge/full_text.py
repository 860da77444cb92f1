"""Full-text search in SQL: candidates by FTS5 or `tsvector`, scored by one BM25 over fields for both databases.

The database finds the passages that hold the question's words and may be seen; both rank them only roughly, each in its own
way. The best few hundred are then scored here from the terms that they were stored with, by BM25F (Robertson & Zaragoza 2009):
a word in the title or a heading counts as several in the body. So SQLite and PostgreSQL give the same scores.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from core.prepared import Prepared
from knowledge.articles import Audience, Viewer
from knowledge.postings import FEW, Postings
from knowledge.scoring import Kept, Statistics, spaced
from knowledge.spelling import Vocabulary
from knowledge.tables import LEVELS, articles, generations, passages

CANDIDATES = 150
REMEMBERED = 20_000
"""Passages whose terms stay in memory, about 1 kB each."""
LEADING = 16
"""The rarest terms of a question that bring candidates; all of its terms count in their scores."""
MANY = 1_000
"""Terms bring candidates, the rarest first, until so many passages hold them; the others still count in the scores."""
MOST = 4_000
"""Passages that are ranked roughly when even the rarest term is in more, the oldest first."""


_GENERATION = Prepared(sa.select(generations.c.number).where(generations.c.name == "passages"))
_ALL = sa.select(sa.func.count()).select_from(passages)
_COUNT_SQLITE = sa.text(
    " UNION ALL ".join(
        f"SELECT word.key, (SELECT doc FROM knowledge_words_{level} WHERE term = word.value)"  # noqa: S608
        f" FROM json_each(:words) AS word WHERE :viewer >= {level}"
        for level in LEVELS
    )
)
_COUNT_POSTGRESQL = sa.text(
    "SELECT place - 1, (SELECT count(*) FROM knowledge_passages WHERE full_text @@ CAST(word AS tsquery) AND level <= :viewer)"
    " FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS asked(word, place)"
)
_IDS_SQLITE = sa.text("SELECT value FROM json_each(:ids)")
_IDS_POSTGRESQL = sa.text("SELECT unnest(CAST(:ids AS bigint[]))")
_VOCABULARY_SQLITE = sa.text(
    " UNION ALL ".join(f"SELECT term, doc FROM knowledge_words_{level} WHERE :viewer >= {level}" for level in LEVELS)  # noqa: S608
)
_VOCABULARY_POSTGRESQL = (
    "SELECT word, ndoc FROM ts_stat('SELECT full_text FROM knowledge_passages WHERE level <= {viewer:d}')"
)


@dataclass(frozen=True)
class Only:
    """What a search is narrowed to, beside what the viewer may see; nothing by default."""

    category: str | None = None
    audience: Audience | None = None
    """Articles written for these readers, or for both."""

    @property
    def conditions(self) -> dict[str, str]:
        """SQL conditions on the articles table, by what they bind."""
        found = {}
        if self.category is not None:
            found["category"] = "knowledge_articles.category = :category"
        if self.audience is not None:
            found["audience"] = "knowledge_articles.audience IN (:audience, 'both')"
        return found

    @property
    def given(self) -> dict[str, str]:
        """What the conditions bind."""
        return {name: getattr(self, name) for name in self.conditions}

    def __bool__(self) -> bool:
        return bool(self.conditions)


EVERYTHING = Only()


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
        found = (await _GENERATION.execute(reader, {})).one_or_none()
        generation = 0 if found is None else found["number"]
        if generation != self._memory.generation:
            self._memory = Memory(generation)
        return self._memory

    async def postings(self, reader: Reader, memory: Memory) -> Postings | None:
        """Return the words of all passages if there are few, read when first needed and after a change; else None."""
        if memory.passages is None:
            count = (await reader.execute(_ALL)).scalar_one()
            if count <= self.few:
                kept = await _fetch_all(reader)
                memory.postings = await asyncio.to_thread(Postings, kept)
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
            counted = sa.select(sa.func.count(), sa.func.avg(passages.c.length)).where(passages.c.level <= viewer)
            count, mean = (await reader.execute(counted)).one()
            totals[viewer] = (int(count), float(mean or 1.0))
        unknown = [term for term in terms if (viewer, term) not in frequencies]
        if unknown:
            if len(frequencies) > REMEMBERED:
                frequencies.clear()
                unknown = list(terms)
            counts = await _count(reader, unknown, viewer)
            frequencies.update(((viewer, term), count) for term, count in zip(unknown, counts, strict=True))
        count, mean = totals[viewer]
        return Statistics(count, mean, {term: frequencies[viewer, term] for term in terms})

    async def search(
        self,
        reader: Reader,
        terms: Sequence[str],
        statistics: Statistics,
        viewer: Viewer,
        *,
        only: Only = EVERYTHING,
    ) -> list[int]:
        """Return the ids of passages that hold any of `terms` and that `viewer` may see, at most `CANDIDATES`."""
        leading = leading_terms(terms, statistics)
        if not leading:
            return []
        if reader.dialect.name == "sqlite":
            return list(await reader.scalars(_candidates_sqlite(leading, viewer, only)))
        return list(await reader.scalars(_candidates_postgresql(leading, statistics, viewer, only)))

    async def vocabulary(self, reader: Reader, memory: Memory, viewer: Viewer) -> Vocabulary:
        """Return the words of the passages that `viewer` may see, for spelling. Read when first needed, and after a change."""
        if viewer not in memory.vocabularies:
            if reader.dialect.name == "sqlite":
                rows = await reader.execute(_VOCABULARY_SQLITE, {"viewer": int(viewer)})
            else:
                rows = await reader.execute(sa.text(_VOCABULARY_POSTGRESQL.format(viewer=int(viewer))))
            counts: dict[str, int] = {}
            for word, count in rows:
                counts[word] = counts.get(word, 0) + count
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
        if only:
            chosen = _kept().join(articles, articles.c.id == passages.c.article_id).where(*_wanted(only))
            return await _fetch(reader, chosen, ids, viewer)
        missing = [one for one in ids if one not in memory.kept]
        if missing:
            if len(memory.kept) > REMEMBERED:
                memory.kept.clear()
                missing = list(ids)
            for one in await _fetch(reader, _kept(), missing, Viewer.STAFF):
                memory.kept[one.passage_id] = one
        found = (memory.kept.get(one) for one in sorted(ids))
        return [one for one in found if one is not None and one.level <= viewer]


async def _fetch_all(reader: Reader) -> list[Kept]:
    return [_of_row(*row) for row in await reader.execute(_kept())]


def _of_row(passage_id: int, article_id: str, level: int, length: int, terms: str) -> Kept:
    return Kept(passage_id, article_id, level, length, spaced(terms))


def _kept() -> sa.Select[Any]:
    columns = passages.c
    return sa.select(columns.id, columns.article_id, columns.level, columns.length, columns.terms)


async def _fetch(reader: Reader, chosen: sa.Select[Any], ids: Collection[int], viewer: Viewer) -> list[Kept]:
    # One parameter for all ids: as many of them as there are ids would be written into the statement anew each time.
    listed, given = (
        (_IDS_SQLITE, json.dumps(list(ids))) if reader.dialect.name == "sqlite" else (_IDS_POSTGRESQL, list(ids))
    )
    statement = chosen.where(passages.c.id.in_(listed), passages.c.level <= viewer).order_by(passages.c.id)
    rows = await reader.execute(statement, {"ids": given})
    return [_of_row(*row) for row in rows]


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


def _candidates_sqlite(leading: Sequence[str], viewer: Viewer, only: Only) -> sa.TextClause:
    """Ask the words of each level by themselves: no row of the passages is read for what may be seen."""
    among = ""
    if only:
        among = (
            " AND rowid IN (SELECT knowledge_passages.id FROM knowledge_articles JOIN knowledge_passages"  # noqa: S608
            f" ON article_id = knowledge_articles.id WHERE {' AND '.join(only.conditions.values())})"
        )
    parts = (
        f"SELECT * FROM (SELECT rowid AS id, rank AS worth FROM knowledge_full_text_{level}"  # noqa: S608
        f" WHERE knowledge_full_text_{level} MATCH :words{among} LIMIT {MOST})"
        for level in range(viewer + 1)
    )
    whole = f"SELECT id FROM ({' UNION ALL '.join(parts)}) ORDER BY worth LIMIT {CANDIDATES}"  # noqa: S608
    return sa.text(whole).bindparams(words=" OR ".join(f'"{term}"' for term in leading), **only.given)


def _wanted(only: Only) -> list[sa.ColumnElement[bool]]:
    return [
        sa.text(condition).bindparams(**{name: only.given[name]})  # type: ignore[misc]
        for name, condition in only.conditions.items()
    ]


def _candidates_postgresql(
    leading: Sequence[str], statistics: Statistics, viewer: Viewer, only: Only
) -> sa.Select[Any]:
    statement: sa.Select[Any] = sa.select(passages.c.id).where(passages.c.level <= viewer, _holds(leading))
    if only:
        statement = statement.join(articles, articles.c.id == passages.c.article_id).where(*_wanted(only))
    held = sum(
        (sa.case((_holds([term]), round(statistics.idf(term), 4)), else_=0.0) for term in leading),
        start=sa.literal(0.0),
    )
    return statement.order_by(held.desc(), passages.c.length).limit(CANDIDATES)


async def _count(reader: Reader, terms: Sequence[str], viewer: Viewer) -> Sequence[int]:
    """Return in how many passages that `viewer` may see each term is; one statement, the same for any number of terms."""
    if reader.dialect.name == "sqlite":
        rows = await reader.execute(_COUNT_SQLITE, {"words": json.dumps(list(terms)), "viewer": int(viewer)})
    else:
        rows = await reader.execute(_COUNT_POSTGRESQL, {"words": [f"'{one}'" for one in terms], "viewer": int(viewer)})
    counts = [0] * len(terms)
    for place, count in rows:
        counts[place] += count or 0
    return counts


def _holds(terms: Sequence[str]) -> sa.ColumnElement[bool]:
    query = " | ".join(f"'{term}'" for term in terms)
    return sa.literal_column("knowledge_passages.full_text").op("@@")(sa.cast(sa.literal(query), _TsQuery()))


class _TsQuery(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tsquery"
