"""Measures the product's search on a folder in the BEIR layout, beside LangChain's EnsembleRetriever with the same model.

    python benchmarks/retrieval.py DIR [--json] [--database-url URL] [--encoder DIR] [--no-peer]

Full text, semantic and hybrid are `Retriever.search` in its three modes, over an index that is built as the service builds it,
in a temporary place. Each question is timed whole: embedding, both searches, merging, reading and rendering the results; a
question's vector is not remembered from mode to mode. Questions without an answer measure `confidence`: its AUROC, and precision
and recall of "no article answers this" at the shipped threshold. The peer needs benchmarks/requirements.txt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from telling import say

from core.clock import SystemClock
from core.embedding import OnnxEncoder
from core.errors import BatonError, ConfigurationError
from knowledge.articles import Article, BrokenArticle, Viewer
from knowledge.beir import Question, article_id, read_documents, read_questions
from knowledge.confidence_model import THRESHOLD
from knowledge.index_work import embedded_text
from knowledge.learning import auroc
from knowledge.passages import cut
from knowledge.retriever import LONGEST_QUESTION, Mode, Retriever
from knowledge.workbench import count_passages, search_over

ROOT = Path(__file__).parents[1]
MODES: dict[str, Mode] = {"full_text": "words", "semantic": "meaning", "hybrid": "hybrid"}
DEPTH = 10
Figures = dict[str, float]


def measure(questions: Sequence[Question], orders: Sequence[list[str]], seconds: Sequence[float]) -> Figures:
    """Compare the orders of article ids with the answers. Only questions with an answer have quality; all have a time."""
    ndcg, hit_1, hit_3, recall = [], [], [], []
    for question, order in zip(questions, orders, strict=True):
        grades = {article_id(one): grade for one, grade in question.answers.items()}
        if grades:
            gained = sum(grades.get(one, 0.0) / math.log2(place + 2) for place, one in enumerate(order[:DEPTH]))
            ideal = sorted(grades.values(), reverse=True)[:DEPTH]
            ndcg.append(gained / sum(grade / math.log2(place + 2) for place, grade in enumerate(ideal)))
            hit_1.append(float(bool(set(order[:1]) & set(grades))))
            hit_3.append(float(bool(set(order[:3]) & set(grades))))
            recall.append(len(set(order[:DEPTH]) & set(grades)) / len(grades))
    quality = zip(("ndcg@10", "hit@1", "hit@3", "recall@10"), (ndcg, hit_1, hit_3, recall), strict=True)
    milliseconds = np.array(seconds) * 1_000
    return {name: round(float(np.mean(values)), 4) if values else 0.0 for name, values in quality} | {
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
        "p95_ms": round(float(np.percentile(milliseconds, 95)), 2),
    }


def measure_no_answer(questions: Sequence[Question], confidences: Sequence[float]) -> Figures | None:
    """Judge `confidence` as a detector of questions without an answer; None where there are none, or nothing else."""
    answered = np.array([bool(one.answers) for one in questions])
    confidence = np.array(confidences)
    area = auroc(answered, confidence)
    if area is None:
        return None
    declined = confidence < THRESHOLD
    right = int((declined & ~answered).sum())
    return {
        "auroc": round(area, 4),
        "precision": round(right / max(1, int(declined.sum())), 4),
        "recall": round(right / int((~answered).sum()), 4),
        "threshold": THRESHOLD,
    }


async def ask_all(retriever: Retriever, questions: Sequence[Question], mode: Mode) -> tuple[list[Any], list[float]]:
    """Ask every question once, and say what came and how long each took."""
    outcomes, seconds = [], []
    for question in questions:
        started = time.perf_counter()
        outcome = await retriever.search(
            question.text[:LONGEST_QUESTION], viewer=Viewer.ANONYMOUS, limit=DEPTH, log=False, mode=mode
        )
        seconds.append(time.perf_counter() - started)
        outcomes.append(outcome)
    return outcomes, seconds


async def measure_baton(
    articles: Sequence[Article], questions: Sequence[Question], encoder: OnnxEncoder, database_url: str | None
) -> dict[str, Any]:
    """Build the product's index and measure its three modes."""
    found: dict[str, Any] = {}
    started = time.perf_counter()
    progress = Progress()
    async with search_over(articles, encoder, database_url=database_url, progress=progress) as retriever:
        found["build_s"] = round(time.perf_counter() - started, 2)
        found["chunks"] = await count_passages(retriever)
        for name, mode in MODES.items():
            say(f"asking {len(questions)} questions: {name}")
            await ask_all(retriever, questions[:5], mode)
            encoder.forget()
            outcomes, seconds = await ask_all(retriever, questions, mode)
            orders = [[one.article_id for one in outcome.results] for outcome in outcomes]
            found[name] = measure(questions, orders, seconds)
            if mode == "hybrid":
                found["no_answer"] = measure_no_answer(questions, [outcome.confidence for outcome in outcomes])
    return found


class Progress:
    """Says a step's progress at each tenth."""

    def __init__(self) -> None:
        self._said = ("", 0)

    def __call__(self, step: str, done: int, every: int) -> None:
        """Say it if a tenth has passed."""
        tenth = 10 * done // max(1, every)
        if (step, tenth) != self._said:
            self._said = (step, tenth)
            say(f"{step} {done} of {every}")


def measure_peer(articles: Sequence[Article], questions: Sequence[Question], encoder: OnnxEncoder) -> Figures | None:
    """Measure LangChain's EnsembleRetriever (BM25 and Chroma, equal weights) on the same passages, with the same words and vectors."""
    try:
        from langchain_chroma import Chroma
        from langchain_classic.retrievers import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever
        from langchain_core.documents import Document
        from langchain_core.embeddings import Embeddings
    except ImportError as error:
        say(f"The peer was not run: {error.name} is not installed; see benchmarks/requirements.txt.")
        return None

    class SameModel(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[float(one) for one in row] for row in encoder.encode(texts)]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    documents = [
        Document(page_content=embedded_text(article, passage), metadata={"article": article.id})
        for article in articles
        for passage in cut(article.content)
    ]
    say(f"building the peer's index of {len(documents)} passages")
    # More passages than articles are wanted, since several passages are of one article.
    words = BM25Retriever.from_documents(documents, k=DEPTH * 5)
    with tempfile.TemporaryDirectory() as folder:
        store = Chroma(
            collection_name=f"peer-{uuid.uuid4().hex[:8]}", embedding_function=SameModel(), persist_directory=folder
        )
        for start in range(0, len(documents), 1_000):
            store.add_documents(documents[start : start + 1_000])
        meaning = store.as_retriever(search_kwargs={"k": DEPTH * 5})
        ensemble = EnsembleRetriever(retrievers=[words, meaning], weights=[0.5, 0.5])
        say(f"asking {len(questions)} questions: peer")
        encoder.forget()
        orders, seconds = timed(questions, ensemble.invoke)
    return measure(
        questions, [list(dict.fromkeys(one.metadata["article"] for one in found)) for found in orders], seconds
    )


def timed(questions: Sequence[Question], ask: Callable[[str], list[Any]]) -> tuple[list[list[Any]], list[float]]:
    """Call `ask` with every question's text and time each."""
    for question in questions[:5]:
        ask(question.text[:LONGEST_QUESTION])
    found, seconds = [], []
    for question in questions:
        started = time.perf_counter()
        found.append(ask(question.text[:LONGEST_QUESTION]))
        seconds.append(time.perf_counter() - started)
    return found, seconds


def print_table(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    columns = ("ndcg@10", "hit@1", "hit@3", "recall@10", "p50_ms", "p95_ms")
    print(f"{'':12}" + "".join(f"{one:>11}" for one in columns))
    for name in (*MODES, "peer"):
        if result[name] is not None:
            print(f"{name:12}" + "".join(f"{result[name][one]:>11}" for one in columns))
    better = max(result["full_text"]["ndcg@10"], result["semantic"]["ndcg@10"]) or 1.0
    print(f"\nhybrid over the better parent, nDCG@10: {result['hybrid']['ndcg@10'] / better:.3f}")
    if result["peer"] is not None and result["peer"]["ndcg@10"]:
        print(
            f"hybrid over LangChain's ensemble, nDCG@10: {result['hybrid']['ndcg@10'] / result['peer']['ndcg@10']:.3f}"
        )
    if result["no_answer"] is not None:
        print("no answer: " + ", ".join(f"{name} {value}" for name, value in result["no_answer"].items()))
    print(f"{result['chunks']} passages, built in {result['build_s']} s")


def read(folder: Path) -> tuple[list[Article], list[Question]]:
    """Read the documents and questions of a folder, and say what is left out and why.

    Raises:
        ConfigurationError: it is no folder in the BEIR layout, or nothing in it can be measured.
    """
    for needed in ("corpus.jsonl", "queries.jsonl", "qrels"):
        if not (folder / needed).exists():
            raise ConfigurationError(f"{folder} has no {needed}; a folder in the BEIR layout is needed.")
    articles: dict[str, Article] = {}
    questions: dict[str, Question] = {}
    for document in read_documents(folder, now=SystemClock().now()):
        if isinstance(document, BrokenArticle):
            say(f"left out: {document}")
        elif articles.setdefault(document.id, document) is not document:
            say(f"left out: the document {document.id} is there a second time.")
    for question in read_questions(folder):
        if isinstance(question, BrokenArticle):
            say(f"left out: {question}")
        elif not question.text.strip():
            say(f"left out: the question {question.id} has no text.")
        elif questions.setdefault(question.id, question) is not question:
            say(f"left out: the question {question.id} is there a second time.")
    if not articles or not any(one.answers for one in questions.values()):
        raise ConfigurationError(
            f"{folder} has no document, or no question with an answer; there is nothing to measure."
        )
    named = {article_id(one) for question in questions.values() for one in question.answers}
    if missing := len(named.difference(articles)):
        say(f"{missing} of {len(named)} documents that answer are not in the corpus; they count as not found.")
    return list(articles.values()), list(questions.values())


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read the folder and measure everything that is asked for."""
    articles, questions = read(arguments.directory)
    encoder = OnnxEncoder(arguments.encoder)
    result = asyncio.run(measure_baton(articles, questions, encoder, arguments.database_url))
    result["peer"] = None if arguments.no_peer else measure_peer(articles, questions, encoder)
    order = ("full_text", "semantic", "hybrid", "peer", "no_answer", "build_s", "chunks")
    return {name: result[name] for name in order}


def main() -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(description="Measure Baton's search on a folder in the BEIR layout.")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--database-url", help="an empty PostgreSQL database to work in; SQLite otherwise")
    parser.add_argument("--encoder", type=Path, default=ROOT / "var" / "models" / "encoder", metavar="DIR")
    parser.add_argument("--no-peer", action="store_true", help="leave LangChain out")
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        result = run(arguments)
    except (BatonError, OSError) as error:
        say(str(error))
        return 2
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
