"""The report of a training tells each threshold that the gate has learned."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from server.commands.train import print_assistant
from server.training import Trained, scope_of

LEARNED = {"threshold": 0.21, "ask_threshold": 0.11, "talk_threshold": 0.24, "held_out": {}, "intents": ["greet"]}


def archive_with(decision: dict[str, object], folder: Path) -> Path:
    content = json.dumps(decision).encode()
    member = tarfile.TarInfo("components/train_ScopeGate6/decision.json")
    member.size = len(content)
    archive = folder / "assistant.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.addfile(member, io.BytesIO(content))
    return archive


def test_all_thresholds_are_told_and_that_of_small_talk_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = archive_with(LEARNED, tmp_path)
    scope = scope_of(archive)
    assert (scope["threshold"], scope["ask_threshold"], scope["talk_threshold"]) == (0.21, 0.11, 0.24)
    print_assistant(Trained(archive, tmp_path, scope, anew=True))
    said = capsys.readouterr().out
    for threshold in ("0.21", "0.11", "0.24"):
        assert threshold in said


def test_a_model_that_has_no_threshold_of_small_talk_is_reported_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = {name: value for name, value in LEARNED.items() if name != "talk_threshold"}
    archive = archive_with(older, tmp_path)
    print_assistant(Trained(archive, tmp_path, scope_of(archive), anew=True))
    assert "mall talk" not in capsys.readouterr().out
