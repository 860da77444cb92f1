"""A small help centre for tests: public articles, and one of each kind that no stranger may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from core.database import Database
from knowledge.articles import Article
from knowledge.retriever import Retriever
from knowledge.store import save_article
from server.service import Service
from tests.server.conftest import NOW, Running

SECRETS = ("secret-limits", "unfinished", "for-customers")
"""Slugs that an anonymous reader must never meet."""
MARK = "zebrafish"
"""A word that only those articles have, in titles and texts."""


def article(slug: str, title: str, content: str = "", **values: Any) -> Article:
    given: dict[str, Any] = {
        "category": "Billing",
        "created": NOW,
        "updated": NOW,
        "excerpt": f"About {slug}.",
    } | values
    return Article(id=f"id-{slug}", slug=slug, title=title, content=(content or f"Text of {slug}.") + "\n", **given)


INVOICES = article(
    "invoices",
    "Download invoices as PDF",
    "Open **Billing** and select an invoice.\n\n## Where are they?\n\nUnder Settings.\n\n## Can I get all of them?\n\n"
    "Yes, as a ZIP file.\n\n## Codes\n\n| Code | Means |\n|---|---|\n| A | paid |\n\n```\ncurl x\n```\n\n<script>alert(1)</script>",
    subcategory="Invoices",
    tags=("pdf", "a & b"),
    related=("id-refunds", *SECRETS),
    author="Ann Example",
)
REFUNDS = article("refunds", "Refunds and money back", "Money goes back to the card.", subcategory="Invoices")
GUESTS = article("guests", "Invite a guest", "Share one project.", category="Sharing")
PUBLIC = (INVOICES, REFUNDS, GUESTS)
HIDDEN = (
    article(SECRETS[0], f"Refund limits {MARK}", f"Invoices {MARK}.", audience="internal", category="Billing"),
    article(SECRETS[1], f"Invoices draft {MARK}", f"Invoices {MARK}.", status="draft", category=f"Drafts {MARK}"),
    article(SECRETS[2], f"Invoices inside {MARK}", f"Invoices {MARK}.", visibility="authenticated", subcategory=MARK),
)


async def fill(database: Database, *articles: Article, at: datetime = NOW) -> None:
    async with database.write() as tx:
        for one in articles or (*PUBLIC, *(replace(one, views=900) for one in HIDDEN)):
            await save_article(tx, one, at=at)


async def open_help(service: Service, *articles: Article) -> None:
    """Fill the help centre and open its search, by words alone."""
    await fill(service.database, *articles)
    service.retriever = Retriever(service.database, None, service.clock)


PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


async def page(running: Running, path: str, *, status: int = 200, **headers: str) -> str:
    answer = await running.client.get(path, headers={**PERSON, **headers})
    text = await answer.text()
    assert answer.status == status, text
    assert answer.content_type == "text/html"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    return text
