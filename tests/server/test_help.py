"""The help centre's pages: whole without JavaScript, honest about what is not there, and silent about what is not public."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from yarl import URL

from knowledge.articles import permanent_url
from knowledge.tables import articles
from server.help_content import shortened
from server.settings import ROOT
from tests.server.conftest import NOW, Running
from tests.server.help_articles import HIDDEN, MARK, PERSON, PUBLIC, SECRETS, article, fill, open_help, page


def structured(text: str) -> dict[str, dict[str, Any]]:
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    return {one["@type"]: one for one in json.loads(found)["@graph"]}


async def value(running: Running, column: sa.Column[Any], slug: str) -> Any:
    async with running.service.database.read() as reader:
        return (await reader.execute(sa.select(column).where(articles.c.slug == slug))).scalar_one()


async def test_the_front_page_lists_categories_with_their_most_read_articles(help_centre: Running) -> None:
    text = await page(help_centre, "/help")
    assert re.search(r'href="/help/category/billing">Billing</a>', text)
    assert "All 2 articles" in text
    assert "1 article<" in text
    for one in PUBLIC:
        assert f'href="/help/{one.slug}"' in text
    assert "Recently updated" in text
    async with help_centre.service.database.write() as tx:
        await tx.execute(sa.update(articles).where(articles.c.slug == "guests").values(views=7))
    text = await page(help_centre, "/help")
    assert "Most read" in text
    assert structured(text)["WebSite"]["potentialAction"]["target"]["urlTemplate"].endswith(
        "/help?q={search_term_string}"
    )


async def test_a_help_centre_without_articles_says_so(running: Running) -> None:
    assert "There are no articles yet" in await page(running, "/help")


async def test_a_category_shows_its_subcategories_and_its_articles(help_centre: Running) -> None:
    text = await page(help_centre, "/help/category/billing")
    assert re.search(r"<h2[^>]*>Invoices</h2>", text)
    assert "About refunds." in text
    assert 'rel="canonical" href="http://127.0.0.1:8080/help/category/billing"' in text
    assert [item["name"] for item in structured(text)["BreadcrumbList"]["itemListElement"]] == ["Help", "Billing"]


async def test_categories_that_are_written_alike_share_a_page_and_one_without_a_name_has_one(running: Running) -> None:
    await open_help(
        running.service,
        *(
            article(f"a{n}", f"Title {n}", category=name)
            for n, name in enumerate(("Sign-in", "sign in", "Sign-in", "", "Über uns"))
        ),
    )
    text = await page(running, "/help/category/sign-in")
    assert all(f'href="/help/a{n}"' in text for n in (0, 1, 2))
    assert '<h1 dir="auto">Sign-in</h1>' in text
    assert "Other articles" in await page(running, "/help/category/other")
    assert "Title 4" in await page(running, "/help/category/über-uns")


async def test_a_long_category_has_pages_and_no_others(running: Running) -> None:
    await open_help(running.service, *(article(f"n{n:03}", f"Title {n:03}") for n in range(61)))
    first, second = await page(running, "/help/category/billing"), await page(running, "/help/category/billing?page=2")
    assert first.count('href="/help/n') == 60
    assert second.count('href="/help/n') == 1
    assert "Page 2 of 2" in second
    assert 'rel="canonical" href="http://127.0.0.1:8080/help/category/billing?page=2"' in second
    for wrong in ("0", "3", "-1", "x", "", "1e3", "9" * 5000, "01", "２"):
        assert "We can’t find that page" in await page(running, f"/help/category/billing?page={wrong}", status=404)


async def test_an_article_says_where_it_is_when_it_changed_and_what_to_read_next(help_centre: Running) -> None:
    text = await page(help_centre, "/help/invoices")
    assert "<strong>Billing</strong>" in text
    assert re.search(r'<nav class="way"[^>]*>.*href="/help/category/billing"', text)
    assert '<time datetime="2026-11-23">23 November 2026</time>' in text
    assert 'href="#section-where-are-they"' in text
    assert 'id="section-where-are-they"' in text
    assert 'href="/help?q=a%20%26%20b"' in text
    assert re.search(r'id="related">.*href="/help/refunds"', text, re.DOTALL)
    assert '<html lang="en">' in text
    assert 'class="skip" href="#main"' in text
    assert '<link rel="canonical" href="http://127.0.0.1:8080/help/invoices">' in text
    assert '<meta property="og:title" content="Download invoices as PDF">' in text
    assert '<meta name="description" content="About invoices.">' in text


async def test_an_articles_text_is_markup_of_ours_and_never_of_its_own(help_centre: Running) -> None:
    text = await page(help_centre, "/help/invoices")
    assert "<script>alert" not in text
    assert '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>' in text
    assert '<pre tabindex="0"' in text


async def test_structured_data_describes_article_way_and_questions(help_centre: Running) -> None:
    found = structured(await page(help_centre, "/help/invoices"))
    assert found["TechArticle"]["headline"] == "Download invoices as PDF"
    assert found["TechArticle"]["author"]["name"] == "Ann Example"
    assert found["TechArticle"]["dateModified"] == "2026-11-23T09:00:00+00:00"
    assert [item["position"] for item in found["BreadcrumbList"]["itemListElement"]] == [1, 2, 3]
    asked = {one["name"]: one["acceptedAnswer"]["text"] for one in found["FAQPage"]["mainEntity"]}
    assert asked == {"Where are they?": "Under Settings.", "Can I get all of them?": "Yes, as a ZIP file."}
    assert "FAQPage" not in structured(await page(help_centre, "/help/refunds"))


async def test_a_title_cannot_end_the_script_element_that_describes_it(running: Running) -> None:
    evil = "</script><script>alert(1)</script>\u2028 & <!--"
    await open_help(running.service, article("evil", evil, excerpt=evil, category=evil))
    for path in ("/help/evil", "/help", "/help/category/script-script-alert-1-script"):
        text = await page(running, path)
        assert "<script>alert" not in text
    assert structured(await page(running, "/help/evil"))["TechArticle"]["headline"] == evil


async def test_a_reader_has_a_page_once_until_it_changes(help_centre: Running) -> None:
    first = await help_centre.client.get("/help/refunds", headers=PERSON)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = await help_centre.client.get("/help/refunds", headers={**PERSON, "If-None-Match": f'W/{tag}, "x"'})
    assert (again.status, await again.read()) == (304, b"")
    async with help_centre.service.database.write() as tx:
        await tx.execute(sa.update(articles).where(articles.c.slug == "refunds").values(title="Money"))
    assert (await help_centre.client.get("/help/refunds", headers={"If-None-Match": tag})).status == 200


async def test_head_answers_like_get_without_a_body(help_centre: Running) -> None:
    for path in ("/help", "/help/invoices", "/help/category/billing", "/help?q=invoices", "/contact", "/sitemap.xml",
                 "/robots.txt", "/help/none", "/help/category/none"):  # fmt: skip
        asked, got = await help_centre.client.head(path), await help_centre.client.get(path)
        assert (asked.status, asked.content_type) == (got.status, got.content_type), path
        assert await asked.read() == b""


async def test_an_articles_address_with_a_slash_at_its_end_leads_to_the_one_without(help_centre: Running) -> None:
    slug = PUBLIC[0].slug
    answer = await help_centre.client.get(f"/help/{slug}/?search=a%26b", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (301, f"/help/{slug}?search=a%26b")


async def test_the_front_page_has_one_address(help_centre: Running) -> None:
    answer = await help_centre.client.get("/help/", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (301, "/help")


async def test_no_page_shows_what_is_not_public(help_centre: Running) -> None:
    paths = (
        "/help", "/help/category/billing", "/help/invoices", "/help/refunds", f"/help?q={MARK}", "/help?q=refund+limits",
        "/help?q=invoices", "/sitemap.xml", "/sitemap-0.xml", "/sitemap-1.xml", f"/api/help/search?q={MARK}",
        "/api/help/search?q=Invoices+d", "/api/help/search?q=refund+limits", "/help/category/drafts",
    )  # fmt: skip
    for path in paths:
        text = (await (await help_centre.client.get(path)).text()).replace(f'"question": "{MARK}"', "")
        for slug in SECRETS:
            assert slug not in text, path
        assert (
            MARK not in text.replace(f"q={MARK}", "").replace(f'value="{MARK}"', "") or "No article answers" in text
        ), path
    for one in HIDDEN:
        await page(help_centre, f"/help/{one.slug}", status=404)
        assert (await help_centre.client.get(f"/api/chat/articles/{one.slug}")).status == 404
    await page(help_centre, f"/help/category/drafts-{MARK}", status=404)
    assert await value(help_centre, articles.c.views, "secret-limits") == 900


async def test_staff_and_customers_see_no_more_on_the_public_pages(help_centre: Running) -> None:
    maya = await help_centre.staff()
    for one in HIDDEN:
        assert (await maya.get(f"/help/{one.slug}")).status == 404


async def test_a_view_counts_once_a_day_for_each_reader_and_not_for_machines(help_centre: Running) -> None:
    client = help_centre.client
    for headers in (PERSON, PERSON, {"User-Agent": "Mozilla/5.0 Chrome/140"}, {"User-Agent": "Googlebot/2.1"}, {"User-Agent": "curl/8"},
                    {"User-Agent": ""}, {"User-Agent": "Other browser", "Sec-Purpose": "prefetch;prerender"}):  # fmt: skip
        assert (await client.get("/help/guests", headers=headers)).status == 200
    await client.head("/help/guests", headers={"User-Agent": "A third browser"})
    assert await value(help_centre, articles.c.views, "guests") == 2
    help_centre.clock.set(NOW + timedelta(days=1))
    await client.get("/help/guests", headers=PERSON)
    assert await value(help_centre, articles.c.views, "guests") == 3


async def test_the_brand_is_the_settings_and_the_way_back_too(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"brand_name": "Acme & Co", "brand_colour": "#ffcc00", "brand_url": "https://acme.example/?a=1&b=2"}
    monkeypatch.setattr(running.service, "settings", running.service.settings.model_copy(update=changed))
    text = await page(running, "/help")
    assert "<title>Acme &amp; Co Help</title>" in text
    assert 'href="https://acme.example/?a=1&amp;b=2"' in text
    assert "--accent:" in text


async def test_every_template_is_used_and_none_is_missing() -> None:
    used = set()
    for path in (ROOT / "server").rglob("*.py"):
        used |= set(re.findall(r'"(\w+\.html)"', path.read_text(encoding="utf-8")))
    there = {path.name for path in (ROOT / "server" / "templates").iterdir()}
    assert there - used == {"base.html"}


def test_what_is_shortened_is_cut_between_words_and_within_one_that_would_leave_nothing() -> None:
    assert shortened("one two  three", 14) == "one two three"
    assert shortened("one two three", 10) == "one two…"
    assert shortened("see " + "x" * 300, 20) == "see " + "x" * 15 + "…"


@pytest.mark.parametrize("name", ["zendesk:12/3", "im_1", "ü?#%"])
async def test_an_articles_permanent_address_leads_to_where_it_is_now(help_centre: Running, name: str) -> None:
    await fill(help_centre.service.database, replace(article("odd", "Odd"), id=name))
    address = URL(f"{permanent_url(name)}?search=a%26b", encoded=True)
    moved = await help_centre.client.get(address, headers=PERSON, allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (301, "/help/odd?search=a%26b")
    assert moved.headers["Cache-Control"] == "no-cache"


async def test_the_permanent_address_of_what_is_not_public_answers_as_one_of_nothing(help_centre: Running) -> None:
    async def answer(name: str) -> tuple[int, str]:
        # Not followed: where it led would name the slug.
        told = await help_centre.client.get(permanent_url(name), headers=PERSON, allow_redirects=False)
        return told.status, await told.text()

    nothing = await answer("nothing")
    assert nothing[0] == 404
    assert [await answer(one.id) for one in HIDDEN] == [nothing] * len(HIDDEN)
