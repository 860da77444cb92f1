"""Editing articles over HTTP: who may, from a new article to what readers find, two editors, versions."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from knowledge.articles import Viewer
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from knowledge.votes import record_vote
from server.background import catch_up
from tests.knowledge.conftest import WordsEncoder
from tests.server.article_editing import ALL, CARDS, ask, published, refused
from tests.server.conftest import Running
from tests.server.desks import Client
from tests.server.help_articles import PERSON, article, fill, page


def after(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


async def shown_for(running: Running, word: str) -> str:
    """Return all that anybody is shown who looks for a word, by every way that there is, staff's search among them."""
    client, agent = running.client, await running.staff()
    shown = []
    for path in (
        "/help",
        "/help?q=",
        "/api/help/search?q=",
        "/help/category/billing",
        "/help/invoices",
        "/sitemap.xml",
    ):
        answer = await client.get(path + word if path.endswith("=") else path, headers=PERSON)
        shown.append(await answer.text())
    page_ = {"url": "https://shop.example/", "title": word, "context": ""}
    shown.append(await (await client.post("/api/chat/suggestions", json=page_)).text())
    shown.append(await (await agent.get("/api/desk/search", params={"q": word})).text())
    service = running.service
    for viewer in Viewer:
        outcome = await service.knowledge().search(word, viewer=viewer, log=False)
        shown += [f"{one.url} {one.title} {one.text}" for one in outcome.results]
        shown += [str(one) for one in await service.knowledge().related("invoices", viewer, 10)]
    return "\n".join(shown)


async def test_an_article_is_made_published_found_taken_out_and_shown_again(help_centre: Running, cora: Client) -> None:
    made = await ask(cora, "POST", ALL, 201, CARDS)
    assert (made["article"]["id"], made["article"]["version"], made["article"]["status"]) == ("cards", 1, "draft")
    assert (made["article"]["fields"], made["article"]["url"], made["draft"]) == (CARDS, None, None)
    assert "/help/cards" not in await shown_for(help_centre, "quaggacards")
    await page(help_centre, "/help/cards", status=404)
    shown = await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 1, "revision": 0})
    assert (shown["article"]["version"], shown["article"]["url"]) == (2, "/help/cards")
    assert "quaggacards" in await page(help_centre, "/help/cards")
    assert (await shown_for(help_centre, "quaggacards")).count("/help/cards") > 6
    gone = await ask(cora, "POST", f"{ALL}/cards/unpublish", 200, {"based_on": 2})
    assert (gone["article"]["status"], gone["article"]["url"]) == ("draft", None)
    assert "/help/cards" not in await shown_for(help_centre, "quaggacards")
    await page(help_centre, "/help/cards", status=404)
    again = await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 3, "revision": 0})
    assert (again["article"]["version"], again["article"]["status"]) == (4, "published")


async def test_a_draft_is_seen_by_nobody_until_it_is_published(help_centre: Running, cora: Client) -> None:
    await published(cora)
    draft = {"fields": CARDS | {"content": "Secret zorilla.", "title": "Zorilla"}, "based_on": 2, "revision": 0}
    saved = await ask(cora, "PUT", f"{ALL}/cards/draft", 200, draft)
    assert saved["article"]["fields"]["title"] == "Pay by card"
    assert (saved["draft"]["revision"], saved["draft"]["by"], saved["draft"]["stale"]) == (1, "Cora", False)
    assert saved["draft"]["fields"]["content"] == "Secret zorilla.\n"
    assert "Secret" not in await shown_for(help_centre, "zorilla")
    assert "orilla" not in await page(help_centre, "/help/cards")
    shown = await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 2, "revision": 1})
    assert (shown["draft"], shown["article"]["fields"]["title"]) == (None, "Zorilla")
    assert "Secret zorilla" in await shown_for(help_centre, "zorilla")


async def test_of_two_editors_the_second_reads_who_was_first_and_nothing_is_lost(
    help_centre: Running, cora: Client
) -> None:
    await published(cora)
    amara = await help_centre.staff("amara@fernhill.example")
    path = f"{ALL}/cards"

    def draft(words: str, based_on: int, revision: int) -> dict[str, Any]:
        return {"fields": CARDS | {"content": words}, "based_on": based_on, "revision": revision}

    await ask(cora, "PUT", path + "/draft", 200, draft("Cora's.", 2, 0))
    late = await refused(amara, "PUT", path + "/draft", 409, draft("Amara's.", 2, 0))
    assert (late["code"], "saved by Cora" in late["message"]) == ("stale_version", True)
    assert (
        "by Cora" in (await refused(amara, "POST", path + "/publish", 409, {"based_on": 2, "revision": 0}))["message"]
    )
    assert "by Cora" in (await refused(amara, "DELETE", path + "/draft", 409, revision=7))["message"]
    await ask(amara, "POST", path + "/publish", 200, {"based_on": 2, "revision": 1})
    later = await refused(cora, "PUT", path + "/draft", 409, draft("Mine.", 2, 1))
    assert later["code"] == "stale_version"
    stale = await refused(cora, "POST", path + "/unpublish", 409, {"based_on": 2})
    assert "version 3 by Amara" in stale["message"]
    assert (await ask(cora, "GET", path))["article"]["fields"]["content"] == "Cora's.\n"


async def test_a_stale_draft_is_brought_up_to_date_by_saving_it_on_the_present_version(
    help_centre: Running, cora: Client
) -> None:
    await published(cora)
    draft = {"fields": CARDS | {"content": "Draft."}, "based_on": 2, "revision": 0}
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, draft)
    await ask(cora, "POST", f"{ALL}/cards/restore", 200, {"number": 1, "based_on": 2})  # the same words: no new version
    await ask(cora, "POST", f"{ALL}/cards/unpublish", 200, {"based_on": 2})
    assert (await ask(cora, "GET", f"{ALL}/cards"))["draft"]["stale"] is True
    no = await refused(cora, "POST", f"{ALL}/cards/publish", 409, {"based_on": 3, "revision": 1})
    assert no["code"] == "stale_version"
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, draft | {"based_on": 3, "revision": 1})
    shown = await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 3, "revision": 2})
    assert (shown["article"]["version"], shown["article"]["fields"]["content"]) == (4, "Draft.\n")


async def test_discarding_a_draft_that_has_gone_is_fine(help_centre: Running, cora: Client) -> None:
    await published(cora)
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, {"fields": CARDS, "based_on": 2, "revision": 0})
    for _ in range(2):
        assert (await ask(cora, "DELETE", f"{ALL}/cards/draft", 200, revision=1))["draft"] is None


async def test_versions_are_listed_read_and_restored(help_centre: Running, cora: Client) -> None:
    await published(cora)
    await ask(
        cora, "PUT", f"{ALL}/cards/draft", 200, {"fields": CARDS | {"title": "New"}, "based_on": 2, "revision": 0}
    )
    await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 2, "revision": 1})
    listed = await ask(cora, "GET", f"{ALL}/cards/versions")
    assert [(one["number"], one["by"], one["changed"], one["status"]) for one in listed["versions"]] == [
        (3, "Cora", ["title"], "published"), (2, "Cora", ["status"], "published"), (1, "Cora", [], "draft"),
    ]  # fmt: skip
    first = await ask(cora, "GET", f"{ALL}/cards/versions", limit=1)
    assert ([one["number"] for one in first["versions"]], first["next"]) == ([3], 3)
    rest = await ask(cora, "GET", f"{ALL}/cards/versions", before=first["next"])
    assert ([(one["number"], one["status"]) for one in rest["versions"]], rest["next"]) == (
        [(2, "published"), (1, "draft")], None,
    )  # fmt: skip
    old = await ask(cora, "GET", f"{ALL}/cards/versions/1")
    assert (old["fields"]["title"], old["status"]) == ("Pay by card", "draft")
    restored = await ask(cora, "POST", f"{ALL}/cards/restore", 200, {"number": 1, "based_on": 3})
    assert (restored["article"]["version"], restored["article"]["status"]) == (4, "published")
    assert restored["article"]["fields"]["title"] == "Pay by card"
    assert "Pay by card" in await page(help_centre, "/help/cards")
    for number in ("9", "0", "x", "-1", "9" * 10, "9" * 30, "0" * 12 + "9" * 30, "²"):
        await refused(cora, "GET", f"{ALL}/cards/versions/{number}", 404)


async def test_the_list_is_narrowed_and_paged(help_centre: Running, cora: Client) -> None:
    clock = help_centre.clock
    for number, slug in enumerate(("cards", "cards-2", "cards-3")):
        clock.set(clock.now() + timedelta(minutes=1))
        await published(
            cora, slug=slug, title=f"Über 100% {number}", category="Money", subcategory="Cards", tags=["Größe"]
        )
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, {"fields": CARDS, "based_on": 2, "revision": 0})
    listed = await ask(cora, "GET", ALL, limit=2)
    assert [one["id"] for one in listed["articles"]] == ["cards-3", "cards-2"]
    assert listed["total"] == 9
    assert {"name": "Money", "articles": 3, "subcategories": ["Cards"]} in listed["categories"]
    assert await ask(cora, "GET", ALL, categories="false") == await ask(cora, "GET", ALL) | {"categories": None}
    seen = [one["id"] for one in listed["articles"]]
    while listed["next"]:
        listed = await ask(cora, "GET", ALL, limit=2, after=listed["next"])
        seen += [one["id"] for one in listed["articles"]]
    assert len(seen) == len(set(seen)) == 9
    row = next(one for one in (await ask(cora, "GET", ALL))["articles"] if one["id"] == "cards")
    assert (row["has_draft"], row["status"], row["edited_by"], row["url"]) == (True, "published", "Cora", "/help/cards")

    async def ids(**query: Any) -> set[str]:
        found = await ask(cora, "GET", ALL, **query)
        assert found["total"] == len(found["articles"])
        return {one["id"] for one in found["articles"]}

    assert await ids(q="100%") == await ids(q="über money") | await ids(q="ÜBER") == {"cards", "cards-2", "cards-3"}
    assert await ids(q="größe CARDS-2") == {"cards-2"}
    assert await ids(q="GRÖSSE") == set()
    assert await ids(q="_") == await ids(q="%%%") == await ids(q='","') == await ids(q="\\") == set()
    assert await ids(status="changed") == {"cards"}
    assert await ids(status="draft") == {"id-unfinished"}
    assert await ids(category="Money", status="published", q="2") == {"cards-2", "cards-3"}
    assert await ids(audience="staff") == {"id-secret-limits"}
    assert await ids(audience="customers") == {"id-for-customers"}
    assert "id-secret-limits" not in await ids(audience="everyone")
    for query in (
        {"after": "x"},
        {"after": "W10="},
        {"after": after('["0001-01-01T00:00:00+14:00", "a"]')},
        {"after": after('["9999-12-31T23:59:59-14:00", "a"]')},
        {"after": after(r'["2026-11-23T12:00:00+00:00", "\ud800"]')},
        {"after": after(r'["2026-11-23T12:00:00+00:00", "\u0000"]')},
        {"after": after('["2026-11-23T12:00:00", "a"]')},
        {"after": after('["2026-11-23T12:00:00+00:00", ["a"]]')},
        {"limit": 0},
        {"status": "lost"},
        {"audience": "both"},
        {"q": "x" * 201},
    ):
        await refused(cora, "GET", ALL, 400, **query)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"slug": "No Slug"}, "slug", "small letters"),
        ({"slug": "x" * 201}, "slug", "longer than 200"),
        ({"title": " "}, "title", "is missing"),
        ({"title": "x" * 301}, "title", "longer than 300"),
        ({"content": " \n"}, "content", "is missing"),
        ({"content": "x" * 100_001}, "content", "longer than 100,000"),
        ({"audience": "everyone"}, "audience", "customer"),
        ({"tags": [f"t{n}" for n in range(201)]}, "tags", "more than 200"),
        ({"tags": ["x" * 201]}, "tags", "longer than 200"),
        ({"tags": [1]}, "tags", "string"),
        ({"visibility": None}, "visibility", "public"),
        ({"surprise": 1}, "surprise", "not permitted"),
    ],
)
async def test_a_field_that_cannot_be_is_named(
    help_centre: Running, cora: Client, changed: dict[str, Any], field: str, words: str
) -> None:
    new = await refused(cora, "POST", ALL, 400, CARDS | changed)
    await published(cora)
    draft = {"fields": CARDS | changed, "based_on": 2, "revision": 0}
    beside = await refused(cora, "PUT", f"{ALL}/cards/draft", 400, draft)
    for error in (new, beside):
        assert error["field"] is not None
        assert error["field"].partition(".")[0] == field
        assert words in error["message"]
    assert (await ask(cora, "GET", f"{ALL}/cards"))["draft"] is None


async def test_a_slug_or_an_id_is_given_once(help_centre: Running, cora: Client) -> None:
    await published(cora)
    assert (await refused(cora, "POST", ALL, 409, CARDS))["field"] == "slug"
    assert (await refused(cora, "POST", ALL, 409, CARDS | {"slug": "other", "id": "cards"}))["field"] == "id"
    taken = {"fields": CARDS | {"slug": "invoices"}, "based_on": 2, "revision": 0}
    assert (await refused(cora, "PUT", f"{ALL}/cards/draft", 409, taken))["field"] == "slug"
    moved = {"fields": CARDS | {"slug": "pay"}, "based_on": 2, "revision": 0}
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, moved)
    await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 2, "revision": 1})
    second = await ask(cora, "POST", ALL, 201, CARDS)
    assert second["article"]["id"].startswith("cards-")
    assert (await ask(cora, "POST", ALL, 201, CARDS | {"slug": "new"}))["article"]["id"] != "new"
    for odd in ("new", "a/b", "", "x" * 65, "é"):
        assert (await refused(cora, "POST", ALL, 400, CARDS | {"slug": "odd", "id": odd}))["field"] == "id"


async def test_an_article_is_deleted_while_no_reader_ever_saw_it(help_centre: Running, cora: Client) -> None:
    assert (await ask(cora, "POST", ALL, 201, CARDS))["article"]["deletable"]
    stale = await refused(cora, "DELETE", f"{ALL}/cards", 409, based_on=1, revision=1)
    assert stale["code"] == "stale_version"
    for _again in range(2):
        assert await ask(cora, "DELETE", f"{ALL}/cards", 200, based_on=1, revision=0) == {}
    assert (await refused(cora, "GET", f"{ALL}/cards", 404))["code"] == "not_found"
    assert not (await published(cora))["article"]["deletable"]
    taken_out = await ask(cora, "POST", f"{ALL}/cards/unpublish", 200, {"based_on": 2})
    assert not taken_out["article"]["deletable"]
    assert (await refused(cora, "DELETE", f"{ALL}/cards", 409, based_on=3, revision=0))["code"] == "conflict"


async def test_articles_are_edited_by_editors_and_leads_only(help_centre: Running) -> None:
    agent = await help_centre.staff()
    calls: tuple[tuple[str, str], ...] = (
        ("DELETE", ALL + "/id-invoices"), ("GET", ALL), ("POST", ALL), ("POST", ALL + "/preview"),
        ("GET", "/api/desk/article-suggestions"), ("GET", ALL + "/id-invoices"),
        ("PUT", ALL + "/id-invoices/draft"), ("DELETE", ALL + "/id-invoices/draft"), ("POST", ALL + "/id-invoices/publish"),
        ("POST", ALL + "/id-invoices/unpublish"), ("POST", ALL + "/id-invoices/restore"), ("GET", ALL + "/id-invoices/versions"),
        ("GET", ALL + "/id-invoices/versions/1"),
    )  # fmt: skip
    stranger = help_centre.browser(**{"X-Baton": "desk"})
    for method, path in calls:
        assert (await refused(stranger, method, path, 401))["code"] == "unauthenticated"
        assert (await refused(agent, method, path, 403))["code"] == "forbidden"
    lead = await help_centre.staff("amara@fernhill.example")
    elsewhere = help_centre.browser()
    elsewhere.session.cookie_jar.update_cookies(
        {cookie.key: cookie.value for cookie in lead.session.cookie_jar}, help_centre.client.make_url("")
    )
    assert (await refused(elsewhere, "POST", ALL, 403, CARDS))["code"] == "forbidden"
    assert (await ask(lead, "GET", ALL + "/id-invoices"))["article"]["fields"]["title"] == "Download invoices as PDF"
    for method, path in calls[5:]:
        body = {"fields": CARDS, "based_on": 1, "revision": 0} if method == "PUT" else {"based_on": 1}
        body |= {"revision": 0} if path.endswith("/publish") else {"number": 1} if path.endswith("/restore") else {}
        query = {"revision": 1} if method == "DELETE" else {}
        gone = await refused(lead, method, path.replace("id-invoices", "none"), 404, body, **query)
        assert gone["code"] == "not_found"


async def test_related_articles_are_offered_by_title_and_named_in_the_detail(
    help_centre: Running, cora: Client
) -> None:
    offered = await ask(cora, "GET", "/api/desk/article-suggestions", q="refund")
    assert [one["id"] for one in offered["articles"]] == ["id-refunds", "id-secret-limits"]
    assert (await ask(cora, "GET", "/api/desk/article-suggestions"))["articles"] == []
    detail = await ask(cora, "GET", f"{ALL}/id-invoices")
    named = {one["id"]: one["title"] for one in detail["related"]}
    assert (named["id-refunds"], named["unfinished"]) == ("Refunds and money back", "Invoices draft zebrafish")


async def test_what_a_review_took_out_says_who_did_it_and_comes_back(help_centre: Running, cora: Client) -> None:
    await published(cora)
    for number in range(11):
        await record_vote(help_centre.service.database, "cards", f"vi_{number}", False, "", clock=help_centre.clock)
    detail = await ask(cora, "GET", f"{ALL}/cards")
    review = detail["article"]["review_id"]
    (row,) = (await ask(cora, "GET", ALL, q="cards"))["articles"]
    assert (row["review_id"], row["votes"]) == (review, {"helpful": 0, "not_helpful": 11})
    amara = await help_centre.staff("amara@fernhill.example")
    await ask(amara, "POST", f"/api/desk/reviews/{review}/close", 200, {"outcome": "archived", "note": ""})
    gone = (await ask(cora, "GET", f"{ALL}/cards"))["article"]
    assert (gone["status"], gone["edited_by"], gone["review_id"]) == ("draft", "Amara Osei", None)
    await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": gone["version"], "revision": 0})
    assert "quaggacards" in await page(help_centre, "/help/cards")


@pytest.mark.parametrize("article_id", ["zendesk:12/3", "a b", "ü", "suggest", "preview", "new", "100%", "..", "a?b#c"])
async def test_an_article_of_any_id_that_an_import_gave_it_can_be_edited(
    help_centre: Running, cora: Client, article_id: str
) -> None:
    await fill(help_centre.service.database, replace(article("odd", "Odd"), id=article_id))
    base = help_centre.client.make_url("/")
    at = URL(f"{base}api/desk/articles/{quote(article_id, safe='').replace('.', '%2E')}", encoded=True)
    for path, known in ((at, article_id), (at / "versions", None), (at / "versions" / "1", None)):
        answer = await cora.session.get(path)
        assert answer.status == 200, await answer.text()
        if known is not None:
            assert (await answer.json())["article"]["id"] == known


async def test_a_link_to_an_old_address_still_reaches_the_article_and_its_votes(
    help_centre: Running, cora: Client
) -> None:
    await published(cora)
    await ask(cora, "PUT", f"{ALL}/cards/draft", 200, {"fields": CARDS | {"slug": "pay"}, "based_on": 2, "revision": 0})
    assert "quaggacards" in await page(help_centre, "/help/cards")
    await ask(cora, "POST", f"{ALL}/cards/publish", 200, {"based_on": 2, "revision": 1})
    old = URL("/help/cards?search=a%26b%23c&x=%0D%0AX", encoded=True)
    moved = await help_centre.client.get(old, headers=PERSON, allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (301, "/help/pay?search=a%26b%23c&x=%0D%0AX")
    assert moved.headers["Cache-Control"] == "no-cache"
    assert "quaggacards" in await page(help_centre, "/help/cards")
    assert (await ask(help_centre.client, "GET", "/api/chat/articles/cards"))["slug"] == "pay"
    voted = await help_centre.client.post("/api/help/articles/cards/vote", json={"helpful": True, "words": ""})
    assert voted.status == 200
    assert (await ask(cora, "GET", f"{ALL}/cards"))["article"]["votes"]["helpful"] == 1


async def test_what_is_published_is_found_by_meaning_after_the_index_has_caught_up_and_never_once_it_is_taken_out(
    help_centre: Running, cora: Client, tmp_path: Path
) -> None:
    service = help_centre.service
    index = KnowledgeIndex(service.database, WordsEncoder(), tmp_path / "index")
    await index.open()
    try:
        service.retriever = Retriever(service.database, index, service.clock)
        done = await catch_up(service.database, index, -1)
        await published(cora)
        assert await catch_up(service.database, index, done) > done
        assert "/help/cards" in await shown_for(help_centre, "quaggacards")
        await ask(
            cora,
            "PUT",
            f"{ALL}/cards/draft",
            200,
            {"fields": CARDS | {"content": "Zorilla."}, "based_on": 2, "revision": 0},
        )
        await ask(cora, "POST", f"{ALL}/cards/unpublish", 200, {"based_on": 2})
        # The vectors are still there: SQL alone decides.
        assert "/help/cards" not in await shown_for(help_centre, "quaggacards")
        await catch_up(service.database, index, done)
        for word in ("quaggacards", "zorilla"):
            assert "/help/cards" not in await shown_for(help_centre, word)
    finally:
        await index.close()
