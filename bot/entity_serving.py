"""Reads a message for the named-entity model as its trained layers do, in a few operations on arrays instead of two dozen layers.

What a word looks like by itself is computed once for each word; then each layer looks at a word and its neighbours. The layers
are those of spaCy's `HashEmbedCNN`: see `spacy.ml.models.tok2vec` and, for the arithmetic, `thinc.layers`.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Callable, List, NamedTuple, Tuple

import numpy as np
from spacy.attrs import NORM, PREFIX, SHAPE, SUFFIX
from spacy.tokens import Doc
from thinc.api import Model

REMEMBERED = 10_000
"""Words that are kept: of 48 numbers each, some 2 MB."""
_LOOKS = [NORM, PREFIX, SUFFIX, SHAPE]
_SMALL = np.float32(1e-8)
"""What thinc adds to a variance."""


class _Layer(NamedTuple):
    """One convolution: weights `[window, pieces * width]` whose best piece counts (maxout), then a layer norm."""

    weights: np.ndarray
    biases: np.ndarray
    gain: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, residual: Model) -> _Layer:
        maxout = next(layer for layer in residual.walk() if layer.name == "maxout")
        norm = next(layer for layer in residual.walk() if layer.name == "layernorm")
        weights = maxout.get_param("W")
        by_piece = np.ascontiguousarray(weights.transpose(2, 1, 0)).reshape(weights.shape[2], -1)
        return cls(by_piece, maxout.get_param("b").T.ravel(), norm.get_param("G"), norm.get_param("b"))

    def __call__(self, around: np.ndarray) -> np.ndarray:
        width = len(self.gain)
        found = (around @ self.weights + self.biases).reshape(len(around), -1, width).max(axis=1)
        found -= found.sum(axis=1, keepdims=True) / width
        variance = np.einsum("ij,ij->i", found, found) / width + _SMALL
        found /= np.sqrt(variance)[:, None]
        found *= self.gain
        found += self.shift
        return found


class ServedVectors:
    """Gives the vectors of a message's words, as the trained layers would."""

    def __init__(self, trained: Model) -> None:
        """Takes the weights out of the trained `tok2vec`."""
        self._embed = trained.get_ref("embed")
        encode = trained.get_ref("encode")
        self._margin = int(encode.attrs["pad"])
        self._layers = [_Layer.of(residual) for residual in encode.layers[0].layers]
        self._words: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def __call__(self, doc: Doc) -> np.ndarray:
        """Returns one row for each token."""
        words = self._by_themselves(doc)
        many, width = words.shape
        # A word at the edge has neighbours that are nothing, and so have those, as often as the layers look around.
        row = np.zeros((many + 2 * self._margin + 2, width), dtype=np.float32)
        row[self._margin + 1 : self._margin + 1 + many] = words
        for layer in self._layers:
            row[1:-1] += layer(np.hstack([row[:-2], row[1:-1], row[2:]]))
        return row[self._margin + 1 : self._margin + 1 + many]

    def _by_themselves(self, doc: Doc) -> np.ndarray:
        looks = [look.tobytes() for look in doc.to_array(_LOOKS)]
        if not all(look in self._words for look in looks):
            for look, vector in zip(looks, self._embed.predict([doc])[0], strict=True):
                self._words[look] = vector.copy()  # by itself, else it keeps those of the whole message
        found = np.stack([self._words[look] for look in looks])
        while len(self._words) > REMEMBERED:
            self._words.popitem(last=False)
        return found


def serve(parser: Model) -> None:
    """Puts the faster way of reading words into a trained parser's model, which is then no longer to be trained."""
    reader, _, linear = parser.layers[0].layers
    vectors = ServedVectors(reader)
    weights, biases = linear.get_param("W").T, linear.get_param("b")

    def forward(_model: Model, docs: List[Doc], is_train: bool) -> Tuple[np.ndarray, Callable[[Any], Any]]:
        return np.concatenate([vectors(doc) for doc in docs]) @ weights + biases, _no_training

    parser.layers[0] = Model("served_vectors", forward, dims={"nO": linear.get_dim("nO")})


def _no_training(_gradient: Any) -> Any:
    raise RuntimeError("A model that is served is not trained.")
