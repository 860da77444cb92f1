"""Exports of other help centres for tests, and what an import made of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.database import Database
from knowledge.articles import Article, BrokenArticle, Viewer
from knowledge.importing.importer import ImportReport
from knowledge.importing.reading import look_at, read
from knowledge.store import list_articles

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
