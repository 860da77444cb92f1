"""Copies of small collections in memory: comparing with every vector of one is exact, and faster than asking Chroma for the nearest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

    from core.embedding import Vectors

FEW = 5_000
"""Vectors of a collection that is copied, at most: 8 MB of 384 dimensions."""


class Copy(NamedTuple):
    """A collection's vectors of unit length, one row for each id."""

    ids: npt.NDArray[np.int64]
    vectors: Vectors

    def nearest(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Return the ids nearest to `vector` (shape [1, d], of unit length) with their cosines, best first, equal ones by id."""
        if not len(self.ids):
            return []
        cosines = self.vectors @ vector[0]
        best = np.lexsort((self.ids, -cosines))[:count]
        return list(zip(self.ids[best].tolist(), cosines[best].tolist(), strict=True))


class Copies:
    """The copies that were made since their collections last changed, by name. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Copy | None] = {}
        self._changes = 0

    def of(self, name: str, collection: Callable[[], Collection]) -> Copy | None:
        """Return a collection's copy, made now if there is none; None for a collection with more than `FEW` vectors."""
        with self._lock:
            if name in self._kept:
                return self._kept[name]
            before = self._changes
        made = _copy(collection())
        with self._lock:
            # One that changed while it was read is read again by the next search.
            if self._changes == before:
                self._kept[name] = made
        return made

    def forget(self) -> None:
        """Give up all copies, because a collection changes."""
        with self._lock:
            self._changes += 1
            self._kept.clear()


def _copy(collection: Collection) -> Copy | None:
    if collection.count() > FEW:
        return None
    held = collection.get(include=["embeddings"])
    vectors = np.asarray(held["embeddings"], dtype=np.float32)
    if not len(vectors):
        return Copy(np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Copy(np.array(held["ids"], dtype=np.int64), vectors / np.maximum(norms, 1e-12))
