"""Votes that call for a review, the one open review of an article, and what closing it means."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import FrozenClock
from core.database import Database
from core.errors import Conflict, Invalid, NotFound
from core.outbox import outbox_messages
from core.webhook_endpoints import add_endpoint
from knowledge.articles import Viewer
from knowledge.reviews import (
    Review,
    Tally,
    close_review,
    count_reviews,
    get_review,
    list_reviews,
    open_due_reviews,
    reasons_for,
    words_for,
)
from knowledge.store import get_article
from knowledge.tables import articles, reviews, votes
from knowledge.votes import join_votes, plain_words, record_vote, vote_of, voter_of, votes_of
from tests.knowledge.conftest import keep, make_article


async def vote(
    database: Database, clock: FrozenClock, helpful: int, not_helpful: int, *, who: str = "vi", words: str = ""
) -> None:
    for number in range(helpful + not_helpful):
        await record_vote(
            database, "cards", f"{who}_{number}", number < helpful, "" if number < helpful else words, clock=clock
        )


async def open_reviews(database: Database) -> list[Review]:
    async with database.read() as reader:
        return await list_reviews(reader, closed=False)


async def close(database: Database, clock: FrozenClock, outcome: str = "fine", note: str = "") -> Review:
    (review,) = await open_reviews(database)
    clock.set(clock.now() + timedelta(hours=1))
    return await close_review(database, review.id, outcome, note, by="st_1", by_name="Cora Content", clock=clock)


async def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Return what systems outside are told, in order."""
    async with database.read() as reader:
        columns = (outbox_messages.c.kind, outbox_messages.c.payload)
        rows = await reader.execute(sa.select(*columns).order_by(outbox_messages.c.at))
        return [(row.kind, row.payload) for row in rows]


async def counts(database: Database) -> tuple[int, int]:
    async with database.read() as reader:
        row = (await reader.execute(sa.select(articles.c.helpful, articles.c.not_helpful))).one()
        return row.helpful, row.not_helpful


@pytest.mark.parametrize(
    ("helpful", "not_helpful", "due"),
    [(0, 10, False), (0, 11, True), (5, 6, True), (6, 6, False), (6, 7, True), (7, 4, False), (0, 0, False)],
)
def test_an_article_is_due_above_10_votes_and_below_half_helpful(helpful: int, not_helpful: int, due: bool) -> None:
    assert Tally(helpful, not_helpful, None).due == due


async def test_the_eleventh_vote_opens_one_review_and_no_other_vote_a_second(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 4, 6)
    assert await open_reviews(database) == []
    await vote(database, clock, 4, 9, words="It shows the old page.")
    (review,) = await open_reviews(database)
    assert (review.article_id, review.helpful, review.not_helpful, review.counted_since) == ("cards", 4, 7, None)
    assert review.reasons[0] == "7 of 11 votes say that it did not help."
    assert review.reasons[1].startswith("36 % found it helpful")
    await vote(database, clock, 0, 13)
    assert [one.id for one in await open_reviews(database)] == [review.id]


async def test_voters_at_the_same_moment_open_one_review(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 10)
    await asyncio.gather(*(record_vote(database, "cards", f"late_{n}", False, clock=clock) for n in range(8)))
    (review,) = await open_reviews(database)
    assert review.not_helpful == 11
    assert await counts(database) == (0, 18)


async def test_sql_itself_refuses_a_second_open_review_of_an_article(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    row = {
        "article_id": "cards", "opened_at": clock.now(), "helpful": 0, "not_helpful": 11, "reasons": [],
        "article_version": 1, "note": "",
    }  # fmt: skip
    async with database.write() as tx:
        await tx.execute(sa.insert(reviews).values(id="rv_1", **row))
    with pytest.raises(IntegrityError):
        async with database.write() as tx:
            await tx.execute(sa.insert(reviews).values(id="rv_2", **row))


async def test_the_words_of_the_votes_stand_beside_the_review(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 1, 10, words="  <b>Old</b> page, write to dana@acme.example\u202e ")
    (review,) = await open_reviews(database)
    async with database.read() as reader:
        words = await words_for(reader, review)
    assert {one.words for one in words} == {"<b>Old</b> page, write to [email]"}
    assert (len(words), review.reasons[2]) == (10, "10 voters wrote why it did not help.")
    assert reasons_for(Tally(0, 11, None), 1)[2] == "1 voter wrote why it did not help."


async def test_pages_of_closed_reviews_lose_and_repeat_none_that_were_closed_in_the_same_moment(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    row = {"article_id": "cards", "helpful": 0, "not_helpful": 11, "reasons": [], "article_version": 1, "note": ""}
    moments = [clock.now() - timedelta(microseconds=number // 4) for number in range(10)]
    async with database.write() as tx:
        for number, moment in enumerate(moments):
            values = {"id": f"rv_{9 - number}", "opened_at": moment, "closed_at": moment, "outcome": "fine", **row}
            await tx.execute(sa.insert(reviews).values(values))
        await tx.execute(sa.insert(reviews).values(id="rv_open", opened_at=clock.now(), **row))
    async with database.read() as reader:
        whole = [one.id for one in await list_reviews(reader, closed=True)]
        pages: list[str] = []
        while page := await list_reviews(reader, closed=True, limit=3, after=pages[-1] if pages else None):
            pages += [one.id for one in page]
        for unknown in ("rv_open", "rv_none"):
            with pytest.raises(NotFound):
                await list_reviews(reader, closed=True, after=unknown)
    assert (pages, len(pages)) == (whole, 10)


async def test_closing_keeps_who_when_and_what_and_the_same_votes_do_not_open_it_again(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 11, words="Old.")
    closed = await close(database, clock, "rewritten", "  New screenshots. ")
    assert (closed.outcome, closed.note, closed.closed_by, closed.closed_by_name, closed.closed_at) == (
        "rewritten", "New screenshots.", "st_1", "Cora Content", clock.now(),
    )  # fmt: skip
    async with database.read() as reader:
        assert (await get_article(reader, "cards", Viewer.STAFF)).reviewed == clock.now()
        assert await count_reviews(reader) == {"open": 0, "closed": 1}
        assert [one.id for one in await list_reviews(reader, closed=True)] == [closed.id]
        assert await list_reviews(reader, closed=True, after=closed.id) == []
        assert len(await words_for(reader, closed)) == 11
    clock.set(clock.now() + timedelta(days=1))
    await vote(database, clock, 0, 10, who="new")
    assert await open_due_reviews(database, clock) == 0
    assert await open_reviews(database) == []
    await record_vote(database, "cards", "new_10", False, "Still old.", clock=clock)
    (again,) = await open_reviews(database)
    assert (again.not_helpful, again.counted_since) == (11, closed.closed_at)
    assert f"since the last review on {closed.closed_at:%Y-%m-%d}" in again.reasons[0]
    async with database.read() as reader:
        assert [one.words for one in await words_for(reader, again)] == ["Still old."]


async def test_who_votes_the_same_again_after_a_review_counts_again(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 11)
    await close(database, clock, "fine")
    clock.set(clock.now() + timedelta(days=1))
    await vote(database, clock, 0, 11)
    assert len(await open_reviews(database)) == 1
    assert await counts(database) == (0, 11)


async def test_archiving_takes_the_article_out_of_publication(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 11)
    closed = await close(database, clock, "archived")
    assert (closed.article_status, closed.article_version, closed.closed_version) == ("draft", 1, 2)
    async with database.read() as reader:
        with pytest.raises(NotFound):
            await get_article(reader, "cards", Viewer.STAFF)


async def test_a_review_is_closed_once(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 11)
    closed = await close(database, clock, "fine")
    same = await close_review(database, closed.id, "fine", by="st_1", by_name="Cora Content", clock=clock)
    assert same == closed
    with pytest.raises(Conflict, match="Cora Content has closed"):
        await close_review(database, closed.id, "fine", by="st_2", by_name="Lea", clock=clock)
    for review_id, outcome, note, error in (
        ("rv_none", "fine", "", NotFound), (closed.id, "good", "", Invalid), (closed.id, "fine", "x" * 4_001, Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            await close_review(database, review_id, outcome, note, by="st_1", by_name="C", clock=clock)


async def test_systems_outside_are_told_once_that_an_article_needs_a_review_and_what_came_of_it(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    async with database.write() as tx:
        await add_endpoint(tx, "https://team.example", ["review.opened", "review.closed"], "", at=clock.now())
    await vote(database, clock, 1, 12, words="mail me at ann@example.com")
    closed = await close(database, clock, "archived", "Out of date.")
    await close_review(database, closed.id, "archived", by="st_1", by_name="Cora Content", clock=clock)
    (opened, first), (ended, last) = await told(database)
    assert (opened, ended) == ("review.opened", "review.closed")
    assert first["article"] == {"id": "cards", "slug": "cards", "title": "Cards", "status": "published", "version": 1}
    assert first["review"]["votes"] == {"helpful": 1, "not_helpful": 10}
    assert first["review"]["reasons"] == list(closed.reasons)
    assert (last["article"]["status"], last["article"]["version"]) == ("draft", 2)
    assert (last["review"]["outcome"], last["review"]["note"]) == ("archived", "Out of date.")
    assert last["review"]["closed_by"] == {"id": "st_1", "name": "Cora Content"}
    assert "example.com" not in str((first, last))


async def test_two_who_close_it_at_the_same_moment_are_told_apart(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    await vote(database, clock, 0, 11)
    (review,) = await open_reviews(database)
    ends = await asyncio.gather(
        *(close_review(database, review.id, "fine", by=f"st_{n}", by_name=f"N{n}", clock=clock) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Review) for one in ends) == 1
    assert sum(isinstance(one, Conflict) for one in ends) == 3


async def test_articles_that_came_with_bad_votes_are_found_without_a_new_one(
    database: Database, clock: FrozenClock
) -> None:
    await keep(
        database,
        make_article("cards", helpful=3, not_helpful=20),
        make_article("good", helpful=20, not_helpful=3),
        make_article("draft", not_helpful=20, status="draft"),
    )
    assert await open_due_reviews(database, clock) == 1
    assert await open_due_reviews(database, clock) == 0
    (review,) = await open_reviews(database)
    async with database.read() as reader:
        assert await get_review(reader, review.id) == review


async def test_a_changed_vote_does_not_keep_the_words_of_the_opposite(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    for helpful, words, kept in (
        (False, "Out of date.", "Out of date."), (False, "", "Out of date."), (True, "", ""), (True, "Good now.", "Good now."),
    ):  # fmt: skip
        await record_vote(database, "cards", "vi_1", helpful, words, clock=clock)
        async with database.read() as reader:
            assert (await reader.execute(sa.select(votes.c.words))).scalar_one() == kept
    assert await counts(database) == (1, 0)


@pytest.mark.parametrize("voter", ["", "v" * 81])
async def test_a_vote_of_nobody_is_refused(database: Database, clock: FrozenClock, voter: str) -> None:
    await keep(database, make_article("cards"))
    with pytest.raises(Invalid, match="voter"):
        await record_vote(database, "cards", voter, True, clock=clock)


def test_a_customer_votes_as_themselves_on_every_device_and_a_guest_as_the_visitor() -> None:
    assert (voter_of("vi_1", None), voter_of("vi_1", "cu_1"), voter_of("vi_2", "cu_1")) == ("vi_1", "cu_1", "cu_1")


def test_words_are_plain_text_without_what_turns_or_hides_it() -> None:
    assert plain_words(" a\x07b\u200b\u202ec\ud800\n\td ") == "abc\n\td"
    with pytest.raises(Invalid, match="under 2000"):
        plain_words("x" * 2_001)


async def test_a_guests_votes_become_the_customers_and_the_later_of_two_stays(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"), make_article("bills"), make_article("plans"))
    await record_vote(database, "cards", "cu_1", True, clock=clock)
    await record_vote(database, "plans", "vi_1", True, "Early.", clock=clock)
    clock.set(clock.now() + timedelta(minutes=1))
    await record_vote(database, "cards", "vi_1", False, "Later.", clock=clock)
    await record_vote(database, "plans", "cu_1", False, clock=clock)
    await record_vote(database, "bills", "vi_1", True, clock=clock)
    async with database.write() as tx:
        await join_votes(tx, "vi_1", "cu_1")
        await join_votes(tx, "vi_1", "cu_1")
    async with database.read() as reader:
        assert await votes_of(reader, "vi_1") == {}
        assert await votes_of(reader, "cu_1") == {"cards": False, "bills": True, "plans": False}
        rows = await reader.execute(sa.select(articles.c.id, articles.c.helpful, articles.c.not_helpful))
        assert {row.id: (row.helpful, row.not_helpful) for row in rows} == {
            "cards": (0, 1), "bills": (1, 0), "plans": (0, 1),
        }  # fmt: skip
    assert await vote_of(database, "cards", "vi_1") is None
