"""How commands print: tables for people, JSON for programs, progress with the step's name."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def print_json(value: Any) -> None:
    """Print one JSON value on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[str]], *, headings: Sequence[str]) -> None:
    """Print rows under headings, each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    for row in [headings, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say on standard error what is being done, and how long it took."""
    began = time.perf_counter()
    print(f"  {name} …", file=sys.stderr, flush=True)
    yield
    print(f"  {name}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
