"""Measures one search over many passages with an audience, beside Chroma's metadata filter over the same vectors.

    python benchmarks/scale.py [--chunks 100000] [--json] [--database-url URL] [--encoder DIR] [--no-peer] [--keep DIR]

The corpus is made from the shipped articles: passages with their words shuffled among a Zipf-distributed vocabulary of the size that
so many passages have, and their vectors turned at random by about 45 degrees, 60 % public, 25 % for signed-in customers, 15 % internal.
A search is `Retriever.search` as a customer, whole: the question's embedding (never remembered), both searches, merging, reading
and rendering five results; `staff_with_audience` is a search of staff's, narrowed to what is written for customers, which narrows
nothing for a customer. The peer is one Chroma collection of the same vectors with the level as metadata, asked with the same
question's embedding and `where={"level": {"$lte": 1}}`. Both answer every question once, after five of each to warm up.
Stages are measured by a second pass over the same questions and do not add up exactly. `cpu_ms` is the mean processor time of this process
for one question, which other work on the machine moves less than it moves the wall clock. With --keep the corpus stays in a folder, and the
next run with the same chunks and encoder measures at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
import structlog
import yaml

from core.clock import SystemClock
from core.database import Database, metadata
from core.embedding import OnnxEncoder, Vectors
from core.errors import BatonError, ConfigurationError
from knowledge import tables
from knowledge.articles import Viewer, parse_article
from knowledge.index import KnowledgeIndex
from knowledge.retriever import NEAREST, Retriever
from knowledge.store import derive
from knowledge.terms import question_terms

ROOT = Path(__file__).parents[1]
PER_ARTICLE = 5
LEVELS = (("public", 0.60), ("authenticated", 0.25), ("internal", 0.15))
TURN = 1.0
"""Length of the noise added to a vector of length 1."""
BATCH = 5_000
VERSION = 1
"""Rises when the corpus is made otherwise, so that a kept one is not taken for it."""


def say(words: str) -> None:
    """Tell a person how it goes, on standard error."""
    print(words, file=sys.stderr, flush=True)


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


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds."""
    milliseconds = np.array(seconds) * 1_000
    return {f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 2) for q in (50, 95)}


async def measure(retriever: Retriever, encoder: OnnxEncoder, questions: Sequence[str]) -> dict[str, Any]:
    """Time whole searches as a customer, then each stage by itself."""
    viewer = Viewer.CUSTOMER

    async def whole(question: str) -> None:
        encoder.forget()
        await retriever.search(question, viewer=viewer, limit=5, log=False)

    async def narrowed(question: str) -> None:
        encoder.forget()
        await retriever.search(question, viewer=Viewer.STAFF, audience="customer", limit=5, log=False)

    figures: dict[str, Any] = await timed(questions, whole)
    figures["staff_with_audience"] = await timed(questions, narrowed)
    stages: dict[str, dict[str, float]] = {}

    async def embed(question: str) -> None:
        encoder.forget()
        await asyncio.to_thread(encoder.encode, [question])

    stages["embedding"] = await timed(questions, embed)
    index, full_text = retriever.index, retriever._full_text
    if index is None:
        raise RuntimeError("a search by words alone is not what is measured")

    async def near(question: str) -> None:
        await index.search(question, viewer, NEAREST)

    for question in questions:
        encoder.encode([question])
    # Each question's own vector is remembered now: what is left is Chroma.
    stages["nearest"] = await timed(questions, near)
    async with retriever.database.read() as reader:
        memory = await full_text.recall(reader)

        async def count(question: str) -> None:
            memory.frequencies.clear()
            await full_text.statistics(reader, memory, question_terms(question), viewer)

        async def candidates(question: str) -> None:
            terms = question_terms(question)
            statistics = await full_text.statistics(reader, memory, terms, viewer)
            await full_text.search(reader, terms, statistics, viewer)

        stages["counting_words"] = await timed(questions, count)
        await timed(questions, candidates)
        stages["candidates_by_words"] = await timed(questions, candidates)

    async def words(question: str) -> None:
        memory.kept.clear()
        await retriever.search(question, viewer=viewer, limit=5, log=False, mode="words")

    stages["words_alone_unremembered"] = await timed(questions, words)
    return figures | {"stages": stages}


async def timed(questions: Sequence[str], ask: Callable[[str], Any]) -> dict[str, float]:
    """Ask five questions to warm up, then all of them one after the other."""
    for question in questions[:5]:
        await ask(question)
    seconds = []
    busy = time.process_time()
    for question in questions:
        started = time.perf_counter()
        await ask(question)
        seconds.append(time.perf_counter() - started)
    busy = time.process_time() - busy
    return spread(seconds) | {"cpu_ms": round(busy * 1_000 / len(questions), 2)}


async def measure_peer(
    encoder: OnnxEncoder, chunks: int, questions: Sequence[str], folder: Path
) -> dict[str, dict[str, float]]:
    """Time the same questions through one collection with the level as metadata."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    hnsw = {"space": "cosine", "ef_construction": 128, "ef_search": 128, "max_neighbors": 24}
    collection = client.get_or_create_collection("peer", configuration={"hnsw": hnsw}, embedding_function=None)
    sources, vectors, _ = read_sources(encoder)
    for start in range(collection.count(), chunks, BATCH):
        _, passages, turned = make_rows(sources, vectors, start, min(BATCH, chunks - start))
        collection.add(
            ids=[str(one["id"]) for one in passages],
            embeddings=turned,
            metadatas=[{"level": one["level"]} for one in passages],
        )
        say(f"peer: stored {start + len(passages)} of {chunks}")

    async def ask(question: str, **where: Any) -> None:
        encoder.forget()
        vector = await asyncio.to_thread(encoder.encode, [question])
        await asyncio.to_thread(collection.query, query_embeddings=vector, n_results=NEAREST, **where)

    filtered = await timed(questions, lambda question: ask(question, where={"level": {"$lte": int(Viewer.CUSTOMER)}}))
    without = await timed(questions, ask)
    client.close()
    return {"filter": filtered, "no_filter": without}


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the product and the peer one after the other."""
    encoder = OnnxEncoder(arguments.encoder)
    *_, questions = read_sources(encoder)
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-scale-")))
        folder.mkdir(parents=True, exist_ok=True)
        async with product(encoder, arguments.chunks, arguments.database_url, folder) as retriever:
            baton = await measure(retriever, encoder, questions)
        peer = None
        if not arguments.no_peer:
            peer = await measure_peer(encoder, arguments.chunks, questions, folder / "peer")
    ratio = None
    if peer is not None:
        ratio = {name: round(peer["filter"][name] / baton[name], 1) for name in ("p50_ms", "p95_ms", "cpu_ms")}
    return {"baton": baton | {"chunks": arguments.chunks}, "peer": peer, "ratio": ratio}


def main() -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(description="Measure a search over many passages with an audience.")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--database-url", help="an empty PostgreSQL database to work in; SQLite otherwise")
    parser.add_argument("--encoder", type=Path, default=ROOT / "var" / "models" / "encoder", metavar="DIR")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the corpus there, and use it if it is there")
    parser.add_argument("--no-peer", action="store_true", help="leave Chroma's filter out")
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        result = asyncio.run(run(arguments))
    except (BatonError, OSError) as error:
        say(str(error))
        return 2
    if arguments.json:
        print(json.dumps(result, indent=2))
        return 0
    print(f"{'':28}{'p50 ms':>10}{'p95 ms':>10}{'CPU ms':>10}")
    rows = {"baton, whole search": result["baton"], "staff, with an audience": result["baton"]["staff_with_audience"]}
    rows |= {f"  {name.replace('_', ' ')}": figures for name, figures in result["baton"]["stages"].items()}
    if result["peer"] is not None:
        rows |= {"Chroma, metadata filter": result["peer"]["filter"], "Chroma, no filter": result["peer"]["no_filter"]}
    for name, figures in rows.items():
        print(f"{name:28}{figures['p50_ms']:>10}{figures['p95_ms']:>10}{figures['cpu_ms']:>10}")
    if result["ratio"] is not None:
        faster = ", ".join(f"{name.removesuffix('_ms')} {value}" for name, value in result["ratio"].items())
        print(f"\ntimes faster than the filter: {faster}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
