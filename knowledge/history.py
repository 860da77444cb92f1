"""An article's versions as they are read: its row is the present one, and a list of them reads nobody's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from core.errors import NotFound
from knowledge.articles import Article, Status
from knowledge.rows import article_of, with_written
from knowledge.tables import articles, versions


@dataclass(frozen=True)
class Version:
    """One version of an article: who made it, when, and the fields that differ from the one before; none for the first."""

    article_id: str
    number: int
    by: str
    at: datetime | None
    changed: tuple[str, ...]
    article: Article
    """As it was; its dates, votes and views are those of now."""


@dataclass(frozen=True)
class Entry:
    """A version as a list shows it, without its words."""

    number: int
    by: str
    at: datetime | None
    changed: tuple[str, ...]
    status: Status


async def list_versions(
    reader: Reader, article_id: str, *, limit: int | None = None, before: int | None = None
) -> list[Entry]:
    """Return the versions of an article, the present one first.

    Args:
        reader: where from.
        article_id: the article.
        limit: how many at most; None is all.
        before: only versions below this number.

    Raises:
        NotFound: there is no such article.
    """
    present = await present_version(reader, article_id)
    below = present.number + 1 if before is None else before
    columns = versions.c.number, versions.c.edited_by, versions.c.edited_at, versions.c.changed
    older = sa.select(*columns).where(versions.c.article_id == article_id, versions.c.number < below)
    rows = (await reader.execute(older.order_by(versions.c.number.desc()).limit(limit))).all()
    found = [(row.number, row.edited_by, row.edited_at, tuple(row.changed or ())) for row in rows]
    if present.number < below:
        found = [(present.number, present.by, present.at, present.changed), *found][:limit]
    if not found:
        return []
    newest = present if found[0][0] == present.number else await read_version(reader, article_id, found[0][0])
    return _with_status(found, newest.article.status)


async def read_version(reader: Reader, article_id: str, number: int) -> Version:
    """Return one version of an article.

    Raises:
        NotFound: there is no such article or version.
    """
    row = await _row(reader, article_id)
    if number == row["version"]:
        return _as_version(row)
    statement = sa.select(versions).where(versions.c.article_id == article_id, versions.c.number == number)
    old = (await reader.execute(statement)).mappings().one_or_none()
    if old is None:
        raise NotFound(f"The article has no version {number}; its newest is {row['version']}.")
    changed = tuple(old["changed"] or ())
    article = with_written(article_of(row), old["written"])
    return Version(article_id, number, old["edited_by"], old["edited_at"], changed, article)


async def present_version(reader: Reader, article_id: str) -> Version:
    """Return the present version of an article.

    Raises:
        NotFound: there is no such article.
    """
    return _as_version(await _row(reader, article_id))


def _with_status(found: list[tuple[int, str, datetime | None, tuple[str, ...]]], newest: Status) -> list[Entry]:
    """Say of each version whether it was published: it was what the one above it is, unless that one changed it. Pure."""
    entries, status = [], newest
    for number, by, at, changed in found:
        entries.append(Entry(number, by, at, changed, status))
        if "status" in changed:
            status = "draft" if status == "published" else "published"
    return entries


def _as_version(row: Mapping[Any, Any]) -> Version:
    changed = tuple(row["changed"] or ())
    return Version(row["id"], row["version"], row["edited_by"], row["edited_at"], changed, article_of(row))


async def _row(reader: Reader, article_id: str) -> Mapping[Any, Any]:
    statement = sa.select(articles).where(articles.c.id == article_id)
    row = (await reader.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return row
