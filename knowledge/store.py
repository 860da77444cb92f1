"""Articles in SQL: written with their passages in one transaction, read only by those who may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Database, Reader, Transaction
from core.errors import Conflict, NotFound
from knowledge.articles import Article, Viewer
from knowledge.passages import cut
from knowledge.rendering import plain_text
from knowledge.tables import articles, generations, passages
from knowledge.terms import terms

DERIVATION = 2
"""Rises when passages or their terms come out differently from the same article; older ones are then made anew."""


@dataclass(frozen=True)
class Derived:
    """A passage as it is stored, made from an article without touching the database."""

    heading: str
    text: str
    terms: str
    length: int


def derive(article: Article) -> list[Derived]:
    """Cut a published article into passages with their terms; a draft has none. Pure, and worth a thread for many."""
    if article.status != "published":
        return []
    derived = []
    title = terms(" ".join((article.title, *article.tags)))
    for passage in cut(article.content):
        # The excerpt says what the whole article is about: it is found with the first passage.
        above = (article.excerpt, passage.heading) if passage.position == 0 else (passage.heading,)
        heading, body = terms(" ".join(above)), terms(plain_text(passage.text))
        fields = "\n".join(" ".join(field) for field in (title, heading, body))
        derived.append(Derived(passage.heading, passage.text, fields, len(title) + len(heading) + len(body)))
    return derived


async def save_article(
    tx: Transaction,
    article: Article,
    *,
    at: datetime,
    source_hash: str | None = None,
    derived: Sequence[Derived] | None = None,
) -> bool:
    """Write an article and its passages. Idempotent by the article's id and content: the same again changes nothing.

    Args:
        tx: the write it belongs to.
        article: what is to be kept. Votes and views are taken only when the article is new.
        at: when; an editor's change (no `source_hash`) is dated with it.
        source_hash: hash of the file that it comes from, or None for an editor's change.
        derived: `derive(article)`, where that was done beforehand in a thread.

    Returns:
        Whether anything changed.

    Raises:
        Conflict: another article has this slug.
    """
    known = (await tx.execute(sa.select(articles).where(articles.c.id == article.id))).mappings().one_or_none()
    owner = (await tx.execute(sa.select(articles.c.id).where(articles.c.slug == article.slug))).scalar_one_or_none()
    if owner is not None and owner != article.id:
        raise Conflict(f"The slug {article.slug} belongs to article {owner} already.", field="slug")
    if known is not None and known["content_hash"] == article.content_hash and known["source_hash"] == source_hash:
        return False
    version = 1 if known is None else known["version"] + 1
    row = _row(article) | {"version": version}
    if source_hash is None:
        row["updated_at"] = at
    else:
        row |= {"source_hash": source_hash, "source_version": version}
    if known is None:
        counts = {"helpful": article.helpful, "not_helpful": article.not_helpful, "views": article.views}
        await tx.execute(sa.insert(articles).values(**row, **counts))
    else:
        await tx.execute(sa.update(articles).where(articles.c.id == article.id).values(**row))
    await _replace_passages(tx, article, derive(article) if derived is None else derived)
    return True


async def renew_passages(db: Database) -> int:
    """Make the passages of every article anew if an older Baton made them; return how many articles that were.

    Idempotent by `DERIVATION`. A kill half way leaves the number as it was, and the next call begins again.
    """
    done = generations.c.name == "derivation"
    async with db.read() as reader:
        made_by = (await reader.execute(sa.select(generations.c.number).where(done))).scalar_one_or_none()
        ids = [] if made_by == DERIVATION else list(await reader.scalars(sa.select(articles.c.id)))
    for article_id in ids:
        async with db.write() as tx:
            statement = sa.select(articles).where(articles.c.id == article_id)
            row = (await tx.execute(statement)).mappings().one_or_none()
            if row is not None:
                article = article_of(row)
                await _replace_passages(tx, article, await asyncio.to_thread(derive, article))
    if made_by != DERIVATION:
        async with db.write() as tx:
            await tx.execute(sa.delete(generations).where(done))
            await tx.execute(sa.insert(generations).values(name="derivation", number=DERIVATION))
    return len(ids)


async def remove_article(tx: Transaction, article_id: str) -> None:
    """Delete an article with its passages and votes; one that is not there stays so."""
    await tx.execute(sa.delete(passages).where(passages.c.article_id == article_id))
    await tx.execute(sa.delete(articles).where(articles.c.id == article_id))
    await _raise_generation(tx)


async def get_article(reader: Reader, slug: str, viewer: Viewer) -> Article:
    """Return the published article at `slug` that `viewer` may see.

    Raises:
        NotFound: there is none, or not for this viewer; the two cannot be told apart.
    """
    statement = sa.select(articles).where(articles.c.slug == slug, *visible_to(viewer))
    row = (await reader.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return article_of(row)


async def related_articles(reader: Reader, article: Article, viewer: Viewer) -> list[Article]:
    """Return the articles that `article` names as related, in its order, those that `viewer` may see."""
    named = list(article.related)
    statement = sa.select(articles).where(
        sa.or_(articles.c.slug.in_(named), articles.c.id.in_(named)), *visible_to(viewer)
    )
    found = [article_of(row) for row in (await reader.execute(statement)).mappings()]
    order = {name: place for place, name in enumerate(named)}
    return sorted(found, key=lambda one: min(order.get(one.slug, len(order)), order.get(one.id, len(order))))


async def list_articles(
    reader: Reader, viewer: Viewer, *, category: str | None = None, limit: int = 1_000
) -> list[Article]:
    """Return the published articles that `viewer` may see, by category and title."""
    statement = sa.select(articles).where(*visible_to(viewer)).limit(limit)
    if category is not None:
        statement = statement.where(articles.c.category == category)
    rows = await reader.execute(statement.order_by(articles.c.category, articles.c.title))
    return [article_of(row) for row in rows.mappings()]


async def count_view(tx: Transaction, article_id: str) -> None:
    """Count one view of an article."""
    await tx.execute(sa.update(articles).where(articles.c.id == article_id).values(views=articles.c.views + 1))


def visible_to(viewer: Viewer) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions under which `viewer` may see a row of the articles table."""
    conditions = [articles.c.status == "published"]
    if viewer < Viewer.STAFF:
        allowed = ["public"] if viewer == Viewer.ANONYMOUS else ["public", "authenticated"]
        conditions += [articles.c.visibility.in_(allowed), articles.c.audience != "internal"]
    return tuple(conditions)


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


def _row(article: Article) -> dict[str, Any]:
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


async def _replace_passages(tx: Transaction, article: Article, derived: Sequence[Derived]) -> None:
    """Keep the rows of passages that did not change, so that their vectors stay good."""
    rows = await tx.execute(sa.select(passages).where(passages.c.article_id == article.id))
    old: dict[tuple[str, str, str], list[int]] = {}
    for row in rows.mappings():
        old.setdefault((row["heading"], row["text"], row["terms"]), []).append(row["id"])
    new = []
    for position, one in enumerate(derived):
        kept = old.get((one.heading, one.text, one.terms))
        if kept:
            place = {"position": position, "level": article.level}
            await tx.execute(sa.update(passages).where(passages.c.id == kept.pop(0)).values(**place))
        else:
            new.append(
                {
                    "article_id": article.id,
                    "position": position,
                    "heading": one.heading,
                    "text": one.text,
                    "level": article.level,
                    "terms": one.terms,
                    "length": one.length,
                }
            )
    gone = [passage_id for ids in old.values() for passage_id in ids]
    if gone:
        await tx.execute(sa.delete(passages).where(passages.c.id.in_(gone)))
    if new:
        await tx.execute(sa.insert(passages), new)
    await _raise_generation(tx)


async def _raise_generation(tx: Transaction) -> None:
    raised = await tx.execute(
        sa.update(generations).where(generations.c.name == "passages").values(number=generations.c.number + 1)
    )
    if raised.rowcount == 0:
        await tx.execute(sa.insert(generations).values(name="passages", number=1))
