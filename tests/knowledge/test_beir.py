"""A folder in the BEIR layout is read as whoever wrote it meant it, and its broken lines are named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.articles import Article, BrokenArticle
from knowledge.beir import Question, article_id, read_document, read_documents, read_questions
from knowledge.derivation import derive

NOW = datetime(2026, 11, 23, tzinfo=UTC)
QRELS = "query-id\tcorpus-id\tscore\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "one"}\n{"_id": 2, "text": "two"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS + "q1\td1\t1\n")
    return tmp_path


def asked(folder: Path) -> dict[str, dict[str, float]]:
    return {one.id: one.answers for one in read_questions(folder) if isinstance(one, Question)}


def told(folder: Path) -> list[str]:
    everything = [*read_documents(folder, now=NOW), *read_questions(folder)]
    return [str(one) for one in everything if isinstance(one, BrokenArticle)]


def test_a_mark_of_byte_order_and_other_ends_of_lines_change_nothing(folder: Path) -> None:
    document = {"_id": 'é:1#"x" /y', "text": "a\tb\r\nc"}
    for name, text in {
        "corpus.jsonl": json.dumps(document, ensure_ascii=False),
        "queries.jsonl": '{"_id": "q1", "text": "one"}',
        "qrels/test.tsv": f'{QRELS.strip()}\r\nq1\té:1#"x" /y\t2',
    }.items():
        (folder / name).write_text(text + "\r\n\r\n", encoding="utf-8-sig", newline="")
    (article,) = read_documents(folder, now=NOW)
    assert isinstance(article, Article)
    assert (article.id, article.title, article.content) == (document["_id"], "a b c", "a\tb\r\nc\n")
    assert asked(folder) == {"q1": {document["_id"]: 2.0}}
    assert told(folder) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "the line is no object"),
        ("null", "the line is no object"),
        ("{", "the line is no JSON (Expecting property name enclosed in double quotes, character 2)."),
        ("1" * 5000, "the line is no JSON"),
        ("[" * 100_000, "the JSON is nested too deeply."),
        ('{"text": "t"}', "the line has no _id"),
        ('{"_id": "", "text": "t"}', "the line has no _id"),
        ('{"_id": true, "text": "t"}', "the line has no _id"),
        ('{"_id": "d"}', "the line has no text."),
        ('{"_id": "d", "text": null}', "the line has no text."),
        ('{"_id": "d", "text": 5}', "text is no text; put it in quotes."),
        ('{"_id": "d", "text": "t", "title": ["x"]}', "title is no text; put it in quotes."),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_words(line: str, reason: str) -> None:
    read = read_document(line, 7, NOW)
    assert isinstance(read, BrokenArticle)
    assert (read.line, read.reason[: len(reason)]) == (7, reason)


def test_a_question_has_all_its_documents_with_their_grades_and_none_without_a_judgement(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text(QRELS + "q1\td1\t2\nq1\td2\t1\nq1\td3\t0\nq1\td4\t-1\n")
    assert asked(folder) == {"q1": {"d1": 2.0, "d2": 1.0}, "2": {}}


def test_what_another_split_judges_is_no_question_without_an_answer(folder: Path) -> None:
    (folder / "qrels" / "train.tsv").write_text(QRELS + "2\td1\t1\n")
    assert asked(folder) == {"q1": {"d1": 1.0}}
    (folder / "qrels" / "test.tsv").unlink()
    assert asked(folder) == {"q1": {}, "2": {"d1": 1.0}}


def test_a_broken_line_is_named_and_the_others_are_read(folder: Path) -> None:
    (folder / "corpus.jsonl").write_bytes(
        b'{"_id": "d1", "text": "x"}\n{"_id": "d2"}\n\xff\n[]\n{"_id": "d3", "text": ""}\n'
    )
    (folder / "queries.jsonl").write_bytes(b'{"_id": "q1", "text": "one"}\n{"text": "two"}\nno\n\xff\n')
    (folder / "qrels" / "test.tsv").write_text(QRELS + "q1\td1\t1\nq1\td2\tmuch\nq1\n")
    complaints = told(folder)
    places = [one.split(": ")[0] for one in complaints]
    assert places == [
        "corpus.jsonl:2", "corpus.jsonl:3", "corpus.jsonl:4", "corpus.jsonl:5", "qrels/test.tsv:3", "qrels/test.tsv:4",
        "queries.jsonl:2", "queries.jsonl:3", "queries.jsonl:4",
    ]  # fmt: skip
    assert asked(folder) == {"q1": {"d1": 1.0}}


def test_judgements_without_a_heading_are_said_to_need_one(folder: Path) -> None:
    (folder / "corpus.jsonl").touch()
    (folder / "qrels" / "test.tsv").write_text("q1 0 d1 1\nq1 0 d2 1\n")
    assert told(folder) == [
        "qrels/test.tsv:2: a row needs the columns query-id, corpus-id and score, which is a number."
    ]


def test_an_id_that_is_too_long_becomes_a_hash_of_its_own() -> None:
    assert article_id("x" * 64) == "x" * 64
    assert len({article_id("x" * 65), article_id("x" * 66)}) == 2


@pytest.mark.parametrize(("title", "counted"), [("", ""), ("Download an invoice", "download an invoic")])
def test_the_opening_that_stands_for_a_missing_title_counts_as_text_and_not_as_a_title(
    title: str, counted: str
) -> None:
    text = "Open the settings and select an invoice there, then print it."
    article = read_document(json.dumps({"_id": "d1", "title": title, "text": text}), 1, NOW)
    assert isinstance(article, Article)
    assert article.title == (title or "Open the settings and select an invoice there,")
    (passage,) = derive(article)
    assert passage.terms.split("\n") == [counted, "", "open the set and select an invoic there then print it"]
