"""`baton search`: what the knowledge base answers to a question, as a customer or as staff."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, get_args

from core.clock import SystemClock
from core.database import Database
from core.embedding import OnnxEncoder
from core.errors import ConfigurationError, Invalid
from knowledge.articles import Audience, Viewer
from knowledge.catalogue import category_slug, list_categories
from knowledge.index import KnowledgeIndex
from knowledge.other_names import read_other_names
from knowledge.results import SearchOutcome
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from server.commands.output import print_json, print_table
from server.migrate import migrate
from server.settings import Settings, load_settings

TOLD = {
    "answered": "answered",
    "close": "no article answers this; these are the nearest, though none answers it",
    "nothing": "no article answers this, and none comes near",
}
"""What is said of a search by its outcome."""
VIEWERS = {"anonymous": Viewer.ANONYMOUS, "customer": Viewer.CUSTOMER, "staff": Viewer.STAFF}


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("search", help="search the knowledge base")
    parser.add_argument("question")
    parser.add_argument("--limit", type=int, default=5)
    parser.add_argument("--category")
    parser.add_argument("--audience", choices=get_args(Audience), help="only articles for these readers, or for both")
    parser.add_argument("--as", dest="viewer", choices=VIEWERS, default="anonymous", help="who is asking")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Search once and print what was found."""
    outcome, note = asyncio.run(
        search_once(
            load_settings(),
            arguments.question,
            viewer=VIEWERS[arguments.viewer],
            limit=arguments.limit,
            category=arguments.category,
            audience=arguments.audience,
        )
    )
    # What is not even close is no more worth showing here than in the help centre.
    found = outcome.results if outcome.close else []
    if arguments.json:
        results = [
            {"article_id": one.article_id, "slug": one.slug, "title": one.title, "heading": one.heading, "url": one.url,
             "score": round(one.score, 4), "text": one.text,
             "highlights": {"words": one.words, "sentence": one.sentence}}
            for one in found
        ]  # fmt: skip
        confidence = round(outcome.confidence, 4)
        corrections = [{"typed": one.typed, "used": one.used} for one in outcome.corrections]
        print_json(
            {"outcome": _kind(outcome), "answered": outcome.answered, "confidence": confidence, "semantic": outcome.semantic,
             "corrections": corrections, "results": results}
        )  # fmt: skip
        return 0
    if note:
        print(note)
    for one in outcome.corrections:
        print(f"searched for “{one.used}” instead of “{one.typed}”")
    print(f"{TOLD[_kind(outcome)]} (confidence {outcome.confidence:.2f})")
    if found:
        rows = [(f"{one.score:.3f}", one.title, one.heading, one.url) for one in found]
        print()
        print_table(rows, headings=("score", "article", "passage", "address"))
    return 0


def _kind(outcome: SearchOutcome) -> str:
    return "answered" if outcome.answered else "close" if outcome.close else "nothing"


async def search_once(
    settings: Settings,
    question: str,
    *,
    viewer: Viewer,
    limit: int,
    category: str | None = None,
    audience: Audience | None = None,
) -> tuple[SearchOutcome, str]:
    """Open the knowledge base, search it and close it; returns what was found, and why by words alone if so.

    Raises:
        ConfigurationError: there is no encoder yet, or the database will not do.
        Invalid: there is nothing to search for, or no such category.
    """
    clock = SystemClock()
    database = Database.open(settings.database)
    index = None
    note = ""
    try:
        await migrate(database)
        await sync_folder(database, settings.articles_dir, clock)
        if category is not None:
            category = await as_written(database, category, viewer)
        encoder = await asyncio.to_thread(OnnxEncoder, settings.encoder)
        index = KnowledgeIndex(database, encoder, settings.home / "chroma", settings.chroma_url)
        try:
            await index.open()
            await index.refresh()
        except ConfigurationError as error:
            note = f"Searching by words alone. {error.message}"
            index = None
        retriever = Retriever(database, index, clock)
        retriever.names = read_other_names(settings.articles_dir)
        outcome = await retriever.search(
            question,
            viewer=viewer,
            limit=limit,
            category=category,
            audience=audience,
            surface="command",
            log=False,
        )
        return outcome, note
    finally:
        if index is not None:
            await index.close()
        await database.close()


async def as_written(database: Database, typed: str, viewer: Viewer) -> str:
    """Return a category's name as articles have it, however it was typed.

    Raises:
        Invalid: no article that `viewer` may see is of it.
    """
    async with database.read() as reader:
        there = await list_categories(reader, viewer)
    named = {name for one in there for name in one.names}
    if typed in named:
        return typed
    for one in there:
        if one.slug == category_slug(typed):
            return one.names[0]
    raise Invalid(
        f"There is no category {typed!r}; there are {', '.join(one.name for one in there) or 'none'}.", field="category"
    )
