"""What benchmarks tell people: how it goes, on standard error, and figures of two sides beside one another."""

from __future__ import annotations

import sys
from typing import Any


def say(words: str) -> None:
    """Tell a person how it goes, on standard error."""
    print(words, file=sys.stderr, flush=True)


def side_by_side(found: dict[str, Any], *notes: str) -> str:
    """Lay out the figures of Baton, the peer and their ratio by name, and the notes below them."""
    theirs, ratio = found["peer"] or {}, found["ratio"] or {}
    lines = [f"{'':28}{'Baton':>12}{'Rasa default':>14}{'ratio':>8}"]
    for name, value in found["baton"].items():
        lines.append(f"{name:28}{value:>12}{theirs.get(name, ''):>14}{ratio.get(name, ''):>8}")
    return "\n".join([*lines, *notes])
