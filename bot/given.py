"""A sentence vector that comes with a message: the service has made it for its own search, with the same encoder, so it is made once."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Text

import numpy as np

MOST_BYTES = 4 * 4096
"""A vector of 4,096 numbers; the packaged encoder's have 384."""
LEAST_OFF = 1e-3
"""How far from 1 the length of a vector may be: of some hundred 32-bit numbers rounding leaves a millionth."""


@dataclass(frozen=True)
class GivenVector:
    """The vector of one text, of unit length; it may stand for the text only where the encoder is the one named here."""

    encoder: Text
    text: Text
    values: np.ndarray


@dataclass(frozen=True)
class KnownEncoder:
    """The encoder that reads messages here: its fingerprint, and how many numbers its vectors have."""

    fingerprint: Text
    size: int


_given: ContextVar[Optional[GivenVector]] = ContextVar("given", default=None)


@contextlib.contextmanager
def giving(vector: Optional[GivenVector]) -> Iterator[None]:
    """Has `given_vector` find this one, for the length of the block and in the tasks that it begins."""
    before = _given.set(vector)
    try:
        yield
    finally:
        _given.reset(before)


def given_vector(encoder: Text, text: Text) -> Optional[np.ndarray]:
    """Returns the vector that came with this very text from this very encoder, if one did."""
    given = _given.get()
    return given.values if given is not None and (given.encoder, given.text) == (encoder, text) else None


def read_vector(field: Any, text: Text, known: Optional[KnownEncoder]) -> GivenVector:
    """Reads `{"encoder": fingerprint, "values": base64 of little-endian float32}`.

    Args:
        field: What came in the request.
        text: The text that it is the vector of.
        known: The encoder here, None where there is none. A vector of another encoder may have another size: it is not used.

    Raises:
        ValueError: It has another form or size, is not of unit length, or a number in it is none.
    """
    if (
        not isinstance(field, dict)
        or not isinstance(field.get("encoder"), str)
        or not isinstance(field.get("values"), str)
    ):
        raise ValueError("it must have the texts 'encoder' and 'values'")
    try:
        raw = base64.b64decode(field["values"], validate=True)
    except binascii.Error as error:
        raise ValueError("'values' must be base64") from error
    if not raw or len(raw) % 4 or len(raw) > MOST_BYTES:
        raise ValueError(f"'values' must be 1 to {MOST_BYTES // 4} numbers of 32 bits")
    values = np.frombuffer(raw, dtype="<f4")
    if not np.isfinite(values).all():
        raise ValueError("'values' must be finite numbers")
    if known is not None and field["encoder"] == known.fingerprint and len(values) != known.size:
        raise ValueError(f"'values' must be the {known.size} numbers that this encoder gives, not {len(values)}")
    if abs(float(np.linalg.norm(values.astype(np.float64))) - 1.0) > LEAST_OFF:
        raise ValueError("'values' must be a vector of length 1")
    return GivenVector(field["encoder"], text, values)


def fingerprint(model: bytes, tokenizer: bytes) -> Text:
    """Names an encoder by the content of its two files; `core.embedding.OnnxEncoder` names its own in the same way."""
    digest = hashlib.sha256(model)
    digest.update(tokenizer)
    return digest.hexdigest()
