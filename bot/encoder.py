"""Turns each message into one sentence vector, so that every later component judges meaning, not spelling."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Text, Type

import numpy as np
import onnxruntime
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from tokenizers import Tokenizer as WordPieces

from bot.clauses import with_clauses
from bot.given import KnownEncoder, fingerprint, given_vector
from bot.kept import KeptComponent
from bot.spelling import whole_words

ENCODER_DIR_VARIABLE = "BATON_ENCODER_DIR"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
CORRECTED = "corrected"
"""Where a message carries the text that is read in place of its own, which holds mistyped words (bot/corrector.py)."""


class SentenceEncoder:
    """An ONNX sentence encoder behind a cache; safe to share between threads.

    Vectors are the mean of the token vectors over the attention mask, normalised to length 1.
    """

    def __init__(self, model: bytes, tokenizer: bytes, *, max_tokens: int, cache_size: int, threads: int) -> None:
        """Opens the session.

        Args:
            model: The content of `model.onnx`; its first output is `[batch, tokens, size]`.
            tokenizer: The content of a Hugging Face `tokenizer.json`.
            max_tokens: Longer messages are cut to this many word pieces.
            cache_size: How many vectors to keep, the least recently used being forgotten first.
            threads: Threads within one run; 1 is fastest for single short messages under load.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.fingerprint = fingerprint(model, tokenizer)
        self._max_tokens = max_tokens
        self._inputs = {declared.name for declared in self._session.get_inputs()}
        self._tokenizer = WordPieces.from_str(tokenizer.decode("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_tokens)
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def encode_one(self, text: str) -> np.ndarray:
        """Returns the vector `[size]` of one text, from the cache when it was seen lately."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            known = self._cache.get(key)
            if known is not None:
                self._cache.move_to_end(key)
                return known
        vector = self._run([self._tokenizer.encode(_clean(text)).ids])[0]
        with self._lock:
            self._cache[key] = vector
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return vector

    def reads_whole(self, text: str) -> bool:
        """Tells whether nothing of a text is cut off here: then whoever else cuts nothing of it off has the same vector of it.

        The service asks the same of its own limit before it sends one (`core.embedding.OnnxEncoder.reads_whole`).
        """
        return len(self._tokenizer.encode(_clean(text)).ids) < self._max_tokens

    def encode(self, texts: Sequence[str], *, batch_size: int) -> np.ndarray:
        """Returns the vectors `[len(texts), size]` in the order of `texts`.

        Batches hold texts of like length: padding costs time, and the int8 model scales its activations by
        batch, so a short text beside a long one would come out slightly different than alone.
        """
        pieces = self._tokenizer.encode_batch([_clean(text) for text in texts])
        by_length = sorted(range(len(pieces)), key=lambda index: len(pieces[index].ids))
        vectors: List[Optional[np.ndarray]] = [None] * len(pieces)
        for start in range(0, len(by_length), batch_size):
            batch = by_length[start : start + batch_size]
            for index, vector in zip(batch, self._run([pieces[index].ids for index in batch]), strict=True):
                vectors[index] = vector
        return np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)

    def _run(self, ids: List[List[int]]) -> np.ndarray:
        if len(ids) == 1:
            return self._run_one(np.array(ids, dtype=np.int64))
        width = max(len(row) for row in ids)
        input_ids = np.zeros((len(ids), width), dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, row_ids in enumerate(ids):
            input_ids[row, : len(row_ids)] = row_ids
            attention_mask[row, : len(row_ids)] = 1
        weights = attention_mask[:, :, None].astype(np.float32)
        pooled = (self._hidden(input_ids, attention_mask) * weights).sum(axis=1) / weights.sum(axis=1)
        return (pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def _run_one(self, input_ids: np.ndarray) -> np.ndarray:
        """Does the same for one text, which has no padding to leave out."""
        pooled = self._hidden(input_ids, np.ones_like(input_ids)).sum(axis=1)
        return pooled / max(float(np.sqrt(np.vdot(pooled, pooled))), 1e-9)

    def _hidden(self, input_ids: np.ndarray, attention_mask: np.ndarray) -> np.ndarray:
        feed = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": np.zeros_like(input_ids)}
        return self._session.run(None, {name: feed[name] for name in self._inputs})[0]


def _clean(text: str) -> str:
    """Replaces lone surrogates, which a chat client can send and the tokenizer's Rust side refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEncoderFeaturizer(KeptComponent[SentenceEncoder], DenseFeaturizer):
    """Adds sentence features from an ONNX encoder whose files travel inside the model archive.

    It counts as trainable for one reason: only a trained component owns a resource, and the encoder's files are
    kept there so that an archive loads on a machine that has no encoder directory.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """A tokenizer must come first: Rasa's classifiers expect its tokens beside dense features."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages this component imports when it opens the encoder."""
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings; `encoder` names the directory of the export, else the variable BATON_ENCODER_DIR does."""
        return {
            **DenseFeaturizer.get_default_config(),
            "encoder": None,
            "max_tokens": 128,
            "batch_size": 32,
            "cache_size": 4096,
            "threads": 1,
        }

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Refuses a size that could not work."""
        for key in ("max_tokens", "batch_size", "cache_size", "threads"):
            if config[key] <= 0:
                raise InvalidConfigException(f"{cls.__name__}: '{key}' must be above 0, not {config[key]}.")

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        learned: Optional[SentenceEncoder] = None,
    ) -> None:
        """Keeps what the graph hands over; the encoder is absent until the component is loaded."""
        DenseFeaturizer.__init__(self, resource.name, config)
        KeptComponent.__init__(self, config, model_storage, resource, learned)

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> SentenceEncoder:
        """Opens the encoder from the model's own files."""
        return SentenceEncoder(
            (directory / MODEL_FILE).read_bytes(),
            (directory / TOKENIZER_FILE).read_bytes(),
            max_tokens=config["max_tokens"],
            cache_size=config["cache_size"],
            threads=config["threads"],
        )

    def write(self, directory: Path) -> None:
        """Copies the encoder's files; the weights themselves were tuned before."""
        for file in _encoder_files(self._config):
            (directory / file.name).write_bytes(file.read_bytes())

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """Names the encoder's content, so that a re-tuned encoder under the same path is not taken from the cache."""
        return fingerprint(*(file.read_bytes() for file in _encoder_files(config)))

    def train(self, training_data: TrainingData) -> Resource:
        """Keeps the encoder in the model."""
        return self.keep()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds features to all training examples that have a text."""
        examples = [example for example in training_data.training_examples if example.get(TEXT)]
        texts = [example.get(CORRECTED) or example.get(TEXT) for example in examples]
        vectors = self._opened.encode(texts, batch_size=self._config["batch_size"])
        for example, vector in zip(examples, vectors, strict=True):
            self._add(example, vector)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds features to messages as they come in; an empty text is encoded too, so that features never lack."""
        for message in with_clauses(messages):
            self._add(message, self._vector(message.get(CORRECTED) or message.get(TEXT) or ""))
        return messages

    @functools.cached_property
    def known(self) -> KnownEncoder:
        """Names the encoder by its content, and says how many numbers its vectors have."""
        return KnownEncoder(self._opened.fingerprint, len(self._opened.encode_one("")))

    def _vector(self, text: Text) -> np.ndarray:
        """Returns the vector that came with the text where it is the same as the encoder's own, which is made otherwise."""
        given = given_vector(self._opened.fingerprint, text)
        if given is not None and self._opened.reads_whole(text):
            return given
        return self._opened.encode_one(text)

    @property
    def _opened(self) -> SentenceEncoder:
        if self._learned is None:
            raise RuntimeError("The encoder is opened by load(); create() serves training only.")
        return self._learned

    def _add(self, message: Message, vector: np.ndarray) -> None:
        message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))


def encoder_directory(config: Dict[Text, Any]) -> Optional[Path]:
    """Returns the folder of the exported encoder: the setting `encoder`, else the variable BATON_ENCODER_DIR; None if neither is set."""
    named = config.get("encoder") or os.environ.get(ENCODER_DIR_VARIABLE)
    return Path(named) if named else None


def words_of_encoder(config: Dict[Text, Any]) -> List[Text]:
    """Returns the words that the encoder has whole; none where there is no encoder, which then says itself what is missing."""
    directory = encoder_directory(config)
    if directory is None or not (directory / TOKENIZER_FILE).is_file():
        return []
    return whole_words(directory / TOKENIZER_FILE)


def _encoder_files(config: Dict[Text, Any]) -> List[Path]:
    """Finds the exported encoder.

    Raises:
        InvalidConfigException: Neither the setting nor the variable names a directory with both files.
    """
    named = encoder_directory(config)
    if named is None:
        raise InvalidConfigException(
            f"No encoder: set {ENCODER_DIR_VARIABLE} to the directory with {MODEL_FILE} and {TOKENIZER_FILE}."
        )
    files = [named / MODEL_FILE, named / TOKENIZER_FILE]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise InvalidConfigException(f"The encoder directory {named} lacks {' and '.join(missing)}; export it first.")
    return files
