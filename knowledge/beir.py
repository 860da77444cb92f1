"""Reads a folder in the BEIR layout: documents, questions, and which document answers which question.

`corpus.jsonl` has `_id`, `title`, `text` on each line, `queries.jsonl` has `_id` and `text`, and `qrels/*.tsv` has the columns
`query-id`, `corpus-id`, `score`. Thakur et al., "BEIR" (2021).
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.text import mended
from knowledge.articles import Article, BrokenArticle

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Question:
    """A question and the ids of the documents that answer it, with their grades; none answers it when empty."""

    id: str
    text: str
    answers: dict[str, float]


def read_documents(folder: Path, *, now: datetime) -> Iterator[Article | BrokenArticle]:
    """Give each line of `corpus.jsonl` as a public article, and a broken line as what is wrong with it."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield read_document(line, number, now)


def read_questions(folder: Path) -> list[Question]:
    """Return the questions of `queries.jsonl` with their judgements from every file of `qrels`."""
    answers: dict[str, dict[str, float]] = {}
    for path in sorted((folder / "qrels").glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if float(row["score"]) > 0:
                    answers.setdefault(row["query-id"], {})[row["corpus-id"]] = float(row["score"])
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [Question(str(row["_id"]), str(row["text"]), answers.get(str(row["_id"]), {})) for row in rows]


def article_id(document_id: str) -> str:
    """Return the id of the article that a document becomes: its own, or a hash of one that is too long."""
    return document_id if len(document_id) <= 64 else hashlib.sha256(document_id.encode()).hexdigest()


def read_document(line: str, number: int, now: datetime) -> Article | BrokenArticle:
    """Return one line of `corpus.jsonl` as a public article, or what is wrong with it."""
    try:
        row = mended(json.loads(line))
        document_id, title, text = str(row["_id"]), str(row.get("title") or ""), str(row["text"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return BrokenArticle("corpus.jsonl", number, f"the line is no document ({error}).")
    title = " ".join(title.split()) or " ".join(text.split()[:8])
    text = text.strip()
    if not title:
        return BrokenArticle("corpus.jsonl", number, "the document has neither title nor text.")
    digest = hashlib.sha256(document_id.encode()).hexdigest()[:8]
    slug = "-".join(filter(None, (_NOT_IN_SLUG.sub("-", title.lower())[:80].strip("-"), digest)))
    return Article(
        id=article_id(document_id),
        slug=slug,
        title=title[:300],
        content=(text or title) + "\n",
        created=now,
        updated=now,
    )
