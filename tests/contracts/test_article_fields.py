"""What the service tells and takes of articles, and what the desk's code believes of it, have the same fields."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from server import article_requests, article_views

TYPES = (Path(__file__).resolve().parents[2] / "web/studio/article-types.ts").read_text(encoding="utf-8")
TOLD = {
    "ArticleFields": article_views.ArticleFieldsView,
    "ArticleVotes": article_views.ArticleVotesView,
    "ArticleRow": article_views.ArticleRowView,
    "ArticleCategory": article_views.CategoryCountView,
    "ArticleList": article_views.ArticlesView,
    "ArticleState": article_views.EditedArticleView,
    "ArticleDraft": article_views.DraftView,
    "ArticleTitle": article_views.NamedArticleView,
    "ArticleDetail": article_views.ArticleDetailView,
    "ArticleVersion": article_views.VersionEntryView,
    "ArticleVersions": article_views.VersionsView,
    "ArticleVersionDetail": article_views.VersionView,
}
"""The view that each interface is of."""


def believed(interface: str) -> set[str]:
    """Return the fields of an interface, with those of the one that it extends."""
    found = re.search(rf"interface {interface}(?: extends (\w+))? \{{(.*?)\}}", TYPES, re.DOTALL)
    assert found is not None, interface
    body = re.sub(r"/\*\*.*?\*/", "", found[2], flags=re.DOTALL)
    return set(re.findall(r"(\w+)\??:", body)) | (believed(found[1]) if found[1] else set())


@pytest.mark.parametrize(("interface", "view"), TOLD.items())
def test_the_desk_knows_each_field_that_the_service_tells(interface: str, view: Any) -> None:
    assert believed(interface) == set(view.__annotations__)


def test_every_interface_of_an_answer_is_compared() -> None:
    assert set(re.findall(r"interface (\w+)", TYPES)) == {*TOLD, "ArticleQuery"}


def test_the_service_takes_each_field_that_the_desk_writes_or_narrows_by() -> None:
    assert believed("ArticleFields") == set(article_requests.FieldsBody.model_fields)
    assert believed("ArticleQuery") == set(article_requests.ArticlesQuery.model_fields) - {
        "limit",
        "after",
        "categories",
    }
