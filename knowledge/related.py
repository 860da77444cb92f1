"""Which articles go with one: those that it names, then those that a search for its own subject finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.errors import Invalid
from knowledge.articles import Viewer
from knowledge.rows import article_of
from knowledge.store import get_article, related_articles, visible_to
from knowledge.tables import articles
from knowledge.terms import question_terms

if TYPE_CHECKING:
    from knowledge.retriever import Retriever

MOST_RELATED = 20
NEAR_ENOUGH = 0.45
"""Cosine from which on another article is about something close; nothing is better than something far-fetched."""
NEAR_BY_WORDS = 0.5
"""Without vectors: the share of the subject's information (IDF) whose words the other article must hold."""


@dataclass(frozen=True)
class Related:
    """An article that goes with another, as a link shows it."""

    article_id: str
    slug: str
    title: str
    excerpt: str
    category: str
    url: str


async def find_related(retriever: Retriever, slug: str, viewer: Viewer, limit: int) -> list[Related]:
    """Return the articles that go with the one at `slug`, best first, among those that `viewer` may see.

    Those that the article names come first, in its order. The rest are found by one search of both kinds for its title, excerpt
    and tags, so what is hidden from a viewer is hidden here by the same conditions.

    Raises:
        Invalid: the limit is out of bounds.
        NotFound: there is no such article, or not for this viewer.
    """
    if not 1 <= limit <= MOST_RELATED:
        raise Invalid(f"limit must be between 1 and {MOST_RELATED}.", field="limit")
    async with retriever.database.read() as reader:
        article = await get_article(reader, slug, viewer)
        named = [one for one in await related_articles(reader, article, viewer) if one.id != article.id][:limit]
    chosen = {one.id: one for one in named}
    if len(chosen) < limit:
        subject = "\n".join(part for part in (article.title, article.excerpt) if part)
        terms = question_terms(" ".join((article.title, *article.tags, article.excerpt)))
        found = await retriever.find(subject, terms, viewer, without={article.id, *chosen})
        whole = sum(found.statistics.idf(term) for term in terms) or 1.0
        near = [
            one.article_id
            for one in found.ranked
            if (
                one.cosine >= NEAR_ENOUGH
                if found.semantic
                else sum(found.statistics.idf(term) for term in one.held) >= NEAR_BY_WORDS * whole
            )
        ][: limit - len(chosen)]
        async with retriever.database.read() as reader:
            rows = await reader.execute(sa.select(articles).where(articles.c.id.in_(near), *visible_to(viewer)))
            read = {row["id"]: article_of(row) for row in rows.mappings()}
        chosen |= {one: read[one] for one in near if one in read}
    return [Related(one.id, one.slug, one.title, one.excerpt, one.category, one.url) for one in chosen.values()]
