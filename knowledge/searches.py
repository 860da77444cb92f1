"""What was asked and what came of it: the log of searches, with personal data masked before it is written.

A search's id travels with its results. What happens next is noted on the search that it followed: the first article that was opened,
the vote on one of its articles, and a handoff of the same conversation within `HANDOFF_WITHIN`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from pydantic import TypeAdapter

from core.database import Database, Reader, Transaction
from core.identifiers import new_id
from core.prepared import Prepared
from knowledge.articles import Viewer
from knowledge.masking import MASK, masked
from knowledge.openings import note_opening
from knowledge.tables import searches
from knowledge.terms import question_terms

Outcome = Literal["answered", "unanswered"]
"""What the search itself came to; what followed is noted beside it."""
SURFACES = ("widget", "bot", "desk", "help", "api", "command")
"""Where people search: in the widget's own search, by asking the bot, at the desk, in the help centre, over HTTP, by command."""
CUSTOMERS = ("widget", "bot")
"""Where the conversation's own customer opens what was found; at the desk it is an agent."""

LONGEST_QUESTION = 1_000
LONGEST_MASKED = 4_000
"""Of a search; masking takes some 6 ms for a thousand characters, on the event loop, and `LONGEST_QUESTION` of them are kept."""
HANDOFF_WITHIN = timedelta(minutes=30)
"""A handoff follows a search of the same conversation that is no older than this."""
VOTE_WITHIN = timedelta(hours=24)
"""A vote, or the choice of an article that was offered, follows a search of the same conversation that is no older than this."""
LOOKED_BACK = 20
"""Searches of a conversation among which a vote looks for the one that showed its article."""
PURGED_AT_ONCE = 1_000
MOST_LED = 20
"""Questions that are told of an article's votes, the latest."""
_INSERT = Prepared(sa.insert(searches))


@dataclass(frozen=True)
class SearchEntry:
    """One search as the log keeps it; `question` is masked already."""

    id: str
    question: str
    surface: str
    viewer: str
    results: list[str]
    outcome: Outcome
    confidence: float
    conversation_id: str | None
    searched_at: datetime
    form: str = ""


ENTRY_JSON: TypeAdapter[SearchEntry] = TypeAdapter(SearchEntry)
"""Turns an entry into JSON and back, for one that travels with the answer and is kept in the same transaction."""


def search_entry(
    question: str,
    *,
    surface: str,
    viewer: Viewer,
    article_ids: Sequence[str],
    outcome: Outcome,
    confidence: float,
    at: datetime,
    conversation_id: str | None = None,
) -> SearchEntry:
    """Describe a search for the log: its question masked, its results in order, the first being rank 1."""
    kept = shortened(masked(question[:LONGEST_MASKED]))
    return SearchEntry(
        new_id("se"), kept, surface[:32], viewer.name.lower(), list(article_ids), outcome, confidence,
        conversation_id, at, form_of(kept),
    )  # fmt: skip


def shortened(question: str) -> str:
    """Return a question of at most 1,000 characters, the last of which says where more is left out."""
    return question if len(question) <= LONGEST_QUESTION else question[: LONGEST_QUESTION - 1] + "…"


def words_of(question: str) -> list[str]:
    """Return the terms that a masked question comes down to, sorted, without what was masked."""
    return sorted(question_terms(MASK.sub(" ", question)))


def form_of(question: str) -> str:
    """Return the fingerprint of `words_of` a masked question: 32 hexadecimal digits, the same for every order and inflection."""
    return hashlib.sha256(" ".join(words_of(question)).encode()).hexdigest()[:32]


async def log_search(tx: Transaction, entry: SearchEntry) -> None:
    """Keep one search."""
    await _INSERT.execute(tx.connection, vars(entry))


async def record_opened(db: Database, search_id: str, article_id: str, *, at: datetime) -> bool:
    """Note that one of a search's results was opened; the first stays. Idempotent by the search's id and the article's.

    Where the bot asked in a conversation, each article that its customer opens is noted as theirs too (`knowledge.openings`).

    Returns:
        Whether there is such a search with this article among its results. One that was never logged, or whose time is
        over, is no error of the person who opens an article.
    """
    async with db.write() as tx:
        columns = searches.c
        chosen = sa.select(columns.results, columns.surface, columns.conversation_id).where(columns.id == search_id)
        search = (await tx.execute(chosen)).one_or_none()
        if search is None or article_id not in search.results:
            return False
        if search.surface in CUSTOMERS and search.conversation_id is not None:
            await note_opening(tx, search.conversation_id, article_id, "answer", at=at)
        await tx.execute(
            sa.update(searches).where(searches.c.id == search_id, searches.c.opened.is_(None)).values(opened=article_id)
        )
        return True


async def note_vote(
    tx: Transaction,
    article_id: str,
    helpful: bool,
    *,
    at: datetime,
    search_id: str | None = None,
    conversation_id: str | None = None,
) -> None:
    """Note a vote on the search that it followed: the one named, else the conversation's latest that found the article.

    Nothing is noted where there is no such search within `VOTE_WITHIN`. A later vote that follows the same search replaces it.
    """
    if search_id is None and conversation_id is None:
        return
    which = searches.c.id == search_id if search_id is not None else searches.c.conversation_id == conversation_id
    followed = await _latest_with(tx, article_id, which, at=at)
    if followed is not None:
        values = {"vote": helpful, "voted_article": article_id}
        await tx.execute(sa.update(searches).where(searches.c.id == followed).values(**values))


@dataclass(frozen=True)
class LedToVote:
    """A question whose search led to a vote on an article: how it was voted, how often, and when it was asked last."""

    question: str
    helpful: bool
    times: int
    last_asked: datetime


async def questions_before_votes(
    reader: Reader, article_id: str, *, since: datetime | None, until: datetime | None
) -> list[LedToVote]:
    """Return what was searched before people voted on an article, the latest first, at most `MOST_LED`.

    The log tells when was searched, not when was voted, and is no older than it is kept.

    Args:
        reader: where from.
        article_id: the article.
        since: the earliest search; None is from the beginning.
        until: the latest; None is until now.
    """
    last = sa.func.max(searches.c.searched_at).label("last_asked")
    statement = (
        sa.select(searches.c.question, searches.c.vote, sa.func.count().label("times"), last)
        .where(searches.c.voted_article == article_id)
        .group_by(searches.c.question, searches.c.vote)
        .order_by(last.desc(), searches.c.question)
        .limit(MOST_LED)
    )
    if since is not None:
        statement = statement.where(searches.c.searched_at > since)
    if until is not None:
        statement = statement.where(searches.c.searched_at <= until)
    rows = await reader.execute(statement)
    return [LedToVote(row.question, bool(row.vote), row.times, row.last_asked) for row in rows]


async def note_choice(db: Database, conversation_id: str, article_id: str, *, at: datetime) -> None:
    """Note that a customer chose an article that the bot had offered as close: a click on the conversation's latest search that found it.

    Idempotent by the search: its first click stays. Nothing is noted where there is no such search within `VOTE_WITHIN`.
    """
    async with db.write() as tx:
        asked = (searches.c.conversation_id == conversation_id) & (searches.c.surface == "bot")
        followed = await _latest_with(tx, article_id, asked, at=at)
        if followed is not None:
            unopened = searches.c.opened.is_(None)
            await tx.execute(sa.update(searches).where(searches.c.id == followed, unopened).values(opened=article_id))


async def _latest_with(tx: Transaction, article_id: str, which: sa.ColumnElement[bool], *, at: datetime) -> str | None:
    """Return the latest of these searches within `VOTE_WITHIN` that found an article."""
    recent = (
        sa.select(searches.c.id, searches.c.results)
        .where(which, searches.c.searched_at >= at - VOTE_WITHIN, searches.c.searched_at <= at)
        .order_by(searches.c.searched_at.desc(), searches.c.id)
        .limit(LOOKED_BACK)
    )
    return next((row.id for row in await tx.execute(recent) if article_id in row.results), None)


async def note_handoff(tx: Transaction, conversation_id: str, *, at: datetime) -> None:
    """Note a handoff on the searches that it followed: the conversation's of the last `HANDOFF_WITHIN`, each once."""
    await tx.execute(
        sa.update(searches)
        .where(
            searches.c.conversation_id == conversation_id,
            searches.c.searched_at >= at - HANDOFF_WITHIN,
            searches.c.handed_over_at.is_(None),
        )
        .values(handed_over_at=at)
    )


async def purge_searches(db: Database, before: datetime) -> int:
    """Delete the searches older than `before`, a thousand in a write so that nobody waits long; return how many there were."""
    deleted = 0
    while True:
        old = sa.select(searches.c.id).where(searches.c.searched_at < before).limit(PURGED_AT_ONCE)
        async with db.write() as tx:
            count = (await tx.execute(sa.delete(searches).where(searches.c.id.in_(old)))).rowcount
        deleted += count
        if count < PURGED_AT_ONCE:
            return deleted
