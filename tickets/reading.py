"""What triage asks of a trained head, and what the head answers. Light to import: the head itself brings NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reading:
    """What a head makes of a text. `confidence` is calibrated, 0 to 1; `words` are the terms that told most, the best first."""

    category: str
    confidence: float
    words: tuple[str, ...] = ()


class Head(Protocol):
    """Reads like people labelled earlier tickets. Blocks for milliseconds: call triage with a head through `asyncio.to_thread`."""

    def read(self, text: str, shares: Mapping[str, float] | None = None) -> Reading:
        """Name a text's category; `shares` are what the rules give each, 0 to 1."""
        ...
