"""Keeps the vectors in step with SQL: incremental, off the event loop, and searchable while it works.

SQL is the record. What an index holds of each article is a row of `knowledge_indexed_articles`, written after the vectors are
in place, so a kill between the two repeats one batch and loses none. Another model, a broken folder or `rebuild` make a new
generation of collections beside the one in use, and the searches change over when it is complete.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
import structlog

from core.database import Database
from core.embedding import Encoder, Vectors
from knowledge.articles import Viewer
from knowledge.chroma import UnreachableServerError
from knowledge.index_folder import Generation
from knowledge.index_work import Work, changed
from knowledge.tables import articles, indexed_articles, passages
from knowledge.vectors import UnreadableIndexError, VectorStore

State = Literal["closed", "building", "ready"]
Progress = Callable[[int, int], None]

_BATCH = 64
"""Articles embedded and written at once."""
_TOGETHER = 8
"""Passages that a thread takes at a time."""
_NOTED = 500
"""Articles named in one statement."""

log = structlog.get_logger()


@dataclass(frozen=True)
class IndexReport:
    """What one refresh did: articles read anew and removed, and passages embedded for it."""

    indexed: int
    removed: int
    embedded: int


class KnowledgeIndex:
    """Semantic search over the published articles, in a Chroma folder that one process holds at a time, or in a Chroma server."""

    def __init__(self, db: Database, encoder: Encoder, folder: Path, chroma_url: str = "", *, threads: int = 0) -> None:
        """Make an index that is not open yet.

        Args:
            db: the record.
            encoder: makes the vectors.
            folder: where Chroma keeps them, or what describes them where a server does.
            chroma_url: the address of a Chroma server; empty for the folder.
            threads: how many embed beside each other; 0 takes every processor but one, which goes on answering.
        """
        self._db = db
        self._threads = threads or max(1, (os.cpu_count() or 2) - 1)
        self._store = VectorStore(folder, chroma_url)
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

    async def open(self, *, stays: bool = False) -> None:
        """Open the folder. What is in it answers at once; call `refresh` to bring it up to date.

        Args:
            stays: whether this is a service, which keeps it open and takes in what others change.

        Raises:
            ConfigurationError: another process has it open, or it cannot be written.
        """
        await asyncio.to_thread(partial(self._store.open, stays=stays))

    async def close(self) -> None:
        """Close the folder when the work in hand is done."""
        if self._repairs is not None:
            await asyncio.wait([self._repairs])
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
        while True:
            generation = self._store.current
            if generation is None or generation.model_id != self.encoder.model_id:
                return None
            try:
                return await asyncio.to_thread(self._nearest, generation, question, viewer, count)
            except UnreadableIndexError as error:
                if self._store.current == generation:
                    self._repair(str(error))
                    return None
                # A rebuild has ended meanwhile and taken this generation away; the one that replaced it answers.
            except UnreachableServerError as error:
                log.warning("knowledge_index_unreachable", problem=error.message, next="searching by words alone")
                return None

    def _nearest(self, generation: Generation, question: str, viewer: Viewer, count: int) -> list[tuple[int, float]]:
        return self._store.nearest(generation, viewer, self.encoder.encode([question]), count)

    def _repair(self, problem: str) -> None:
        """Begin to make the index anew. Where that fails the state stays `closed`, and the next `refresh` tries again."""
        log.error("knowledge_index_unreadable", problem=problem, next="rebuilding from SQL")
        self._store.current = None
        self._broken = True
        self._repairs = asyncio.create_task(self.refresh())
        self._repairs.add_done_callback(_log_failure)

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
        """Go through what has changed, some articles at a time: memory holds one batch, however many there are."""
        total = await self._behind(generation)
        done = embedded = 0
        after = ""
        while batch := await self._next(generation, after):
            embedded += await self._put(generation, batch)
            after = batch[-1].article_id
            done += len(batch)
            progress(done, max(total, done))
        removed = await self._forget(generation)
        if self._store.current != generation:
            await asyncio.to_thread(self._store.switch, generation)
            async with self._db.write() as tx:
                others = indexed_articles.c.index_name.startswith(f"{generation.folder_id}-", autoescape=True)
                await tx.execute(
                    sa.delete(indexed_articles).where(others, indexed_articles.c.index_name != generation.name)
                )
        report = IndexReport(done, removed, embedded)
        if done or removed:
            log.info("knowledge_indexed", articles=done, removed=removed, passages=embedded)
        return report

    async def _behind(self, generation: Generation) -> int:
        async with self._db.read() as reader:
            counted = sa.select(sa.func.count()).select_from(changed(generation, sa.select(articles.c.id)).subquery())
            return int((await reader.execute(counted)).scalar_one())

    async def _next(self, generation: Generation, after: str) -> list[Work]:
        """Return the next articles whose vectors are not those of their passages, by id, with what is to be embedded."""
        columns = indexed_articles.c
        chosen = sa.select(
            articles.c.id, articles.c.title, articles.c.excerpt, articles.c.passages_hash,
            columns.level.label("held_level"), columns.passage_ids.label("held"),
        )  # fmt: skip
        statement = changed(generation, chosen).where(articles.c.id > after).order_by(articles.c.id).limit(_BATCH)
        async with self._db.read() as reader:
            rows = (await reader.execute(statement)).all()
            own = passages.c.article_id.in_([row.id for row in rows])
            found = await reader.execute(sa.select(passages).where(own).order_by(passages.c.position))
            texts: dict[str, list[Any]] = {}
            for one in found:
                texts.setdefault(one.article_id, []).append(one)
        return [Work.of(row, texts.get(row.id, [])) for row in rows]

    async def _put(self, generation: Generation, batch: Sequence[Work]) -> int:
        """Embed the passages that are new in these articles, drop those that went, then write down what is held.

        What goes is dropped before what comes is put: collections hold more than one level (`knowledge.vectors.HOLDING`), and an article
        that changes its own would be taken out of where it has just been put.
        """
        new = [(one.level, passage_id, text) for one in batch for passage_id, text in one.add]
        vectors = await asyncio.to_thread(self._embed, [text for _, _, text in new])
        drop: dict[int, list[int]] = {}
        for one in batch:
            if one.drop:
                drop.setdefault(one.drop_level, []).extend(one.drop)
        for level, gone in drop.items():
            await asyncio.to_thread(self._store.remove, generation, level, gone)
        for level in sorted({level for level, _, _ in new}):
            chosen = [place for place, one in enumerate(new) if one[0] == level]
            ids = [new[place][1] for place in chosen]
            await asyncio.to_thread(self._store.put, generation, level, ids, vectors[chosen])
        await self._note(generation, batch)
        return len(new)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """Embed in several threads, neighbours in length together: the model leaves Python's lock while it computes."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        parts = [order[start : start + _TOGETHER] for start in range(0, len(order), _TOGETHER)]
        rows = np.empty((len(texts), self.encoder.dimensions), dtype=np.float32)

        def fill(part: list[int]) -> None:
            rows[part] = self.encoder.encode([texts[place] for place in part])

        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            # The longest first, so that no thread is left alone with them at the end.
            list(pool.map(fill, reversed(parts)))
        return rows

    async def _forget(self, generation: Generation) -> int:
        """Drop the vectors of articles that have gone or are drafts by now; return how many articles that were."""
        columns = indexed_articles.c
        shown = sa.exists().where(articles.c.id == columns.article_id, articles.c.status == "published")
        statement = sa.select(indexed_articles).where(columns.index_name == generation.name, ~shown)
        async with self._db.read() as reader:
            gone = (await reader.execute(statement)).all()
        for level in sorted({row.level for row in gone}):
            ids = [one for row in gone if row.level == level for one in row.passage_ids]
            await asyncio.to_thread(self._store.remove, generation, level, ids)
        for start in range(0, len(gone), _NOTED):
            names = [row.article_id for row in gone[start : start + _NOTED]]
            async with self._db.write() as tx:
                await tx.execute(
                    sa.delete(indexed_articles).where(
                        columns.index_name == generation.name, columns.article_id.in_(names)
                    )
                )
        return len(gone)

    async def _note(self, generation: Generation, batch: Sequence[Work]) -> None:
        columns = indexed_articles.c
        rows = [
            {
                "index_name": generation.name,
                "article_id": one.article_id,
                "content_hash": one.content_hash,
                "model_id": generation.model_id,
                "level": one.level,
                "passage_ids": one.passage_ids,
            }
            for one in batch
        ]
        async with self._db.write() as tx:
            names = [one.article_id for one in batch]
            await tx.execute(
                sa.delete(indexed_articles).where(columns.index_name == generation.name, columns.article_id.in_(names))
            )
            await tx.execute(sa.insert(indexed_articles), rows)


def _log_failure(repairs: asyncio.Task[IndexReport]) -> None:
    if not repairs.cancelled() and repairs.exception() is not None:
        log.error("knowledge_index_not_repaired", exc_info=repairs.exception(), next="searching by words alone")
