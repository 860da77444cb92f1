"""Whether an article helped: one vote per person and article, which they may change, and what follows from many of them."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.clock import Clock
from core.database import Database, Reader, Transaction
from core.errors import Invalid, NotFound
from knowledge.articles import Viewer
from knowledge.masking import masked
from knowledge.reviews import counts_now, open_review_if_due
from knowledge.searches import note_vote
from knowledge.store import visible_to
from knowledge.tables import articles, votes

LONGEST_WORDS = 2_000
LONGEST_VOTER = 80


def voter_of(visitor_id: str, customer_id: str | None) -> str:
    """Return who votes: the customer where the host site has said who it is, on whatever device, else the anonymous visitor."""
    return customer_id or visitor_id


async def record_vote(
    db: Database,
    article_id: str,
    voter: str,
    helpful: bool,
    words: str = "",
    *,
    clock: Clock,
    viewer: Viewer = Viewer.STAFF,
    search_id: str | None = None,
    conversation_id: str | None = None,
) -> None:
    """Keep a person's vote. Idempotent by article and voter: the same again changes nothing, another replaces it.

    Given again after a review, the same vote counts anew. The vote is noted on the search that it followed, and opens a review
    of the article where one is due.

    Args:
        db: where to.
        article_id: the article.
        voter: who, as `voter_of` says; an opaque id of at most 80 characters.
        helpful: whether it helped.
        words: why, in the voter's words, kept as plain text with personal data masked. Empty leaves the words of the same vote
            in place; a changed vote without words has none, for the old ones explained the opposite.
        clock: when.
        viewer: what the voter may see; an article beyond it is not found.
        search_id: the search that led to the article, where that is known.
        conversation_id: else the conversation in which it was shown.

    Raises:
        NotFound: there is no such published article, or not for this viewer.
        Invalid: the words are too long, or the voter is no id.
    """
    words = plain_words(words)
    if not 0 < len(voter) <= LONGEST_VOTER:
        raise Invalid(f"A vote needs a voter's id of 1 to {LONGEST_VOTER} characters.", field="voter")
    at = clock.now()
    async with db.write() as tx:
        # Locks the row on PostgreSQL, so that two votes of one person cannot both count, nor two voters open two reviews.
        statement = sa.select(articles.c.id).where(articles.c.id == article_id, *visible_to(viewer)).with_for_update()
        if (await tx.execute(statement)).one_or_none() is None:
            raise NotFound("There is no such article.")
        if await _keep_vote(tx, article_id, voter, helpful, words, at):
            await open_review_if_due(tx, article_id, at=at)
        await note_vote(tx, article_id, helpful, at=at, search_id=search_id, conversation_id=conversation_id)


async def _keep_vote(tx: Transaction, article_id: str, voter: str, helpful: bool, words: str, at: datetime) -> bool:
    """Write a vote over the one before; tells whether it counts anew, which the same vote does only after a review."""
    before = await _vote(tx.connection, article_id, voter)
    if before is not None and before.helpful == helpful:
        words = words or before.words
        if before.words == words and await counts_now(tx.connection, article_id, before.voted_at):
            return False
    values = {"helpful": helpful, "words": words, "voted_at": at}
    if before is None:
        await tx.execute(sa.insert(votes).values(article_id=article_id, voter=voter, **values))
    else:
        await tx.execute(sa.update(votes).where(*_of(article_id, voter)).values(**values))
    await _count(tx, article_id, None if before is None else before.helpful, helpful)
    return True


async def join_votes(tx: Transaction, visitor_id: str, customer_id: str) -> None:
    """Make an anonymous visitor's votes the customer's that they turned out to be; where both voted, the later vote stays."""
    rows = (await tx.execute(sa.select(votes).where(votes.c.voter == visitor_id).order_by(votes.c.article_id))).all()
    for own in rows:
        # In the order of ids, as locks are taken everywhere where there is more than one.
        await tx.execute(sa.select(articles.c.id).where(articles.c.id == own.article_id).with_for_update())
        known = await _vote(tx.connection, own.article_id, customer_id)
        if known is None:
            await tx.execute(sa.update(votes).where(*_of(own.article_id, visitor_id)).values(voter=customer_id))
            continue
        stays, goes = (own, known) if own.voted_at > known.voted_at else (known, own)
        await tx.execute(sa.delete(votes).where(*_of(own.article_id, visitor_id)))
        values = {"helpful": stays.helpful, "words": stays.words, "voted_at": stays.voted_at}
        await tx.execute(sa.update(votes).where(*_of(own.article_id, customer_id)).values(**values))
        await _count(tx, own.article_id, goes.helpful, None)


async def vote_of(db: Database, article_id: str, voter: str) -> bool | None:
    """Return how a person voted on an article, None if they did not."""
    async with db.read() as reader:
        vote = await _vote(reader, article_id, voter)
        return None if vote is None else bool(vote.helpful)


async def votes_of(reader: Reader, voter: str) -> dict[str, bool]:
    """Return how a person voted, by article id: helpful or not."""
    rows = await reader.execute(sa.select(votes.c.article_id, votes.c.helpful).where(votes.c.voter == voter))
    return {row.article_id: row.helpful for row in rows}


def plain_words(words: str) -> str:
    """Return words as they are kept: trimmed, masked, without control characters and those that turn the direction of text.

    Raises:
        Invalid: they are longer than 2,000 characters.
    """
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise Invalid(f"Please keep it under {LONGEST_WORDS} characters.", field="words")
    kept = "".join(one for one in words if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cf", "Cs"})
    return masked(kept).strip()


def _of(article_id: str, voter: str) -> tuple[sa.ColumnElement[bool], ...]:
    return votes.c.article_id == article_id, votes.c.voter == voter


async def _vote(reader: Reader, article_id: str, voter: str) -> Any:
    """Return the row of a vote, or None."""
    statement = sa.select(votes.c.helpful, votes.c.words, votes.c.voted_at).where(*_of(article_id, voter))
    return (await reader.execute(statement)).one_or_none()


async def _count(tx: Transaction, article_id: str, before: bool | None, now: bool | None) -> None:
    """Move an article's counts by one vote that was `before` and is `now`; None is no vote."""
    gained = int(now is True) - int(before is True)
    lost = int(now is False) - int(before is False)
    await tx.execute(
        sa.update(articles)
        .where(articles.c.id == article_id)
        .values(helpful=articles.c.helpful + gained, not_helpful=articles.c.not_helpful + lost)
    )
