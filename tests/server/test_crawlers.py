"""What search engines are told: every public page with its last change, in parts where there are many."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest

from server.routes import crawlers
from tests.server.conftest import NOW, Running
from tests.server.help_articles import SECRETS, article, fill

SITE = "http://127.0.0.1:8080"
SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def listed(running: Running, path: str) -> dict[str, str | None]:
    answer = await running.client.get(path)
    assert (answer.status, answer.content_type) == (200, "application/xml")
    tree = ElementTree.fromstring(await answer.text())
    return {str(one.findtext(f"{SPACE}loc")): one.findtext(f"{SPACE}lastmod") for one in tree}


async def test_the_sitemap_lists_every_public_page_with_its_last_change(running: Running) -> None:
    await fill(running.service.database)
    later = article("later", "Later", category="Über uns & mehr", updated=NOW + timedelta(days=1))
    await fill(running.service.database, later)
    pages = await listed(running, "/sitemap.xml")
    assert pages == {
        f"{SITE}/help": "2026-11-24T09:00:00+00:00",
        f"{SITE}/help/category/billing": "2026-11-23T09:00:00+00:00",
        f"{SITE}/help/category/sharing": "2026-11-23T09:00:00+00:00",
        f"{SITE}/help/category/%C3%BCber-uns-mehr": "2026-11-24T09:00:00+00:00",
        f"{SITE}/help/invoices": "2026-11-23T09:00:00+00:00",
        f"{SITE}/help/refunds": "2026-11-23T09:00:00+00:00",
        f"{SITE}/help/guests": "2026-11-23T09:00:00+00:00",
        f"{SITE}/help/later": "2026-11-24T09:00:00+00:00",
    }
    for address in pages:
        assert (await running.client.get(address.removeprefix(SITE))).status == 200, address


async def test_a_long_sitemap_comes_in_parts_that_list_each_page_once(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawlers, "MOST_ADDRESSES", 2)
    await fill(running.service.database)
    parts = await listed(running, "/sitemap.xml")
    assert list(parts) == [f"{SITE}/sitemap-{number}.xml" for number in range(3)]
    assert all(parts.values())
    pages = [page for part in parts for page in await listed(running, part.removeprefix(SITE))]
    assert len(pages) == len(set(pages)) == 6
    assert not any(slug in page for page in pages for slug in SECRETS)
    for none in ("3", "999999", "9999999", "-1", "x"):
        assert (await running.client.get(f"/sitemap-{none}.xml")).status == 404


async def test_an_empty_help_centre_still_has_a_sitemap(running: Running) -> None:
    assert await listed(running, "/sitemap.xml") == {f"{SITE}/help": None}


async def test_robots_are_told_where_the_sitemap_is_and_what_is_not_theirs(running: Running) -> None:
    answer = await running.client.get("/robots.txt")
    text = await answer.text()
    assert answer.content_type == "text/plain"
    assert f"Sitemap: {SITE}/sitemap.xml" in text
    assert {"Disallow: /api/", "Disallow: /desk", "Disallow: /help?q="} <= set(text.splitlines())
