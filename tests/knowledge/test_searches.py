"""The log of searches: what is kept, and what followed a search is noted on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from knowledge.articles import Viewer
from knowledge.openings import note_opening, opened_articles, purge_openings
from knowledge.searches import (
    HANDOFF_WITHIN,
    VOTE_WITHIN,
    SearchEntry,
    form_of,
    log_search,
    note_choice,
    note_handoff,
    note_vote,
    purge_searches,
    record_opened,
    search_entry,
)
from knowledge.tables import searches
from knowledge.votes import record_vote
from tests.knowledge.conftest import keep, make_article


async def log(database: Database, clock: FrozenClock, question: str = "cards?", **changed: Any) -> SearchEntry:
    given: dict[str, Any] = {
        "surface": "bot", "viewer": Viewer.ANONYMOUS, "article_ids": ["cards", "bills"], "outcome": "answered",
        "confidence": 0.8, "at": clock.now(), "conversation_id": "cv_1",
    }  # fmt: skip
    entry = search_entry(question, **(given | changed))
    async with database.write() as tx:
        await log_search(tx, entry)
    return entry


async def row_of(database: Database, entry: SearchEntry) -> Any:
    async with database.read() as reader:
        return (await reader.execute(sa.select(searches).where(searches.c.id == entry.id))).one()


def test_the_same_words_in_another_order_case_or_inflection_have_one_form() -> None:
    assert (
        form_of("How do I download my invoices?")
        == form_of("invoice DOWNLOADING")
        == form_of("please, download invoice")
    )
    assert form_of("download [reference] invoice") == form_of("download invoice")
    assert form_of("ERR_402") != form_of("ERR_403")
    assert form_of("") == form_of("???") == form_of("🙂")
    assert len(form_of("x" * 5_000)) == 32


def test_a_very_long_question_is_masked_whole_before_it_is_cut(clock: FrozenClock) -> None:
    question = "x " * 495 + "card 4111 1111 1111 1111 of dana@acme.example " * 3_000
    entry = search_entry(
        question,
        surface="api",
        viewer=Viewer.ANONYMOUS,
        article_ids=[],
        outcome="unanswered",
        confidence=0,
        at=clock.now(),
    )
    assert len(entry.question) == 1_000
    assert "4111" not in entry.question
    assert "dana" not in entry.question


async def test_a_click_on_what_was_not_found_or_after_another_changes_nothing(
    database: Database, clock: FrozenClock
) -> None:
    entry = await log(database, clock)
    assert not await record_opened(database, entry.id, "secret", at=clock.now())
    assert not await record_opened(database, "se_none", "cards", at=clock.now())
    assert await record_opened(database, entry.id, "bills", at=clock.now())
    assert await record_opened(database, entry.id, "cards", at=clock.now())
    assert (await row_of(database, entry)).opened == "bills"


async def test_each_article_that_a_conversations_customer_opens_is_kept_with_its_first_time_and_no_agents_click(
    database: Database, clock: FrozenClock
) -> None:
    entry, at = await log(database, clock), clock.now()
    desk = await log(database, clock, surface="desk", article_ids=["plans"])
    elsewhere = await log(database, clock, conversation_id=None)
    for search, article_id in ((entry, "bills"), (desk, "plans"), (elsewhere, "cards")):
        assert await record_opened(database, search.id, article_id, at=at)
    later = at + timedelta(minutes=1)
    for article_id in ("bills", "cards"):
        assert await record_opened(database, entry.id, article_id, at=later)
    async with database.write() as tx:
        assert not await note_opening(tx, "cv_1", "cards", "suggestion", at=later)
    async with database.read() as reader:
        assert await opened_articles(reader, "cv_1") == {"bills": at, "cards": later}
        assert await opened_articles(reader, "cv_2") == {}
    assert await purge_openings(database, later) == 1


async def test_an_article_that_was_chosen_is_the_first_click_of_the_bots_latest_search_that_found_it(
    database: Database, clock: FrozenClock
) -> None:
    old = await log(database, clock)
    clock.set(clock.now() + timedelta(minutes=5))
    latest = await log(database, clock, outcome="unanswered")
    others = [
        await log(database, clock, article_ids=["plans"]),
        await log(database, clock, surface="desk"),
        await log(database, clock, conversation_id="cv_2"),
    ]
    await note_choice(database, "cv_1", "bills", at=clock.now())
    await note_choice(database, "cv_1", "cards", at=clock.now())
    assert (await row_of(database, latest)).opened == "bills"
    assert [(await row_of(database, one)).opened for one in (old, *others)] == [None] * 4


async def test_a_choice_that_follows_no_search_of_the_last_day_is_noted_nowhere(
    database: Database, clock: FrozenClock
) -> None:
    entry = await log(database, clock)
    await note_choice(database, "cv_1", "cards", at=clock.now() + timedelta(hours=25))
    await note_choice(database, "cv_1", "plans", at=clock.now())
    assert (await row_of(database, entry)).opened is None


async def test_a_vote_is_noted_on_the_latest_search_of_the_conversation_that_found_the_article(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    old = await log(database, clock)
    clock.set(clock.now() + timedelta(minutes=5))
    latest = await log(database, clock)
    other = await log(database, clock, article_ids=["plans"])
    elsewhere = await log(database, clock, conversation_id="cv_2")
    await record_vote(database, "cards", "vi_1", False, clock=clock, conversation_id="cv_1")
    assert ((row := await row_of(database, latest)).vote, row.voted_article) == (False, "cards")
    for entry in (old, other, elsewhere):
        assert (await row_of(database, entry)).vote is None
    await record_vote(database, "cards", "vi_1", True, clock=clock, search_id=elsewhere.id)
    assert (await row_of(database, elsewhere)).vote is True


async def test_a_vote_long_after_a_search_does_not_follow_it(database: Database, clock: FrozenClock) -> None:
    entry = await log(database, clock)
    for later in (VOTE_WITHIN + timedelta(seconds=1), timedelta(seconds=-1)):
        async with database.write() as tx:
            await note_vote(tx, "cards", True, at=clock.now() + later, conversation_id="cv_1")
            await note_vote(tx, "cards", True, at=clock.now() + later, search_id=entry.id)
            await note_vote(tx, "cards", True, at=clock.now())
    assert (await row_of(database, entry)).vote is None


async def test_a_handoff_is_noted_once_on_the_searches_of_its_conversation_in_the_half_hour_before(
    database: Database, clock: FrozenClock
) -> None:
    early = await log(database, clock)
    clock.set(clock.now() + HANDOFF_WITHIN)
    entry = await log(database, clock)
    other = await log(database, clock, conversation_id="cv_2")
    clock.set(clock.now() + timedelta(minutes=1))
    first = clock.now()
    async with database.write() as tx:
        await note_handoff(tx, "cv_1", at=first)
    clock.set(first + timedelta(minutes=1))
    async with database.write() as tx:
        await note_handoff(tx, "cv_1", at=clock.now())
    assert (await row_of(database, entry)).handed_over_at == first
    assert (await row_of(database, early)).handed_over_at is None
    assert (await row_of(database, other)).handed_over_at is None


async def test_searches_older_than_they_may_be_are_deleted_and_no_others(
    database: Database, clock: FrozenClock
) -> None:
    for _ in range(5):
        await log(database, clock)
    limit = clock.now() + timedelta(days=1)
    kept = await log(database, clock, at=limit)
    assert await purge_searches(database, limit) == 5
    assert await purge_searches(database, limit) == 0
    async with database.read() as reader:
        assert list(await reader.scalars(sa.select(searches.c.id))) == [kept.id]
