"""Searching in the help centre: what is listed, what is said of it, and what the log learns."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from knowledge.results import SearchOutcome
from knowledge.retriever import Retriever
from knowledge.spelling import Correction
from knowledge.tables import searches
from tests.server.conftest import Running
from tests.server.help_articles import PERSON, fill, page


async def test_a_search_lists_what_answers_and_the_log_learns_which_was_opened(help_centre: Running) -> None:
    text = await page(help_centre, "/help?q=download+invoices+as+pdf")
    assert 'content="noindex"' in text
    assert 'value="download invoices as pdf"' in text
    assert "<mark>invoice" in text
    (link,) = set(re.findall(r'href="(/help/invoices\?search=se_[0-9a-f]{24})"', text))
    opened = await page(help_centre, link)
    assert 'rel="canonical" href="http://127.0.0.1:8080/help/invoices"' in opened
    for nonsense in ("", "x", "se_" + "0" * 24, "'; drop table"):
        await page(help_centre, f"/help/refunds?search={nonsense}")
    async with help_centre.service.database.read() as reader:
        (row,) = (await reader.execute(sa.select(searches))).all()
    assert (row.question, row.surface, row.viewer, row.opened) == (
        "download invoices as pdf", "help", "anonymous", "id-invoices",
    )  # fmt: skip


async def test_a_question_that_the_desk_tries_out_is_searched_and_not_logged(help_centre: Running) -> None:
    text = await page(help_centre, "/help?q=download+invoices+as+pdf&tried")
    assert 'href="/help/invoices"' in text
    async with help_centre.service.database.read() as reader:
        assert (await reader.execute(sa.select(searches))).all() == []


async def test_a_machine_that_follows_a_results_link_opens_nothing_in_the_log_of_searches(help_centre: Running) -> None:
    text = await page(help_centre, "/help?q=download+invoices+as+pdf")
    (link,) = set(re.findall(r'href="(/help/invoices\?search=se_[0-9a-f]{24})"', text))
    await page(help_centre, link, **{"User-Agent": "Googlebot/2.1"})
    await page(help_centre, link, **{"Sec-Purpose": "prefetch;prerender"})
    assert (await help_centre.client.head(link, headers=PERSON)).status == 200
    async with help_centre.service.database.read() as reader:
        assert (await reader.execute(sa.select(searches.c.opened))).scalar_one() is None


async def test_a_search_without_a_result_says_so_and_offers_a_person(help_centre: Running) -> None:
    text = await page(help_centre, "/help?q=qwertzuiop")
    assert "No article answers" in text
    assert '<ol class="entries' not in text
    assert 'href="/contact?about=qwertzuiop"' in text
    assert '<q dir="auto">' + "qwertz" * 16 + "qwe…</q>" in await page(help_centre, "/help?q=" + "qwertz" * 40)


class Judging(Retriever):
    """Finds what the words say, and judges it as it is told to."""

    judged: ClassVar[dict[str, Any]] = {}

    async def search(self, *given: Any, **named: Any) -> SearchOutcome:
        return replace(await super().search(*given, **named), **self.judged)


async def test_what_is_close_is_said_to_be_no_more_than_that_and_what_is_far_is_not_shown(help_centre: Running) -> None:
    service = help_centre.service
    service.retriever = Judging(service.database, None, service.clock)

    async def offered() -> list[str]:
        answer = await help_centre.client.get("/api/help/search?q=goes+to+card")
        return [one["slug"] for one in (await answer.json())["results"]]

    Judging.judged = {"answered": False, "close": True, "corrections": (Correction("dough", "money"),)}
    text = await page(help_centre, "/help?q=goes+to+card")
    assert "No article answers this for sure. Close to what you asked:" in text
    assert 'href="/help/refunds?search=' in text
    assert 'Searched for <b dir="auto">money</b> instead of <b dir="auto">dough</b>.' in text
    assert await offered() == ["refunds"]
    Judging.judged = {"answered": False, "close": False}
    text = await page(help_centre, "/help?q=goes+to+card")
    assert "No article answers" in text
    assert 'href="/help/refunds' not in text
    assert 'href="/contact?about=goes%20to%20card"' in text
    assert await offered() == []


@pytest.mark.parametrize("question", ["", " ", "%20%09", "%00%01%1f", "%E2%80%8B"])
async def test_a_search_for_nothing_leads_to_the_front_page(help_centre: Running, question: str) -> None:
    answer = await help_centre.client.get(f"/help?q={question}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/help")


QUESTIONS = (
    "<b>invoices</b><script>alert(1)</script>", "\"invoices\" NEAR(pdf) -x OR *", "'; DROP TABLE articles; --", "🧾" * 50,
    "فاتورة", "!!! ???", "invo\x00ices\x1b[31m", "ERR_402", "%", "{{7*7}}", "a" * 1000,
)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
async def test_odd_questions_are_searched_and_shown_as_text(help_centre: Running, question: str) -> None:
    answer = await help_centre.client.get("/help", params={"q": question})
    text = await answer.text()
    assert answer.status == 200
    assert "<script>alert" not in text
    assert "<b>invoices" not in text
    assert "\x1b" not in text


async def test_a_question_that_is_too_long_is_refused_in_words(help_centre: Running) -> None:
    text = await page(help_centre, "/help?q=" + "word+" * 400, status=400)
    assert "at most 1,000 characters" in text
    assert (await help_centre.client.get("/help?q=%ff%fe%ed%a0%80")).status in {200, 302}


async def test_who_searches_too_often_is_asked_to_wait(help_centre: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = help_centre.service.settings.model_copy(update={"searches_per_minute": 3})
    monkeypatch.setattr(help_centre.service, "settings", settings)
    answers = [await help_centre.client.get(path) for path in ["/help?q=pdf", "/api/help/search?q=pdf"] * 2]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    refused = await help_centre.client.get("/help?q=pdf")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert 'role="search"' in await refused.text()
    assert (await help_centre.client.get("/help")).status == 200


async def test_before_the_knowledge_base_has_loaded_articles_can_be_read_and_a_search_says_when(
    running: Running,
) -> None:
    await fill(running.service.database)
    while running.service.retriever is None:
        await asyncio.sleep(0)
    running.service.retriever = None
    text = await page(running, "/help?q=invoices", status=503)
    assert "Try again in a few seconds" in text
    await page(running, "/help/invoices")
    assert (await running.client.get("/api/help/search?q=invoices")).status == 503
