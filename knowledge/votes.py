"""Whether an article helped: one vote per person and article, which they may change."""

from __future__ import annotations

import sqlalchemy as sa

from core.clock import Clock
from core.database import Database, Reader
from core.errors import Invalid, NotFound
from knowledge.articles import Viewer
from knowledge.store import visible_to
from knowledge.tables import articles, votes

LONGEST_WORDS = 2_000


async def record_vote(
    db: Database,
    article_id: str,
    voter: str,
    helpful: bool,
    words: str = "",
    *,
    clock: Clock,
    viewer: Viewer = Viewer.STAFF,
) -> None:
    """Keep a person's vote. Idempotent by article and voter: the same again changes nothing, another replaces it.

    Args:
        db: where to.
        article_id: the article.
        voter: who, as an opaque id of at most 80 characters (a visitor, a customer, a member of staff).
        helpful: whether it helped.
        words: why, in the voter's words; empty leaves earlier words in place.
        clock: when.
        viewer: what the voter may see; an article beyond it is not found.

    Raises:
        NotFound: there is no such published article, or not for this viewer.
        Invalid: the words are too long, or the voter is no id.
    """
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise Invalid(f"Please keep it under {LONGEST_WORDS} characters.", field="words")
    if not 0 < len(voter) <= 80:
        raise Invalid("A vote needs a voter's id of 1 to 80 characters.", field="voter")
    own = (votes.c.article_id == article_id) & (votes.c.voter == voter)
    async with db.write() as tx:
        # Locks the row on PostgreSQL, so that two votes of one person cannot both count.
        statement = sa.select(articles.c.id).where(articles.c.id == article_id, *visible_to(viewer)).with_for_update()
        if (await tx.execute(statement)).one_or_none() is None:
            raise NotFound("There is no such article.")
        before = (await tx.execute(sa.select(votes.c.helpful, votes.c.words).where(own))).one_or_none()
        if before is None:
            await tx.execute(
                sa.insert(votes).values(
                    article_id=article_id, voter=voter, helpful=helpful, words=words, voted_at=clock.now()
                )
            )
        elif before.helpful == helpful and words in ("", before.words):
            return
        else:
            await tx.execute(
                sa.update(votes).where(own).values(helpful=helpful, words=words or before.words, voted_at=clock.now())
            )
        gained = int(helpful) - int(before is not None and before.helpful)
        lost = int(not helpful) - int(before is not None and not before.helpful)
        await tx.execute(
            sa.update(articles)
            .where(articles.c.id == article_id)
            .values(helpful=articles.c.helpful + gained, not_helpful=articles.c.not_helpful + lost)
        )


async def vote_of(db: Database, article_id: str, voter: str) -> bool | None:
    """Return how a person voted on an article, None if they did not."""
    async with db.read() as reader:
        statement = sa.select(votes.c.helpful).where(votes.c.article_id == article_id, votes.c.voter == voter)
        return (await reader.execute(statement)).scalar_one_or_none()


async def votes_of(reader: Reader, voter: str) -> dict[str, bool]:
    """Return how a person voted, by article id: helpful or not."""
    rows = await reader.execute(sa.select(votes.c.article_id, votes.c.helpful).where(votes.c.voter == voter))
    return {row.article_id: row.helpful for row in rows}
