"""The report on searches: what counts as what, groups with their trend, and the weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from core.errors import Invalid
from insights.question_groups import Grouping
from insights.search_figures import KINDS, Counts, Kind, SearchReport, monday, period_of
from insights.searches import search_report
from knowledge.articles import Viewer
from knowledge.openings import note_opening
from knowledge.searches import form_of, log_search, search_entry
from knowledge.tables import searches
from tests.knowledge.conftest import WordsEncoder, keep, make_article

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


async def ask(
    database: Database,
    question: str,
    *,
    days_ago: float = 1,
    surface: str = "help",
    answered: bool = True,
    found: tuple[str, ...] = ("cards",),
    opened: str | None = None,
    handed_over: bool = False,
    times: int = 1,
) -> None:
    at = NOW - timedelta(days=days_ago)
    for _ in range(times):
        entry = search_entry(
            question, surface=surface, viewer=Viewer.ANONYMOUS, article_ids=found,
            outcome="answered" if answered else "unanswered", confidence=0.5, at=at,
        )  # fmt: skip
        async with database.write() as tx:
            await log_search(tx, entry)
            after = {"opened": opened, "handed_over_at": at if handed_over else None}
            await tx.execute(sa.update(searches).where(searches.c.id == entry.id).values(**after))


async def report(database: Database, *, days: int = 30, limit: int = 10, surfaces: Any = ()) -> SearchReport:
    async with database.read() as reader:
        return await search_report(reader, period_of(days, NOW, surfaces), limit=limit)


def questions(made: SearchReport, kind: Kind) -> list[tuple[str, int]]:
    return [(group.question, group.count) for group in made.groups[kind]]


async def test_an_empty_log_makes_an_empty_report(database: Database) -> None:
    made = await report(database)
    assert made.now == made.before == Counts()
    assert all(made.groups[kind] == () for kind in KINDS)
    assert (made.now.share("no_result"), made.ungrouped) == (None, 0)


async def test_a_group_tells_when_it_was_asked_last_and_where_as_far_as_it_is_of_the_kind(database: Database) -> None:
    await ask(database, "dark mode", days_ago=9, answered=False, found=())
    await ask(database, "dark mode", days_ago=5, answered=False, found=(), surface="bot", times=2)
    await ask(database, "dark mode", days_ago=2, opened="cards", surface="widget")
    made = await report(database)
    (asked,), (unanswered,) = made.groups["asked"], made.groups["no_result"]
    assert (asked.last_asked, asked.surfaces) == (NOW - timedelta(days=2), {"bot": 2, "help": 1, "widget": 1})
    assert list(asked.surfaces) == ["bot", "help", "widget"]
    assert (unanswered.last_asked, unanswered.surfaces) == (NOW - timedelta(days=5), {"bot": 2, "help": 1})


async def test_an_article_that_was_found_tells_whether_it_has_a_public_page(database: Database) -> None:
    await keep(database, make_article("cards"), make_article("rules", visibility="internal"))
    await ask(database, "cards", found=("cards", "rules", "gone"))
    (group,) = (await report(database)).groups["asked"]
    assert [(one.article_id, one.is_public) for one in group.articles] == [
        ("cards", True), ("rules", False), ("gone", False),
    ]  # fmt: skip


async def test_each_kind_lists_the_questions_that_it_is_about(database: Database) -> None:
    await ask(database, "invoices", times=3, opened="cards")
    await ask(database, "dark mode", times=2, answered=False, found=())
    await ask(database, "saml", answered=True)
    await ask(database, "refund", surface="bot", answered=False, handed_over=True)
    await ask(database, "plans", surface="bot", answered=True)
    await ask(database, "fax", answered=False, opened="cards")
    made = await report(database)
    assert questions(made, "asked")[0] == ("invoices", 3)
    assert len(made.groups["asked"]) == 6
    assert questions(made, "no_result") == [("dark mode", 2), ("refund", 1)]
    assert questions(made, "no_click") == [("saml", 1)]
    assert questions(made, "handed_over") == [("refund", 1)]
    assert made.now == Counts(asked=9, no_result=3, no_click=1, handed_over=1, listed=7, clicked=4)
    assert made.now.share("no_click") == pytest.approx(1 / 7)
    assert made.now.share("handed_over") == pytest.approx(1 / 9)


async def test_near_questions_are_one_group_with_its_wordings_articles_and_trend(
    database: Database, words_encoder: WordsEncoder
) -> None:
    await keep(database, make_article("cards"))
    await ask(database, "download invoices", times=2, found=("cards", "gone"))
    await ask(database, "download invoices pdf", times=3, found=("cards",))
    await ask(database, "Invoices download", found=("gone",))
    await ask(database, "download invoices pdf", times=4, days_ago=40)
    await ask(database, "download invoices pdf", times=9, days_ago=61)
    await Grouping(database, words_encoder).group_some()
    (group,) = (await report(database)).groups["asked"]
    assert (group.question, group.count, group.before, group.change) == ("download invoices pdf", 6, 4, 0.5)
    assert group.wordings == ("download invoices pdf", "download invoices", "Invoices download")
    assert [(one.article_id, one.title, one.shown) for one in group.articles] == [
        ("cards", "Cards", 5),
        ("gone", None, 3),
    ]


async def test_of_articles_found_equally_often_the_one_that_stood_higher_comes_first(database: Database) -> None:
    await ask(database, "export csv", found=("export", "cards", "audit", "boards"))
    await ask(database, "export csv", found=("cards", "export", "boards", "audit"))
    await ask(database, "export csv", found=("export", "boards", "cards", "audit"))
    (group,) = (await report(database)).groups["asked"]
    assert [one.article_id for one in group.articles] == ["export", "cards", "boards"]


async def test_a_new_question_has_no_trend_and_one_that_nobody_asks_any_more_is_not_listed(database: Database) -> None:
    await ask(database, "new thing")
    await ask(database, "old thing", days_ago=31)
    made = await report(database)
    assert [(group.question, group.change) for group in made.groups["asked"]] == [("new thing", None)]
    assert (made.now.asked, made.before.asked, made.ungrouped) == (1, 1, 1)


async def test_wordings_are_five_at_most_and_groups_as_many_as_asked_for(database: Database) -> None:
    for number, ending in enumerate("abcdefgh"):
        await ask(database, "pdf invoices" + "!" * number)
        await ask(database, f"topic{ending}")
    made = await report(database, limit=3)
    assert len(made.groups["asked"]) == 3
    assert made.groups["asked"][0].count == 8
    assert made.groups["asked"][0].wordings == tuple("pdf invoices" + "!" * number for number in range(5))


async def test_what_was_opened_where_the_widget_suggested_it_is_counted_by_article(database: Database) -> None:
    await keep(database, make_article("cards"))
    until = datetime(2026, 11, 23, tzinfo=UTC)
    async with database.write() as tx:
        for conversation, article_id, led_by, days in (
            ("cv_1", "cards", "suggestion", 1), ("cv_2", "cards", "suggestion", 2), ("cv_1", "gone", "suggestion", 3),
            ("cv_3", "cards", "answer", 1), ("cv_4", "cards", "suggestion", 40),
        ):  # fmt: skip
            await note_opening(tx, conversation, article_id, led_by, at=until - timedelta(days=days))
    async with database.read() as reader:
        made = await search_report(reader, period_of(30, until))
    assert [(one.article_id, one.shown, one.slug is None) for one in made.suggested] == [
        ("cards", 2, False),
        ("gone", 1, True),
    ]


async def test_a_report_can_be_about_one_surface_and_leaves_out_the_command_unless_told(database: Database) -> None:
    for surface in ("help", "bot", "desk", "command"):
        await ask(database, f"from {surface}", surface=surface)
    assert (await report(database)).now.asked == 3
    assert questions(await report(database, surfaces=["command"]), "asked") == [("from command", 1)]


async def test_weeks_begin_on_mondays_and_the_last_ends_now(database: Database) -> None:
    await ask(database, "this week", days_ago=1, answered=False)
    await ask(database, "last week", days_ago=5, handed_over=True, times=3)
    await ask(database, "before the period, in its first week", days_ago=15)
    made = await report(database, days=14)
    weeks = [(f"{week.begins:%a %d}", week.counts.asked, week.counts.handed_over) for week in made.weeks]
    assert weeks == [("Mon 09", 1, 0), ("Mon 16", 3, 3), ("Mon 23", 1, 0)]
    assert made.weeks[-1].counts.share("no_result") == 1
    assert monday(NOW) == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(("days", "surfaces"), [(0, ()), (-1, ()), (367, ()), (30, ("fax",))])
def test_a_period_that_cannot_be_is_refused(days: int, surfaces: tuple[str, ...], clock: FrozenClock) -> None:
    with pytest.raises(Invalid):
        period_of(days, clock.now(), surfaces)


@pytest.mark.parametrize("limit", [0, -1, 101, 10_000])
async def test_a_limit_that_cannot_be_is_refused(database: Database, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        await report(database, limit=limit)


async def test_the_end_of_a_period_is_not_in_it(database: Database) -> None:
    await ask(database, "now", days_ago=0)
    await ask(database, "at the beginning", days_ago=30)
    assert questions(await report(database), "asked") == [("at the beginning", 1)]


async def test_questions_without_words_stand_together(database: Database) -> None:
    await ask(database, "???")
    await ask(database, "🙂", times=2)
    assert questions(await report(database), "asked") == [("🙂", 3)]
    assert form_of("???") == form_of("🙂")
