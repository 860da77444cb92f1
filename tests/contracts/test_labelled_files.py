"""The benchmarks of intents and triage read labelled files as people's tools write them, and say where one is not right."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
Read = Callable[[bytes], list[tuple[str, str]]]


@pytest.fixture
def benchmark_of_intents(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("intents")


@pytest.fixture
def read(benchmark_of_intents: Any, tmp_path: Path) -> Read:
    def read_bytes(content: bytes) -> list[tuple[str, str]]:
        (tmp_path / "messages.csv").write_bytes(content)
        return [(one.text, one.intent) for one in benchmark_of_intents.read(tmp_path / "messages.csv", to_train=True)]

    return read_bytes


@pytest.mark.parametrize(
    "content",
    [
        b"text,intent\nhello,greet\nmy money,refund\n",
        b"\xef\xbb\xbftext,intent\r\nhello,greet\r\nmy money,refund\r\n",
        b'"Intent"," Text "\n"greet","hello"\n\n"refund","my money"\n',
        b"id,text,intent\n1,hello,greet\n,,\n2,my money, refund \n",
    ],
    ids=["plain", "with a byte order mark and CRLF", "quoted, turned around, with an empty line", "with a column more"],
)
def test_a_file_of_messages_is_read_however_it_was_saved(read: Read, content: bytes) -> None:
    assert read(content) == [("hello", "greet"), ("my money", "refund")]


def test_a_message_may_hold_quotes_commas_and_any_kind_of_line_end(read: Read) -> None:
    content = 'text,intent\n"say ""hi"", then\ngo",greet\nmy\u2028money\x85back,refund\n'
    assert read(content.encode()) == [('say "hi", then\ngo', "greet"), ("my\u2028money\x85back", "refund")]


def test_labels_that_rasa_or_baton_read_otherwise_stay_apart(read: Read, benchmark_of_intents: Any) -> None:
    labels = ["talk/person", "talk/bot", "talk%2Fbot", "nlu_fallback", "nlu_fallback%", "out_of_scope", "Über uns."]
    content = "text,intent\n" + "".join(f"message {number},{label}\n" for number, label in enumerate(labels))
    trained = [intent for _, intent in read(content.encode())]
    assert len(set(trained)) == len(labels)
    assert not any("/" in label for label in trained)
    assert benchmark_of_intents.NO_ANSWER & set(trained) == {"out_of_scope"}
    assert trained[-2:] == labels[-2:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("message,label\nhello,greet\n", ":1: the first line must name the columns text and intent"),
        ("text,intent\nhello, you,greet\nhi,other\n", ":2: there are more values than columns"),
        ("text,intent\nhello,greet\nhi,\n", ":3: this message has no intent"),
        ("text,intent\nhello,greet\n", "two are the least"),
        ("", ":1: the first line must name"),
        ("text,text,intent\na,b,c\n", ":1: the first line must name the columns text and intent, each once"),
        (f"text,intent\nhello,greet\n{'x' * 10_000_001},refund\n", ":3: field larger than field limit (10000000)"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_line(read: Read, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read(content.encode())
    assert said in refusal.value.message


def test_a_file_without_a_ticket_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    (tmp_path / "tickets.csv").write_text("text,category\n")
    with pytest.raises(ConfigurationError, match=r":1: there is no ticket in it"):
        importlib.import_module("triage").read(tmp_path / "tickets.csv")


def test_a_training_in_a_folder_that_was_worked_in_before_tells_no_time_and_says_why(
    benchmark_of_intents: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fit(folder: Path) -> tuple[Path, dict[str, Any]]:
        (folder / "encoder").mkdir(exist_ok=True)
        (folder / "encoder" / "encoder.json").write_text("{}")
        return folder / "baton.tar.gz", {"fit_s": 4.0, "fit_cpu_s": 3.0}

    monkeypatch.setattr(benchmark_of_intents, "measure", lambda *_parts, plain: [{"accuracy": 0.5}])
    (first,), (second,) = (benchmark_of_intents._side("baton", [[]], tmp_path / "baton", fit) for _ in range(2))
    assert first == {"accuracy": 0.5, "fit_s": 4.0, "fit_cpu_s": 3.0}
    told = {name: second.pop(name) for name in ("fit_s", "fit_cpu_s")}
    assert told == {"fit_s": None, "fit_cpu_s": None}
    assert second == {"accuracy": 0.5, "fit_untold": benchmark_of_intents.UNTOLD}
    assert "fit_s" not in benchmark_of_intents.ratios(second | told, first)
