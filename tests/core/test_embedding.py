"""The encoder that the service runs: unit vectors, the same alone and in company, and an export that is whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

from core import export
from core.embedding import OnnxEncoder, SentenceTransformerEncoder
from core.errors import ConfigurationError
from core.export import export_encoder

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    "Can I get my invoices as PDF?",
    "How do I download a receipt?",
    "ERR_402",
    "The weather in Paris is fine. " * 80,
    "",
    "🙂 مرحبا 世界",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real export: from BATON_ENCODER_DIR, else from var/models/encoder, else made for this run."""
    built = Path(os.environ.get("BATON_ENCODER_DIR") or ROOT / "var" / "models" / "encoder")
    if not (built / "encoder.json").exists():
        built = export_encoder(directory=tmp_path_factory.mktemp("models") / "encoder")
    return built


@pytest.fixture(scope="module")
def encoder(directory: Path) -> OnnxEncoder:
    return OnnxEncoder(directory)


def test_every_text_has_a_vector_of_unit_length(encoder: OnnxEncoder) -> None:
    vectors = encoder.encode(QUESTIONS)
    assert vectors.shape == (len(QUESTIONS), encoder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_have_no_vectors(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_what_means_the_same_is_nearer_than_what_does_not(encoder: OnnxEncoder) -> None:
    invoice, receipt, _, weather, *_ = encoder.encode(QUESTIONS)
    assert invoice @ receipt > 0.3 > invoice @ weather


def test_a_text_has_the_same_vector_alone_and_in_company(encoder: OnnxEncoder) -> None:
    together = encoder.encode(QUESTIONS)
    alone = np.concatenate([encoder.encode([text]) for text in QUESTIONS])
    # int8 activations are scaled per run, so a little depends on the company.
    assert np.sum(together * alone, axis=1).min() > 0.95


def test_a_long_text_has_the_very_same_vector_whatever_it_is_computed_with(encoder: OnnxEncoder) -> None:
    long = " ".join(QUESTIONS)
    (alone,) = encoder.encode([long])
    assert np.array_equal(encoder.encode([*QUESTIONS, long])[-1], alone)
    assert np.array_equal(encoder.encode([long + long, long])[-1], alone)


def test_a_remembered_vector_cannot_be_changed_by_whoever_gets_it(encoder: OnnxEncoder) -> None:
    vector = encoder.encode(["remember me"])
    with pytest.raises(ValueError, match="read-only"):
        vector[0, 0] = 0.0


def test_threads_may_share_one_encoder(directory: Path) -> None:
    shared = OnnxEncoder(directory, remembered=2)
    expected = {text: OnnxEncoder(directory).encode([text]) for text in QUESTIONS}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: (text, shared.encode([text])), QUESTIONS * 5))
    assert all(np.allclose(vector, expected[text], atol=1e-5) for text, vector in found)


@pytest.mark.parametrize("broken", ["nothing", "no model", "bad json"])
def test_a_folder_without_an_encoder_is_a_sentence_that_says_how_to_make_one(
    tmp_path: Path, directory: Path, broken: str
) -> None:
    if broken != "nothing":
        described = (directory / "encoder.json").read_text() if broken == "no model" else "{"
        (tmp_path / "encoder.json").write_text(described)
    with pytest.raises(ConfigurationError, match=r"python -m core\.export"):
        OnnxEncoder(tmp_path)


def test_an_export_replaces_the_old_one_and_means_the_same_as_the_original(tmp_path: Path) -> None:
    target = tmp_path / "encoder"
    target.mkdir()
    (target / "old").write_text("old")
    steps: list[str] = []
    export_encoder(directory=target, progress=steps.append)
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]
    assert sorted(path.name for path in target.iterdir()) == ["encoder.json", "model.onnx", "tokenizer.json"]
    assert json.loads((target / "encoder.json").read_text())["dimensions"] == 384
    kinds = Counter(node.op_type for node in onnx.load(target / "model.onnx").graph.node)
    assert (kinds["QAttention"], kinds["Softmax"]) == (6, 0), "attention is one operator, not a dozen"
    assert steps[-1].startswith(f"Wrote {target}")
    exported, original = OnnxEncoder(target), SentenceTransformerEncoder()
    assert min((exported.encode([text]) @ original.encode([text]).T).item() for text in QUESTIONS[:4]) > 0.97


def test_an_export_that_lost_too_much_is_refused_and_leaves_the_old_one(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tokenizer:
        pad_token_id = 0
        backend_tokenizer = property(lambda self: self)

        def save(self, path: str) -> None:
            shutil.copy(directory / "tokenizer.json", path)

    class Model(list[SimpleNamespace]):
        tokenizer = Tokenizer()
        max_seq_length = 256

        def get_embedding_dimension(self) -> int:
            return 384

        def encode(self, texts: list[str], **_: object) -> np.ndarray:
            return np.eye(len(texts), 384, dtype=np.float32)

    monkeypatch.setattr(
        export, "load_sentence_transformer", lambda _: Model([SimpleNamespace(auto_model=SimpleNamespace(config=None))])
    )
    monkeypatch.setattr(export, "_pooling_of", lambda _: "mean")
    monkeypatch.setattr(export, "_export_graph", lambda _, path: shutil.copy(directory / "model.onnx", path))
    monkeypatch.setattr(export, "_fuse", lambda *_: None)
    monkeypatch.setattr(export, "_quantise", shutil.copy)
    target = tmp_path / "encoder"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(ConfigurationError, match="lost too much"):
        export_encoder(directory=target)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_a_model_that_is_not_there_is_a_sentence_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export.main([str(tmp_path / "encoder"), "--model", str(tmp_path / "none")]) == 2
    assert "cannot be loaded" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_service_does_not_import_torch() -> None:
    code = (
        "import sys, core.embedding, knowledge.retriever, knowledge.seed, knowledge.index\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'sentence_transformers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_encoder_is_named_by_its_files_as_the_assistant_names_its_own(
    encoder: OnnxEncoder, directory: Path, tmp_path: Path
) -> None:
    files = [(directory / name).read_bytes() for name in ("model.onnx", "tokenizer.json")]
    assert encoder.fingerprint == hashlib.sha256(b"".join(files)).hexdigest()
    other = shutil.copytree(directory, tmp_path / "cls")
    described = json.loads((other / "encoder.json").read_text())
    (other / "encoder.json").write_text(json.dumps({**described, "pooling": "cls"}))
    assert OnnxEncoder(other).fingerprint is None  # the assistant takes the mean


def test_what_was_encoded_lately_is_recalled_and_nothing_else_is_computed(encoder: OnnxEncoder) -> None:
    vector = encoder.encode(["recall me"])
    assert encoder.recalled("recall me") is vector
    assert encoder.recalled("never encoded") is None
