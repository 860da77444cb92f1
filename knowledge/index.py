"""Keeps the vectors in step with SQL: incremental, off the event loop, and searchable while it works.

SQL is the record. What an index holds of each article is a row of `knowledge_indexed_articles`, written after the vectors are
in place, so a kill between the two repeats one batch and loses none. Another model, a broken folder or `rebuild` make a new
generation of collections beside the one in use, and the searches change over when it is complete.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
import structlog

from core.database import Database
from core.embedding import Encoder, Vectors
from knowledge.articles import Viewer
from knowledge.rendering import plain_text
from knowledge.tables import articles, indexed_articles, passages
from knowledge.vectors import Generation, UnreadableIndexError, VectorStore

State = Literal["closed", "building", "ready"]
Progress = Callable[[int, int], None]

_BATCH = 64
"""Articles embedded and written at once."""

log = structlog.get_logger()


@dataclass(frozen=True)
class IndexReport:
    """What one refresh did: articles read anew and removed, and passages embedded for it."""

    indexed: int
    removed: int
    embedded: int


@dataclass(frozen=True)
class _Entry:
    content_hash: str
    level: int
    passage_ids: tuple[int, ...]


class KnowledgeIndex:
    """Semantic search over the published articles, in an embedded Chroma folder that one process holds at a time."""

    def __init__(self, db: Database, encoder: Encoder, folder: Path) -> None:
        self._db = db
        self._store = VectorStore(folder)
        self._turn = asyncio.Lock()
        self._working = False
        self._broken = False
        self._repairs: asyncio.Task[IndexReport] | None = None
        self.encoder = encoder

    @property
    def state(self) -> State:
        """`ready` when searches are answered from an index of the present model, even if an older one is being replaced."""
        current = self._store.current
        if current is None or current.model_id != self.encoder.model_id:
            return "building" if self._working else "closed"
        return "ready"

    async def open(self) -> None:
        """Open the folder. What is in it answers at once; call `refresh` to bring it up to date.

        Raises:
            ConfigurationError: another process has it open, or it cannot be written.
        """
        await asyncio.to_thread(self._store.open)

    async def close(self) -> None:
        """Close the folder when the work in hand is done."""
        if self._repairs is not None:
            await self._repairs
        async with self._turn:
            await asyncio.to_thread(self._store.close)

    async def refresh(self, progress: Progress = lambda _done, _all: None) -> IndexReport:
        """Embed what has changed in SQL since the last time, and forget what has gone.

        Idempotent by article, content hash and model id. A second call waits for the first.

        Args:
            progress: is told how many changed articles are done, of how many.
        """
        async with self._turn:
            self._working = True
            try:
                return await self._refresh(progress)
            finally:
                self._working = False

    async def rebuild(self, progress: Progress = lambda _done, _all: None) -> IndexReport:
        """Embed everything anew into a new generation; searches go on in the old one until it is complete."""
        async with self._turn:
            self._working = True
            try:
                return await self._fill(await self._begin(), progress)
            finally:
                self._working = False

    async def search(self, question: str, viewer: Viewer, count: int) -> list[tuple[int, float]] | None:
        """Return up to `count` passages nearest in meaning with their cosines, best first.

        Only collections that `viewer` may see are asked. None when there is no index of the present model, or none that can
        be read: that is said in the log, and the index is made anew from SQL.
        """
        generation = self._store.current
        if generation is None or generation.model_id != self.encoder.model_id:
            return None
        try:
            return await asyncio.to_thread(self._nearest, generation, question, viewer, count)
        except UnreadableIndexError as error:
            if self._store.current == generation:
                self._repair(str(error))
            return None

    def _nearest(self, generation: Generation, question: str, viewer: Viewer, count: int) -> list[tuple[int, float]]:
        return self._store.nearest(generation, range(viewer + 1), self.encoder.encode([question]), count)

    def _repair(self, problem: str) -> None:
        log.error("knowledge_index_unreadable", problem=problem, next="rebuilding from SQL")
        self._store.current = None
        self._broken = True
        self._repairs = asyncio.create_task(self.refresh())

    async def _begin(self) -> Generation:
        return await asyncio.to_thread(self._store.begin, self.encoder.model_id, self.encoder.dimensions)

    async def _refresh(self, progress: Progress) -> IndexReport:
        if self._broken:
            await asyncio.to_thread(self._store.start_afresh)
            self._broken = False
        current = self._store.current
        if current is None or current.model_id != self.encoder.model_id:
            return await self._fill(await self._begin(), progress)
        return await self._fill(current, progress)

    async def _fill(self, generation: Generation, progress: Progress) -> IndexReport:
        wanted, present = await self._wanted(), await self._present(generation)
        changed = [name for name, entry in wanted.items() if present.get(name) != entry]
        gone = [name for name in present if name not in wanted]
        embedded = 0
        for start in range(0, len(changed), _BATCH):
            batch = {name: wanted[name] for name in changed[start : start + _BATCH]}
            embedded += await self._put(generation, batch, present)
            progress(min(start + _BATCH, len(changed)), len(changed))
        await self._forget(generation, {name: present[name] for name in gone})
        if self._store.current != generation:
            await asyncio.to_thread(self._store.switch, generation)
            async with self._db.write() as tx:
                others = indexed_articles.c.index_name.startswith(f"{generation.folder_id}-", autoescape=True)
                await tx.execute(
                    sa.delete(indexed_articles).where(others, indexed_articles.c.index_name != generation.name)
                )
        report = IndexReport(len(changed), len(gone), embedded)
        if changed or gone:
            log.info("knowledge_indexed", articles=report.indexed, removed=report.removed, passages=report.embedded)
        return report

    async def _wanted(self) -> dict[str, _Entry]:
        statement = (
            sa.select(articles.c.id, articles.c.content_hash, passages.c.id.label("passage"), passages.c.level)
            .join(passages, passages.c.article_id == articles.c.id)
            .where(articles.c.status == "published")
            .order_by(articles.c.id, passages.c.position)
        )
        async with self._db.read() as reader:
            rows = (await reader.execute(statement)).all()
        wanted: dict[str, tuple[str, int, list[int]]] = {}
        for row in rows:
            wanted.setdefault(row.id, (row.content_hash, row.level, []))[2].append(row.passage)
        return {name: _Entry(digest, level, tuple(ids)) for name, (digest, level, ids) in wanted.items()}

    async def _present(self, generation: Generation) -> dict[str, _Entry]:
        columns = indexed_articles.c
        async with self._db.read() as reader:
            rows = await reader.execute(
                sa.select(indexed_articles).where(
                    columns.index_name == generation.name, columns.model_id == generation.model_id
                )
            )
            return {row.article_id: _Entry(row.content_hash, row.level, tuple(row.passage_ids)) for row in rows}

    async def _put(self, generation: Generation, batch: dict[str, _Entry], present: dict[str, _Entry]) -> int:
        """Embed the passages that are new in these articles, drop those that went, then write down what is held."""
        add: dict[int, list[int]] = {}
        drop: dict[int, list[int]] = {}
        for name, entry in batch.items():
            old = present.get(name)
            held = set(old.passage_ids) if old else set()
            if old and old.level != entry.level:
                drop.setdefault(old.level, []).extend(held)
                held = set()
            add.setdefault(entry.level, []).extend(one for one in entry.passage_ids if one not in held)
            drop.setdefault(entry.level, []).extend(held - set(entry.passage_ids))
        texts = await self._texts([one for ids in add.values() for one in ids])
        for level, ids in add.items():
            known = [one for one in ids if one in texts]
            if known:
                await asyncio.to_thread(self._embed, generation, level, known, [texts[one] for one in known])
        for level, ids in drop.items():
            if ids:
                await asyncio.to_thread(self._store.remove, generation, level, ids)
        rows = [
            {
                "index_name": generation.name,
                "article_id": name,
                "content_hash": entry.content_hash,
                "model_id": generation.model_id,
                "level": entry.level,
                "passage_ids": list(entry.passage_ids),
            }
            for name, entry in batch.items()
        ]
        await self._replace_rows(generation, rows)
        return sum(len(ids) for ids in add.values())

    def _embed(self, generation: Generation, level: int, ids: Sequence[int], texts: Sequence[str]) -> None:
        vectors: Vectors = self.encoder.encode(texts)
        self._store.put(generation, level, ids, vectors)

    async def _forget(self, generation: Generation, gone: dict[str, _Entry]) -> None:
        for entry in gone.values():
            await asyncio.to_thread(self._store.remove, generation, entry.level, list(entry.passage_ids))
        if gone:
            columns = indexed_articles.c
            async with self._db.write() as tx:
                for name in gone:
                    await tx.execute(
                        sa.delete(indexed_articles).where(
                            columns.index_name == generation.name, columns.article_id == name
                        )
                    )

    async def _texts(self, ids: Sequence[int]) -> dict[int, str]:
        """Return what is embedded of each passage."""
        statement = (
            sa.select(passages, articles.c.title, articles.c.excerpt)
            .join(articles, articles.c.id == passages.c.article_id)
            .where(passages.c.id.in_(sa.bindparam("ids", expanding=True)))
        )
        found: dict[int, str] = {}
        async with self._db.read() as reader:
            for start in range(0, len(ids), 500):
                rows = await reader.execute(statement, {"ids": list(ids[start : start + 500])})
                found |= {row.id: _embedded_text(row) for row in rows}
        return found

    async def _replace_rows(self, generation: Generation, rows: list[dict[str, Any]]) -> None:
        columns = indexed_articles.c
        async with self._db.write() as tx:
            names = [row["article_id"] for row in rows]
            await tx.execute(
                sa.delete(indexed_articles).where(columns.index_name == generation.name, columns.article_id.in_(names))
            )
            await tx.execute(sa.insert(indexed_articles), rows)


def _embedded_text(row: Any) -> str:
    """Return the words that a passage's vector is made from: title, excerpt (the first passage), headings and body."""
    excerpt = row.excerpt if row.position == 0 else ""
    return "\n".join(part for part in (row.title, excerpt, row.heading, plain_text(row.text)) if part)
