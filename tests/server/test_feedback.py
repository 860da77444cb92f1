"""The feedback loop over HTTP and by command: reviews, clicks, the report on searches, and the upkeep behind them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient

from core.clock import FrozenClock, iso
from core.database import Database
from handoff.staff import add_staff
from knowledge.articles import Article, Viewer
from knowledge.reviews import list_reviews
from knowledge.searches import SearchEntry, log_search, search_entry
from knowledge.store import save_article
from knowledge.tables import searches
from knowledge.votes import record_vote
from server.command import main
from server.migrate import migrate
from server.upkeep import tidy
from tests.server.conftest import Running, make_settings

Client = TestClient[web.Request, web.Application]
REPORT = "/api/desk/reports/searches"


async def bad_article(database: Database, clock: FrozenClock, votes: int = 11) -> None:
    article = Article("cards", "cards", "Cards", "Words.", created=clock.now(), updated=clock.now())
    async with database.write() as tx:
        await save_article(tx, article, at=clock.now())
    for number in range(votes):
        await record_vote(database, "cards", f"vi_{number}", False, f"<i>bad</i> {number}", clock=clock)


async def log(database: Database, at: datetime, question: str = "cards?", surface: str = "help") -> SearchEntry:
    entry = search_entry(
        question, surface=surface, viewer=Viewer.ANONYMOUS, article_ids=["cards"], outcome="answered", confidence=0.9, at=at,
        conversation_id="cv_1",
    )  # fmt: skip
    async with database.write() as tx:
        await log_search(tx, entry)
    return entry


async def editor(running: Running) -> Client:
    await add_staff(
        running.service.database, email="cora@fernhill.example", name="Cora", role="content", password="fernhill-demo",
        at=running.clock.now(),
    )  # fmt: skip
    return await running.staff("cora@fernhill.example")


async def answer(client: Client, path: str, status: int = 200, **query: Any) -> Any:
    response = await client.get(path, params=query)
    assert response.status == status, await response.text()
    return await response.json()


async def test_an_editor_reads_a_review_with_its_words_and_closes_it(running: Running) -> None:
    await bad_article(running.service.database, running.clock)
    client = await editor(running)
    listed = await answer(client, "/api/desk/reviews")
    assert listed["counts"] == {"open": 1, "closed": 0}
    (review,) = listed["reviews"]
    assert (review["slug"], review["votes"], review["closed"]) == (
        "cards", {"helpful": 0, "not_helpful": 11, "since": None}, None,
    )  # fmt: skip
    path = f"/api/desk/reviews/{review['id']}"
    detail = await answer(client, path)
    assert detail["review"] == review
    assert {one["words"] for one in detail["words"]} == {f"<i>bad</i> {number}" for number in range(11)}
    running.clock.set(running.clock.now() + timedelta(minutes=1))
    response = await client.post(path + "/close", json={"outcome": "rewritten", "note": "New text."})
    closed = (await response.json())["review"]["closed"]
    assert (response.status, closed["by"], closed["outcome"], closed["note"]) == (200, "Cora", "rewritten", "New text.")
    assert (await answer(client, path))["votes_now"]["not_helpful"] == 0
    assert (await answer(client, "/api/desk/reviews"))["reviews"] == []
    (old,) = (await answer(client, "/api/desk/reviews", state="closed"))["reviews"]
    assert old["id"] == review["id"]
    assert (await answer(client, "/api/desk/reviews", state="closed", after=review["id"]))["reviews"] == []
    lead = await running.staff("amara@fernhill.example")
    late = await lead.post(path + "/close", json={"outcome": "fine"})
    assert (late.status, (await late.json())["error"]["message"]) == (409, "Cora has closed this review already.")


async def test_a_review_tells_the_articles_public_page_and_what_was_searched_before_its_votes(running: Running) -> None:
    database, now = running.service.database, running.clock.now()
    await bad_article(database, running.clock)
    client = await editor(running)
    for number, question in enumerate(["two cards", "two cards", "<b>no card</b>"]):
        entry = await log(database, now - timedelta(minutes=10 - number), question)
        await record_vote(database, "cards", f"vi_1{number}", number == 2, clock=running.clock, search_id=entry.id)
    (review,) = (await answer(client, "/api/desk/reviews"))["reviews"]
    assert review["url"] == "/help/cards"
    detail = await answer(client, f"/api/desk/reviews/{review['id']}")
    assert [(one["question"], one["helpful"], one["times"]) for one in detail["searches"]] == [
        ("<b>no card</b>", True, 1), ("two cards", False, 2),
    ]  # fmt: skip
    closed = await client.post(f"/api/desk/reviews/{review['id']}/close", json={"outcome": "archived"})
    assert (await closed.json())["review"]["url"] is None


async def test_reviews_and_reports_are_for_editors_and_leads_only(running: Running) -> None:
    agent = await running.staff()
    for path in ("/api/desk/reviews", "/api/desk/reviews/rv_1", REPORT):
        assert (await running.client.get(path)).status == 401
        assert (await agent.get(path)).status == 403
    assert (await agent.post("/api/desk/reviews/rv_1/close", json={"outcome": "fine"})).status == 403
    lead = await running.staff("amara@fernhill.example")
    assert (await lead.get("/api/desk/reviews/rv_none")).status == 404
    assert (await lead.get(REPORT)).status == 200


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"}, {"limit": "0"}, {"limit": "-1"}, {"limit": "10000"}, {"after": ""},
    ],
)  # fmt: skip
async def test_a_list_of_reviews_that_cannot_be_is_refused(running: Running, query: dict[str, str]) -> None:
    await answer(await running.staff("amara@fernhill.example"), "/api/desk/reviews", 400, **query)


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "all"},
        {"days": "0"},
        {"days": "400"},
        {"limit": "0"},
        {"limit": "10000"},
        {"surface": "fax"},
        {"days": "x"},
    ],
)
async def test_a_report_that_cannot_be_is_refused(running: Running, query: dict[str, str]) -> None:
    await answer(await running.staff("amara@fernhill.example"), REPORT, 400, **query)


async def test_a_click_is_noted_by_whoever_has_the_searchs_id(running: Running) -> None:
    database = running.service.database
    entry = await log(database, running.clock.now())
    path = f"/api/searches/{entry.id}/clicks"
    assert (await running.client.post(path, json={"article_id": "secret"})).status == 404
    assert (await running.client.post("/api/searches/se_none/clicks", json={"article_id": "cards"})).status == 404
    assert (await running.client.post(path, json={"article_id": ""})).status == 400
    assert (
        await running.client.post(path, json={"article_id": "cards"}, headers={"Origin": "https://evil.example"})
    ).status == 403
    for _ in range(2):
        assert (await running.client.post(path, json={"article_id": "cards"})).status == 200
    async with database.read() as reader:
        assert (await reader.execute(sa.select(searches.c.opened))).scalar_one() == "cards"


async def test_the_report_groups_and_counts_what_was_searched(running: Running) -> None:
    for _ in range(3):
        await log(
            running.service.database, running.clock.now() - timedelta(hours=1), "download dana@acme.example invoices"
        )
    await log(running.service.database, running.clock.now() - timedelta(days=40), "Invoices: download")
    lead = await running.staff("amara@fernhill.example")
    found = await answer(lead, REPORT, kind="no_click", days=30, surface="help, widget")
    (group,) = found["groups"]
    assert (group["question"], group["count"], group["before"], group["change"]) == (
        "download [email] invoices", 3, 1, 2.0,
    )  # fmt: skip
    assert (group["last_asked"], group["surfaces"]) == (iso(running.clock.now() - timedelta(hours=1)), {"help": 3})
    assert group["articles"] == [{"article_id": "cards", "title": None, "url": None, "shown": 3}]
    assert (found["now"]["searches"], found["now"]["no_click_rate"], found["before"]["searches"]) == (3, 1.0, 1)
    assert (found["weeks"][-1]["week"], found["period"]["surfaces"]) == ("2026-11-23", ["help", "widget"])


async def test_a_handoff_is_noted_on_the_searches_that_it_followed(running: Running) -> None:
    database = running.service.database
    chat = await running.visit()
    entry = await log(database, running.clock.now(), surface="bot")
    async with database.write() as tx:
        await tx.execute(sa.update(searches).values(conversation_id=chat.conversation))
    await chat.send("person")
    await chat.notice("queued")
    async with database.read() as reader:
        row = (await reader.execute(sa.select(searches).where(searches.c.id == entry.id))).one()
    assert row.handed_over_at == running.clock.now()


async def test_the_upkeep_deletes_what_is_too_old_and_opens_reviews_that_no_vote_opened(running: Running) -> None:
    database, now = running.service.database, running.clock.now()
    days = running.service.settings.search_log_days
    await log(database, now - timedelta(days=days, seconds=1))
    kept = await log(database, now - timedelta(days=days))
    article = Article("cards", "cards", "Cards", "Words.", created=now, updated=now, not_helpful=11)
    async with database.write() as tx:
        await save_article(tx, article, at=now)
    await tidy(running.service)
    async with database.read() as reader:
        assert list(await reader.scalars(sa.select(searches.c.id))) == [kept.id]
        assert [one.article_id for one in await list_reviews(reader, closed=False)] == ["cards"]


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a few searches and a review, for the command."""
    settings = make_settings(tmp_path, "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", "")
    database = Database.open(settings.database)
    await migrate(database)
    clock = FrozenClock(datetime.now(UTC) - timedelta(hours=1))
    for question in ("download invoices", "Invoices: download", "dark mode"):
        await log(database, clock.now(), question)
    await bad_article(database, clock)
    await database.close()
    return settings.home


def test_the_command_reports_on_searches_for_people_and_programs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "searches"]) == 0
    printed = capsys.readouterr().out
    assert "Most asked" in printed
    assert "Followed by a handoff\n  none" in printed
    assert main(["report", "searches", "--json", "--kind", "asked", "--limit", "1", "--days", "7"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["now"]["searches"], list(found["groups"])) == (3, ["asked"])
    (group,) = found["groups"]["asked"]
    assert (group["count"], group["articles"][0]["title"]) == (2, "Cards")


def test_the_command_reports_on_reviews(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "reviews"]) == 0
    assert "11 of 11 votes say that it did not help." in capsys.readouterr().out
    assert main(["report", "reviews", "--closed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"reviews": []}
    assert main(["report", "reviews", "--closed"]) == 0
    assert "No review is closed yet." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--days", "0"], "days"),
        (["--limit", "0"], "limit"),
        (["--limit", "10000"], "limit"),
        (["--surface", "fax"], "surface"),
    ],
)
def test_a_report_that_cannot_be_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["report", "searches", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"baton: {says}")
