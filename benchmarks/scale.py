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
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import uvloop
from scale_corpus import BATCH, ROOT, make_rows, product, read_sources
from telling import say

from core.embedding import OnnxEncoder
from core.errors import BatonError
from knowledge.articles import Viewer
from knowledge.retriever import NEAREST, Retriever
from knowledge.terms import question_terms

VIEWER = Viewer.CUSTOMER


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds."""
    milliseconds = np.array(seconds) * 1_000
    return {f"p{q}_ms": round(float(np.percentile(milliseconds, q)), 2) for q in (50, 95)}


async def measure(retriever: Retriever, encoder: OnnxEncoder, questions: Sequence[str]) -> dict[str, Any]:
    """Time whole searches as a customer, and as staff narrowed to an audience, then each stage by itself."""

    async def whole(question: str) -> None:
        encoder.forget()
        await retriever.search(question, viewer=VIEWER, limit=5, log=False)

    async def narrowed(question: str) -> None:
        encoder.forget()
        await retriever.search(question, viewer=Viewer.STAFF, audience="customer", limit=5, log=False)

    figures: dict[str, Any] = await timed(questions, whole)
    figures["staff_with_audience"] = await timed(questions, narrowed)
    figures["stages"] = await measure_meaning(retriever, encoder, questions) | await measure_words(retriever, questions)
    return figures


async def measure_meaning(
    retriever: Retriever, encoder: OnnxEncoder, questions: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Time the question's embedding, and Chroma by itself."""
    index = retriever.index
    if index is None:
        raise RuntimeError("a search by words alone is not what is measured")

    async def embed(question: str) -> None:
        encoder.forget()
        await asyncio.to_thread(encoder.encode, [question])

    async def near(question: str) -> None:
        await index.search(question, VIEWER, NEAREST)

    embedding = await timed(questions, embed)
    for question in questions:
        encoder.encode([question])
    # Each question's own vector is remembered now: what is left is Chroma.
    return {"embedding": embedding, "nearest": await timed(questions, near)}


async def measure_words(retriever: Retriever, questions: Sequence[str]) -> dict[str, dict[str, float]]:
    """Time counting the words, finding candidates by them, and a search by words alone with nothing remembered."""
    full_text = retriever._full_text
    async with retriever.database.read() as reader:
        memory = await full_text.recall(reader)

        async def count(question: str) -> None:
            memory.frequencies.clear()
            await full_text.statistics(reader, memory, question_terms(question), VIEWER)

        async def candidates(question: str) -> None:
            terms = question_terms(question)
            statistics = await full_text.statistics(reader, memory, terms, VIEWER)
            await full_text.search(reader, terms, statistics, VIEWER)

        counting = await timed(questions, count)
        await timed(questions, candidates)
        found = await timed(questions, candidates)

    async def words(question: str) -> None:
        memory.kept.clear()
        await retriever.search(question, viewer=VIEWER, limit=5, log=False, mode="words")

    return {
        "counting_words": counting,
        "candidates_by_words": found,
        "words_alone_unremembered": await timed(questions, words),
    }


async def timed(questions: Sequence[str], ask: Callable[[str], Any]) -> dict[str, float]:
    """Ask five questions to warm up, then all of them one after the other."""
    for question in questions[:5]:
        await ask(question)
    gc.freeze()  # As the service does: otherwise what is measured is how much the tools and the corpus have loaded.
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

    filtered = await timed(questions, lambda question: ask(question, where={"level": {"$lte": int(VIEWER)}}))
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
        # On the loop that the service runs on.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(run(arguments))
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
