"""Markdown's code, which stays as it is where the text around it is changed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby

from knowledge.rendering import parse

_BLOCKS = frozenset({"fence", "code_block"})
_CODE = -1
_TICKS = re.compile("`+")


def changed_outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Return `markdown` with `change` made to every piece of it that is neither a block of code nor a code span."""
    pieces: dict[int, int] = {}
    for token in parse(markdown):
        if token.map is not None and (token.type == "inline" or token.type in _BLOCKS):
            pieces |= dict.fromkeys(range(*token.map), token.map[0] if token.type == "inline" else _CODE)
    lines = groupby(enumerate(markdown.split("\n")), key=lambda line: pieces.get(line[0]))
    texts = ((piece, "\n".join(line for _, line in stretch)) for piece, stretch in lines)
    return "\n".join(text if piece == _CODE else _outside_spans(text, change) for piece, text in texts)


def _outside_spans(text: str, change: Callable[[str], str]) -> str:
    parts, place = [], 0
    for start, end in _spans(text):
        parts += [change(text[place:start]), text[start:end]]
        place = end
    return "".join([*parts, change(text[place:])])


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Give where code spans begin and end: at backticks, and at the next ones of just the same number."""
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
