"""How commands print: tables for people, JSON for programs, progress with the step's name."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog


def log_to_stderr() -> None:
    """Keep the log off standard output, which is for what was asked for, and to what somebody has to act on."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


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


class Meter:
    """Shows on standard error how far long work is, from its third second on: in place on a terminal, else now and then a line."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.perf_counter()
        self._shown = self._began
        self._here = sys.stderr.isatty()
        self._any = False

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._any:
            print(
                f"{self._start()}{self._name}: {time.perf_counter() - self._began:.1f} s", file=sys.stderr, flush=True
            )

    def show(self, done: int, every: int) -> None:
        """Say that `done` of `every` are done."""
        now = time.perf_counter()
        pause = 0.5 if self._here else 10.0
        if now - self._began < 2.0 or (self._any and now - self._shown < pause):
            return
        self._any, self._shown = True, now
        rate = done / (now - self._began)
        left = (every - done) / rate if rate else 0.0
        words = f"{self._name}: {done} of {every} ({rate:.0f}/s, about {left:.0f} s left)"
        print(f"{self._start()}{words}", end="" if self._here else "\n", file=sys.stderr, flush=True)

    def _start(self) -> str:
        return "\r\x1b[K  " if self._here else "  "
