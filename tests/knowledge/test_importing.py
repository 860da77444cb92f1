"""Imports go in once, follow what changes there, keep what editors did here, and say what is wrong with the rest."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.clock import FrozenClock
from core.database import Database
from core.errors import ConfigurationError, NotFound
from knowledge import versions
from knowledge.articles import Article, BrokenArticle, Viewer, write_article
from knowledge.importing.importer import ImportReport, import_articles
from knowledge.importing.reading import look_at, read
from knowledge.rendering import render
from knowledge.seed import sync_folder
from knowledge.store import get_article, list_articles
from tests.knowledge.conftest import AT, keep, make_article
from tests.knowledge.test_html_to_markdown import HOSTILE, harmless

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def zendesk(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": f"Article {number}",
        "body": f"<h2>How</h2><p>Words about <b>number {number}</b>.</p>",
        "draft": False,
        "section_id": 7,
        "label_names": ["one", "two"],
        "locale": "en-us",
        "source_locale": "en-us",
        "html_url": f"https://acme.example/hc/en-us/articles/{number}",
        "author_id": 3,
        "user_segment_id": None,
        "created_at": "2024-02-03T04:05:06Z",
        "updated_at": "2025-02-03T04:05:06Z",
        "vote_sum": 4,
        "vote_count": 10,
    } | changed


def export(path: Path, articles: list[Any], **beside: Any) -> Path:
    path.write_text(json.dumps({"count": len(articles), "articles": articles, **beside}, indent=1))
    return path


def articles_of(path: Path, **given: Any) -> list[Article]:
    found = list(read(look_at(path, **given), now=NOW))
    assert [str(one) for one in found if isinstance(one, BrokenArticle)] == []
    return [one.incoming.article for one in found if not isinstance(one, BrokenArticle)]


def complaints(path: Path, **given: Any) -> list[str]:
    return [str(one) for one in read(look_at(path, **given), now=NOW) if isinstance(one, BrokenArticle)]


async def listed(database: Database, viewer: Viewer = Viewer.STAFF) -> list[str]:
    async with database.read() as reader:
        return sorted(one.title for one in await list_articles(reader, viewer))


def what(report: ImportReport) -> dict[str, int]:
    return {name: number for name, number in report.counts.items() if number}


async def test_importing_again_changes_nothing_and_says_so(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "articles.json", [zendesk(n) for n in range(450)])
    told: list[tuple[int, int]] = []
    report = await import_articles(database, path, clock, progress=lambda done, every: told.append((done, every)))
    assert what(report) == {"added": 450}
    assert told == [(200, 450), (400, 450), (450, 450)]
    again = await import_articles(database, path, clock)
    assert (what(again), again.changed) == ({"unchanged": 450}, 0)
    async with database.read() as reader:
        (one, *_) = await list_articles(reader, Viewer.STAFF)
        assert len(await versions.list_versions(reader, one.id)) == 1


async def test_a_changed_article_becomes_a_new_version_at_the_same_address(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1), zendesk(2)]), clock)
    changed = export(tmp_path / "a.json", [zendesk(1), zendesk(2, title="Another title")])
    assert what(await import_articles(database, changed, clock)) == {"unchanged": 1, "updated": 1}
    async with database.read() as reader:
        article = await get_article(reader, "article-2", Viewer.ANONYMOUS)
        history = await versions.list_versions(reader, article.id)
    assert [(one.number, one.by, one.changed, one.article.title) for one in history] == [
        (2, "import", ("title",), "Another title"),
        (1, "import", (), "Article 2"),
    ]


async def test_new_votes_and_dates_alone_make_no_version(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1)]), clock)
    later = export(tmp_path / "a.json", [zendesk(1, vote_sum=9, vote_count=9, updated_at="2026-01-01T00:00:00Z")])
    assert what(await import_articles(database, later, clock)) == {"unchanged": 1}


async def test_an_editors_change_is_kept_unless_it_is_to_be_written_over(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1)])
    await import_articles(database, path, clock)
    async with database.write() as tx:
        article = await get_article(tx.connection, "article-1", Viewer.STAFF)
        edited = make_article(article.slug, "By an editor.", id=article.id)
        await versions.edit_article(tx, edited, based_on=1, by="Amara", at=AT)
    export(path, [zendesk(1, body="<p>Newer there.</p>")])
    report = await import_articles(database, path, clock)
    assert (what(report), report.kept) == ({"kept": 1}, ["article-1"])
    assert what(await import_articles(database, path, clock, overwrite=True)) == {"updated": 1}
    async with database.read() as reader:
        history = await versions.list_versions(reader, article.id)
    assert [one.article.content for one in history] == ["Newer there.\n", "By an editor.", history[2].article.content]


async def test_a_dry_run_tells_and_writes_nothing(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [zendesk(1), zendesk(2)])
    assert what(await import_articles(database, path, clock, dry=True)) == {"added": 2}
    assert await listed(database) == []


async def test_a_broken_article_is_named_with_file_line_and_reason_and_the_rest_goes_in(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    articles = [
        zendesk(1),
        zendesk(2, title=None),
        zendesk(3, created_at="soon"),
        zendesk(1),
        "text",
        zendesk(4),
        zendesk(6, created_at="0001-01-01T00:00:00+05:00"),
    ]
    lines = (
        ",\n".join(json.dumps(one) for one in articles)
        .replace('"Article 4"', "oops")
        .replace('"text"', '"text",\n{"id": 8}')
    )
    path = tmp_path / "a.json"
    path.write_text('{"articles": [\n' + lines + ",\n" + json.dumps(zendesk(5)) + "]}")
    report = await import_articles(database, path, clock)
    assert [str(one) for one in report.broken] == [
        "a.json:3: the article 2 has no title.",
        "a.json:4: created_at is 'soon', which is no date.",
        "a.json:5: 1 is there a second time.",
        "a.json:6: this is no article: an object is expected.",
        "a.json:7: the article 8 has no title.",
        "a.json:8: this is no JSON (Expecting value).",
        "a.json:9: created_at is '0001-01-01T00:00:00+05:00', which is no date.",
    ]
    assert await listed(database) == ["Article 1", "Article 5"]


async def test_what_no_export_should_hold_stops_one_article_and_not_the_import(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    odd = [
        zendesk(1, vote_count=float("inf")), zendesk(2, vote_sum=10**30), zendesk(3, title="A cut emoji \ud83d"),
        zendesk(4, user_segment_ids=5), {"id": 5, "title": "F", "description": "x", "folder_id": 1, "status": 2, "hierarchy": 5},
    ]  # fmt: skip
    export(tmp_path / "a.json", odd[:4])
    (tmp_path / "b.json").write_text(json.dumps(odd[4:]))
    (tmp_path / "c.md").write_text('---\ntitle: "Another \\ud83d"\n---\n\nText')
    (tmp_path / os.fsdecode(b"caf\xe9.html")).write_text("<p>Text")
    report = await import_articles(database, tmp_path, clock)
    assert [one.reason for one in report.broken] == ["user_segment_ids is not a list.", "hierarchy is not a list."]
    cut = "\N{REPLACEMENT CHARACTER}"
    assert await listed(database) == [f"A cut emoji {cut}", f"Another {cut}", "Article 1", "Article 2", f"Caf{cut}"]


async def test_two_articles_of_one_title_have_addresses_of_their_own_that_stay(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1, title="Same"), zendesk(2, title="Same"), zendesk(3, title="日本語")])
    await keep(database, make_article("same"))
    await import_articles(database, path, clock)
    async with database.read() as reader:
        before = {one.id: one.slug for one in await list_articles(reader, Viewer.STAFF)}
    assert len(set(before.values())) == 4
    assert "3" in before.values()
    assert what(await import_articles(database, path, clock)) == {"unchanged": 3}


async def test_an_article_that_another_source_brought_is_not_taken_over(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "a.md").write_text(write_article(make_article("cards", "One.")))
    (tmp_path / "two" / "a.md").write_text(write_article(make_article("cards", "Two.")))
    await import_articles(database, tmp_path / "one", clock)
    report = await import_articles(database, tmp_path / "two", clock)
    assert [str(one) for one in report.broken] == [
        "a.md:1: the id cards belongs to an article that came from markdown:one."
    ]
    await sync_folder(database, tmp_path / "one", clock)
    assert what(await import_articles(database, tmp_path / "one", clock)) == {"unchanged": 1}


async def test_drafts_come_in_as_drafts_and_nobody_sees_them(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    report = await import_articles(database, export(tmp_path / "a.json", [zendesk(1, draft=True)]), clock)
    assert (what(report), report.drafts) == ({"added": 1}, 1)
    assert await listed(database) == []
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1)]), clock)
    assert await listed(database) == ["Article 1"]


async def test_who_may_see_them_can_be_narrowed_but_not_widened(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1), zendesk(2, user_segment_id=9)])
    await import_articles(database, path, clock, visibility="authenticated")
    assert await listed(database, Viewer.ANONYMOUS) == []
    assert await listed(database, Viewer.CUSTOMER) == ["Article 1"]
    assert await listed(database) == ["Article 1", "Article 2"]
    assert what(await import_articles(database, path, clock, visibility="authenticated")) == {"unchanged": 2}


async def test_nothing_at_a_path_is_a_sentence(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no file or folder"):
        await import_articles(database, tmp_path / "none", clock)


async def test_an_import_that_was_killed_goes_on(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [zendesk(n) for n in range(300)])

    def stop(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_articles(database, path, clock, progress=stop)
    assert what(await import_articles(database, path, clock)) == {"unchanged": 200, "added": 100}


def test_zendesk_names_votes_dates_and_addresses_are_carried(tmp_path: Path) -> None:
    (tmp_path / "sections.json").write_text(json.dumps({"sections": [{"id": 7, "name": "Invoices", "category_id": 2}]}))
    linked = zendesk(1, body='<p><img src="/hc/article_attachments/9/a.png" alt="A"> <a href="2">next</a></p>')
    export(
        tmp_path / "articles.json",
        [linked, zendesk(2, locale="fr", title="Deux"), zendesk(2, vote_sum=-3, vote_count=None)],
        categories=[{"id": 2, "name": "Billing"}],
        users=[{"id": 3, "name": "Dana Whitfield"}],
    )
    one, french, two = articles_of(tmp_path)
    assert (one.category, one.subcategory, one.author, one.tags) == (
        "Billing",
        "Invoices",
        "Dana Whitfield",
        ("one", "two"),
    )
    assert (one.helpful, one.not_helpful, two.helpful, two.not_helpful) == (7, 3, 0, 3)
    assert one.created == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert "https://acme.example/hc/article_attachments/9/a.png" in one.content
    assert "(https://acme.example/hc/en-us/articles/2)" in one.content
    assert french.id != two.id


@pytest.mark.parametrize(
    ("segment", "level"),
    [
        ({"id": 9, "user_type": "signed_in_users", "built_in": True}, "authenticated"),
        ({"id": 9, "user_type": "signed_in_users", "built_in": False}, "internal"),
        ({"id": 9, "user_type": "staff", "built_in": True}, "internal"),
        ({"id": 8}, "internal"),
    ],
)
def test_a_zendesk_article_for_some_is_never_public(tmp_path: Path, segment: dict[str, Any], level: str) -> None:
    path = export(tmp_path / "a.json", [zendesk(1, user_segment_id=9)], user_segments=[segment])
    assert [one.visibility for one in articles_of(path)] == [level]


def test_an_intercom_export_is_read(tmp_path: Path) -> None:
    article = {
        "type": "article", "id": "55", "workspace_id": "w", "title": "Pay", "description": "How to pay",
        "body": "<p>By card.</p>", "author_id": 1, "state": "published", "parent_id": 12, "created_at": 1672928359,
        "updated_at": 1672928610, "url": "https://help.example/en/articles/55",
        "statistics": {"views": 40, "reactions": 10, "happy_reaction_percentage": 70, "sad_reaction_percentage": 20},
    }  # fmt: skip
    draft = article | {"id": "56", "state": "draft", "body": None, "statistics": None, "parent_id": None}
    (tmp_path / "articles.json").write_text(json.dumps({"type": "list", "pages": None, "data": [article, draft]}))
    collections = [
        {"type": "collection", "id": "11", "name": "Billing", "parent_id": None},
        {"type": "collection", "id": "12", "name": "Cards", "parent_id": "11"},
    ]
    (tmp_path / "collections.json").write_text(json.dumps({"type": "list", "data": collections}))
    pay, other = articles_of(tmp_path)
    assert (pay.title, pay.excerpt, pay.content, pay.status) == ("Pay", "How to pay", "By card.\n", "published")
    assert (pay.category, pay.subcategory, pay.helpful, pay.not_helpful, pay.views) == ("Billing", "Cards", 7, 2, 40)
    assert pay.created == datetime.fromtimestamp(1672928359, UTC)
    assert other.status == "draft"


def test_a_freshdesk_export_is_read(tmp_path: Path) -> None:
    article = {
        "id": 2, "type": 1, "category_id": 3, "folder_id": 4, "title": "sample", "description": "<p>Words</p>",
        "description_text": "Words", "status": 2, "tags": ["a"], "thumbs_up": 5, "thumbs_down": 1, "hits": 90,
        "seo_data": {"meta_title": "t", "meta_description": "About it", "meta_keywords": "x"}, "agent_id": 1,
        "hierarchy": [
            {"level": 0, "type": "category", "data": {"id": 3, "name": "Start"}},
            {"level": 1, "type": "folder", "data": {"id": 5, "name": "Above"}},
            {"level": 2, "type": "folder", "data": {"id": 4, "name": "First steps"}},
        ],
        "created_at": "2016-09-09T02:07:56Z", "updated_at": "2016-09-09T07:07:56Z",
    }  # fmt: skip
    others = [article | {"id": 3, "folder_visibility": 2}, article | {"id": 4, "folder_visibility": 4, "status": 1}]
    path = tmp_path / "solutions.json"
    path.write_text(json.dumps([article, *others, article | {"id": 5, "status": 7}]))
    found = list(read(look_at(path), now=NOW))
    assert str(found[3]) == "solutions.json:1: status is 7; it must be 1 (draft) or 2 (published)."
    one, two, three = (read.incoming.article for read in found[:3] if not isinstance(read, BrokenArticle))
    assert (one.category, one.subcategory, one.excerpt, one.tags) == ("Start", "First steps", "About it", ("a",))
    assert (one.helpful, one.not_helpful, one.views, one.visibility) == (5, 1, 90, "public")
    assert (two.visibility, three.visibility, three.status) == ("authenticated", "internal", "draft")


def test_markdown_of_any_tool_is_read(tmp_path: Path) -> None:
    (tmp_path / "getting-started").mkdir()
    (tmp_path / "plain.md").write_text("# The title\n\nText.\n\n# Another\n\nMore.\n")
    (tmp_path / "no_heading.md").write_text("Only text.")
    (tmp_path / "getting-started" / "hugo.md").write_text(
        "---\ntitle: Hugo\ndate: 2024-05-06\ndraft: true\ntags: a, b\nweight: 3\nsummary: Short\n---\n# Hugo\n\nText\n"
    )
    (tmp_path / "wrong.md").write_text("---\ntitle: A\nvisibility: everyone\n---\nText")
    (tmp_path / "toml.md").write_text("+++\ntitle = 1\n+++\nText")
    (tmp_path / "empty.md").write_text("")
    (tmp_path / ".hidden.md").write_text("Text")
    found = [one for one in read(look_at(tmp_path), now=NOW) if not isinstance(one, BrokenArticle)]
    articles = {one.file: one.incoming.article for one in found}
    assert set(articles) == {"plain.md", "no_heading.md", "getting-started/hugo.md"}
    assert (articles["plain.md"].title, articles["plain.md"].content) == ("The title", "Text.\n\n# Another\n\nMore.\n")
    assert articles["no_heading.md"].title == "No heading"
    hugo = articles["getting-started/hugo.md"]
    assert (hugo.status, hugo.tags, hugo.excerpt, hugo.category) == ("draft", ("a", "b"), "Short", "Getting started")
    assert (hugo.content, hugo.created) == ("Text\n", datetime(2024, 5, 6, tzinfo=UTC))
    assert complaints(tmp_path) == [
        "empty.md:1: the article has no text.",
        "toml.md:1: front matter in TOML (+++) is not read; write it as YAML between lines of ---.",
        "wrong.md:3: visibility is 'everyone'; it must be one of public, authenticated, internal.",
    ]


def test_an_html_page_is_read_without_what_stands_on_every_page(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<html><head><title>Site - Page</title><meta name=description content='About'><meta name=keywords content='a, b'>"
        "</head><body><nav>Menu</nav><main><h1>The page</h1><p>Text.</p></main><footer>Foot</footer></body></html>"
    )
    (tmp_path / "bare.htm").write_bytes("<p>Größe</p>".encode("latin-1"))
    (tmp_path / "none.html").write_text("<html><head><title>x</title></head><body><script>1</script></body></html>")
    (tmp_path / "deep.html").write_text("<div>" * 5_000 + "x")
    found = [one.incoming.article for one in read(look_at(tmp_path), now=NOW) if not isinstance(one, BrokenArticle)]
    bare, page = found
    assert (page.title, page.content, page.excerpt, page.tags) == ("The page", "Text.\n", "About", ("a", "b"))
    assert (bare.title, bare.content) == ("Bare", "Größe\n")
    assert complaints(tmp_path) == [
        "deep.html:1: the HTML is nested too deeply.",
        "none.html:1: the page has no text.",
    ]


def test_a_corpus_is_read_line_by_line(tmp_path: Path) -> None:
    lines = [
        json.dumps({"_id": "d1", "title": "One", "text": "Text"}).encode(),
        b"",
        b'{"_id": 2',
        b"\xff",
        b'{"_id": "d4"}',
    ]
    (tmp_path / "corpus.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "What?"}')
    found = list(read(look_at(tmp_path), now=NOW))
    assert [one.incoming.article.id for one in found if not isinstance(one, BrokenArticle)] == ["d1"]
    assert [one.line for one in found if isinstance(one, BrokenArticle)] == [3, 4, 5]


def test_a_format_can_be_demanded_and_a_file_of_any_name_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text")
    (tmp_path / "b.html").write_text("<p>Text</p>")
    (tmp_path / "page.txt").write_text("  <html><body><p>Text</p></body></html>")
    (tmp_path / "dump.txt").write_text(json.dumps({"articles": [zendesk(1)]}))
    (tmp_path / "lines.txt").write_text(json.dumps({"_id": "1", "title": "T", "text": "x"}))
    (tmp_path / "other.json").write_text('{"name": "no articles"}')
    inputs = look_at(tmp_path)
    assert [(one.name, one.format) for one in inputs.files] == [("a.md", "markdown"), ("b.html", "html")]
    assert inputs.skipped == ["dump.txt", "lines.txt", "other.json", "page.txt"]
    assert [one.name for one in look_at(tmp_path, format="html").files] == ["b.html"]
    for name, kind in (("page.txt", "html"), ("dump.txt", "zendesk"), ("lines.txt", "beir"), ("a.md", "markdown")):
        assert [one.format for one in look_at(tmp_path / name).files] == [kind]
    assert [one.format for one in look_at(tmp_path / "page.txt", format="markdown").files] == ["markdown"]


def test_a_link_out_of_the_folder_and_what_is_no_file_are_passed_over_and_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The password of everything")
    folder = tmp_path / "docs"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "a.md").write_text("Text")
    (folder / "again.md").symlink_to(folder / "shared" / "a.md")
    (folder / "out.md").symlink_to(secret)
    (folder / "corner.md").symlink_to("../secret.txt")
    (folder / "itself.md").symlink_to("itself.md")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.md")
    inputs = look_at(folder)
    assert [one.name for one in inputs.files] == ["again.md", "shared/a.md"]
    assert inputs.skipped == ["corner.md", "itself.md", "out.md", "pipe.md"]


def test_a_corpus_that_is_a_link_out_of_the_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_text(json.dumps({"_id": "1", "title": "T", "text": "x"}))
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "corpus.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    assert (look_at(folder).files, look_at(folder).skipped) == ([], ["corpus.jsonl"])
    assert [one.name for one in look_at(folder / "corpus.jsonl").files] == ["corpus.jsonl"]


async def test_hostile_articles_of_an_export_are_harmless_where_they_are_shown(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    articles = [zendesk(n, title=one, body=f"{one}<p>x</p>") for n, one in enumerate(HOSTILE)]
    await import_articles(database, export(tmp_path / "a.json", articles), clock)
    async with database.read() as reader:
        found = await list_articles(reader, Viewer.STAFF)
        with pytest.raises(NotFound):
            await get_article(reader, "<script>", Viewer.STAFF)
    assert len(found) == len(HOSTILE)
    for article in found:
        harmless(render(article.content, anchors=True))
