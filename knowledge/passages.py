"""Cuts an article into the passages that are searched and shown: along its headings, blocks whole where they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it.token import Token

from knowledge.rendering import inline_text, parse, plain_text

LONGEST = 100
"""Paragraphs are joined up to this many words: passages of 100 were found better than those of 70, 170 or 250."""
WHOLE = 170
"""A list, table or piece of code stays whole up to this many words: with title and headings about the model's 256 tokens."""
SHORTEST = 25
"""A piece with fewer words is joined to its neighbour in the same section."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w[^\s|\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


@dataclass(frozen=True)
class Passage:
    """A part of an article: Markdown that can be shown by itself. `heading` is its path, such as `Billing › Refunds`."""

    position: int
    heading: str
    text: str


@dataclass(frozen=True)
class _Block:
    kind: str
    lines: tuple[str, ...]
    items: tuple[int, ...] = ()
    """For a list, the lines on which its items begin."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def words(self) -> int:
        return _count(self.text)


def cut(content: str, *, longest: int = LONGEST) -> list[Passage]:
    """Cut an article's Markdown into passages, in order. An article with any text has at least one."""
    passages: list[Passage] = []
    for heading, blocks in _sections(content):
        for text in _pieces(blocks, longest):
            passages.append(Passage(len(passages), heading, text))
    if not passages and content.strip():
        # Nothing but marks, such as a rule.
        passages.append(Passage(0, "", plain_text(content) or content.strip()))
    return passages


def _sections(content: str) -> Iterator[tuple[str, list[_Block]]]:
    """Give each heading path with the blocks under it."""
    lines = content.splitlines()
    path: list[tuple[int, str]] = []
    blocks: list[_Block] = []
    bare = False
    tokens = parse("\n".join(lines))
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        if token.type == "heading_open":
            level = int(token.tag[1])
            if blocks:
                yield _path(path), blocks
            elif bare and path[-1][0] >= level:
                yield _alone(path)
            path = [one for one in path if one[0] < level] + [(level, inline_text(tokens[index + 1]))]
            blocks, bare = [], True
        else:
            blocks.append(_block(token, lines, tokens[index:]))
            bare = False
    if blocks:
        yield _path(path), blocks
    elif bare:
        yield _alone(path)


def _alone(path: list[tuple[int, str]]) -> tuple[str, list[_Block]]:
    """Give a heading that has nothing under it, and is in no other's path, as text: it must be found too."""
    return _path(path[:-1]), [_Block("paragraph", (path[-1][1],))]


def _path(path: list[tuple[int, str]]) -> str:
    return " › ".join(name for _, name in path if name)


def _block(token: Token, lines: list[str], following: list[Token]) -> _Block:
    start, end = token.map or (0, 0)
    kind = token.type.removesuffix("_open")
    own = lines[start:end]
    while own and not own[-1].strip():
        own.pop()
    items: tuple[int, ...] = ()
    if kind.endswith("_list"):
        closing = f"{kind}_close"
        inside = []
        for one in following[1:]:
            if one.level == 0 and one.type == closing:
                break
            if one.type == "list_item_open" and one.level == 1 and one.map:
                inside.append(one.map[0] - start)
        items = tuple(inside)
    return _Block(kind, tuple(own), items)


def _pieces(blocks: list[_Block], longest: int) -> list[str]:
    """Join blocks up to `longest` words; cut only a block that is longer by itself."""
    pieces: list[tuple[str, int]] = []
    current: list[str] = []
    words = 0
    for block in blocks:
        for part in _fitting(block, longest):
            size = _count(part)
            if current and words + size > longest:
                pieces.append(("\n\n".join(current), words))
                current, words = [], 0
            current.append(part)
            words += size
    if current:
        pieces.append(("\n\n".join(current), words))
    if len(pieces) > 1 and pieces[-1][1] < SHORTEST:
        (text, size), (rest, more) = pieces[-2:]
        pieces[-2:] = [(f"{text}\n\n{rest}", size + more)]
    return [text for text, _ in pieces if text.strip()]


def _fitting(block: _Block, longest: int) -> list[str]:
    if block.words <= (longest if block.kind == "paragraph" else max(longest, WHOLE)):
        return [block.text]
    if block.kind == "table":
        head, rows = list(block.lines[:2]), block.lines[2:]
        return ["\n".join([*head, *part]) for part in _grouped(rows, longest - _count("\n".join(head)))]
    if block.kind == "fence":
        fence = block.lines[0]
        closing = fence[: len(fence) - len(fence.lstrip("`~ "))] or "```"
        inside = block.lines[1:-1] if block.lines[-1].strip().startswith(closing.strip()) else block.lines[1:]
        return ["\n".join([fence, *part, closing]) for part in _grouped(inside, longest)]
    if block.items:
        borders = [*block.items, len(block.lines)]
        items = ["\n".join(block.lines[a:b]) for a, b in pairwise(borders)]
        return ["\n".join(part) for part in _grouped(items, longest)]
    if block.kind == "paragraph":
        return [
            " ".join(part)
            for line in _grouped(block.lines, longest)
            for part in _grouped(_sentences("\n".join(line)), longest)
        ]
    return ["\n".join(part) for part in _grouped(block.lines, longest)]


def _sentences(text: str) -> list[str]:
    """Split at the ends of sentences, and a sentence without end every `LONGEST` words."""
    found: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        starts = [match.start() for match in _WORD.finditer(sentence)][::LONGEST]
        borders = [0, *starts[1:], len(sentence)]
        found.extend(sentence[a:b].strip() for a, b in pairwise(borders))
    return [one for one in found if one]


def _grouped(parts: tuple[str, ...] | list[str], longest: int) -> list[list[str]]:
    """Put neighbours together while they have at most `longest` words."""
    groups: list[list[str]] = []
    words = 0
    for part in parts:
        size = _count(part)
        if not groups or words + size > longest:
            groups.append([])
            words = 0
        groups[-1].append(part)
        words += size
    return groups


def _count(text: str) -> int:
    return sum(1 for _ in _WORD.finditer(text))
