"""Every format that can be imported is read with all that it carries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge.articles import BrokenArticle
from knowledge.importing.found import Found
from knowledge.importing.reading import look_at, read
from tests.knowledge.exports import articles_of, complaints, export, zendesk

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_zendesk_names_votes_dates_and_addresses_are_carried(tmp_path: Path) -> None:
    (tmp_path / "sections.json").write_text(json.dumps({"sections": [{"id": 7, "name": "Invoices", "category_id": 2}]}))
    linked = zendesk(
        1, body='<p><img src="/hc/article_attachments/9/a.png" alt="A"> <a href="../sections/2">next</a></p>'
    )
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
    assert "(https://acme.example/hc/en-us/sections/2)" in one.content
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
    assert (one.helpful, one.not_helpful, one.views, one.visibility) == (5, 1, 90, "internal")
    assert (two.visibility, three.visibility, three.status) == ("authenticated", "internal", "draft")


@pytest.mark.parametrize(
    ("told", "folder", "level"),
    [
        (1, None, "public"),
        (2, None, "authenticated"),
        *((number, None, "internal") for number in (None, 3, 4, 5, 6, 7)),
        (None, {"id": 4, "visibility": 1}, "public"),
        (None, {"id": 4, "visibility": 2}, "authenticated"),
        (None, {"id": 4, "visibility": 4}, "internal"),
        (None, {"id": 4}, "internal"),
        (None, {"id": 5, "visibility": 1}, "internal"),
        (3, {"id": 4, "visibility": 1}, "internal"),
    ],
)
def test_a_freshdesk_article_is_public_only_where_its_folder_is_said_to_be(
    tmp_path: Path, told: int | None, folder: dict[str, Any] | None, level: str
) -> None:
    article = {"id": 1, "folder_id": 4, "title": "One", "description": "Text", "status": 2}
    beside = {} if folder is None else {"folders": [folder]}
    path = export(tmp_path / "a.json", [article | ({} if told is None else {"folder_visibility": told})], **beside)
    assert [one.visibility for one in articles_of(path)] == [level]


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


def test_comments_above_the_title_are_not_read_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("<!-- Copyright\nof all -->\n\n# Cards\n\nText. <!-- stays -->")
    (tmp_path / "b.md").write_text("<!-- one\ntwo -->\n---\ntitle: B\ndraft: perhaps\n---\nText")
    (tmp_path / "c.md").write_text("<!-- not closed\n\n# Cards")
    assert complaints(tmp_path) == ["b.md:5: draft is 'perhaps'; it must be true or false."]
    (article,) = articles_of(tmp_path / "a.md")
    assert (article.title, article.content) == ("Cards", "Text. <!-- stays -->\n")


def test_an_article_is_not_read_as_another_vendors_whatever_is_demanded(tmp_path: Path) -> None:
    draft = {"type": "article", "id": 5, "title": "Secret", "body": "<p>Text.</p>", "state": "draft"}
    path = export(tmp_path / "a.json", [draft, zendesk(1)])
    broken, article = read(look_at(path, format="zendesk"), now=NOW)
    assert isinstance(broken, BrokenArticle)
    assert broken.reason == "this is an article of Intercom and not of Zendesk, as which the file is read."
    assert isinstance(article, Found)


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
