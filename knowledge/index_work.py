"""What is to be done for an article whose vectors are not those of its passages, and which articles these are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from knowledge.index_folder import Generation
from knowledge.rendering import plain_text
from knowledge.tables import articles, indexed_articles


@dataclass(frozen=True)
class Work:
    """What is to be done for one article: the passages it has, those to be embedded, and those whose vectors go."""

    article_id: str
    content_hash: str
    level: int
    passage_ids: list[int]
    add: list[tuple[int, str]]
    drop: list[int]
    drop_level: int

    @classmethod
    def of(cls, article: Any, rows: Sequence[Any]) -> Work:
        """Compare an article's passages with what the index holds of it. A change of level moves all of them."""
        level = rows[0].level if rows else 0
        before = list(article.held or [])
        held = set(before) if article.held_level == level else set()
        ids = [row.id for row in rows]
        add = [(row.id, embedded_text(article, row)) for row in rows if row.id not in held]
        drop = [one for one in before if one not in held or one not in ids]
        held_level = level if article.held_level is None else article.held_level
        return cls(article.id, article.passages_hash, level, ids, add, drop, held_level)


def changed(generation: Generation, chosen: sa.Select[Any]) -> sa.Select[Any]:
    """Narrow `chosen` to the published articles of which this index holds nothing, or something else."""
    columns = indexed_articles.c
    own = (columns.index_name == generation.name) & (columns.model_id == generation.model_id)
    return (
        chosen.select_from(articles)
        .outerjoin(indexed_articles, own & (columns.article_id == articles.c.id))
        .where(
            articles.c.status == "published",
            sa.or_(columns.article_id.is_(None), columns.content_hash != articles.c.passages_hash),
        )
    )


def embedded_text(article: Any, passage: Any) -> str:
    """Return the words that a passage's vector is made from: title, excerpt (the first passage), headings and body."""
    excerpt = article.excerpt if passage.position == 0 else ""
    return "\n".join(part for part in (article.title, excerpt, passage.heading, plain_text(passage.text)) if part)
