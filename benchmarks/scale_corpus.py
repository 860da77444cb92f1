"""The corpus of benchmarks/scale.py: passages made from the shipped articles, in a database and an index as after an import."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
import yaml
from telling import say

from core.clock import SystemClock
from core.database import Database, metadata
from core.embedding import OnnxEncoder, Vectors
from core.errors import ConfigurationError
from knowledge import tables
from knowledge.article_files import parse_article
from knowledge.derivation import derive
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever

ROOT = Path(__file__).parents[1]
PER_ARTICLE = 5
LEVELS = (("public", 0.60), ("authenticated", 0.25), ("internal", 0.15))
TURN = 1.0
"""Length of the noise added to a vector of length 1."""
BATCH = 5_000
VERSION = 2
"""Rises when the corpus is made otherwise, so that a kept one is not taken for it."""


def read_sources(encoder: OnnxEncoder) -> tuple[list[tuple[str, str, str]], Vectors, list[str]]:
    """Return the shipped articles' passages (heading, text, terms) with their vectors, and customers' questions."""
    now = SystemClock().now()
    found = []
    for path in sorted((ROOT / "knowledge" / "articles").rglob("*.md")):
        article = parse_article(path.read_text(encoding="utf-8"), file=path.name, now=now)
        found += [(article.title, one.heading, one.text, one.terms) for one in derive(article)]
    vectors = encoder.encode(["\n".join(one[:3]) for one in found])
    asked = yaml.safe_load((ROOT / "tests" / "knowledge" / "questions.yml").read_text(encoding="utf-8"))
    return [one[1:] for one in found], vectors, [*asked["answered"], *asked["unanswered"]]


def make_article(number: int, visibility: str) -> dict[str, Any]:
    """Make the row of one article."""
    texts = dict.fromkeys(("content", "excerpt", "subcategory", "author", "content_hash"), "")
    names = {"id": f"a{number}", "slug": f"a{number}", "title": f"Article {number}", "category": f"c{number % 20}"}
    dates = dict.fromkeys(("created_at", "updated_at"), SystemClock().now())
    state = {"audience": "both", "visibility": visibility, "status": "published", "version": 1}
    return texts | names | dates | state | {"tags": [], "related": []}


def make_rows(
    sources: Sequence[tuple[str, str, str]], vectors: Vectors, start: int, count: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Vectors]:
    """Make `count` passages from number `start` on, with their articles and vectors; the same each time."""
    dice, noise = random.Random(start), np.random.default_rng(start)
    articles, passages, chosen = [], [], []
    for number in range(start, start + count):
        if number % PER_ARTICLE == 0:
            visibility = dice.choices([name for name, _ in LEVELS], [share for _, share in LEVELS])[0]
            articles.append(make_article(number, visibility))
        place = dice.randrange(len(sources))
        heading, text, terms = sources[place]
        title, above, body = (line.split() for line in terms.split("\n"))
        # Two thirds of the words are the passage's own, one third comes from a long tail, as in a corpus of this size.
        kept = [word for word in body if dice.random() < 0.67]
        tail = [f"w{int(dice.paretovariate(0.6)) % 300_000}" for _ in range(len(body) // 3)]
        passages.append(
            {"id": number + 1, "article_id": articles[-1]["id"], "position": number % PER_ARTICLE, "heading": heading, "text": text,
             "level": [name for name, _ in LEVELS].index(articles[-1]["visibility"]),
             "terms": "\n".join(" ".join(line) for line in (title[:2], above, kept + tail)), "length": len(body) + len(above) + 2}
        )  # fmt: skip
        chosen.append(place)
    turned = vectors[chosen] + TURN * noise.standard_normal((count, vectors.shape[1])) / np.sqrt(vectors.shape[1])
    return (
        articles,
        passages,
        np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True), dtype=np.float32),
    )


@asynccontextmanager
async def product(encoder: OnnxEncoder, chunks: int, url: str | None, folder: Path) -> AsyncIterator[Retriever]:
    """Open database and index as a finished import leaves them, filled now unless the folder holds them from an earlier run.

    Raises:
        ConfigurationError: the database holds a knowledge base of somebody's.
    """
    db = Database.open(url or f"sqlite:///{folder}/scale.db")
    made = [one for one in metadata.sorted_tables if one.name.startswith("knowledge_")]
    index = KnowledgeIndex(db, encoder, folder / "index")
    noted = folder / "baton.json"
    same = json.dumps([chunks, encoder.model_id, url, VERSION])
    try:
        await index.open()
        if not (noted.exists() and noted.read_text(encoding="utf-8") == same):
            async with db.write() as tx:
                if await tx.connection.run_sync(lambda connection: sa.inspect(connection).has_table(made[0].name)):
                    raise ConfigurationError("That database holds a knowledge base already; name an empty one.")
                await tx.connection.run_sync(lambda connection: metadata.create_all(connection, tables=made))
            await fill(db, index, encoder, chunks)
            noted.write_text(same, encoding="utf-8")
        yield Retriever(db, index, SystemClock())
    finally:
        await index.close()
        await db.close()


async def fill(db: Database, index: KnowledgeIndex, encoder: OnnxEncoder, chunks: int) -> None:
    """Write the passages into empty tables and their vectors into a new generation of the index."""
    sources, vectors, _ = read_sources(encoder)
    store = index._store
    generation = await asyncio.to_thread(store.begin, encoder.model_id, encoder.dimensions)
    for start in range(0, chunks, BATCH):
        articles, passages, turned = make_rows(sources, vectors, start, min(BATCH, chunks - start))
        async with db.write() as tx:
            await tx.execute(sa.insert(tables.articles), articles)
            # With ids asked for, PostgreSQL gets many rows in a statement, as an import sends them.
            await tx.execute(sa.insert(tables.passages).returning(tables.passages.c.id), passages)
        for level in range(len(LEVELS)):
            own = [place for place, one in enumerate(passages) if one["level"] == level]
            ids = [passages[place]["id"] for place in own]
            await asyncio.to_thread(store.put, generation, level, ids, turned[own])
        say(f"stored {start + len(passages)} of {chunks}")
    await asyncio.to_thread(store.switch, generation)
    async with db.write() as tx:
        await tx.execute(sa.insert(tables.generations).values(name="passages", number=1))
        if db.dialect == "postgresql":
            await tx.execute(sa.text("ANALYZE knowledge_passages"))
