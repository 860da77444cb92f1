"""Front matter: read whole, and refused with file, line and reason."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge.article_files import parse_article, write_article
from knowledge.articles import Article, BrokenArticle

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
WHOLE = """---
id: fh-1
slug: pay-by-card
title: Pay by card
excerpt: How to pay.
category: Billing
subcategory: Cards
tags: [card, visa]
audience: both
visibility: authenticated
related: [refunds]
author: Dana Whitfield
created: 2026-01-02
updated: 2026-02-03
reviewed: 2026-03-04
helpful: 3
not_helpful: 1
views: 40
---

Open **Settings**.
"""


def test_every_field_of_the_schema_is_read() -> None:
    assert parse_article(WHOLE, file="pay.md", now=NOW) == Article(
        id="fh-1",
        slug="pay-by-card",
        title="Pay by card",
        content="Open **Settings**.\n",
        excerpt="How to pay.",
        category="Billing",
        subcategory="Cards",
        tags=("card", "visa"),
        audience="both",
        visibility="authenticated",
        related=("refunds",),
        author="Dana Whitfield",
        created=datetime(2026, 1, 2, tzinfo=UTC),
        updated=datetime(2026, 2, 3, tzinfo=UTC),
        reviewed=datetime(2026, 3, 4, tzinfo=UTC),
        helpful=3,
        not_helpful=1,
        views=40,
    )


def test_what_a_file_leaves_out_has_a_default() -> None:
    article = parse_article("---\ntitle: Hello\n---\nWords.", file="guides/hello.md", now=NOW)
    assert (article.id, article.slug, article.visibility, article.status) == ("hello", "hello", "public", "published")
    assert article.created == article.updated == NOW


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "must begin with front matter"),
        ("# Title\n", 1, "must begin with front matter"),
        ("---\ntitle: " + "[" * 3_000 + "]" * 3_000 + "\n---\n", 1, "nested too deeply"),
        ("---\ntags: &all [a, b]\ntitle: *all\n---\n", 3, "all stands for something; write that out"),
        ("---\ntitle: Open\nWords", 1, "not closed"),
        ("---\ntitle: A\ntags: [a\nslug: b: c\n---\nWords", 4, "not YAML"),
        ("---\n- a\n---\nWords", 2, "list of `name: value`"),
        ("---\nslug: a\n---\nWords", 1, "title is missing"),
        ("---\ntitle: A\nslug: Not A Slug\n---\nWords", 3, "small letters"),
        ("---\ntitle: A\nslug: a\nvisibility: secret\n---\nWords", 4, "must be one of public, authenticated, internal"),
        ("---\ntitle: A\nslug: a\ntags: billing\n---\nWords", 4, "must be a list"),
        ("---\ntitle: A\nslug: a\nviews: -1\n---\nWords", 4, "whole number"),
        ("---\ntitle: A\nslug: a\nviews: 1000000001\n---\nWords", 4, "whole number"),
        ("---\ntitle: A\nslug: a\nupdated: soon\n---\nWords", 4, "must be a date"),
        ("---\ntitle: A\nslug: a\nupdated: '0001-01-01T00:00+14:00'\n---\nWords", 4, "must be a date"),
        ("---\ntitle: A\nslug: a\nupdated: 9999-12-31T23:00:00-02:00\n---\nWords", 4, "must be a date"),
        ("---\ntitle: A\nslug: a\nvisiblity: internal\n---\nWords", 4, "visiblity is no field"),
        ("---\ntitle: A\nslug: a\n---\n\n", 5, "no text"),
        ("---\ntitle: A\nslug: a\n---\nzero \x00 byte", 5, "NUL"),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_the_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(BrokenArticle, match=reason) as refused:
        parse_article(text, file="a.md", now=NOW)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"a.md:{line}: ")


@given(st.text(max_size=200))
def test_any_text_is_an_article_or_a_broken_one(text: str) -> None:
    for candidate in (text, f"---\n{text}\n---\nWords", f"---\ntitle: {text}\nslug: a\n---\n{text}"):
        with contextlib.suppress(BrokenArticle):
            assert parse_article(candidate, file="a.md", now=NOW).slug


def test_an_article_written_and_read_again_is_the_same() -> None:
    article = parse_article(WHOLE, file="pay.md", now=NOW)
    assert parse_article(write_article(article), file="pay.md", now=NOW) == article


def test_the_content_hash_follows_what_editors_write_and_not_votes_and_dates() -> None:
    article = parse_article(WHOLE, file="pay.md", now=NOW)
    assert replace(article, views=9, helpful=9, updated=NOW).content_hash == article.content_hash
    for changed in (
        {"title": "B"},
        {"visibility": "internal"},
        {"content": "B"},
        {"tags": ("b",)},
        {"status": "draft"},
    ):
        assert replace(article, **changed).content_hash != article.content_hash


@pytest.mark.parametrize(
    ("audience", "visibility", "level"),
    [("customer", "public", 0), ("both", "authenticated", 1), ("both", "internal", 2), ("internal", "public", 2)],
)
def test_the_stricter_of_audience_and_visibility_decides_who_may_see_an_article(
    audience: str, visibility: str, level: int
) -> None:
    article = parse_article(WHOLE, file="pay.md", now=NOW)
    assert replace(article, audience=audience, visibility=visibility).level == level


def test_every_shipped_article_parses_and_names_related_articles_that_exist() -> None:
    files = sorted((ROOT / "knowledge" / "articles").rglob("*.md"))
    shipped = [parse_article(path.read_text(encoding="utf-8"), file=path.name, now=NOW) for path in files]
    slugs = {article.slug for article in shipped}
    assert len(slugs) == len({article.id for article in shipped}) == len(shipped) >= 40
    assert [(one.slug, related) for one in shipped for related in one.related if related not in slugs] == []


def test_the_questions_that_the_search_is_judged_by_name_shipped_articles() -> None:
    asked = yaml.safe_load((Path(__file__).parent / "questions.yml").read_text(encoding="utf-8"))
    slugs = {path.stem for path in (ROOT / "knowledge" / "articles").rglob("*.md")}
    assert {slug for named in asked["answered"].values() for slug in named} <= slugs
