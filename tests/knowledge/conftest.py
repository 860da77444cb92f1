"""What the knowledge tests share: one real encoder, and one whose vectors are cheap, known and meaningless."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import FrozenClock
from core.database import Database
from core.embedding import Encoder, OnnxEncoder, Vectors
from core.export import export_encoder
from knowledge.articles import Article
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from knowledge.store import save_article

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 1, tzinfo=UTC)


class WordsEncoder:
    """Places each word on an axis of its own by its hash: texts that share words are near. Implements `Encoder`."""

    def __init__(self, model_id: str = "words-1") -> None:
        self.model_id = model_id
        self.dimensions = 64
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def words_encoder() -> WordsEncoder:
    return WordsEncoder()


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """The real encoder: from BATON_ENCODER_DIR, else from var/models/encoder, else exported for this run."""
    built = Path(os.environ.get("BATON_ENCODER_DIR") or ROOT / "var" / "models" / "encoder")
    if not (built / "encoder.json").exists():
        built = export_encoder(directory=tmp_path_factory.mktemp("models") / "encoder")
    return OnnxEncoder(built)


def make_article(slug: str, content: str = "Some words about it.", **changed: Any) -> Article:
    given = {"id": slug, "title": slug.replace("-", " ").capitalize(), "created": AT, "updated": AT} | changed
    return Article(slug=slug, content=content, **given)


async def keep(database: Database, *articles: Article) -> None:
    async with database.write() as tx:
        for article in articles:
            await save_article(tx, article, at=AT)


Searching = Callable[..., AbstractAsyncContextManager[Retriever]]


@pytest.fixture
def searching(tmp_path: Path, clock: FrozenClock) -> Searching:
    """Opens an index over what a database holds, and gives the retriever on it."""

    @asynccontextmanager
    async def open_retriever(database: Database, encoder: Encoder) -> AsyncIterator[Retriever]:
        index = KnowledgeIndex(database, encoder, tmp_path / "index")
        await index.open()
        try:
            await index.refresh()
            yield Retriever(database, index, clock)
        finally:
            await index.close()

    return open_retriever
