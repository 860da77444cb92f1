"""The documents agree with the code: articles parse, links lead somewhere, every command is written down."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.article_files import parse_article, write_article
from knowledge.articles import Article
from server.command import build_parser
from server.settings import ROOT

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARTICLES = sorted((ROOT / "knowledge" / "articles").rglob("*.md"))
DOCUMENTS = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.is_file()]
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def parsed() -> list[Article]:
    return [parse_article(path.read_text(encoding="utf-8"), file=path.name, now=NOW) for path in ARTICLES]


def test_there_are_articles_enough_and_every_one_parses_and_is_written_back_the_same() -> None:
    articles = parsed()
    assert len(articles) >= 40
    for article in articles:
        assert parse_article(write_article(article), file=f"{article.slug}.md", now=NOW) == article


def test_every_article_has_what_the_schema_of_a_help_centre_needs() -> None:
    for article in parsed():
        assert article.title, article.slug
        assert article.excerpt, article.slug
        assert article.category, article.slug
        assert article.tags, article.slug
        assert article.author, article.slug
        assert article.reviewed is not None, article.slug
        assert article.created <= article.updated, article.slug
        assert article.created <= article.reviewed, article.slug
    assert len({article.slug for article in parsed()}) == len({article.id for article in parsed()}) == len(ARTICLES)


def test_related_articles_and_links_between_articles_exist() -> None:
    articles = {article.slug: article for article in parsed()}
    known = set(articles) | {article.id for article in articles.values()}
    for article in articles.values():
        assert set(article.related) <= known, article.slug
        for slug in re.findall(r"\]\(/help/([^)#]+)", article.content):
            assert slug in articles, article.slug
            assert articles[slug].level <= article.level, (
                f"{article.slug} leads to {slug}, which its readers may not see"
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = _CODE.sub("", document.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        file = document if not name else (document.parent / name).resolve()
        assert file.exists(), f"{target} is not there"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{target}: there is no such heading"


def anchors(document: Path) -> set[str]:
    headings = re.findall(
        r"^#+ (.+?) *$", re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_command_is_written_down() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    (parts,) = [one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction)]
    assert {part for part in parts.choices if f"baton {part}" not in text} == set()


def test_every_document_of_a_subsystem_can_be_reached_from_the_readme_or_the_architecture() -> None:
    starts = [path for path in (ROOT / "README.md", ROOT / "docs" / "architecture.md") if path.is_file()]
    reached: set[Path] = set()
    while starts:
        document = starts.pop()
        if document in reached or not document.is_file():
            continue
        reached.add(document)
        links = re.findall(r"\]\(([^)#:\s]+\.md)", document.read_text(encoding="utf-8"))
        starts += [(document.parent / link).resolve() for link in links]
    assert set(DOCUMENTS) <= reached
