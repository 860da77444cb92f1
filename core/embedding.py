"""Sentences to vectors: one protocol, and an ONNX encoder for the running service.

The service never imports torch. `python -m core.export DIR` turns a sentence-transformers model into three files
that the service and the bot's environment read with `onnxruntime` and `tokenizers` alone:

    model.onnx      int8 weights; inputs input_ids, attention_mask and, where the model knows them, token_type_ids
                    (int64 [batch, tokens]); output last_hidden_state (float32 [batch, tokens, dimensions])
    tokenizer.json  the tokenizer, to be truncated at max_tokens
    encoder.json    {"model_id", "model", "dimensions", "max_tokens", "pooling": "mean" | "cls", "pad_id"}
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError

Vectors = npt.NDArray[np.float32]
"""Rows of unit length, float32, shape [texts, dimensions]."""

PACKAGED_MODEL = "all-MiniLM-L6-v2"
ALONE = 24
"""Tokens from which on a text has a run of its own: of 36 tokens it takes two thirds of the time that it takes among eight, of 87 as well,
while of 12 it takes nearly twice as long. Its vector is then the same whatever it is computed with: int8 scales activations by run."""


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
        """Load the files that `core.export.export_encoder` wrote.

        Args:
            directory: where `model.onnx`, `tokenizer.json` and `encoder.json` are.
            threads: threads within one call; several callers run beside each other in any case.
            batch: short texts in one run of the model, at most; longer ones run alone (`ALONE`).
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
                f"{directory} holds no readable encoder ({error}). Make one: python -m core.export {directory}"
            ) from error
        self.fingerprint = _fingerprint(directory) if self._pooling == "mean" else None
        """Names the encoder by the content of its files, as the assistant names its own (`bot.given`), which takes the mean."""
        self._tokenizer.no_padding()
        self._max_tokens = int(described["max_tokens"])
        self._tokenizer.enable_truncation(self._max_tokens)
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._batch = batch
        self._remembered = remembered
        self._memory: OrderedDict[str, Vectors] = OrderedDict()
        self._memory_lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length per text. Short texts of similar length share a run, so little is spent on padding."""
        if len(texts) == 1:
            return self._recall(texts[0])
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        for run in _runs([len(ids) for ids in tokens], self._batch):
            rows[run] = self._run([tokens[place] for place in run])
        return rows

    def knows(self, word: str) -> bool:
        """Tell whether `word` is one of the model's own whole words: for the packaged model about 24,000 common English ones."""
        return self._tokenizer.token_to_id(word) is not None

    def reads_whole(self, text: str) -> bool:
        """Tell whether nothing of a text is cut off: then another that reads it whole has the same vector of it."""
        return len(self._tokenizer.encode(text).ids) < self._max_tokens

    def recalled(self, text: str) -> Vectors | None:
        """Return the vector of a text that was encoded lately, without computing anything."""
        with self._memory_lock:
            return self._memory.get(text)

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
        from core.export import load_sentence_transformer

        self._model = load_sentence_transformer(name_or_path)
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


def _runs(lengths: Sequence[int], batch: int) -> Iterator[list[int]]:
    """Divide texts of these lengths among runs of the model, by their places: each long one alone, short ones with the next in length."""
    by_length = sorted(range(len(lengths)), key=lambda place: lengths[place])
    short = [place for place in by_length if lengths[place] < ALONE]
    for start in range(0, len(short), batch):
        yield short[start : start + batch]
    yield from ([place] for place in by_length[len(short) :])


def _fingerprint(directory: Path) -> str:
    with (directory / "model.onnx").open("rb") as model:
        digest = hashlib.file_digest(model, "sha256")
    digest.update((directory / "tokenizer.json").read_bytes())
    return digest.hexdigest()


def _pool(hidden: Vectors, mask: npt.NDArray[np.int64], pooling: str) -> Vectors:
    if pooling == "cls":
        return hidden[:, 0, :]
    weights = mask[:, :, None].astype(np.float32)
    pooled: Vectors = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    return pooled


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
