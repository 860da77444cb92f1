"""Deleting an article that no reader ever saw. What readers have seen is taken out of publication instead, and keeps its history."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.errors import Conflict
from knowledge.articles import StaleVersion
from knowledge.store import remove_article
from knowledge.tables import articles, drafts, versions


async def was_published(reader: Reader, article_id: str) -> bool:
    """Tell whether readers may have seen an article, as it is or in an earlier version."""
    now = sa.select(sa.literal(1)).where(articles.c.id == article_id, articles.c.status == "published")
    before = sa.select(sa.literal(1)).where(
        versions.c.article_id == article_id, versions.c.written["status"].as_string() == "published"
    )
    return (await reader.execute(sa.select(now.exists() | before.exists()))).scalar_one()


async def delete_article(tx: Transaction, article_id: str, *, based_on: int, revision: int) -> None:
    """Delete an article for good, with its versions and its draft; one that is not there stays so.

    Args:
        tx: the write it belongs to.
        article_id: the article.
        based_on: the version that the editor saw.
        revision: the draft's revision that the editor saw, 0 when there was none.

    Raises:
        Conflict: it is, or was, published.
        StaleVersion: somebody has changed the article, or its draft, since.
    """
    # Nobody else changes it before this write ends.
    known = sa.select(articles.c.version, articles.c.edited_by).where(articles.c.id == article_id).with_for_update()
    row = (await tx.execute(known)).one_or_none()
    if row is None:
        return
    if await was_published(tx.connection, article_id):
        raise Conflict("Readers have seen this article, so it keeps its history. Unpublish it, and nobody finds it.")
    saved = sa.select(drafts.c.revision, drafts.c.edited_by).where(drafts.c.article_id == article_id)
    draft = (await tx.execute(saved)).one_or_none()
    if (row.version, 0 if draft is None else draft.revision) != (based_on, revision):
        who = (row if draft is None else draft).edited_by or "somebody"
        raise StaleVersion(
            f"The article was changed by {who} since you opened it. It was not deleted: look at it first."
        )
    await remove_article(tx, article_id)
