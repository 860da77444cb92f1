"""An article as a row of its table, and as what a version or a draft keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from knowledge.articles import Article

_RENAMED = {"created": "created_at", "updated": "updated_at", "reviewed": "reviewed_at"}
_COUNTED = {"helpful", "not_helpful", "views"}
_COLUMNS = {one.name: _RENAMED.get(one.name, one.name) for one in fields(Article)}
"""The column that holds each of an article's fields."""


def article_of(row: Any) -> Article:
    """Make an `Article` of a row of the articles table."""
    return Article(**_fields({name: row[column] for name, column in _COLUMNS.items()}))


def row_of(article: Article) -> dict[str, Any]:
    """Return the columns that an article's words and dates fill; votes and views are counted elsewhere."""
    values = {column: getattr(article, name) for name, column in _COLUMNS.items() if name not in _COUNTED}
    row = {column: list(value) if isinstance(value, tuple) else value for column, value in values.items()}
    return row | {"content_hash": article.content_hash}


def with_written(article: Article, written: Mapping[str, Any]) -> Article:
    """Return `article` with what a version or a draft says in place of its own words; id, dates, votes and views stay."""
    return replace(article, **_fields(written) | {"id": article.id})


def _fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
