"""What a search gives back: articles with the passage that the question is about, what answers in it marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache

import sqlalchemy as sa

from core.database import Reader
from core.prepared import Prepared, Row
from knowledge.articles import Viewer, article_url
from knowledge.best_passage import Part, choose
from knowledge.highlighting import Marked, mark
from knowledge.ranking import Ranked
from knowledge.rendering import render
from knowledge.scoring import Statistics, Worded
from knowledge.searches import SearchEntry
from knowledge.spelling import Correction
from knowledge.store import visible_to
from knowledge.tables import articles, passages
from knowledge.terms import terms
from knowledge.word_queries import IDS, as_one_value


@dataclass(frozen=True)
class Result:
    """An article with the passage of it that matched best."""

    article_id: str
    slug: str
    title: str
    heading: str
    """Path of headings to the passage inside the article, empty at its beginning."""
    url: str
    text: str
    """The passage's Markdown."""
    score: float
    """0 to 1 within one search; not comparable between searches. `SearchOutcome.confidence` is."""
    visibility: str
    category: str
    asked: Mapping[str, float] = field(default_factory=dict)
    """The terms that were searched for, corrected ones included, and how much each tells: for whoever marks a text of their own."""
    held: frozenset[str] = frozenset()
    """Those of them that the article holds."""

    @property
    def html(self) -> str:
        """The passage, rendered and sanitised, with what answers in `<mark>`: see `knowledge.highlighting`."""
        return self._marked.html

    @property
    def words(self) -> tuple[str, ...]:
        """The passage's words that matched, in order."""
        return self._marked.words

    @property
    def sentence(self) -> str | None:
        """The sentence of the passage that holds most of what was asked for; None where none holds much."""
        return self._marked.sentence

    @cached_property
    def _marked(self) -> Marked:
        # Most results of a search are shown to nobody: the bot shows one.
        return mark(_rendered(self.text), self.asked)


@dataclass(frozen=True)
class SearchOutcome:
    """What a search found, and whether its first result is believed to answer the question."""

    results: list[Result] = field(default_factory=list)
    answered: bool = False
    confidence: float = 0.0
    """Estimated probability, 0 to 1, that the first result's article answers the question."""
    semantic: bool = False
    """Whether meaning took part; false while the index is being built, when words alone decide."""
    entry: SearchEntry | None = None
    """What the log of searches keeps of it; `search` has kept it already unless it was told not to."""
    corrections: tuple[Correction, ...] = ()
    """Words of the question that stand in no article, and what was searched for instead of them."""
    question: str = ""
    """What was searched for: the question, behind the one before where it goes on from that."""
    close: bool = False
    """Whether the first result answers, or is at least close to what was asked. Of what is not, nothing is worth showing to a customer."""


@dataclass(frozen=True)
class Found:
    """An order of articles before anything is shown of it."""

    ranked: list[Ranked]
    statistics: Statistics
    semantic: bool
    corrections: tuple[Correction, ...] = ()
    parts: Mapping[int, Worded] = field(default_factory=dict)
    """The passages that the order was made of, by id."""
    cosines: Mapping[int, float] = field(default_factory=dict)


async def read_shown(reader: Reader, ids: Sequence[int], viewer: Viewer) -> Sequence[Row]:
    """Return those passages among `ids` that `viewer` may see, with what is shown of their articles."""
    return await _shown_to(viewer, reader.dialect.name).execute(reader, {"ids": as_one_value(ids, reader)})


@cache
def _shown_to(viewer: Viewer, dialect: str) -> Prepared:
    own = (passages.c.id, passages.c.article_id, passages.c.position, passages.c.heading, passages.c.text)
    statement = (
        sa.select(*own, articles.c.slug, articles.c.title, articles.c.visibility, articles.c.category)
        .join(articles, articles.c.id == passages.c.article_id)
        # As a value, which no index serves: SQLite would go through all articles that may be seen, and look for the few passages in each.
        .where(passages.c.id.in_(IDS[dialect]), sa.case((sa.and_(*visible_to(viewer)), 1), else_=0) == 1)
    )
    return Prepared(statement, small=True)


@lru_cache(maxsize=2_048)
def _rendered(passage: str) -> str:
    """Render a passage; the popular ones are shown again and again."""
    return render(passage)


@lru_cache(maxsize=4_096)
def _terms_of(heading: str) -> frozenset[str]:
    return frozenset(terms(heading))


def result_of(question: str, rows: Sequence[Row], found: Found, idf: Mapping[str, float], score: float) -> Result:
    """Return an article of the order as it is shown: its passage that the question is about, with what answers in it marked.

    Args:
        question: in the customer's words.
        rows: the article's passages that either search found, as `read_shown` reads them.
        found: the order.
        idf: how much each of the question's terms tells.
        score: of the article, 0 to 1.
    """
    furthest = min(found.cosines.values(), default=0.0)
    parts = []
    for row in rows:
        worded = found.parts[row["id"]]
        # Where words alone were searched they stand in for the cosine, on a scale like its own.
        close = found.cosines.get(row["id"], furthest) if found.semantic else 0.3 * math.log1p(worded.score)
        parts.append(
            Part(row["position"], row["text"], close, worded.held, worded.title, _terms_of(row["heading"] or ""))
        )
    row = rows[choose(question, parts, idf)]
    return Result(
        article_id=row["article_id"],
        slug=row["slug"],
        title=row["title"],
        heading=row["heading"],
        url=article_url(row["slug"]),
        text=row["text"],
        score=score,
        visibility=row["visibility"],
        category=row["category"],
        asked=idf,
        held=frozenset().union(*(part.held for part in parts)),
    )
