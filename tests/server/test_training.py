"""The encoder is tuned on the examples, once for the same inputs, and keeps what honest thresholds need."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.embedding import OnnxEncoder
from core.errors import ConfigurationError
from core.tuning import INTENT_KEPT, KEPT, TUNED_ON, roles
from core.tuning_rounds import Recipe
from server.settings import ROOT, Settings
from server.training import as_read, is_to_be_tuned, run_rasa, tuned_encoder

WORDS = {
    "invoices": ["where are my invoices", "send me the bill", "a receipt please", "billing history", "invoice as pdf"],
    "refund": [
        "i want my money back",
        "refund me",
        "give me back what i paid",
        "how do refunds work",
        "return my payment",
    ],
}


EXAMPLES = [(text, intent) for intent, texts in WORDS.items() for text in texts]
FILES = ["encoder.json", "held_out.npz", "model.onnx", "tokenizer.json"]
TOGETHER = pytest.mark.xdist_group("tuning")
"""A tuning takes half a minute or more, so these tests run in one process and share the first."""


@pytest.fixture(scope="module")
def untuned() -> Path:
    return Path(os.environ.get("BATON_ENCODER_DIR") or ROOT / "var" / "models" / "encoder")


@pytest.fixture(scope="module")
def tuned(untuned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tuned_encoder(untuned, tmp_path_factory.mktemp("tuning") / "tuned", EXAMPLES, say=pytest.fail)


@TOGETHER
def test_an_encoder_is_tuned_once_for_the_same_examples_and_holds_the_intents_apart(untuned: Path, tuned: Path) -> None:
    assert sorted(file.name for file in tuned.iterdir()) == FILES
    assert [path.name for path in tuned.parent.iterdir()] == ["tuned"]
    before, after = OnnxEncoder(untuned), OnnxEncoder(tuned)
    assert [nearest_intent(after, text) for text, _ in EXAMPLES] == [intent for _, intent in EXAMPLES]
    assert min((before.encode([text]) @ after.encode([text]).T).item() for text, _ in EXAMPLES) < 0.99
    with np.load(tuned / "held_out.npz", allow_pickle=False) as file:
        assert file["vectors"].shape == (3, 10, 384)
        assert list(file["intents"]) == [intent for _, intent in EXAMPLES]
        assert [sorted(role) for role in file["role"]] == [[TUNED_ON] * 8 + [KEPT] * 2] * 3
    made = (tuned / "model.onnx").stat().st_mtime_ns
    said: list[str] = []
    assert tuned_encoder(untuned, tuned, EXAMPLES, say=said.append) == tuned
    assert (tuned / "model.onnx").stat().st_mtime_ns == made
    assert said == ["The encoder was tuned on these examples before"]
    assert json.loads((tuned / "encoder.json").read_text())["model_id"].startswith("tuned-int8-")


@TOGETHER
def test_the_same_examples_make_the_same_encoder_whatever_threads_a_machine_offers(
    untuned: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    anew = tuned_encoder(untuned, tmp_path / "again", EXAMPLES, say=pytest.fail)
    assert (anew / "model.onnx").read_bytes() == (tuned / "model.onnx").read_bytes()
    with np.load(tuned / "held_out.npz") as first, np.load(anew / "held_out.npz") as second:
        assert (first["vectors"] == second["vectors"]).all()


def test_the_encoder_is_tuned_on_what_it_will_read(untuned: Path) -> None:
    often = [("the money is not there", "refund"), ("money please", "refund")]  # often enough to be what is meant
    examples = [*EXAMPLES, *often]
    mistyped = [("\ud83d give me \x00 my moeny", "refund"), ("a copy of the invioce", "invoices")]
    read = as_read(Settings().bot_python, untuned, [*examples, *mistyped])
    assert read[:-2] == examples
    assert read[-2:] == [("\ud83d give me \x00 my money", "refund"), mistyped[1]]


def test_examples_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="could not be read"):
        as_read(Settings().bot_python, tmp_path, [("hello", "greet")])


@pytest.mark.parametrize(
    ("setting", "examples", "intents", "tuned"),
    [
        ("auto", 450, 30, True),
        ("auto", 2000, 45, False),
        ("auto", 15_000, 150, True),
        ("auto", 20, 1, False),
        ("true", 2000, 45, True),
        ("false", 15_000, 150, False),
    ],
)
def test_the_setting_decides_or_leaves_it_to_what_examples_there_are(
    setting: str, examples: int, intents: int, tuned: bool
) -> None:
    assert is_to_be_tuned(setting, [("text", f"{number % intents}") for number in range(examples)]) is tuned


def nearest_intent(encoder: OnnxEncoder, text: str) -> str:
    """Return the intent whose examples' mean is nearest to a text."""
    vector = encoder.encode([text])[0]
    return max(WORDS, key=lambda intent: float(encoder.encode(WORDS[intent]).mean(axis=0) @ vector))


def test_a_rehearsal_keeps_back_examples_and_whole_intents_but_never_out_of_scope_as_a_whole() -> None:
    intents = [f"intent_{number % 20}" for number in range(400)] + ["out_of_scope"] * 20 + ["rare"] * 3
    role = roles(intents, Recipe())
    assert (role == roles(intents, Recipe())).all()
    away = {intent for intent, part in zip(intents, role, strict=True) if part == INTENT_KEPT}
    assert len(away) == 3
    assert "out_of_scope" not in away
    kept = [intent for intent, part in zip(intents, role, strict=True) if part == KEPT]
    assert kept.count("out_of_scope") == 3
    assert not set(kept) & away
    assert "rare" not in kept


def test_small_sets_are_gone_through_more_often() -> None:
    assert [Recipe().epochs(examples) for examples in (1, 450, 1900, 15_000)] == [12, 6, 3, 3]


def test_a_training_that_is_killed_while_it_packs_leaves_the_archive_before(tmp_path: Path) -> None:
    (tmp_path / "assistant.tar.gz").write_text("whole")
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nwhile [ "$1" != --out ]; do shift; done\nprintf half > "$2/assistant.tar.gz"\nkill -9 $$\n'
    )
    python.chmod(0o755)
    with pytest.raises(ConfigurationError, match="could not be trained"):
        run_rasa(python, ["train"], encoder=tmp_path, out=tmp_path, name="assistant")
    assert (tmp_path / "assistant.tar.gz").read_text() == "whole"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["assistant.tar.gz", "python"]
