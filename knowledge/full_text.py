"""Full-text search in SQL: candidates by FTS5 or `tsvector`, scored by one BM25 over fields for both databases.

The database finds the passages that hold the question's words and may be seen; both rank them only roughly, each in its own
way. The best few hundred are then scored here from the terms that they were stored with, by BM25F (Robertson & Zaragoza 2009):
a word in the title or a heading counts as several in the body. So SQLite and PostgreSQL give the same scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from knowledge.articles import Viewer
from knowledge.tables import articles, generations, passages

CANDIDATES = 250
K1 = 1.2
B = 0.75
FIELD_WEIGHTS = (2.0, 1.5, 1.0)
"""Of a word in the title, in the heading path, in the body."""
MANY = 4_000
"""A term in more passages than this does not bring candidates when rarer ones do; it still counts in their scores."""


@dataclass(frozen=True)
class Worded:
    """A passage as its words see it."""

    passage_id: int
    article_id: str
    score: float
    """BM25F over the passage; 0 when it holds none of the question's words."""
    held: frozenset[str]
    """The question's words that it holds."""


@dataclass(frozen=True)
class Statistics:
    """What BM25 needs to know of the passages that a viewer may see."""

    count: int
    mean_length: float
    frequencies: Mapping[str, int]
    """In how many passages each term of the question is."""

    def idf(self, term: str) -> float:
        """Return how much a term tells; a term that is nowhere tells most."""
        found = self.frequencies.get(term, 0)
        return math.log(1.0 + (self.count - found + 0.5) / (found + 0.5))


class FullText:
    """Searches passages by their words. Keeps only counts, and those no longer than the passages stay the same."""

    def __init__(self) -> None:
        self._generation = -1
        self._totals: dict[Viewer, tuple[int, float]] = {}
        self._frequencies: dict[tuple[Viewer, str], int] = {}

    async def statistics(self, reader: Reader, terms: Sequence[str], viewer: Viewer) -> Statistics:
        """Count what the viewer may see: all passages, their mean length, and those with each term."""
        generation = (
            await reader.execute(sa.select(generations.c.number).where(generations.c.name == "passages"))
        ).scalar_one_or_none() or 0
        if generation != self._generation:
            self._generation = generation
            self._totals.clear()
            self._frequencies.clear()
        totals, frequencies = self._totals, self._frequencies
        if viewer not in totals:
            counted = sa.select(sa.func.count(), sa.func.avg(passages.c.length)).where(passages.c.level <= viewer)
            count, mean = (await reader.execute(counted)).one()
            totals[viewer] = (int(count), float(mean or 1.0))
        for term in terms:
            if (viewer, term) not in frequencies:
                holding = sa.select(sa.func.count()).select_from(passages).where(passages.c.level <= viewer)
                frequencies[viewer, term] = (
                    await reader.execute(_matching(holding, reader.dialect.name, [term]))
                ).scalar_one()
        count, mean = totals[viewer]
        return Statistics(count, mean, {term: frequencies[viewer, term] for term in terms})

    async def search(
        self,
        reader: Reader,
        terms: Sequence[str],
        statistics: Statistics,
        viewer: Viewer,
        *,
        category: str | None = None,
    ) -> list[Worded]:
        """Return the passages that hold any of `terms` and that `viewer` may see, at most `CANDIDATES`, unordered."""
        leading = _leading(terms, statistics)
        if not leading:
            return []
        rows = await reader.execute(_candidates(reader.dialect.name, leading, statistics, viewer, category))
        return score(rows.all(), terms, statistics)


def score(rows: Sequence[Any], terms: Sequence[str], statistics: Statistics) -> list[Worded]:
    """Score passages (rows with `id`, `article_id`, `terms`, `length`) by BM25F, in their order."""
    idf = {term: statistics.idf(term) for term in terms}
    scored = []
    for row in rows:
        counts: dict[str, float] = {}
        for weight, field in zip(FIELD_WEIGHTS, row.terms.split("\n"), strict=False):
            for word in field.split(" "):
                if word in idf:
                    counts[word] = counts.get(word, 0.0) + weight
        damping = K1 * (1.0 - B + B * row.length / statistics.mean_length)
        total = sum(idf[term] * count * (K1 + 1.0) / (count + damping) for term, count in counts.items())
        scored.append(Worded(row.id, row.article_id, total, frozenset(counts)))
    return scored


def _leading(terms: Sequence[str], statistics: Statistics) -> list[str]:
    """Choose the terms that bring candidates: those that exist, the rarest first, while few enough passages hold them."""
    known = sorted((term for term in terms if statistics.frequencies[term]), key=lambda t: statistics.frequencies[t])
    chosen: list[str] = []
    budget = MANY
    for term in known:
        budget -= statistics.frequencies[term]
        if chosen and budget < 0:
            break
        chosen.append(term)
    return chosen


def _candidates(
    dialect: str, leading: Sequence[str], statistics: Statistics, viewer: Viewer, category: str | None
) -> sa.Select[Any]:
    statement: sa.Select[Any] = sa.select(
        passages.c.id, passages.c.article_id, passages.c.terms, passages.c.length
    ).where(passages.c.level <= viewer)
    if category is not None:
        statement = statement.join(articles, articles.c.id == passages.c.article_id).where(
            articles.c.category == category
        )
    statement = _matching(statement, dialect, leading).limit(CANDIDATES)
    if dialect == "sqlite":
        return statement.order_by(sa.literal_column("knowledge_full_text.rank"))
    held = sum(
        (sa.case((_holds([term]), round(statistics.idf(term), 4)), else_=0.0) for term in leading),
        start=sa.literal(0.0),
    )
    return statement.order_by(held.desc(), passages.c.length)


def _matching(statement: sa.Select[Any], dialect: str, terms: Sequence[str]) -> sa.Select[Any]:
    """Keep the passages that hold any of `terms`. These are letters and digits only, and quoted all the same."""
    if dialect == "sqlite":
        full_text = sa.table("knowledge_full_text", sa.column("rowid"))
        query = " OR ".join(f'"{term}"' for term in terms)
        return statement.join(full_text, sa.literal_column("knowledge_full_text.rowid") == passages.c.id).where(
            sa.text("knowledge_full_text MATCH :words").bindparams(sa.bindparam("words", query, unique=True))
        )
    return statement.where(_holds(terms))


def _holds(terms: Sequence[str]) -> sa.ColumnElement[bool]:
    query = " | ".join(f"'{term}'" for term in terms)
    return sa.literal_column("knowledge_passages.full_text").op("@@")(sa.cast(sa.literal(query), _TsQuery()))


class _TsQuery(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tsquery"
