"""The list of articles for who edits them: every article, drafts too, narrowed by words and state, the one changed last first.

No article's text is read for it: which articles they are, and how many, comes from an index that has all it is narrowed by
(`ix_knowledge_articles_desk`), or on PostgreSQL from rows whose long texts lie elsewhere. Only the rows of the page are read whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.database import Reader
from knowledge.articles import Audience, Status, Viewer, Visibility
from knowledge.catalogue import in_cases, like_text
from knowledge.store import moved_from, visible_to
from knowledge.tables import articles, drafts, reviews

MOST_WORDS = 8
"""Words that a list is narrowed by; further ones are left out."""
Readers = Literal["everyone", "customers", "staff"]
"""Who may read an article, by its `level`: everyone, customers who are known, staff alone."""
Place = tuple[datetime, str]
"""Where a page ended: the last article's change and id."""


@dataclass(frozen=True)
class Narrowed:
    """What a list is narrowed by; what is left out narrows nothing."""

    words: str = ""
    """Each must stand in the title, slug, id or a tag, in large or small letters."""
    category: str | None = None
    """None narrows nothing; the empty one is that of articles without a category."""
    status: Literal["", "draft", "published", "changed"] = ""
    """`changed` are published articles with a draft beside them."""
    readers: Readers | Literal[""] = ""


@dataclass(frozen=True)
class CategoryCount:
    """A category as articles write it, how many it has, drafts too, and the subcategories in it."""

    name: str
    count: int
    subcategories: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """An article as the desk's list shows it."""

    id: str
    slug: str
    title: str
    category: str
    subcategory: str
    audience: Audience
    visibility: Visibility
    status: Status
    version: int
    updated_at: datetime
    edited_by: str
    helpful: int
    not_helpful: int
    views: int
    is_public: bool
    """Whether the help centre has a page of it now."""
    has_draft: bool
    review_id: str | None
    """Its open review."""

    @property
    def place(self) -> Place:
        """Where a page that ends with it goes on."""
        return self.updated_at, self.id


async def rows_for_editors(reader: Reader, by: Narrowed, *, limit: int, after: Place | None = None) -> list[Row]:
    """Return articles, the one changed last first.

    Args:
        reader: where from.
        by: what the list is narrowed by.
        limit: how many at most.
        after: where the page before ended.
    """
    order = articles.c.updated_at.desc(), articles.c.id.desc()
    ids = sa.select(articles.c.id).where(*_conditions(reader, by))
    if after is not None:
        # Not an `or`: a comparison of pairs begins in the index where the page before ended.
        place = sa.literal(after[0], articles.c.updated_at.type), sa.literal(after[1], sa.String)
        ids = ids.where(sa.tuple_(articles.c.updated_at, articles.c.id) < sa.tuple_(*place))
    statement = _ROWS.where(articles.c.id.in_(ids.order_by(*order).limit(limit))).order_by(*order)
    return [Row(*row) for row in await reader.execute(statement)]


async def count_for_editors(reader: Reader, by: Narrowed) -> int:
    """Return how many articles the whole list has."""
    counted = sa.select(sa.func.count()).select_from(articles).where(*_conditions(reader, by))
    return int((await reader.execute(counted)).scalar_one())


async def categories_for_editors(reader: Reader) -> list[CategoryCount]:
    """Return the categories of all articles by name."""
    both = _scanned(reader, articles.c.category), _scanned(reader, articles.c.subcategory)
    counts: dict[str, dict[str, int]] = {}
    for category, subcategory, count in await reader.execute(sa.select(*both, sa.func.count()).group_by(*both)):
        counts.setdefault(category, {})[subcategory] = count
    return [
        CategoryCount(name, sum(within.values()), tuple(sorted(filter(None, within), key=_as_named)))
        for name, within in sorted(counts.items(), key=lambda one: _as_named(one[0]))
    ]


async def named_like(reader: Reader, words: str, *, limit: int) -> list[tuple[str, str]]:
    """Return id and title of articles with these words, those with the shortest titles first; none for no words."""
    conditions = _conditions(reader, Narrowed(words))
    if not conditions:
        return []
    order = sa.func.length(articles.c.title), articles.c.title, articles.c.id
    found = await reader.execute(
        sa.select(articles.c.id, articles.c.title).where(*conditions).order_by(*order).limit(limit)
    )
    return [(row.id, row.title) for row in found]


async def titles_of(reader: Reader, names: set[str]) -> dict[str, str]:
    """Return the titles of articles by the names that others refer to them with: their ids, or else their slugs, or else former slugs."""
    moved = await moved_from(reader, names)
    wanted = sorted({*names, *moved.values()})
    named = sa.or_(articles.c.id.in_(wanted), articles.c.slug.in_(wanted))
    found = (await reader.execute(sa.select(articles.c.id, articles.c.slug, articles.c.title).where(named))).all()
    titles = {row.slug: row.title for row in found} | {row.id: row.title for row in found}
    meant = {name: name if name in titles else moved.get(name) for name in names}
    return {name: titles[own] for name, own in meant.items() if own in titles}


def _conditions(reader: Reader, by: Narrowed) -> list[sa.ColumnElement[bool]]:
    conditions = [_has(reader, word) for word in by.words.split()[:MOST_WORDS]]
    if by.category is not None:
        conditions.append(_scanned(reader, articles.c.category) == by.category)
    if by.readers:
        conditions.append(_read_by(reader, by.readers))
    if by.status == "changed":
        conditions.append(articles.c.id.in_(sa.select(drafts.c.article_id)))
    if by.status:
        status = "draft" if by.status == "draft" else "published"
        conditions.append(_scanned(reader, articles.c.status) == status)
    return conditions


def _read_by(reader: Reader, readers: Readers) -> sa.ColumnElement[bool]:
    visibility = _scanned(reader, articles.c.visibility)
    if readers == "staff":
        return sa.or_(articles.c.audience == "internal", visibility == "internal")
    seen = "public" if readers == "everyone" else "authenticated"
    return sa.and_(articles.c.audience != "internal", visibility == seen)


def _scanned(reader: Reader, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return a column's value so that SQLite takes no index of the column for it.

    It would take one that lacks what else is asked for, and walk through the text of each article to that.
    """
    return sa.func.coalesce(column, "") if reader.dialect.name == "sqlite" else column


def _as_named(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _has(reader: Reader, word: str) -> sa.ColumnElement[bool]:
    """Return whether an article's title, slug, id or one of its tags has this in it."""
    patterns = [f"%{like_text(form)}%" for form in in_cases(word)]

    def like(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.or_(*(column.ilike(pattern, escape="\\") for pattern in patterns))

    if reader.dialect.name == "sqlite":
        tag: sa.ColumnElement[str] = sa.func.json_each(articles.c.tags).table_valued("value", name="tag").c.value
    else:
        tag = sa.func.jsonb_array_elements_text(articles.c.tags).column_valued("tag")
    has_tag = sa.exists(sa.select(sa.literal(1)).where(like(sa.type_coerce(tag, sa.Text))))
    return sa.or_(like(articles.c.title), like(articles.c.slug), like(articles.c.id), has_tag)


_IS_OPEN = sa.and_(reviews.c.article_id == articles.c.id, reviews.c.closed_at.is_(None))
_ROWS: sa.Select[Any] = (
    sa.select(
        articles.c.id, articles.c.slug, articles.c.title, articles.c.category, articles.c.subcategory, articles.c.audience,
        articles.c.visibility, articles.c.status, articles.c.version, articles.c.updated_at, articles.c.edited_by,
        articles.c.helpful, articles.c.not_helpful, articles.c.views, sa.and_(*visible_to(Viewer.ANONYMOUS)),
        drafts.c.article_id.is_not(None), reviews.c.id,
    )
    .outerjoin(drafts, drafts.c.article_id == articles.c.id)
    .outerjoin(reviews, _IS_OPEN)
)  # fmt: skip
