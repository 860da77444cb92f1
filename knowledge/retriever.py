"""The one search that everybody uses: two searches merged to articles, and the honesty to say that none answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.clock import Clock
from core.database import Database
from core.errors import Invalid
from knowledge.articles import Viewer
from knowledge.full_text import FullText, Scored
from knowledge.index import KnowledgeIndex, State
from knowledge.rendering import render
from knowledge.searches import log_search
from knowledge.store import visible_to
from knowledge.tables import articles, passages
from knowledge.terms import question_terms

LONGEST_QUESTION = 8_000
"""Characters; the widget's own limit on a message."""
MOST_RESULTS = 50
DENSE = 200
"""Passages taken from the semantic search."""


@dataclass(frozen=True)
class Result:
    """An article with the passage of it that matched best."""

    article_id: str
    slug: str
    title: str
    heading: str
    """Path of headings to the passage inside the article, empty at its beginning."""
    url: str
    html: str
    """The passage, rendered and sanitised."""
    text: str
    """The passage's Markdown."""
    score: float
    """0 to 1 within one search; not comparable between searches. `SearchOutcome.confidence` is."""
    visibility: str
    category: str


@dataclass(frozen=True)
class SearchOutcome:
    """What a search found, and whether its first result is believed to answer the question."""

    results: list[Result] = field(default_factory=list)
    answered: bool = False
    confidence: float = 0.0
    """Estimated probability, 0 to 1, that the first result's article answers the question."""
    semantic: bool = False
    """Whether meaning took part; false while the index is being built, when words alone decide."""
    search_id: str | None = None
    """The search's entry in the log, where it was logged."""


class Retriever:
    """Hybrid search over the articles that a viewer may see. Safe to share; `index` may come later or never."""

    def __init__(self, db: Database, index: KnowledgeIndex | None, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._full_text = FullText()
        self.index = index

    @property
    def state(self) -> State:
        """The index's state: `ready`, `building`, or `closed` when words alone decide."""
        return "closed" if self.index is None else self.index.state

    async def search(
        self,
        question: str,
        *,
        viewer: Viewer,
        limit: int = 5,
        category: str | None = None,
        surface: str = "",
        conversation_id: str | None = None,
        log: bool = True,
    ) -> SearchOutcome:
        """Find the articles that answer `question`, among those that `viewer` may see.

        Args:
            question: in the customer's words, 1 to 8,000 characters.
            viewer: decides inside both searches, before anything is ranked, which articles there are.
            limit: results at most, 1 to 50.
            category: only articles of this category; one that does not exist has none.
            surface: where it was asked (`bot`, `desk`, `help`, `command`), for the log.
            conversation_id: the conversation it belongs to, for the log.
            log: whether to write it to the log of searches.

        Raises:
            Invalid: the question is empty or too long, or the limit is out of bounds.
        """
        question = _checked(question, limit)
        terms = question_terms(question)
        outcome = await self._search(question, terms, viewer, limit, category) if terms else SearchOutcome()
        if not log:
            return outcome
        search_id = await log_search(
            self._db,
            question=question,
            surface=surface,
            viewer=viewer,
            article_ids=[result.article_id for result in outcome.results],
            outcome="answered" if outcome.answered else "unanswered",
            confidence=outcome.confidence,
            clock=self._clock,
            conversation_id=conversation_id,
        )
        return SearchOutcome(outcome.results, outcome.answered, outcome.confidence, outcome.semantic, search_id)

    async def _search(
        self, question: str, terms: Sequence[str], viewer: Viewer, limit: int, category: str | None
    ) -> SearchOutcome:
        near, worded = await asyncio.gather(self._near(question, viewer), self._worded(terms, viewer, category))
        async with self._db.read() as reader:
            ids = {one for one, _ in near or ()} | {one.passage_id for one in worded}
            statement = (
                sa.select(passages.c.id, passages.c.article_id)
                .join(articles, articles.c.id == passages.c.article_id)
                .where(passages.c.id.in_(ids), passages.c.level <= viewer, *visible_to(viewer))
            )
            if category is not None:
                statement = statement.where(articles.c.category == category)
            owner = {row.id: row.article_id for row in await reader.execute(statement)}
            ranked = _merge(near, worded, owner)[:limit]
            rows = await reader.execute(
                sa.select(passages, articles.c.slug, articles.c.title, articles.c.visibility, articles.c.category)
                .join(articles, articles.c.id == passages.c.article_id)
                .where(passages.c.id.in_([passage for passage, _ in ranked]))
            )
            by_id = {row.id: row for row in rows}
        results = [_result(by_id[passage], score) for passage, score in ranked]
        confidence = results[0].score if results else 0.0
        return SearchOutcome(results, confidence > 0.5, confidence, near is not None)

    async def _near(self, question: str, viewer: Viewer) -> list[tuple[int, float]] | None:
        return None if self.index is None else await self.index.search(question, viewer, DENSE)

    async def _worded(self, terms: Sequence[str], viewer: Viewer, category: str | None) -> list[Scored]:
        async with self._db.read() as reader:
            return await self._full_text.search(reader, terms, viewer, category=category)


def _merge(
    near: list[tuple[int, float]] | None, worded: list[Scored], owner: dict[int, str]
) -> list[tuple[int, float]]:
    cosines = {passage: cosine for passage, cosine in near or () if passage in owner}
    lexical = {one.passage_id: one.score for one in worded if one.passage_id in owner}
    most = max(lexical.values(), default=1.0) or 1.0
    scores = {
        passage: 0.6 * max(cosines.get(passage, 0.0), 0.0) + 0.4 * lexical.get(passage, 0.0) / most
        for passage in cosines.keys() | lexical.keys()
    }
    best: dict[str, tuple[int, float]] = {}
    for passage, score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        best.setdefault(owner[passage], (passage, score))
    return list(best.values())


def _result(row: Any, score: float) -> Result:
    return Result(
        article_id=row.article_id,
        slug=row.slug,
        title=row.title,
        heading=row.heading,
        url=f"/help/{row.slug}",
        html=render(row.text),
        text=row.text,
        score=score,
        visibility=row.visibility,
        category=row.category,
    )


def _checked(question: str, limit: int) -> str:
    question = question.replace("\x00", " ").strip()
    if not question:
        raise Invalid("Please type a question.", field="question")
    if len(question) > LONGEST_QUESTION:
        raise Invalid(f"Please ask in at most {LONGEST_QUESTION:,} characters.", field="question")
    if not 1 <= limit <= MOST_RESULTS:
        raise Invalid(f"limit must be between 1 and {MOST_RESULTS}.", field="limit")
    return question
