"""Measures `baton import` with its indexing, beside a plain loop into Chroma with the same encoder, one document at a time.

    python benchmarks/importing.py [--documents N] [--folder PATH] [--peer-documents N] [--encoder DIR] [--json]

Baton reads, converts, cuts, writes SQL with full text, embeds and fills its vector index, in a temporary place, as the command does.
The peer gets the passages cut already and only calls `collection.add` for each document, with neither SQL nor full text. Each runs in
a process of its own, so that peak memory is its own. Without --folder a corpus in the BEIR layout is made up from words of the shipped
articles, the same for the same number. A repeated import is measured too: it must change nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from server.commands.output import log_to_stderr

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("BATON_HOME") or ROOT / "var")


def make_corpus(folder: Path, documents: int) -> Path:
    """Write a corpus of `documents` short articles of 40 to 90 words, a passage each, from the words of the shipped ones."""
    chosen = random.Random(20)
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "knowledge" / "articles").glob("*.md")))
    words = sorted({word for word in text.split() if word.isalpha()})
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(documents):
            body = chosen.choices(words, k=chosen.randint(40, 90))
            content = f"## {' '.join(body[:3])}\n\n{' '.join(body)}."
            title = " ".join(chosen.choices(words, k=6))
            lines.write(json.dumps({"_id": f"doc-{number}", "title": title, "text": content}) + "\n")
    return folder


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB (10⁶ bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


async def measure_baton(corpus: Path, encoder_folder: Path | None) -> dict[str, Any]:
    """Import and index in a temporary place, with the time of each stage; stages that overlap are counted in each."""
    from core.clock import SystemClock
    from core.database import Database
    from knowledge.importing.importer import import_articles
    from knowledge.index import KnowledgeIndex
    from server.migrate import migrate

    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="baton-importing-") as place:
        database = Database.open(f"sqlite:///{place}/baton.db")
        await migrate(database)
        encoder = open_encoder(encoder_folder)
        base = peak_mb()
        began, cpu = time.perf_counter(), time.process_time()
        report = await import_articles(database, corpus, SystemClock(), progress=tell("articles"))
        written = time.perf_counter()
        written_mb = peak_mb()
        index = KnowledgeIndex(database, encoder, Path(place) / "chroma", threads=os.cpu_count() or 1)
        await index.open()
        index._embed = timed(spent, "embed_s", index._embed)  # type: ignore[method-assign]
        index._store.put = timed(spent, "vectors_s", index._store.put)  # type: ignore[method-assign]
        indexed = await index.refresh(tell("indexed"))
        ended, cpu = time.perf_counter(), time.process_time() - cpu
        again = await import_articles(database, corpus, SystemClock())
        repeated = time.perf_counter() - ended
        await index.close()
        await database.close()
    documents = report.read
    return {
        "documents": documents,
        "passages": indexed.embedded,
        "documents_per_s": documents / (ended - began),
        "import_documents_per_s": documents / (written - began),
        "index_documents_per_s": documents / (ended - written),
        "embed_passages_per_s": indexed.embedded / spent["embed_s"],
        "vectors_passages_per_s": indexed.embedded / spent["vectors_s"],
        "repeat_documents_per_s": documents / repeated,
        "repeat_changed": again.changed,
        "base_mb": base,
        "import_peak_mb": written_mb,
        "peak_mb": peak_mb(),
        "seconds": ended - began,
        "cpu_s": cpu,
    }


def timed(spent: dict[str, float], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return `work` as it is, its seconds added up in `spent` under a name."""

    def run(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*arguments)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

    return run


def measure_peer(corpus: Path, encoder_folder: Path | None, documents: int) -> dict[str, Any]:
    """Add documents one by one to a Chroma collection."""
    import chromadb

    from core.clock import SystemClock
    from knowledge.articles import BrokenArticle
    from knowledge.importing.reading import look_at, read
    from knowledge.passages import cut

    encoder = open_encoder(encoder_folder)
    articles = []
    for one in read(look_at(corpus), now=SystemClock().now()):
        if not isinstance(one, BrokenArticle):
            articles.append(one.incoming.article)
        if len(articles) == documents:
            break
    parts = [(one.id, [f"{one.title}\n{part.heading}\n{part.text}" for part in cut(one.content)]) for one in articles]
    with tempfile.TemporaryDirectory(prefix="baton-importing-") as place:
        client = chromadb.PersistentClient(place, settings=chromadb.config.Settings(anonymized_telemetry=False))
        collection = client.create_collection("articles", embedding_function=None)
        began, cpu = time.perf_counter(), time.process_time()
        for article_id, texts in parts:
            vectors = encoder.encode(texts)
            collection.add(ids=[f"{article_id}-{n}" for n in range(len(texts))], embeddings=vectors, documents=texts)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        client.close()
    passages = sum(len(texts) for _, texts in parts)
    return {
        "documents": len(articles),
        "passages": passages,
        "documents_per_s": len(articles) / seconds,
        "passages_per_s": passages / seconds,
        "peak_mb": peak_mb(),
        "seconds": seconds,
        "cpu_s": cpu,
    }


class MadeUpEncoder:
    """Vectors at once that mean nothing: what is left is the time and memory of all but the model."""

    model_id = "made-up"
    dimensions = 384

    def encode(self, texts: Sequence[str]) -> Any:
        """Return one random row of unit length per text."""
        rows = np.random.default_rng(len(texts[0])).standard_normal((len(texts), self.dimensions), dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def open_encoder(folder: Path | None) -> Any:
    """Return the exported encoder, or without a folder one that makes its vectors up."""
    from core.embedding import OnnxEncoder

    return MadeUpEncoder() if folder is None else OnnxEncoder(folder)


def tell(name: str) -> Callable[[int, int], None]:
    """Make a progress that prints about every twentieth."""
    shown = [0]

    def show(done: int, every: int) -> None:
        if done >= shown[0] + every / 20 or done == every:
            shown[0] = done
            print(f"  {name}: {done} of {every}", file=sys.stderr, flush=True)

    return show


def in_a_process(part: str, corpus: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run one part in a process of its own and return its figures."""
    command = [sys.executable, __file__, "--part", part, "--folder", str(corpus)]
    command += ["--peer-documents", str(given.peer_documents)]
    command += ["--without-model"] if given.encoder is None else ["--encoder", str(given.encoder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def main() -> int:
    """Run both parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=25_000, help="how many to make up")
    parser.add_argument("--folder", type=Path, help="a corpus of one's own, in any form that baton import reads")
    parser.add_argument("--peer-documents", type=int, default=400, help="how many the peer gets; 0 leaves it out")
    parser.add_argument("--encoder", type=Path, default=HOME / "models" / "encoder")
    parser.add_argument(
        "--without-model", action="store_true", help="make vectors up: the time and memory of all the rest"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("baton", "peer"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.without_model:
        given.encoder = None
    log_to_stderr()
    if given.part == "baton":
        print(json.dumps(asyncio.run(measure_baton(given.folder, given.encoder))))
        return 0
    if given.part == "peer":
        print(json.dumps(measure_peer(given.folder, given.encoder, given.peer_documents)))
        return 0
    with tempfile.TemporaryDirectory(prefix="baton-importing-") as place:
        corpus = given.folder or make_corpus(Path(place), given.documents)
        baton = in_a_process("baton", corpus, given)
        peer = in_a_process("peer", corpus, given) if given.peer_documents else None
    ratio = None
    if peer is not None:
        ratio = {
            "documents_per_s": baton["documents_per_s"] / peer["documents_per_s"],
            "passages_per_s": baton["passages"] / baton["seconds"] / peer["passages_per_s"],
            "passages_per_cpu_s": baton["passages"] / baton["cpu_s"] / (peer["passages"] / peer["cpu_s"]),
        }
    figures = {"baton": baton, "peer": peer, "ratio": ratio}
    if given.json:
        print(json.dumps(figures, indent=2))
        return 0
    for name, part in figures.items():
        for figure, value in (part or {}).items():
            print(f"{name:6} {figure:24} {value:12.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
