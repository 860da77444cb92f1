"""What the assistant says by name has its wording, and what is missing is named before anything is trained."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ConfigurationError
from server.commands.train import check_responses
from server.settings import ROOT


def test_every_response_that_rules_and_actions_name_is_in_the_domain() -> None:
    check_responses(ROOT)


def copy_of_the_training_files(folder: Path) -> Path:
    for name in ("data", "actions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "domain.yml", folder)
    return folder


def test_a_missing_response_is_named_with_the_place_that_says_it(tmp_path: Path) -> None:
    root = copy_of_the_training_files(tmp_path)
    domain = (root / "domain.yml").read_text().replace("  utter_no_answer:", "  utter_nothing:")
    (root / "domain.yml").write_text(domain)
    with pytest.raises(ConfigurationError, match=r"no response utter_no_answer, which actions/answering\.py:\d+ says"):
        check_responses(root)


def test_a_domain_that_is_no_yaml_is_refused_with_a_sentence(tmp_path: Path) -> None:
    root = copy_of_the_training_files(tmp_path)
    (root / "domain.yml").write_text("responses: [")
    with pytest.raises(ConfigurationError, match="domain.yml cannot be read"):
        check_responses(root)


def test_every_intent_has_a_rule() -> None:
    # What no rule begins with falls back to the same action until Rasa's limit of ten: the customer would be answered ten times.
    domain = yaml.safe_load((ROOT / "domain.yml").read_text())
    intents = {next(iter(one)) if isinstance(one, dict) else one for one in domain["intents"]}
    rules = yaml.safe_load((ROOT / "data" / "rules.yml").read_text())["rules"]
    assert intents - set(_intents_of(rules)) == set()


def _intents_of(steps: list[Any]) -> Iterator[str]:
    for step in steps:
        if "intent" in step:
            yield step["intent"]
        for inner in (step.get("steps"), step.get("or")):
            yield from _intents_of(inner or [])


def test_there_are_conversations_enough_and_rasa_reads_the_words_in_each_file() -> None:
    files = sorted((ROOT / "data" / "tests").glob("*.yml"))
    # Rasa takes any other file for one without words, and tests nothing of what is understood.
    assert [file.name for file in files if not file.name.startswith("test_")] == []
    assert "--e2e" in (ROOT / "scripts" / "test.sh").read_text()
    stories = [story for file in files for story in yaml.safe_load(file.read_text())["stories"]]
    assert len(stories) >= 120
    names = [story["story"] for story in stories]
    assert sorted(set(names)) == sorted(names)


def test_conversations_are_tested_in_words_that_the_training_data_does_not_contain() -> None:
    trained = set()
    for file in (ROOT / "data" / "nlu").glob("*.yml"):
        for intent in yaml.safe_load(file.read_text())["nlu"]:
            trained |= {plain(line.removeprefix("- ")) for line in intent["examples"].splitlines()}
    said = [
        plain(step["user"])
        for file in (ROOT / "data" / "tests").glob("*.yml")
        for story in yaml.safe_load(file.read_text())["stories"]
        for step in story["steps"]
        if "user" in step
    ]
    # A plain yes or no has no other words.
    assert [words for words in said if words in trained and len(words.split()) > 2] == []


def plain(text: str) -> str:
    unmarked = re.sub(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})", r"\1", text)
    return " ".join(re.findall(r"\w+", unmarked.lower()))
