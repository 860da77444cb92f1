"""What each of the databases is asked about words: how many passages hold them, which do, the terms of passages, the vocabulary.

SQLite's statements are put together once for each form (`core.prepared`), since a search at 100,000 passages spends as much on making them
as SQLite on answering. Who may see what is a condition of every one of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from core.prepared import Prepared
from knowledge.articles import Audience, Viewer
from knowledge.full_text_schema import LEVELS
from knowledge.scoring import Kept, Statistics, spaced
from knowledge.tables import articles, passages

CANDIDATES = 100
"""Of the database; with fewer the first article of some questions among 100,000 passages is another (docs/knowledge.md)."""
MOST = 1_000
"""Passages of a level that are ranked roughly when even the rarest term is in more, the oldest first: SQLite takes 2 µs to rank one."""
FEW_READ = 64
"""Passages whose terms are read where they are wanted: SQLite takes .3 ms for them, a visit to its thread .7 ms more beside other work."""
IDS = {
    "sqlite": sa.text("SELECT value FROM json_each(:ids)"),
    "postgresql": sa.text("SELECT unnest(CAST(:ids AS bigint[]))"),
}
"""Makes rows of many ids that were given as one value (`as_one_value`), by dialect name."""
CONDITIONS = {
    "category": "knowledge_articles.category = :category",
    "audience": "knowledge_articles.audience IN (:audience, 'both')",
}
"""What a search may be narrowed by, as conditions on the articles table."""


@dataclass(frozen=True)
class Only:
    """What a search is narrowed to, beside what the viewer may see; nothing by default."""

    category: str | None = None
    audience: Audience | None = None
    """Articles written for these readers, or for both."""

    @property
    def given(self) -> dict[str, str]:
        """What is given, by the name of its condition (`CONDITIONS`)."""
        named = {"category": self.category, "audience": self.audience}
        return {name: value for name, value in named.items() if value is not None}

    def up_to(self, level: int) -> Only:
        """Leave out what narrows nothing up to `level`: all that is not for staff alone is written for customers, or for both."""
        return Only(self.category) if level < Viewer.STAFF and self.audience == "customer" else self

    def __bool__(self) -> bool:
        return bool(self.given)


EVERYTHING = Only()


def as_one_value(ids: Collection[int], reader: Reader) -> str | list[int]:
    """Return ids as one parameter: as many as there are ids would be written into the statement anew each time."""
    return json.dumps(list(ids)) if reader.dialect.name == "sqlite" else list(ids)


async def count_passages(reader: Reader) -> int:
    """Return how many passages there are for anybody."""
    return int((await reader.execute(_ALL)).scalar_one())


async def measure_passages(reader: Reader, viewer: Viewer) -> tuple[int, float]:
    """Return how many passages `viewer` may see, and how many terms they have on average."""
    counted = sa.select(sa.func.count(), sa.func.avg(passages.c.length)).where(passages.c.level <= viewer)
    count, mean = (await reader.execute(counted)).one()
    return int(count), float(mean or 1.0)


async def count_holding(reader: Reader, terms: Sequence[str], viewer: Viewer) -> Sequence[int]:
    """Return in how many passages that `viewer` may see each term is; one statement, the same for any number of terms."""
    if reader.dialect.name == "sqlite":
        rows = await _COUNT_SQLITE.execute(reader, {"words": json.dumps(list(terms)), "viewer": int(viewer)})
    else:
        rows = await _COUNT_POSTGRESQL.execute(reader, {"words": list(terms), "viewer": int(viewer)})
    counts = [0] * len(terms)
    for row in rows:
        counts[row["place"]] += row["held"] or 0
    return counts


async def find_candidates(
    reader: Reader, leading: Sequence[str], statistics: Statistics, viewer: Viewer, only: Only
) -> list[int]:
    """Return the ids of passages that hold any of `leading` and that `viewer` may see, at most `CANDIDATES`, the most promising."""
    if reader.dialect.name == "sqlite":
        words = " OR ".join(f'"{term}"' for term in leading)
        narrowed = tuple(tuple(only.up_to(level).given) for level in range(viewer + 1))
        rows = await _candidates_sqlite(narrowed).execute(reader, {"words": words, **only.given})
    else:
        told = [round(statistics.idf(term), 4) for term in leading]
        asked = {"words": [f"'{term}'" for term in leading], "told": told, "viewer": int(viewer), **only.given}
        rows = await _candidates_postgresql(tuple(only.given)).execute(reader, asked)
    return [row["id"] for row in rows]


async def read_terms(reader: Reader, ids: Collection[int]) -> list[Kept]:
    """Return the passages with these ids, whoever may see them, in the order of their ids."""
    statement = _terms_of(reader.dialect.name, len(ids) <= FEW_READ)
    return [_kept_of(row) for row in await statement.execute(reader, {"ids": as_one_value(ids, reader)})]


async def find_wanted(reader: Reader, ids: Collection[int], only: Only) -> set[int]:
    """Return those among `ids` whose articles are what a search is narrowed to."""
    asked = {"ids": as_one_value(ids, reader), **only.given}
    statement = _wanted_of(reader.dialect.name, tuple(only.given), len(ids) <= FEW_READ)
    return {row["id"] for row in await statement.execute(reader, asked)}


async def read_all_terms(reader: Reader) -> list[Kept]:
    """Return all passages, whoever may see them."""
    return [_kept_of(row._mapping) for row in await reader.execute(sa.select(*_KEPT))]


async def count_words(reader: Reader, viewer: Viewer) -> dict[str, int]:
    """Return the words of the passages that `viewer` may see, with the number of passages that hold each."""
    statement = _VOCABULARY_SQLITE if reader.dialect.name == "sqlite" else _VOCABULARY_POSTGRESQL
    rows = await reader.execute(statement, {"viewer": int(viewer)})
    counts: dict[str, int] = {}
    for word, count in rows:
        counts[word] = counts.get(word, 0) + count
    return counts


_ALL = sa.select(sa.func.count()).select_from(passages)
_KEPT = (passages.c.id, passages.c.article_id, passages.c.level, passages.c.length, passages.c.terms)
_COUNTED = (sa.column("place", sa.Integer), sa.column("held", sa.Integer))
_COUNT_SQLITE = Prepared(
    sa.text(
        " UNION ALL ".join(
            f"SELECT word.key AS place, (SELECT doc FROM knowledge_words_{level} WHERE term = word.value) AS held"  # noqa: S608
            f" FROM json_each(:words) AS word WHERE :viewer >= {level}"
            for level in LEVELS
        )
    ).columns(*_COUNTED)
)
_COUNT_POSTGRESQL = Prepared(
    sa.text(
        "SELECT CAST(place - 1 AS integer) AS place,"
        " (SELECT sum(passages) FROM knowledge_words WHERE word = asked.term AND level <= :viewer) AS held"
        " FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS asked(term, place)"
    ).columns(*_COUNTED)
)
_VOCABULARY_SQLITE = sa.text(
    " UNION ALL ".join(f"SELECT term, doc FROM knowledge_words_{level} WHERE :viewer >= {level}" for level in LEVELS)  # noqa: S608
)
_VOCABULARY_POSTGRESQL = sa.text("SELECT word, passages FROM knowledge_words WHERE level <= :viewer AND passages > 0")


def _kept_of(row: Any) -> Kept:
    return Kept(row["id"], row["article_id"], row["level"], row["length"], spaced(row["terms"]))


@cache
def _terms_of(dialect: str, few: bool) -> Prepared:
    statement = sa.select(*_KEPT).where(passages.c.id.in_(IDS[dialect]))
    return Prepared(statement.order_by(passages.c.id), small=few)


@cache
def _wanted_of(dialect: str, narrowed: tuple[str, ...], few: bool) -> Prepared:
    conditions = (sa.text(CONDITIONS[name]) for name in narrowed)
    # Joined, SQLite would begin with all articles of a category.
    wanted = sa.exists().where(articles.c.id == passages.c.article_id, *conditions)
    return Prepared(sa.select(passages.c.id).where(passages.c.id.in_(IDS[dialect]), wanted), small=few)


@cache
def _candidates_sqlite(narrowed: tuple[tuple[str, ...], ...]) -> Prepared:
    """Ask the words of each level by themselves, with what narrows it: no row of the passages is read for what may be seen."""

    parts = (
        f"SELECT * FROM (SELECT rowid AS id, rank AS worth FROM {table}"  # noqa: S608
        f" WHERE {table} MATCH :words{_among(table, names)} LIMIT {MOST})"
        for table, names in ((f"knowledge_full_text_{level}", names) for level, names in enumerate(narrowed))
    )
    whole = f"SELECT id FROM ({' UNION ALL '.join(parts)}) ORDER BY worth LIMIT {CANDIDATES}"  # noqa: S608
    return Prepared(sa.text(whole).columns(sa.column("id", sa.Integer)))


def _among(table: str, narrowed: tuple[str, ...]) -> str:
    """Return the condition under which a passage that holds the words is of the articles that are wanted.

    Those of a category are gathered once; those of an audience are most of all, so each passage that was found is looked up. FTS5 must
    never see the ids, which the `+` keeps from it: it would search for the words once for each.
    """
    if not narrowed:
        return ""
    wanted = (
        "knowledge_passages JOIN knowledge_articles ON article_id = knowledge_articles.id"
        f" WHERE {' AND '.join(CONDITIONS[name] for name in narrowed)}"
    )
    if "category" in narrowed:
        return f" AND +rowid IN (SELECT knowledge_passages.id FROM {wanted})"  # noqa: S608
    return f" AND EXISTS (SELECT 1 FROM {wanted} AND knowledge_passages.id = {table}.rowid)"  # noqa: S608


@cache
def _candidates_postgresql(narrowed: tuple[str, ...]) -> Prepared:
    return Prepared(sa.text(candidates_statement(narrowed)).columns(sa.column("id", sa.Integer)))


def candidates_statement(narrowed: tuple[str, ...]) -> str:
    """Return PostgreSQL's statement for candidates: each word is looked up by the index, and what the words of a passage tell is added up.

    One statement for any number of words, whose queries are made once each: as conditions over the passages found they were made anew
    for every row, once the server had planned for unknown words, which took twice as long as the search. The level is kept from its own
    index, from which the server would gather all that may be seen, once for each word.
    """
    joined = "JOIN knowledge_articles ON article_id = knowledge_articles.id" if narrowed else ""
    conditions = "".join(f" AND {CONDITIONS[name]}" for name in narrowed)
    return f"""
        SELECT held.id FROM (
            SELECT CAST(word AS tsquery) AS query, told
            FROM unnest(CAST(:words AS text[]), CAST(:told AS double precision[])) AS word(word, told) OFFSET 0
        ) AS asked CROSS JOIN LATERAL (
            SELECT knowledge_passages.id, length FROM knowledge_passages {joined}
            WHERE full_text @@ asked.query AND level + 0 <= :viewer{conditions} LIMIT {MOST}
        ) AS held
        GROUP BY held.id, held.length ORDER BY sum(asked.told) DESC, held.length, held.id LIMIT {CANDIDATES}
    """  # noqa: S608
