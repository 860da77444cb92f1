"""The texts of articles that are edited over HTTP: as they are rendered, tidied and kept, and that nobody waits for them."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from dataclasses import fields

import pytest

from knowledge.editing import Fields
from server.article_requests import FieldsBody
from server.article_views import ArticleFieldsView
from server.making import AT_ONCE
from tests.server.article_editing import ALL, CARDS, ask, refused
from tests.server.conftest import PATIENCE, Running
from tests.server.desks import Client
from tests.server.help_articles import PERSON, article, page


def test_what_an_editor_writes_has_the_same_fields_wherever_it_is_told() -> None:
    written = set(article("cards", "Cards").written) - {"id", "status"}
    assert written == {one.name for one in fields(Fields)}
    assert written == set(FieldsBody.model_fields) == set(ArticleFieldsView.__annotations__)


async def test_a_preview_is_what_the_help_centre_shows(help_centre: Running, cora: Client) -> None:
    fields = (await ask(cora, "GET", f"{ALL}/id-invoices"))["article"]["fields"]
    shown = await ask(cora, "POST", ALL + "/preview", 200, {"content": fields["content"]})
    assert shown["html"] in await page(help_centre, "/help/invoices")
    assert "<script" not in shown["html"]
    long = await refused(cora, "POST", ALL + "/preview", 400, {"content": "x" * 100_001})
    assert "100,000" in long["message"]
    huge = io.BytesIO(json.dumps({"content": "x" * 1_100_000}).encode())
    answer = await cora.post(ALL + "/preview", data=huge, headers={"Content-Type": "application/json"})
    assert (answer.status, (await answer.json())["error"]["code"]) == (413, "too_large")


async def test_many_previews_leave_threads_to_those_who_search(
    help_centre: Running, cora: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = threading.Barrier(AT_ONCE, timeout=PATIENCE)
    counting = threading.Lock()
    running: list[int] = []
    beside: list[int] = []

    def rendered(_content: str) -> str:
        with counting:
            running.append(1)
            beside.append(len(running))
        pairs.wait()
        with counting:
            running.pop()
        return ""

    monkeypatch.setattr("server.routes.articles.article_body", rendered)
    asked = (ask(cora, "POST", ALL + "/preview", 200, {"content": "x"}) for _ in range(3 * AT_ONCE))
    await asyncio.gather(*asked)
    assert max(beside) == AT_ONCE


async def test_what_is_written_is_tidied_and_stays_text(help_centre: Running, cora: Client) -> None:
    odd = {
        "title": "  <b>Cards</b>\n\u202eand\u2066 more \x1b\x00", "content": "\r\nOne.\r\nTwo. <script>alert(1)</script>\x00\r\n",
        "tags": ["visa", " visa ", "", "a,b"], "category": " Billing\tall ",
    }  # fmt: skip
    made = (await ask(cora, "POST", ALL, 201, CARDS | odd))["article"]["fields"]
    assert made["title"] == "<b>Cards</b> and more"
    assert made["content"] == "One.\nTwo. <script>alert(1)</script>\n"
    assert (made["tags"], made["category"]) == (["visa", "a,b"], "Billing all")
    await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 1, "revision": 0})
    shown = await (await help_centre.client.get("/help/cards", headers=PERSON)).text()
    assert "<b>Cards" not in shown
    assert "<script>alert(1)" not in shown


async def test_an_article_in_a_script_from_right_to_left_is_kept_as_it_is_written(
    help_centre: Running, cora: Client
) -> None:
    arabic = {"title": "الدفع بالبطاقة", "content": "ادفع \u200fببطاقتك.\n", "category": "الفواتير"}
    made = (await ask(cora, "POST", ALL, 201, CARDS | arabic))["article"]["fields"]
    assert {name: made[name] for name in arabic} == arabic
    assert [one["id"] for one in (await ask(cora, "GET", ALL, q="بالبطاقة"))["articles"]] == ["cards"]


@pytest.mark.parametrize(
    "content", ["[" * 30_000, ">" * 90_000, "|a|b|\n|-|-|\n" + "|c|d|\n" * 3_000, " " * 90_000 + "x"]
)
async def test_a_text_that_is_hard_to_render_is_answered(help_centre: Running, cora: Client, content: str) -> None:
    assert (await ask(cora, "POST", ALL + "/preview", 200, {"content": content}))["html"]


@pytest.mark.parametrize(
    ("renders", "method", "path"),
    [
        ("server.routes.articles.article_body", "POST", ALL + "/preview"),
        ("server.routes.help.article_body", "GET", "/help/invoices"),
        ("server.routes.suggestions.render", "GET", "/api/chat/articles/invoices"),
    ],
)
async def test_nobody_waits_while_a_text_is_rendered(
    help_centre: Running, cora: Client, monkeypatch: pytest.MonkeyPatch, renders: str, method: str, path: str
) -> None:
    begun, others_answered = threading.Event(), threading.Event()

    def held(_markdown: str) -> str:
        begun.set()
        return "in time" if others_answered.wait(10) else "too late"

    monkeypatch.setattr(renders, held)
    body = {"content": "x"} if method == "POST" else None
    rendered = asyncio.create_task(cora.request(method, path, json=body, headers=PERSON))
    assert await asyncio.to_thread(begun.wait, 10)
    assert (await help_centre.client.get("/healthz")).status == 200
    others_answered.set()
    assert "in time" in await (await rendered).text()
