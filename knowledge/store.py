"""Articles in SQL: written with their passages and their history in one transaction, read only by those who may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import INSERT, Reader, Transaction
from core.errors import Conflict, NotFound
from knowledge.articles import Article, StaleVersion, Viewer
from knowledge.derivation import Derived, derive, insert_passages, passages_hash, raise_generation, replace_passages
from knowledge.rows import article_of, row_of
from knowledge.tables import articles, former_slugs, passages, versions


async def save_article(
    tx: Transaction,
    article: Article,
    *,
    at: datetime,
    by: str = "",
    based_on: int | None = None,
    derived: Sequence[Derived] | None = None,
) -> bool:
    """Write an editor's article and its passages; what it said before becomes a version. The same again changes nothing.

    Args:
        tx: the write it belongs to.
        article: what is to be kept. Votes and views are taken only when the article is new.
        at: when; the change is dated with it.
        by: who writes.
        based_on: the version that the change was made on (0 for a new article), or None to write over any.
        derived: `derive(article)`, where that was done beforehand in a thread.

    Returns:
        Whether anything changed.

    Raises:
        StaleVersion: the article has another version by now.
        Conflict: another article has this slug.
    """
    # The lock keeps a second editor on PostgreSQL waiting until the first one's version can be seen.
    statement = sa.select(articles).where(articles.c.id == article.id).with_for_update()
    known = (await tx.execute(statement)).mappings().one_or_none()
    await check_slug_is_free(tx, article)
    present = 0 if known is None else known["version"]
    if based_on is not None and based_on != present:
        raise StaleVersion(stale_words(based_on, present, known["edited_by"] if known else ""))
    if known is not None and known["content_hash"] == article.content_hash:
        return False
    derived = derive(article) if derived is None else derived
    if known is None:
        await insert_articles(tx, [(article, derived, {})], at=at, by=by)
    else:
        await update_article(tx, known, article, derived, {"updated_at": at}, at=at, by=by)
    return True


async def check_slug_is_free(tx: Transaction, article: Article) -> None:
    """Refuse a slug that leads to another article.

    Raises:
        Conflict: it does.
    """
    at_it = sa.select(articles.c.id, articles.c.title).where(articles.c.slug == article.slug)
    owner = (await tx.execute(at_it)).one_or_none()
    if owner is not None and owner.id != article.id:
        raise Conflict(f"The article “{owner.title}” has this address already. Choose another one.", field="slug")


async def insert_articles(
    tx: Transaction,
    new: Sequence[tuple[Article, Sequence[Derived], Mapping[str, Any]]],
    *,
    at: datetime,
    by: str,
) -> None:
    """Write articles whose ids and slugs are free, each with its passages and further columns of its row."""
    if not new:
        return
    rows = [
        row_of(article)
        | {"helpful": article.helpful, "not_helpful": article.not_helpful, "views": article.views}
        | {"version": 1, "edited_by": by, "edited_at": at, "changed": None, "passages_hash": passages_hash(article)}
        | dict(further)
        for article, _, further in new
    ]
    await tx.execute(sa.insert(articles), rows)
    await insert_passages(tx, [(article, derived) for article, derived, _ in new])


async def update_article(
    tx: Transaction,
    known: Mapping[Any, Any],
    article: Article,
    derived: Sequence[Derived],
    further: Mapping[str, Any],
    *,
    at: datetime,
    by: str,
) -> None:
    """Make `article` the next version of the row `known`, which was read in this write; the row's words become an old one."""
    before = article_of(known)
    old, new = before.written, article.written
    changed = [name for name in new if new[name] != old[name]]
    await tx.execute(
        sa.insert(versions).values(
            article_id=article.id,
            number=known["version"],
            edited_by=known["edited_by"],
            edited_at=known["edited_at"],
            changed=known["changed"],
            written=old,
        )
    )
    row = row_of(article) | {
        "version": known["version"] + 1,
        "edited_by": by,
        "edited_at": at,
        "changed": changed,
        "passages_hash": passages_hash(article),
    }
    await tx.execute(sa.update(articles).where(articles.c.id == article.id).values(row | dict(further)))
    if _leaves_its_address(before, article):
        await _note_address(tx, before)
    await replace_passages(tx, article, derived)


def _leaves_its_address(before: Article, after: Article) -> bool:
    """Tell whether an address that readers knew leads to the article no more. One that a draft had alone was known to nobody."""
    return before.status == "published" and (after.status != "published" or after.slug != before.slug)


async def _note_address(tx: Transaction, article: Article) -> None:
    """Keep that readers found an article at its slug.

    Another article that was found there before gives way to one that everybody could read. To a hidden one it does not: whoever may not see
    that would find nothing where there was something, and learn that it is there.
    """
    noted = INSERT[tx.connection.dialect.name](former_slugs).values(slug=article.slug, article_id=article.id)
    if article.level == Viewer.ANONYMOUS:
        noted = noted.on_conflict_do_update(index_elements=["slug"], set_={"article_id": article.id})
    else:
        noted = noted.on_conflict_do_nothing()
    await tx.execute(noted)


def stale_words(based_on: int, present: int, by: str) -> str:
    """Say that an edit came too late, and what to do."""
    if present == 0:
        return "The article is not there any more. Copy your text and make a new one."
    who = f" by {by}" if by else ""
    return (
        f"Your change was made on version {based_on}, and version {present}{who} has been published since. "
        "Nothing was written: open the newest version and make your change on it."
    )


async def remove_article(tx: Transaction, article_id: str) -> None:
    """Delete an article with its passages and votes; one that is not there stays so."""
    await tx.execute(sa.delete(passages).where(passages.c.article_id == article_id))
    await tx.execute(sa.delete(articles).where(articles.c.id == article_id))
    await raise_generation(tx)


async def get_article(reader: Reader, slug: str, viewer: Viewer) -> Article:
    """Return the published article at `slug` that `viewer` may see, or else the one that was there before.

    What the viewer may not see is passed over, so that an address answers as if nothing hidden had it.

    Raises:
        NotFound: there is none, or not for this viewer; the two cannot be told apart.
    """
    seen = sa.select(articles).where(*visible_to(viewer))
    row = (await reader.execute(seen.where(articles.c.slug == slug))).mappings().one_or_none()
    if row is None:
        moved = seen.join(former_slugs, former_slugs.c.article_id == articles.c.id).where(former_slugs.c.slug == slug)
        row = (await reader.execute(moved)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return article_of(row)


async def get_article_of_id(reader: Reader, article_id: str, viewer: Viewer) -> Article:
    """Return the published article with this id that `viewer` may see.

    Raises:
        NotFound: there is none, or not for this viewer; the two cannot be told apart.
    """
    statement = sa.select(articles).where(articles.c.id == article_id, *visible_to(viewer))
    row = (await reader.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return article_of(row)


async def related_articles(reader: Reader, article: Article, viewer: Viewer) -> list[Article]:
    """Return the articles that `article` names by id or by slug, a former one too, in its order, those that `viewer` may see."""
    moved = await moved_from(reader, article.related)
    named = [*article.related, *moved.values()]
    statement = sa.select(articles).where(
        sa.or_(articles.c.slug.in_(named), articles.c.id.in_(named)), *visible_to(viewer)
    )
    found = [article_of(row) for row in (await reader.execute(statement)).mappings()]
    by_name = {one.slug: one for one in found} | {one.id: one for one in found}
    chosen = (by_name.get(name) or by_name.get(moved.get(name, "")) for name in article.related)
    return list({one.id: one for one in chosen if one is not None}.values())


async def moved_from(reader: Reader, slugs: Collection[str]) -> dict[str, str]:
    """Return the ids of the articles that were found at these slugs before, by slug, whoever may see them."""
    statement = sa.select(former_slugs.c.slug, former_slugs.c.article_id).where(former_slugs.c.slug.in_(sorted(slugs)))
    return {row.slug: row.article_id for row in await reader.execute(statement)}


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
        allowed = ("public",) if viewer == Viewer.ANONYMOUS else ("public", "authenticated")
        # Written out, for a list could not be prepared (`core.prepared`).
        conditions += [sa.or_(*(articles.c.visibility == one for one in allowed)), articles.c.audience != "internal"]
    return tuple(conditions)
