"""What the assistant says by name has its wording, and what is missing is named before anything is trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

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
