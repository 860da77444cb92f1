"""Where in Markdown its text is, and where code: what looks like a link there is none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from knowledge.rendering import parse

Kind = Literal["text", "code", "between"]
_BLOCKS = frozenset({"fence", "code_block"})
_TICKS = re.compile("`+")


def pieces(markdown: str) -> Iterator[tuple[Kind, str]]:
    """Give the text of each block, each block of code, and what stands between them, such as definitions: joined by line ends the whole."""
    kinds: dict[int, tuple[Kind, int]] = {}
    for token in parse(markdown):
        if token.map is not None and (token.type == "inline" or token.type in _BLOCKS):
            kind: Kind = "text" if token.type == "inline" else "code"
            kinds |= dict.fromkeys(range(*token.map), (kind, token.map[0]))
    between: tuple[Kind, int] = "between", -1
    lines = groupby(enumerate(markdown.split("\n")), key=lambda line: kinds.get(line[0], between))
    for (kind, _), stretch in lines:
        yield kind, "\n".join(line for _, line in stretch)


def code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Give where the code spans of a block's text begin and end: at backticks, and at the next ones of just the same number."""
    runs = [found.span() for found in _TICKS.finditer(text)]
    of_length: dict[int, list[int]] = defaultdict(list)
    for start, end in runs:
        of_length[end - start].append(start)
    place = 0
    for run_start, end in runs:
        if run_start < place:
            continue
        start = run_start + _is_escaped(text, run_start)
        closing = of_length.get(end - start, [])
        number = bisect_left(closing, end)
        if start < end and number < len(closing):
            place = closing[number] + end - start
            yield start, place


def _is_escaped(text: str, place: int) -> bool:
    before = place
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (place - before) % 2 == 1
