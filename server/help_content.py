"""What the help centre makes of an article and of a search before a template shows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from knowledge.articles import Article
from knowledge.catalogue import UNNAMED, category_url
from knowledge.highlighting import matched_words
from knowledge.rendering import Heading, headings, plain_text, render

if TYPE_CHECKING:
    from knowledge.results import Result

LONGEST_QUESTION = 1_000
"""Characters of a question to the help centre."""
CONTENTS_FROM = 3
"""Headings from which on an article has a table of contents."""
SNIPPET = 200
"""Characters of a passage under a result."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")


class Piece(NamedTuple):
    """A piece of a snippet, and whether it is what was searched for."""

    text: str
    matched: bool


@dataclass(frozen=True)
class Hit:
    """A search's result as a list shows it."""

    article_id: str
    slug: str
    title: str
    url: str
    category: str
    heading: str
    snippet: str
    pieces: tuple[Piece, ...]
    """The snippet cut where something in it matched."""


def question_of(text: str) -> str:
    """Return a question as it is searched and shown again: no control characters or direction marks, single spaces."""
    text = text.encode("utf-8", "replace").decode("utf-8", "replace")
    return _SPACE.sub(" ", _UNSEEN.sub(" ", text)).strip()


def article_body(markdown: str) -> str:
    """Render an article's text for a page of its own: what is too wide scrolls within itself, and can be reached by keyboard."""
    html = render(markdown, anchors=True)
    # What looks like these tags here is one: in text and in attributes the renderer writes `&lt;`.
    html = html.replace("<table>", '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    return html.replace("<pre>", '<pre tabindex="0" role="region" aria-label="Code">')


def contents(article: Article) -> list[Heading]:
    """Return an article's table of contents: headings of the two upper levels, none for a short article."""
    found = [heading for heading in headings(article.content) if heading.level in {2, 3}]
    return found if len(found) >= CONTENTS_FROM else []


def breadcrumbs(article: Article) -> list[tuple[str, str]]:
    """Return the way to an article as name and address, without the article itself."""
    category = article.category.strip()
    return [("Help", "/help"), (category or UNNAMED, category_url(category))]


def description_of(article: Article) -> str:
    """Return one or two sentences about an article for those who only see a link to it."""
    return shortened(article.excerpt or plain_text(article.content), SNIPPET)


def hit(result: Result, *, search_id: str | None = None) -> Hit:
    """Make a list's entry of a result; its address carries the search that found it."""
    snippet = snippet_of(plain_text(result.text), result.sentence)
    return Hit(
        article_id=result.article_id,
        slug=result.slug,
        title=result.title,
        url=led_to_by(search_id, result.url),
        category=result.category or UNNAMED,
        heading=result.heading,
        snippet=snippet,
        pieces=pieces_of(snippet, result.asked),
    )


def snippet_of(text: str, sentence: str | None) -> str:
    """Return what of a passage is shown in a list: its beginning, or the sentence that answers where that stands further down."""
    line = _SPACE.sub(" ", text).strip()
    at = -1 if sentence is None else line.find(_SPACE.sub(" ", sentence).strip())
    if at + len(sentence or "") <= SNIPPET:
        return shortened(line, SNIPPET)
    return "… " + shortened(line[at:], SNIPPET - 2)


def pieces_of(text: str, asked: Collection[str], begun: Collection[str] = ()) -> tuple[Piece, ...]:
    """Cut a text where the words that were asked for begin and end; put together the pieces are the text.

    Args:
        text: what is shown.
        asked: the terms that were searched for.
        begun: words as they were typed, perhaps half, in small letters: what begins like one is matched as far as it does.
    """
    spans = dict(matched_words(text, asked))
    for word in _WORD.finditer(text) if begun else ():
        begins = [len(one) for one in begun if word.group()[: len(one)].casefold() == one]
        if begins and word.start() not in spans:
            spans[word.start()] = word.start() + max(begins)
    pieces, at = [], 0
    for start, end in sorted(spans.items()):
        if start < at:
            continue  # A part of a compound that has matched as a whole.
        pieces += [Piece(text[at:start], False), Piece(text[start:end], True)]
        at = end
    return tuple(piece for piece in [*pieces, Piece(text[at:], False)] if piece.text)


def led_to_by(search_id: str | None, url: str) -> str:
    """Return an article's address with the search that leads to it."""
    return url if search_id is None else f"{url}?search={search_id}"


def shortened(text: str, limit: int) -> str:
    """Return `text` on one line, cut to at most `limit` characters: between words, or within one that is longer than half of them."""
    line = _SPACE.sub(" ", text).strip()
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    words = cut.rsplit(" ", 1)[0]
    return (words if 2 * len(words) >= limit else cut).rstrip(" ,;:.") + "…"
