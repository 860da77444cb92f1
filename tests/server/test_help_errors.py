"""Errors of the help centre: pages that lead on to a person's browser, the one envelope to a program."""

from __future__ import annotations

import io
from typing import Any

import pytest
from aiohttp import web

from server import pages
from server.api import BODY_LIMIT
from server.routes import help as help_pages
from server.routes import help_forms
from tests.server.conftest import Running
from tests.server.help_articles import PERSON, page

BROWSER = {**PERSON, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NOT_THERE = (
    "/help/none", "/help/Invoices", "/help/category/none", "/help/category/", "/help/a/b/c",
    "/help/%00", "/help/%ff%fe", "/help/" + "a" * 3000, "/help/assets/help.map", "/help/assets/..%2fwidget.js",
    "/help/<script>alert(1)</script>", "/help/category/%E2%80%AE",
)  # fmt: skip


@pytest.mark.parametrize("path", NOT_THERE)
async def test_what_is_not_there_is_a_page_with_a_search_box_or_nothing(help_centre: Running, path: str) -> None:
    answer = await help_centre.client.get(path)
    text = await answer.text()
    assert answer.status == 404
    assert "<script>alert" not in text
    if answer.content_type == "text/html":
        assert 'role="search"' in text
        assert 'href="/contact' in text
    else:
        assert "assets" in path or "%00" in path


NOBODYS = ("/help/%00", "/nowhere", "/%ff", "/contact/x")
"""Addresses that no route takes."""


@pytest.mark.parametrize("path", NOBODYS)
async def test_an_address_that_no_route_takes_is_a_page_to_a_browser_and_the_one_envelope_to_a_program(
    help_centre: Running, path: str
) -> None:
    text = await page(help_centre, path, status=404, **BROWSER)
    assert 'role="search"' in text
    assert 'href="/contact' in text
    for asked, accept in ((path, "*/*"), (f"/api{path}", BROWSER["Accept"])):
        answer = await help_centre.client.get(asked, headers={"Accept": accept})
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")


async def test_an_address_that_is_used_in_the_wrong_way_is_a_page_to_a_browser(help_centre: Running) -> None:
    answer = await help_centre.client.post("/help", data={"q": "invoices"}, headers=BROWSER)
    assert (answer.status, answer.content_type) == (405, "text/html")
    assert "This address cannot be used in that way." in await answer.text()


async def test_a_form_that_is_too_large_is_refused_as_a_page_and_a_request_of_the_api_in_the_envelope(
    help_centre: Running,
) -> None:
    form = io.BytesIO(b"email=kim%40example.org&message=" + b"x" * BODY_LIMIT)
    sent = {**BROWSER, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await help_centre.client.post("/contact", data=form, headers=sent)
    text = await answer.text()
    assert (answer.status, answer.content_type) == (413, "text/html")
    assert "Shorten it and send it again." in text
    assert 'href="/contact' in text
    refused = await help_centre.client.post(
        "/api/help/searches", data=io.BytesIO(b"x" * (BODY_LIMIT + 1)), headers=BROWSER
    )
    assert (refused.status, (await refused.json())["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "path", ["/help", "/help?q=invoices", "/help/invoices", "/help/category/billing", "/contact/sent"]
)
async def test_what_nobody_foresaw_is_a_page_that_leads_to_a_person(
    help_centre: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    shown = pages.show

    def show(request: web.Request, template: str, **values: Any) -> web.Response:
        if template != "problem.html":
            raise RuntimeError("the lamp fell over")
        return shown(request, template, **values)

    for module in (pages, help_pages, help_forms):
        monkeypatch.setattr(module, "show", show)
    text = await page(help_centre, path, status=500)
    assert "Something went wrong" in text
    assert 'role="search"' in text
    assert 'href="/contact' in text
    assert "lamp" not in text
