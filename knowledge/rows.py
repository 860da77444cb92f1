"""An article as a row of its table, and as what a version or a draft keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from knowledge.articles import Article


def article_of(row: Any) -> Article:
    """Make an `Article` of a row of the articles table."""
    return Article(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        content=row["content"],
        created=row["created_at"],
        updated=row["updated_at"],
        excerpt=row["excerpt"],
        category=row["category"],
        subcategory=row["subcategory"],
        tags=tuple(row["tags"]),
        audience=row["audience"],
        visibility=row["visibility"],
        related=tuple(row["related"]),
        author=row["author"],
        reviewed=row["reviewed_at"],
        helpful=row["helpful"],
        not_helpful=row["not_helpful"],
        views=row["views"],
        status=row["status"],
    )


def row_of(article: Article) -> dict[str, Any]:
    """Return the columns that an article's words and dates fill; votes and views are counted elsewhere."""
    return {
        "id": article.id,
        "slug": article.slug,
        "title": article.title,
        "content": article.content,
        "excerpt": article.excerpt,
        "category": article.category,
        "subcategory": article.subcategory,
        "tags": list(article.tags),
        "audience": article.audience,
        "visibility": article.visibility,
        "related": list(article.related),
        "author": article.author,
        "created_at": article.created,
        "updated_at": article.updated,
        "reviewed_at": article.reviewed,
        "status": article.status,
        "content_hash": article.content_hash,
    }


def with_written(article: Article, written: Mapping[str, Any]) -> Article:
    """Return `article` with what a version or a draft says in place of its own words; id, dates, votes and views stay."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in written.items()
    }
    return replace(article, **fields | {"id": article.id})
