"""What of a text answers a question: its matched words and its best sentence, marked in the article's own HTML. Pure.

Marking puts `<mark>` around pieces of text and changes nothing else: without the marks the HTML is the same as before. Where one sentence
holds much of what was asked it is marked, with the words in it marked again inside; elsewhere the matched words alone are.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from knowledge.terms import terms

Span = tuple[int, int]
"""Characters from (inclusive) and to (exclusive), so that `text[start:end]` is what is meant."""

TELLING = 0.34
"""Share of the question's information (sum of IDF) that a sentence must hold to be marked as a whole."""
_WORD = re.compile(r"[^\W_]+(?:[._\-/+:@&'’][^\W_]+)*")
_SENTENCE = re.compile(r"\S(?:.*?[.!?](?=[\s)\]\"”’]|$)[)\]\"”’]*|.*)", re.DOTALL)
_LINE = re.compile(r"\S.*")
_PIECE = re.compile(r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|&(?:#\w+|\w+);|[^<&]+|[<&]")
_TAG = re.compile(r"</?([a-z][a-z0-9]*)", re.IGNORECASE)
_INLINE = {"a", "abbr", "code", "del", "em", "img", "kbd", "s", "strong", "sub", "sup"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}


class Marked(NamedTuple):
    """HTML with its marks, and what they are around."""

    html: str
    words: tuple[str, ...]
    """The article's words that matched, in order."""
    sentence: str | None
    """The sentence, list item or line that holds most of what was asked for; None where none holds much."""


class _Piece(NamedTuple):
    """A tag, which is no part of the text, or a piece of text as the HTML writes it."""

    written: str
    start: int
    end: int


@dataclass(frozen=True)
class _Block:
    """What stands between two block-level tags: a paragraph, a list item, a cell."""

    pieces: Sequence[_Piece]
    text: str
    kind: str


def matched_words(text: str, wanted: Collection[str]) -> list[tuple[Span, frozenset[str]]]:
    """Return the words of `text` that are among the terms `wanted`, in whatever form, with the terms that they are."""
    asked = frozenset(wanted)
    found = ((match.span(), asked.intersection(_terms_of(match.group()))) for match in _WORD.finditer(text))
    return [(span, held) for span, held in found if held]


def best_sentence(text: str, asked: Mapping[str, float], *, lines: bool = False) -> tuple[float, Span] | None:
    """Return the sentence of `text` that holds most of what was asked, with what that is worth; None if none holds any.

    Args:
        text: plain text of one block.
        asked: the question's terms and how much each tells (IDF).
        lines: whether each line is by itself, as in code.
    """
    words = matched_words(text, asked)
    best: tuple[float, Span] | None = None
    for match in (_LINE if lines else _SENTENCE).finditer(text):
        start, end = match.start(), match.start() + len(match.group().rstrip())
        inside = frozenset().union(*(held for (begin, stop), held in words if start <= begin and stop <= end))
        told = sum(asked[term] for term in inside)
        if told > 0.0 and (best is None or told > best[0]):
            best = (told, (start, end))
    return best


def mark(written: str, asked: Mapping[str, float]) -> Marked:
    """Mark what answers in sanitised HTML, as `knowledge.rendering.render` makes it.

    Args:
        written: the HTML of one passage.
        asked: the question's terms, corrected ones included, and how much each tells (IDF).
    """
    if not asked:
        return Marked(written, (), None)
    blocks = list(_blocks(written))
    chosen, span = _choose(blocks, asked)
    marked, words = [], []
    for block in blocks:
        found = matched_words(block.text, asked)
        words += [block.text[slice(*own)] for own, _ in found]
        inside = [
            own for own, _ in found if chosen is None or (block is chosen and span[0] <= own[0] and own[1] <= span[1])
        ]
        marked += [_written(piece, inside, span if block is chosen else None) for piece in block.pieces]
    return Marked("".join(marked), tuple(words), None if chosen is None else chosen.text[slice(*span)])


def _choose(blocks: Sequence[_Block], asked: Mapping[str, float]) -> tuple[_Block | None, Span]:
    """Return the block and the place in it of the sentence to mark, if one tells enough and is not all there is."""
    whole = sum(asked.values())
    best: tuple[float, Span] | None = None
    chosen: _Block | None = None
    for block in blocks:
        found = None if block.kind in _HEADINGS else best_sentence(block.text, asked, lines=block.kind == "pre")
        if found is not None and (best is None or found[0] > best[0]):
            best, chosen = found, block
    if best is None or chosen is None or best[0] < TELLING * whole:
        return None, (0, 0)
    everything = sum(len(block.text.strip()) for block in blocks if block.kind not in _HEADINGS)
    return (None, (0, 0)) if best[1][1] - best[1][0] >= everything else (chosen, best[1])


def _blocks(written: str) -> Iterator[_Block]:
    pieces: list[_Piece] = []
    text, kind = "", ""
    for match in _PIECE.finditer(written):
        piece = match.group()
        tag = _TAG.match(piece) if len(piece) > 1 else None
        if tag is None:
            seen = html.unescape(piece) if piece.startswith("&") else piece
            pieces.append(_Piece(piece, len(text), len(text) + len(seen)))
            text += seen
            continue
        pieces.append(_Piece(piece, len(text), len(text)))
        name = tag.group(1).lower()
        if name not in _INLINE:
            yield _Block(pieces, text, kind)
            pieces, text, kind = [], "", "" if piece.startswith("</") else name
    yield _Block(pieces, text, kind)


def _written(piece: _Piece, words: Sequence[Span], sentence: Span | None) -> str:
    """Write one piece with what of it is marked; what is half inside a piece is marked as far as it reaches into it."""
    if piece.start == piece.end:
        return piece.written
    own = [span for one in words if (span := _overlap(one, piece)) is not None]
    whole = None if sentence is None else _overlap(sentence, piece)
    if piece.written.startswith("&"):
        return f"<mark>{piece.written}</mark>" if whole is not None else piece.written
    start, end = whole or (piece.end, piece.end)
    text = piece.written

    def between(begin: int, stop: int) -> str:
        parts, at = [], begin
        for left, right in own:
            if begin <= left and right <= stop:
                parts += [
                    text[at - piece.start : left - piece.start],
                    "<mark>",
                    text[left - piece.start : right - piece.start],
                    "</mark>",
                ]
                at = right
        return "".join([*parts, text[at - piece.start : stop - piece.start]])

    if whole is None:
        return between(piece.start, piece.end)
    return f"{between(piece.start, start)}<mark>{between(start, end)}</mark>{between(end, piece.end)}"


def _overlap(span: Span, piece: _Piece) -> Span | None:
    start, end = max(span[0], piece.start), min(span[1], piece.end)
    return (start, end) if start < end else None


@lru_cache(maxsize=32_768)
def _terms_of(word: str) -> tuple[str, ...]:
    return tuple(terms(word))
