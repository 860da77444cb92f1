"""What the widget suggests before anybody types, from words of the page and from nobody's data."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from customers.demo import seed_customers
from knowledge.tables import articles, openings, searches
from server.identity import sign_identity
from server.page_question import path_of, question_of_page
from server.service import Service
from tests.server.conftest import NOW, Running
from tests.server.help_articles import MARK, open_help

PAGES = (
    (
        "https://x.example/settings/billing?token=abc#me",
        "Billing and invoices · Fernhill",
        "Billing and invoices settings",
    ),
    ("https://x.example/", "Fernhill", ""),
    ("https://x.example/orders/48213/refund", "", "orders refund"),
    ("https://x.example/users/kim@example.org/edit", "", "users"),
    ("https://x.example/u/8f14e45fceea167a/import-from_trello", "Import | Fernhill", "Import from trello"),
    ("https://x.example/%F0%9F%98%80/%ff/caf%C3%A9", "", "café"),
    ("https://[broken", "Mail kim@example.org or +49 170 1234567", "Mail or"),
    ("", "", ""),
    ("https://x.example/index.html", "", ""),
    ("javascript:alert(1)", "<script>alert(1)</script>", "script alert"),
    ("https://x.example/" + "ab/" * 5000, "", "ab"),
)


@pytest.mark.parametrize(("url", "title", "question"), PAGES)
def test_a_page_is_asked_about_in_its_words_and_never_in_its_ids(url: str, title: str, question: str) -> None:
    assert question_of_page(url, title, "", site_names=("Fernhill",)) == question


def test_what_the_site_says_decides_alone_and_is_masked_too() -> None:
    said = question_of_page("https://x.example/refund", "Refund", " import boards for kim@example.org ")
    assert said == "import boards for"
    assert len(question_of_page("", "word " * 50 + "x" * 500, "")) <= 300


def test_an_address_has_a_path_even_where_it_is_none() -> None:
    assert [path_of(url) for url in ("", "https://[x", "https://x.example", "https://x.example/help/a?b#c")] == [
        "/", "/", "/", "/help/a",
    ]  # fmt: skip


@pytest.fixture
async def help_centre(running: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    await open_help(running.service)
    # Three articles and words alone are too little for the learned confidence; the real one is in the story.
    monkeypatch.setattr("server.routes.suggestions.FAIR", 0.0001)
    return running


async def suggested(running: Running, page: dict[str, str], **headers: str) -> list[str]:
    answer = await running.client.post("/api/chat/suggestions", json=page, headers=headers)
    assert answer.status == 200, await answer.text()
    return [one["slug"] for one in (await answer.json())["suggestions"]]


async def test_articles_are_suggested_for_title_address_or_context_and_nothing_is_kept(help_centre: Running) -> None:
    assert await suggested(help_centre, {"title": "Download invoices"}) == ["invoices"]
    assert await suggested(help_centre, {"url": "https://shop.example/refunds/9?name=kim"}) == ["refunds"]
    assert await suggested(help_centre, {"title": "Download invoices", "context": "invite a guest"}) == ["guests"]
    assert await suggested(help_centre, {"title": "Weather in Lisbon"}) == []
    assert await suggested(help_centre, {}) == []
    async with help_centre.service.database.read() as reader:
        assert list(await reader.execute(sa.select(searches))) == []


async def test_an_article_is_not_suggested_on_its_own_page(help_centre: Running) -> None:
    own = {"url": "https://help.example/help/invoices", "title": "Download invoices as PDF"}
    assert await suggested(help_centre, own) == []


async def test_when_the_search_is_not_fairly_sure_nothing_is_suggested(
    help_centre: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.routes.suggestions.FAIR", 1.1)
    assert await suggested(help_centre, {"title": "Download invoices"}) == []


async def token_of(service: Service, running: Running) -> str:
    async with service.database.write() as tx:
        await seed_customers(tx, NOW)
    jwt = sign_identity({"sub": "demo-dana"}, service.identity_secret, NOW)
    return str((await (await running.client.post("/api/chat/sessions", json={"identity": jwt})).json())["token"])


async def test_a_known_customer_is_suggested_what_is_for_customers_and_nobody_what_is_internal(
    help_centre: Running,
) -> None:
    page = {"context": f"invoices {MARK}"}
    assert set(await suggested(help_centre, page)) <= {"invoices", "refunds"}
    guest = (await help_centre.visit()).token
    for bearer in (f"Bearer {guest}", "Bearer nobody", "Basic x"):
        assert set(await suggested(help_centre, page, Authorization=bearer)) <= {"invoices", "refunds"}
    known = {"Authorization": f"Bearer {await token_of(help_centre.service, help_centre)}"}
    assert (await suggested(help_centre, page, **known))[0] == "for-customers"
    read = await help_centre.client.get("/api/chat/articles/for-customers", headers=known)
    assert (read.status, (await read.json())["url"]) == (200, None)
    for hidden in ("secret-limits", "unfinished"):
        assert (await help_centre.client.get(f"/api/chat/articles/{hidden}", headers=known)).status == 404


async def test_an_article_is_read_in_the_widget_sanitised_and_counted(help_centre: Running) -> None:
    headers = {"User-Agent": "Mozilla/5.0 Firefox/140.0"}
    answer = await help_centre.client.get("/api/chat/articles/invoices", headers=headers)
    shown = await answer.json()
    assert (shown["title"], shown["url"]) == ("Download invoices as PDF", "/help/invoices")
    assert "<strong>Billing</strong>" in shown["html"]
    assert "<script>" not in shown["html"]
    async with help_centre.service.database.read() as reader:
        views = sa.select(articles.c.views).where(articles.c.slug == "invoices")
        assert (await reader.execute(views)).scalar_one() == 1
    for missing in ("none", "%00", "a" * 3000):
        assert (await help_centre.client.get(f"/api/chat/articles/{missing}")).status == 404


async def test_an_article_that_a_visitor_reads_in_the_widget_is_noted_as_opened_in_their_conversation(
    help_centre: Running,
) -> None:
    visitor = await help_centre.visit()
    for bearer in (visitor.token, visitor.token, "nobody"):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert (await help_centre.client.get("/api/chat/articles/invoices", headers=headers)).status == 200
    async with help_centre.service.database.read() as reader:
        opened = (await reader.execute(sa.select(openings.c.conversation_id, openings.c.led_by))).all()
        assert [tuple(row) for row in opened] == [(visitor.conversation, "suggestion")]


async def test_odd_pages_get_an_answer_and_other_sites_none(help_centre: Running) -> None:
    for odd in (
        {"url": "x" * 9000, "title": "t" * 9000, "context": "\x00\x1b" * 400},
        {"title": '"NEAR(* -'},
        {"title": "🧾" * 200},
    ):
        await suggested(help_centre, odd)
    for wrong in ([], {"url": 7}, {"title": None}):
        assert (await help_centre.client.post("/api/chat/suggestions", json=wrong)).status == 400
    evil = {"Origin": "https://evil.example"}
    assert (await help_centre.client.post("/api/chat/suggestions", json={}, headers=evil)).status == 403
    assert (await help_centre.client.get("/api/chat/articles/invoices", headers=evil)).status == 403


async def test_suggestions_have_a_limit(help_centre: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = help_centre.service.settings.model_copy(update={"searches_per_minute": 2})
    monkeypatch.setattr(help_centre.service, "settings", settings)
    statuses = [(await help_centre.client.post("/api/chat/suggestions", json={})).status for _ in range(3)]
    assert statuses == [200, 200, 429]
