"""Reviews: the one open task of an article that helps fewer than it fails, and what a person made of it.

An article is due when more than `VOTES_ABOVE` votes count and less than half of them are helpful. Before its first review all its votes
count, those too that it came with; after one, only votes that were cast or changed since. So the same votes never open it twice.
One open review per article is a unique index in SQL, and whoever opens or closes one holds the article's row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa

from core.clock import Clock
from core.database import INSERT, Database, Reader, Transaction
from core.errors import Conflict, Invalid, NotFound
from core.identifiers import new_id
from knowledge.articles import Viewer
from knowledge.review_news import tell_closed, tell_opened
from knowledge.rows import article_of
from knowledge.store import save_article, visible_to
from knowledge.tables import articles, reviews, votes

Outcome = Literal["rewritten", "fine", "archived"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
VOTES_ABOVE = 10
"""More votes than this must count before an article is judged by them."""
LONGEST_NOTE = 4_000
MOST_WORDS = 200
"""Votes with words that are shown with a review, the newest."""
_IS_PUBLIC = sa.and_(*visible_to(Viewer.ANONYMOUS)).label("is_public")
_BY_ID = sa.select(reviews, articles.c.slug, articles.c.title, articles.c.status, _IS_PUBLIC).join(
    articles, articles.c.id == reviews.c.article_id
)


@dataclass(frozen=True)
class Tally:
    """Votes that count for an article now, and since when they do; None is from the beginning."""

    helpful: int
    not_helpful: int
    since: datetime | None

    @property
    def due(self) -> bool:
        """Whether the article needs a person's eyes."""
        votes = self.helpful + self.not_helpful
        return votes > VOTES_ABOVE and self.helpful * 2 < votes


@dataclass(frozen=True)
class Review:
    """One review: why it was opened, and how it was closed if it was."""

    id: str
    article_id: str
    slug: str
    title: str
    article_status: str
    is_public: bool
    """Whether the help centre has a page of the article now."""
    opened_at: datetime
    helpful: int
    not_helpful: int
    counted_since: datetime | None
    reasons: tuple[str, ...]
    article_version: int
    closed_at: datetime | None
    closed_by: str | None
    closed_by_name: str | None
    outcome: Outcome | None
    note: str
    closed_version: int | None

    @classmethod
    def of(cls, row: sa.RowMapping) -> Review:
        """Make a review of a row with its article's slug, title and status."""
        fields = {name: row[name] for name in cls.__dataclass_fields__ if name not in {"article_status", "reasons"}}
        return cls(**fields, article_status=row["status"], reasons=tuple(row["reasons"]))


@dataclass(frozen=True)
class VoteWords:
    """What somebody wrote beside their vote, as plain text."""

    helpful: bool
    words: str
    voted_at: datetime


async def open_review_if_due(tx: Transaction, article_id: str, *, at: datetime) -> str | None:
    """Open a review if the article's votes call for one and none is open; return its id, or None. The caller holds the article's row."""
    tally = await tally_of(tx.connection, article_id)
    if not tally.due:
        return None
    version = (await tx.execute(sa.select(articles.c.version).where(articles.c.id == article_id))).scalar_one()
    words = await _count_words(tx.connection, article_id, tally.since)
    opened = await tx.execute(
        INSERT[tx.connection.dialect.name](reviews)
        .values(
            id=new_id("rv"),
            article_id=article_id,
            opened_at=at,
            helpful=tally.helpful,
            not_helpful=tally.not_helpful,
            counted_since=tally.since,
            reasons=reasons_for(tally, words),
            article_version=version,
            note="",
        )
        .on_conflict_do_nothing()
        .returning(reviews.c.id)
    )
    review_id: str | None = opened.scalar_one_or_none()
    if review_id is not None:
        await tell_opened(tx, await get_review(tx.connection, review_id))
    return review_id


async def open_due_reviews(db: Database, clock: Clock) -> int:
    """Open the reviews that no vote has opened, of articles that came with their votes; return how many. Idempotent by article."""
    total = articles.c.helpful + articles.c.not_helpful
    reviewed = sa.select(reviews.c.article_id)
    due = sa.select(articles.c.id).where(
        articles.c.status == "published",
        total > VOTES_ABOVE,
        articles.c.helpful * 2 < total,
        articles.c.id.not_in(reviewed),
    )
    async with db.read() as reader:
        found = list(await reader.scalars(due.order_by(articles.c.id)))
    opened = 0
    for article_id in found:
        async with db.write() as tx:
            held = sa.select(articles.c.id).where(articles.c.id == article_id).with_for_update()
            if (await tx.execute(held)).one_or_none() is not None:
                opened += await open_review_if_due(tx, article_id, at=clock.now()) is not None
    return opened


async def tally_of(reader: Reader, article_id: str) -> Tally:
    """Count the votes that count for an article now."""
    since = await _last_closed(reader, article_id)
    if since is None:
        every = sa.select(articles.c.helpful, articles.c.not_helpful).where(articles.c.id == article_id)
        row = (await reader.execute(every)).one()
        return Tally(row.helpful, row.not_helpful, None)
    counted = (
        sa.select(votes.c.helpful, sa.func.count())
        .where(votes.c.article_id == article_id, votes.c.voted_at > since)
        .group_by(votes.c.helpful)
    )
    by_vote: dict[bool, int] = {bool(helpful): count for helpful, count in await reader.execute(counted)}
    return Tally(by_vote.get(True, 0), by_vote.get(False, 0), since)


async def counts_now(reader: Reader, article_id: str, voted_at: datetime) -> bool:
    """Tell whether a vote of that moment counts, or lies before the article's last review."""
    since = await _last_closed(reader, article_id)
    return since is None or voted_at > since


def reasons_for(tally: Tally, with_words: int) -> list[str]:
    """Say in words why an article is to be reviewed. Pure."""
    votes_cast = tally.helpful + tally.not_helpful
    share = int(100 * tally.helpful / votes_cast)
    since = "" if tally.since is None else f" since the last review on {tally.since:%Y-%m-%d}"
    reasons = [
        f"{tally.not_helpful} of {votes_cast} votes{since} say that it did not help.",
        f"{share} % found it helpful; a review is due below 50 % of more than {VOTES_ABOVE} votes.",
    ]
    if with_words:
        wrote = "voter wrote" if with_words == 1 else "voters wrote"
        reasons.append(f"{with_words} {wrote} why it did not help.")
    return reasons


async def list_reviews(reader: Reader, *, closed: bool, limit: int = 50, after: str | None = None) -> list[Review]:
    """Return the open reviews, the oldest first, or the closed ones, the newest first.

    Args:
        reader: where from.
        closed: which.
        limit: how many at most.
        after: the id of the closed review that the page before ended with. Moments would not do: several may have been closed in one.

    Raises:
        NotFound: no review with the id `after` has been closed.
    """
    if closed:
        statement = _BY_ID.where(reviews.c.closed_at.is_not(None)).order_by(reviews.c.closed_at.desc(), reviews.c.id)
        if after is not None:
            statement = statement.where(_follows(await get_review(reader, after)))
    else:
        statement = _BY_ID.where(reviews.c.closed_at.is_(None)).order_by(reviews.c.opened_at, reviews.c.id)
    return [Review.of(row) for row in (await reader.execute(statement.limit(limit))).mappings()]


async def count_reviews(reader: Reader) -> dict[str, int]:
    """Return how many reviews are `open` and `closed`."""
    is_open = reviews.c.closed_at.is_(None)
    rows = await reader.execute(sa.select(is_open, sa.func.count()).group_by(is_open))
    counted = {bool(state): count for state, count in rows}
    return {"open": counted.get(True, 0), "closed": counted.get(False, 0)}


async def get_review(reader: Reader, review_id: str) -> Review:
    """Return one review.

    Raises:
        NotFound: there is none with this id.
    """
    row = (await reader.execute(_BY_ID.where(reviews.c.id == review_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such review.")
    return Review.of(row)


async def open_review_of(reader: Reader, article_id: str) -> str | None:
    """Return the id of an article's open review, None if none is open."""
    is_open = sa.and_(reviews.c.article_id == article_id, reviews.c.closed_at.is_(None))
    found: str | None = (await reader.execute(sa.select(reviews.c.id).where(is_open))).scalar_one_or_none()
    return found


async def words_for(reader: Reader, review: Review) -> list[VoteWords]:
    """Return what voters wrote that counts for a review, newest first: since the review before it, until it was closed."""
    statement = sa.select(votes.c.helpful, votes.c.words, votes.c.voted_at).where(
        votes.c.article_id == review.article_id, votes.c.words != ""
    )
    if review.counted_since is not None:
        statement = statement.where(votes.c.voted_at > review.counted_since)
    if review.closed_at is not None:
        statement = statement.where(votes.c.voted_at <= review.closed_at)
    rows = await reader.execute(statement.order_by(votes.c.voted_at.desc(), votes.c.voter).limit(MOST_WORDS))
    return [VoteWords(row.helpful, row.words, row.voted_at) for row in rows]


async def close_review(
    db: Database, review_id: str, outcome: str, note: str = "", *, by: str, by_name: str, clock: Clock
) -> Review:
    """Close a review: the article counts as reviewed now, and `archived` takes it out of publication as a draft.

    Idempotent by review, person and outcome: the same person's same answer again changes nothing.

    Args:
        db: where to.
        review_id: the review.
        outcome: `rewritten`, `fine` (as it is) or `archived`.
        note: for colleagues, up to 4,000 characters; may be empty.
        by: id of the member of staff.
        by_name: their name, kept with it.
        clock: when.

    Raises:
        NotFound: there is no such review.
        Conflict: somebody else closed it meanwhile.
        Invalid: the outcome is none of the three, or the note is too long.
    """
    note = note.strip()
    if outcome not in OUTCOMES:
        raise Invalid(f"The outcome must be one of {', '.join(OUTCOMES)}.", field="outcome")
    if len(note) > LONGEST_NOTE:
        raise Invalid(f"Please keep the note under {LONGEST_NOTE:,} characters.", field="note")
    at = clock.now()
    async with db.write() as tx:
        review = await get_review(tx.connection, review_id)
        held = sa.select(articles).where(articles.c.id == review.article_id).with_for_update()
        row = (await tx.execute(held)).mappings().one_or_none()
        review = await get_review(tx.connection, review_id)
        if review.closed_at is not None:
            if (review.closed_by, review.outcome) == (by, outcome):
                return review
            raise Conflict(f"{review.closed_by_name} has closed this review already.")
        if row is not None and outcome == "archived":
            await save_article(tx, replace(article_of(row), status="draft"), at=at, by=by_name)
        await tx.execute(sa.update(articles).where(articles.c.id == review.article_id).values(reviewed_at=at))
        version = sa.select(articles.c.version).where(articles.c.id == review.article_id).scalar_subquery()
        values = {"closed_at": at, "closed_by": by, "closed_by_name": by_name, "outcome": outcome, "note": note}
        await tx.execute(sa.update(reviews).where(reviews.c.id == review_id).values(closed_version=version, **values))
        review = await get_review(tx.connection, review_id)
        await tell_closed(tx, review)
        return review


def _follows(last: Review) -> sa.ColumnElement[bool]:
    """Return what is true of the closed reviews that come after this one in their list."""
    if last.closed_at is None:
        raise NotFound("That review is open; a page of closed ones does not end with it.")
    earlier = reviews.c.closed_at < last.closed_at
    return sa.or_(earlier, sa.and_(reviews.c.closed_at == last.closed_at, reviews.c.id > last.id))


async def _count_words(reader: Reader, article_id: str, since: datetime | None) -> int:
    statement = sa.select(sa.func.count()).where(
        votes.c.article_id == article_id, votes.c.words != "", votes.c.helpful.is_(False)
    )
    if since is not None:
        statement = statement.where(votes.c.voted_at > since)
    return int((await reader.execute(statement)).scalar_one())


async def _last_closed(reader: Reader, article_id: str) -> datetime | None:
    closed = sa.select(sa.func.max(reviews.c.closed_at)).where(reviews.c.article_id == article_id)
    since: datetime | None = (await reader.execute(closed)).scalar_one_or_none()
    return since
