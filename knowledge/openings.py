"""Which articles were opened from a chat: by the link of an answer, or as one that the widget suggested."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from core.database import INSERT, Database, Reader, Transaction
from knowledge.tables import openings

LedBy = Literal["answer", "suggestion"]


async def note_opening(tx: Transaction, conversation_id: str, article_id: str, led_by: LedBy, *, at: datetime) -> bool:
    """Note that an article was opened from a conversation's chat. Idempotent by conversation and article: the first stays.

    Returns:
        Whether it was the first time.
    """
    noted = await tx.execute(
        INSERT[tx.connection.dialect.name](openings)
        .values(conversation_id=conversation_id, article_id=article_id, led_by=led_by, opened_at=at)
        .on_conflict_do_nothing()
    )
    return noted.rowcount > 0


async def opened_articles(reader: Reader, conversation_id: str) -> dict[str, datetime]:
    """Return when each article was first opened from a conversation's chat, by article id."""
    own = sa.select(openings.c.article_id, openings.c.opened_at).where(openings.c.conversation_id == conversation_id)
    return {row.article_id: row.opened_at for row in await reader.execute(own)}


async def purge_openings(db: Database, before: datetime) -> int:
    """Delete what was opened before `before`; return how many rows there were."""
    async with db.write() as tx:
        return (await tx.execute(sa.delete(openings).where(openings.c.opened_at < before))).rowcount
