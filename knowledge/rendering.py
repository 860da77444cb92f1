"""Markdown to what a person sees: sanitised HTML, and the plain words of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    *("a", "abbr", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "kbd"),
    *("li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_NOT_IN_ANCHOR = re.compile(r"[^\w]+")

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_cleaner = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel="noopener noreferrer",
    generic_attribute_prefixes=set(),
)


def parse(markdown: str) -> list[Token]:
    """Return the block tokens of `markdown`, each top-level one with the lines it stands on."""
    return _markdown.parse(markdown)


def render(markdown: str, *, anchors: bool = False) -> str:
    """Render `markdown` as sanitised HTML. HTML in the source is shown as text, and what is left is cleaned once more.

    Args:
        markdown: the source.
        anchors: give headings an `id` (`section-…`), for a page of its own; a passage inside another page gets none.
    """
    tokens = _markdown.parse(markdown)
    if anchors:
        _give_anchors(tokens)
    return _cleaner.clean(_markdown.renderer.render(tokens, _markdown.options, {})).strip()


def clean(html: str) -> str:
    """Sanitise foreign HTML to the same tags and attributes that `render` may give."""
    return _cleaner.clean(html)


def plain_text(markdown: str) -> str:
    """Return the words of `markdown` as a reader sees them: no marks, links as their label, a line per block or row."""
    return "\n".join(_lines(_markdown.parse(markdown)))


def links_of(markdown: str) -> set[str]:
    """Return where the links in `markdown` lead, as they stand in its HTML."""
    inline = (child for token in _markdown.parse(markdown) for child in token.children or ())
    return {str(child.attrs["href"]) for child in inline if child.type == "link_open"}


def anchor(heading: str) -> str:
    """Return the `id` that `render(anchors=True)` gives to a heading."""
    return "section-" + (_NOT_IN_ANCHOR.sub("-", heading.lower()).strip("-") or "untitled")


@dataclass(frozen=True)
class Heading:
    """A heading of an article, and the `id` that `render(anchors=True)` gives it."""

    level: int
    words: str
    anchor: str


def headings(markdown: str) -> list[Heading]:
    """Return the headings of `markdown` in order, as a table of contents needs them."""
    tokens = _markdown.parse(markdown)
    _give_anchors(tokens)
    return [
        Heading(int(opening.tag[1:]), inline_text(inline), str(opening.attrs["id"]))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open"
    ]


def _give_anchors(tokens: list[Token]) -> None:
    taken: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        first = anchor(inline_text(inline))
        name, number = first, 2
        while name in taken:
            name, number = f"{first}-{number}", number + 1
        taken.add(name)
        opening.attrSet("id", name)


def inline_text(token: Token) -> str:
    """Return the words of one inline token."""
    words = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type in ("text", "code_inline", "image"):
            words.append(child.content)
    return "".join(words).strip()


def _lines(tokens: Iterable[Token]) -> Iterable[str]:
    row: list[str] | None = None
    for token in tokens:
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield ", ".join(cell for cell in row if cell)
            row = None
        elif token.type == "inline":
            words = inline_text(token)
            if row is not None:
                row.append(words)
            elif words:
                yield words
        elif token.type in ("code_block", "fence"):
            yield token.content.strip()
