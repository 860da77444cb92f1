"""What of a text answers a question: its matched words and its best sentence, marked in the article's own HTML. Pure.

Marking puts `<mark>` around pieces of text and changes nothing else: without the marks the HTML is the same as before. Where one sentence
holds much of what was asked it is marked, with the words in it marked again inside; elsewhere the matched words alone are.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
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
    words: Sequence[tuple[Span, tuple[str, ...]]]
    """Its words with the terms that they are."""

    def matched(self, asked: Collection[str]) -> list[tuple[Span, frozenset[str]]]:
        """Return the words that are among the terms `asked`, with the terms that they are."""
        return [
            (span, frozenset(one for one in these if one in asked))
            for span, these in self.words
            if any(one in asked for one in these)
        ]

    def sentences(self) -> Iterator[Span]:
        """Return where its sentences are; in code, its lines."""
        for match in (_LINE if self.kind == "pre" else _SENTENCE).finditer(self.text):
            yield match.start(), match.start() + len(match.group().rstrip())


def matched_words(text: str, wanted: Collection[str]) -> list[Span]:
    """Return where in a plain text the words are that come down to any of the terms `wanted`, in whatever form."""
    asked = frozenset(wanted)
    return [span for span, these in _words(text) if asked.intersection(these)]


def mark(written: str, asked: Mapping[str, float]) -> Marked:
    """Mark what answers in sanitised HTML, as `knowledge.rendering.render` makes it.

    Args:
        written: the HTML of one passage.
        asked: the question's terms, corrected ones included, and how much each tells (IDF).
    """
    if not asked:
        return Marked(written, (), None)
    blocks = [(block, block.matched(asked)) for block in _read(written)]
    chosen, span = _choose(blocks, asked)
    marked, words = [], []
    for block, found in blocks:
        words += [block.text[slice(*own)] for own, _ in found]
        here = span if block is chosen else None
        inside = [own for own, _ in found if chosen is None or (here and here[0] <= own[0] and own[1] <= here[1])]
        starts, ends = [start for start, _ in inside], [end for _, end in inside]
        for piece in block.pieces:
            # Only the words that reach into it: a block may have thousands of both.
            own = inside[bisect_right(ends, piece.start) : bisect_left(starts, piece.end)]
            marked.append(_written(piece, own, here))
    return Marked("".join(marked), tuple(words), None if chosen is None else chosen.text[slice(*span)])


def _choose(
    blocks: Sequence[tuple[_Block, Sequence[tuple[Span, frozenset[str]]]]], asked: Mapping[str, float]
) -> tuple[_Block | None, Span]:
    """Return the block and the place in it of the sentence to mark, if one tells enough and is not all there is."""
    best, chosen, span = 0.0, None, (0, 0)
    for block, found in blocks:
        if not found or block.kind in _HEADINGS:
            continue
        starts, ends = [begin for (begin, _), _ in found], [stop for (_, stop), _ in found]
        for start, end in block.sentences():
            inside = found[bisect_left(starts, start) : bisect_right(ends, end)]
            held = frozenset().union(*(those for _, those in inside))
            told = sum(asked[term] for term in held)
            if told > best:
                best, chosen, span = told, block, (start, end)
    if chosen is None or best < TELLING * sum(asked.values()):
        return None, (0, 0)
    everything = sum(len(block.text.strip()) for block, _ in blocks if block.kind not in _HEADINGS)
    return (None, (0, 0)) if span[1] - span[0] >= everything else (chosen, span)


@lru_cache(maxsize=512)
def _read(written: str) -> tuple[_Block, ...]:
    """Return the blocks of a passage; the popular ones are marked again and again."""
    return tuple(_blocks(written))


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
            yield _Block(pieces, text, kind, _words(text))
            pieces, text, kind = [], "", "" if piece.startswith("</") else name
    yield _Block(pieces, text, kind, _words(text))


def _written(piece: _Piece, words: Sequence[Span], sentence: Span | None) -> str:
    """Write one piece with what of it is marked; what is half inside a piece is marked as far as it reaches into it."""
    if piece.start == piece.end or not (words or sentence):
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


def _words(text: str) -> list[tuple[Span, tuple[str, ...]]]:
    return [(match.span(), _terms_of(match.group())) for match in _WORD.finditer(text)]


@lru_cache(maxsize=32_768)
def _terms_of(word: str) -> tuple[str, ...]:
    return tuple(terms(word))
