"""The help centre's table of contents: categories, lists and addresses, each only of what a viewer may see.

Nothing here loads an article's text, and what is counted or put in order is read from an index (`ix_knowledge_articles_shelf`) that has all
of it: only the rows that are shown are read, however many articles there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from knowledge.articles import Article, Viewer, article_url
from knowledge.store import visible_to
from knowledge.tables import articles

UNNAMED = "Other articles"
"""What a category without a name is called."""
_NOT_IN_SLUG = re.compile(r"[\W_]+")
_BETWEEN_WORDS = "-(_/.:"
"""What words of a title stand behind, beside a space: `ERR_423` is typed as two words too."""
_LIKE = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


@dataclass(frozen=True)
class Summary:
    """An article as a list shows it."""

    id: str
    slug: str
    title: str
    excerpt: str
    category: str
    subcategory: str
    updated: datetime

    @property
    def url(self) -> str:
        """Where the help centre shows it."""
        return article_url(self.slug)


@dataclass(frozen=True)
class Category:
    """A category with the articles in it that its viewer may see. Names that differ in case or signs only are one."""

    slug: str
    name: str
    """As most of its articles write it."""
    names: tuple[str, ...]
    """Each way in which it is written."""
    count: int
    first: tuple[Summary, ...] = ()
    """Its most read articles."""

    @property
    def url(self) -> str:
        """Where the help centre shows it."""
        return category_url(self.name)


def category_slug(name: str) -> str:
    """Return the name as it stands in an address: small letters and digits of any script, divided by hyphens."""
    return _NOT_IN_SLUG.sub("-", name.casefold()).strip("-") or "other"


def category_url(name: str) -> str:
    """Return where the help centre shows the category of this name."""
    return f"/help/category/{category_slug(name)}"


async def list_categories(reader: Reader, viewer: Viewer, *, first: int = 0) -> list[Category]:
    """Return the categories that have an article for `viewer`, by name, each with its `first` most read articles."""
    counted = sa.select(articles.c.category, sa.func.count()).where(*visible_to(viewer)).group_by(articles.c.category)
    counts: Counter[str] = Counter()
    for name, count in sorted(tuple(row) for row in await reader.execute(counted)):
        counts[name] = count
    tops = await _most_read_of_each(reader, viewer, first) if first else []
    spelled: dict[str, list[str]] = {}
    for name, _count in counts.most_common():
        spelled.setdefault(category_slug(name), []).append(name)
    made = []
    for slug, names in spelled.items():
        mine = [summary for summary in tops if summary.category in names][:first]
        count = sum(counts[name] for name in names)
        made.append(Category(slug, names[0].strip() or UNNAMED, tuple(names), count, tuple(mine)))
    return sorted(made, key=lambda category: (category.name == UNNAMED, category.name.casefold()))


async def find_category(reader: Reader, slug: str, viewer: Viewer) -> Category | None:
    """Return the category at `slug`, None where it has no article that `viewer` may see."""
    return next((one for one in await list_categories(reader, viewer) if one.slug == slug), None)


async def articles_of(
    reader: Reader, category: Category, viewer: Viewer, *, limit: int, offset: int = 0
) -> list[Summary]:
    """Return a category's articles by subcategory and title, those without a subcategory first."""
    statement = (
        _summaries(viewer)
        .where(articles.c.category.in_(category.names))
        .order_by(*_by_name(reader, articles.c.subcategory), *_by_name(reader, articles.c.title), articles.c.id)
    )
    return await _read(reader, statement.limit(limit).offset(offset))


async def most_read(reader: Reader, viewer: Viewer, *, limit: int) -> list[Summary]:
    """Return the articles that were read most, none that nobody has read."""
    order = articles.c.views.desc(), *_by_name(reader, articles.c.title), articles.c.id
    first = _ids(viewer).where(articles.c.views > 0).order_by(*order).limit(limit)
    return await _read(reader, _summaries(viewer).where(articles.c.id.in_(first)).order_by(*order))


async def recently_updated(reader: Reader, viewer: Viewer, *, limit: int) -> list[Summary]:
    """Return the articles that were changed last."""
    order = articles.c.updated_at.desc(), *_by_name(reader, articles.c.title), articles.c.id
    first = _ids(viewer).order_by(*order).limit(limit)
    return await _read(reader, _summaries(viewer).where(articles.c.id.in_(first)).order_by(*order))


async def same_shelf(reader: Reader, article: Article, viewer: Viewer, *, limit: int) -> list[Summary]:
    """Return other articles of an article's category, those of its subcategory first, then by views."""
    nearer = sa.case((articles.c.subcategory == article.subcategory, 0), else_=1)
    statement = (
        _summaries(viewer)
        .where(articles.c.category == article.category, articles.c.id != article.id)
        .order_by(nearer, articles.c.views.desc(), *_by_name(reader, articles.c.title), articles.c.id)
    )
    return await _read(reader, statement.limit(limit))


async def titles_with(reader: Reader, words: Sequence[str], viewer: Viewer, *, limit: int) -> list[Summary]:
    """Return articles whose title has, for every one of `words`, a word that begins with it: what somebody is typing."""
    title: sa.ColumnElement[str] = sa.type_coerce(articles.c.title, sa.String)
    for sign in _BETWEEN_WORDS:
        title = sa.func.replace(title, sign, " ")
    spaced = sa.literal(" ") + title
    matching = [
        sa.or_(*(spaced.ilike(f"% {like_text(form)}%", escape="\\") for form in in_cases(word))) for word in words
    ]
    shortest = sa.func.length(articles.c.title)
    order = articles.c.views.desc(), shortest, *_by_name(reader, articles.c.title), articles.c.id
    first = _ids(viewer).where(*matching).order_by(*order).limit(limit)
    return await _read(reader, _summaries(viewer).where(articles.c.id.in_(first)).order_by(*order))


async def summaries_of(reader: Reader, ids: Sequence[str], viewer: Viewer) -> dict[str, Summary]:
    """Return articles by their ids, those that `viewer` may see."""
    return {one.id: one for one in await _read(reader, _summaries(viewer).where(articles.c.id.in_(list(ids))))}


async def count_addresses(reader: Reader, viewer: Viewer) -> int:
    """Return how many articles `addresses` has."""
    return int((await reader.execute(sa.select(sa.func.count()).where(*visible_to(viewer)))).scalar_one())


async def addresses(reader: Reader, viewer: Viewer, *, limit: int, offset: int = 0) -> list[tuple[str, datetime]]:
    """Return slug and last change of articles in the order of their ids, for a sitemap."""
    statement = (
        sa.select(articles.c.slug, articles.c.updated_at)
        .where(*visible_to(viewer))
        .order_by(articles.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [(row.slug, row.updated_at) for row in await reader.execute(statement)]


async def latest_changes(reader: Reader, viewer: Viewer) -> dict[str, datetime]:
    """Return when the last article of each category changed, by the category's slug."""
    statement = (
        sa.select(articles.c.category, sa.func.max(articles.c.updated_at))
        .where(*visible_to(viewer))
        .group_by(articles.c.category)
    )
    latest: dict[str, datetime] = {}
    for name, changed in await reader.execute(statement):
        slug = category_slug(name)
        latest[slug] = max(changed, latest.get(slug, changed))
    return latest


def in_cases(word: str) -> list[str]:
    """Return a word in each case it may have: SQLite takes large and small for one in ASCII alone, PostgreSQL by its locale."""
    return [word] if word.isascii() else sorted({word, word.lower(), word.upper(), word.capitalize()})


def like_text(text: str) -> str:
    """Return a text as a pattern of `LIKE` that is only itself, with a backslash to escape by."""
    return text.translate(_LIKE)


def _by_name(reader: Reader, column: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[str]]:
    """Order by a name, large and small letters of ASCII being one, the rest by code points: the same on both databases.

    SQLite compares bytes, which puts `apple` behind `Zebra`; PostgreSQL goes by the locale that the database was made with.
    """
    plain = column if reader.dialect.name == "sqlite" else sa.collate(column, "C")
    return sa.func.lower(plain), plain


async def _most_read_of_each(reader: Reader, viewer: Viewer, first: int) -> list[Summary]:
    order = articles.c.views.desc(), *_by_name(reader, articles.c.title), articles.c.id
    place = sa.func.row_number().over(partition_by=articles.c.category, order_by=order)
    ranked = sa.select(articles.c.id, place.label("place")).where(*visible_to(viewer)).subquery()
    statement = (
        _summaries(viewer).join(ranked, ranked.c.id == articles.c.id).where(ranked.c.place <= first).order_by(*order)
    )
    return await _read(reader, statement)


_COLUMNS = (
    articles.c.id, articles.c.slug, articles.c.title, articles.c.excerpt, articles.c.category,
    articles.c.subcategory, articles.c.updated_at,
)  # fmt: skip


def _ids(viewer: Viewer) -> sa.Select[Any]:
    return sa.select(articles.c.id).where(*visible_to(viewer))


def _summaries(viewer: Viewer) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(*visible_to(viewer))


async def _read(reader: Reader, statement: sa.Select[Any]) -> list[Summary]:
    return [Summary(*row) for row in await reader.execute(statement)]
