"""The product's own search over a corpus of one's choice, in a temporary place: for benchmarks and for learning."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from core.clock import SystemClock
from core.database import Database, metadata
from core.embedding import Encoder
from core.errors import ConfigurationError
from knowledge import tables
from knowledge.articles import Article
from knowledge.derivation import derive
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from knowledge.store import save_article

Progress = Callable[[str, int, int], None]
_BATCH = 200
_TABLES = [
    tables.articles,
    tables.versions,
    tables.drafts,
    tables.passages,
    tables.generations,
    tables.votes,
    tables.searches,
    tables.indexed_articles,
]


@asynccontextmanager
async def search_over(
    articles: Sequence[Article],
    encoder: Encoder,
    *,
    database_url: str | None = None,
    progress: Progress = lambda _step, _done, _all: None,
) -> AsyncIterator[Retriever]:
    """Build database and index of `articles` as the service would, and take them away afterwards.

    Args:
        articles: what can be found.
        encoder: makes the vectors.
        database_url: a database without Baton's tables to work in; None for SQLite in a temporary file.
        progress: is told the step and how much of it is done.

    Raises:
        ConfigurationError: the database holds a knowledge base.
    """
    with tempfile.TemporaryDirectory(prefix="baton-search-") as folder:
        db = Database.open(database_url or f"sqlite:///{folder}/search.db")
        try:
            async with _tables(db):
                await _store(db, articles, progress)
                index = KnowledgeIndex(db, encoder, Path(folder) / "index")
                await index.open()
                try:
                    await index.refresh(lambda done, every: progress("embedding", done, every))
                    yield Retriever(db, index, SystemClock())
                finally:
                    await index.close()
        finally:
            await db.close()


@asynccontextmanager
async def _tables(db: Database) -> AsyncIterator[None]:
    async with db.write() as tx:
        if await tx.connection.run_sync(lambda connection: sa.inspect(connection).has_table(tables.articles.name)):
            raise ConfigurationError("That database holds a knowledge base already; name an empty one.")
        await tx.connection.run_sync(lambda connection: metadata.create_all(connection, tables=_TABLES))
    try:
        yield
    finally:
        async with db.write() as tx:
            await tx.connection.run_sync(lambda connection: metadata.drop_all(connection, tables=_TABLES))


async def _store(db: Database, articles: Sequence[Article], progress: Progress) -> None:
    at = SystemClock().now()
    for start in range(0, len(articles), _BATCH):
        batch = articles[start : start + _BATCH]
        derived = await asyncio.to_thread(lambda part: [derive(one) for one in part], batch)
        async with db.write() as tx:
            for article, passages in zip(batch, derived, strict=True):
                await save_article(tx, article, at=at, derived=passages)
        progress("storing", min(start + _BATCH, len(articles)), len(articles))


async def count_passages(retriever: Retriever) -> int:
    """Return how many passages a retriever's database holds."""
    async with retriever.database.read() as reader:
        return int((await reader.execute(sa.select(sa.func.count()).select_from(tables.passages))).scalar_one())
