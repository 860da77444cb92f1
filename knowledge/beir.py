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
from typing import Any

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
            said = _object(line)
            question_id = _id(said)
            question = Question(question_id, _text(said, "text"), answers.get(question_id, {}))
        except _BrokenLineError as error:
            yield BrokenArticle("queries.jsonl", number, str(error))
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


class _BrokenLineError(ValueError):
    """A line is not what it must be; says so in words."""


def _object(line: str) -> dict[str, Any]:
    try:
        row = mended(json.loads(line))
    except json.JSONDecodeError as error:
        raise _BrokenLineError(f"the line is no JSON ({error.msg}, character {error.colno}).") from error
    except ValueError as error:
        raise _BrokenLineError(f"the line is no JSON ({error}).") from error
    except RecursionError as error:
        raise _BrokenLineError("the JSON is nested too deeply.") from error
    if not isinstance(row, dict):
        raise _BrokenLineError('the line is no object, such as {"_id": "1", "text": "…"}.')
    return row


def _id(row: dict[str, Any]) -> str:
    value = row.get("_id")
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _BrokenLineError("the line has no _id, a text or a whole number.")
    return str(value)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise _BrokenLineError(f"the line has no {name}." if value is None else f"{name} is no text; put it in quotes.")
    return value


def article_id(document_id: str) -> str:
    """Return the id of the article that a document becomes: its own, or a hash of one that is too long."""
    return document_id if len(document_id) <= 64 else hashlib.sha256(document_id.encode()).hexdigest()


def read_document(line: str, number: int, now: datetime) -> Article | BrokenArticle:
    """Return one line of `corpus.jsonl` as a public article, or what is wrong with it."""
    try:
        row = _object(line)
        document_id, text = _id(row), _text(row, "text")
        title = "" if row.get("title") is None else _text(row, "title")
    except _BrokenLineError as error:
        return BrokenArticle("corpus.jsonl", number, str(error))
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
