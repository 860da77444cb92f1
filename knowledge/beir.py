"""Reads a folder in the BEIR layout: documents, questions, and which document answers which question.

`corpus.jsonl` has `_id`, `title`, `text` on each line, `queries.jsonl` has `_id` and `text`, and `qrels/*.tsv` has the columns
`query-id`, `corpus-id`, `score`. Thakur et al., "BEIR" (2021). What others' tools wrote is read too: marks of byte order, lines that
end in CRLF, tabs inside texts. A broken line is told and passed over.
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
from knowledge.articles import Article, BrokenArticle, opening_of

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Question:
    """A question and the ids of the documents that answer it, with their grades; none answers it when empty."""

    id: str
    text: str
    answers: dict[str, float]


def read_documents(folder: Path, *, now: datetime) -> Iterator[Article | BrokenArticle]:
    """Give each line of `corpus.jsonl` as a public article, and a broken line as what is wrong with it."""
    for number, line in _lines(folder / "corpus.jsonl"):
        yield line if isinstance(line, BrokenArticle) else read_document(line, number, now)


def read_questions(folder: Path) -> Iterator[Question | BrokenArticle]:
    """Give the questions of `queries.jsonl` with their judgements, and first whatever is wrong with a line of these.

    The judgements are those of `qrels/test.tsv`; where there is no such file, those of every file of `qrels`. A question that is
    judged in another file alone belongs to another split and is left out: it has an answer, and nobody says here which.
    """
    answers: dict[str, dict[str, float]] = {}
    elsewhere: set[str] = set()
    paths = sorted((folder / "qrels").glob("*.tsv"))
    tests = [one for one in paths if one.name == "test.tsv"]
    for path in paths:
        for row in _judgements(path):
            if isinstance(row, BrokenArticle):
                yield row
            elif tests and path not in tests:
                elsewhere.add(row[0])
            elif row[2] > 0:
                answers.setdefault(row[0], {})[row[1]] = row[2]
    for number, line in _lines(folder / "queries.jsonl"):
        if isinstance(line, BrokenArticle):
            yield line
            continue
        try:
            row = mended(json.loads(line))
            question = Question(str(row["_id"]), str(row["text"]), answers.get(str(row["_id"]), {}))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            yield BrokenArticle("queries.jsonl", number, f"the line is no question ({error!r}).")
            continue
        if question.answers or question.id not in elsewhere:
            yield question


def _judgements(path: Path) -> Iterator[tuple[str, str, float] | BrokenArticle]:
    """Give question, document and grade of each row."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        for row in rows:
            try:
                yield str(row["query-id"]), str(row["corpus-id"]), float(row["score"])
            except (KeyError, TypeError, ValueError):
                reason = "a row needs the columns query-id, corpus-id and score, which is a number."
                yield BrokenArticle(f"qrels/{path.name}", rows.line_num, reason)


def _lines(path: Path) -> Iterator[tuple[int, str | BrokenArticle]]:
    """Give the lines of a file that are not empty, with their numbers; one that is not UTF-8 as what is wrong with it."""
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            try:
                line: str | BrokenArticle = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                line = BrokenArticle(path.name, number, "the line is not UTF-8.")
            if isinstance(line, BrokenArticle) or line.strip():
                yield number, line


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
    title = " ".join(title.split()) or opening_of(text)
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
