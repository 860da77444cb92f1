"""Mistakes in the training examples are named with file and line before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from server.training import read_training_files
from server.training_files import IntentExample, TrainingFiles, checked_examples

INTENTS = ("refund", "invoices", "out_of_scope")
HEAD = "version: '3.1'\nnlu:\n"


def checked(folder: Path, *files: str) -> TrainingFiles:
    for number, content in enumerate(files, start=1):
        (folder / f"{number}.yml").write_text(content, encoding="utf-8")
    return checked_examples(folder.glob("*.yml"), root=folder, intents=INTENTS)


def block(intent: str, *examples: str) -> str:
    return f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {one}\n" for one in examples)


GOOD = (
    HEAD
    + block("refund", "i want my money back", "refund me")
    + block("invoices", "my bills", "[INV-1](invoice) please")
)


def test_examples_come_with_their_places_and_without_entity_marks(tmp_path: Path) -> None:
    found = checked(tmp_path, GOOD)
    assert found.examples[0] == IntentExample("i want my money back", "refund", "1.yml:5")
    assert found.examples[-1] == IntentExample("INV-1 please", "invoices", "1.yml:10")
    assert found.notes == []


def test_the_shipped_examples_are_as_they_should_be() -> None:
    assert read_training_files().notes == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + block("refund"), r"2\.yml:3: the intent 'refund' has no example"),
        (HEAD + "- intent:\n  examples: |\n    - hi\n", r"2\.yml:3: this intent has no name"),
        (HEAD + block("weather", "rain?"), r"2\.yml:3: domain\.yml does not list the intent 'weather'"),
        (HEAD + block("invoices", "Refund  me!"), r"2\.yml:5: 'Refund  me!' is an example of 'invoices' here and of 'refund' in 1\.yml:6"),
        (HEAD + block("refund", "a\x00b"), r"2\.yml:5: there is a character U\+0000"),
        (HEAD + block("refund", "a\x9db"), r"2\.yml:5: there is a character U\+009D"),
        (HEAD + block("refund", "a\uffffb"), r"2\.yml:5: there is a character U\+FFFF"),
        ("[" * 100_000 + "]" * 100_000, r"2\.yml:1: this is nested too deeply"),
        (HEAD + block("refund", "x" * 20_000), r"2\.yml:5: .* 20,000 characters; .* 8,000 at most"),
        (HEAD + "- intent: refund\n  examples: |\n    money\n", r"2\.yml:5: an example begins with '- '"),
        (HEAD + block("refund", "x").replace("intent", "intnt"), r"2\.yml:3: this entry has no 'intent', but 'intnt', 'examples'"),
        (HEAD + "- refund\n", r"2\.yml:3: this entry has no 'intent', but nothing that has a name"),
        (HEAD + "- intent: [\n", r"2\.yml:\d: this is no YAML"),
        (HEAD + "  intent: refund\n", r"2\.yml:3: 'nlu' must be a list"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        checked(tmp_path, GOOD, content)


def test_a_file_that_is_no_text_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "1.yml").write_bytes(b"nlu:\n- intent: \xff\n")
    with pytest.raises(ConfigurationError, match=r"1\.yml:2: this is not UTF-8"):
        checked_examples(tmp_path.glob("*.yml"), root=tmp_path, intents=INTENTS)


def test_one_example_in_all_is_too_little_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"1\.yml:5: 1 intent with examples in all files; two are the least"):
        checked(tmp_path, HEAD + block("refund", "money"))


def test_what_is_odd_but_harmless_is_a_note_with_its_place(tmp_path: Path) -> None:
    found = checked(tmp_path, GOOD + block("out_of_scope", "🎉🎉"))
    assert [note.partition(" ")[0] for note in found.notes] == ["1.yml:13:", "1.yml:13:"]


def test_of_many_mistakes_the_first_are_named_and_the_others_counted(tmp_path: Path) -> None:
    many = "".join(block(f"intent_{number}", f"text {number}") for number in range(5000))
    with pytest.raises(ConfigurationError, match="and 4980 more"):
        checked(tmp_path, GOOD, HEAD + many)


def test_five_thousand_intents_are_refused_at_the_first_that_is_too_many(tmp_path: Path) -> None:
    listed = "".join(f"- intent: i{number}\n  examples: |\n    - word{number} of it\n" for number in range(5000))
    (tmp_path / "many.yml").write_text("version: '3.1'\nnlu:\n" + listed)
    with pytest.raises(ConfigurationError) as refused:
        checked_examples([tmp_path / "many.yml"], root=tmp_path, intents=[f"i{number}" for number in range(5000)])
    assert "many.yml:3005: 'i1000' is intent 1,001 of 5,000" in refused.value.message
