"""Which passage of an article is shown, which of its words matched, and which sentence answers best. Pure; offsets into its own text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.terms import terms

Span = tuple[int, int]
"""Characters from (inclusive) and to (exclusive), so that `text[start:end]` is what is meant."""

STEPS = 0.06
"""What numbered steps are worth, in cosine, to who asks how to do something."""
LATER = 0.01
"""What each place further down costs: an article answers the general question first and the special cases after it."""
LATER_IN_SUBJECT = 0.04
"""The same where the title holds all that is asked: the question is about the article's subject as a whole."""
LATEST = 4
UNTITLED = 0.1
"""What holding all the question's words that the title does not hold is worth: they say which part of the article is meant."""

_WORD = re.compile(r"[^\W_]+(?:[._\-/+:@&'’][^\W_]+)*")
_NUMBERED = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_FACTUAL = re.compile(r"\s*(?:what|why|when|who|which|where|is|are|was|does|do you)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?](?=[\s)\]*_\"”’]|$)[)\]*_\"”’]*|(?=\n)|$)")
_LEADING_MARK = re.compile(r"(?:\s|#{1,6}\s|[-*+]\s|\d+[.)]\s|>\s?|\|)*")


@dataclass(frozen=True)
class Part:
    """A passage of a found article, as far as the choice among them goes."""

    position: int
    text: str
    closeness: float
    """Its cosine to the question, or what stands in for it where words alone were searched."""
    held: frozenset[str]
    """The question's words that it holds."""
    title: frozenset[str]
    """Those that the article's title holds."""


@dataclass(frozen=True)
class Highlights:
    """What to mark in a passage's text."""

    words: tuple[Span, ...] = ()
    """The words that matched, in order, never overlapping."""
    sentence: Span | None = None
    """The sentence, list item or line that holds most of what was asked for."""


NO_HIGHLIGHTS = Highlights()


def choose(question: str, parts: Sequence[Part], idf: Mapping[str, float]) -> int:
    """Return the place in `parts` of the passage that is shown for its article.

    What the whole article is about stands in its title, so every passage of it is near to a question that the title answers. What tells
    them apart is what the question asks beyond the title, whether it wants steps, and how early the author put it.
    """
    procedural = not _FACTUAL.match(question)
    beyond = {term: value for term, value in idf.items() if term not in parts[0].title}
    whole = sum(beyond.values())
    later = LATER if whole else LATER_IN_SUBJECT

    def worth(part: Part) -> float:
        found = sum(value for term, value in beyond.items() if term in part.held) / whole if whole else 0.0
        steps = STEPS if procedural and _NUMBERED.search(part.text) else 0.0
        return part.closeness + UNTITLED * found + steps - later * min(part.position, LATEST)

    return max(range(len(parts)), key=lambda place: (worth(parts[place]), -parts[place].position))


def highlight(text: str, wanted: Collection[str], idf: Mapping[str, float]) -> Highlights:
    """Return the spans of `text` that match.

    Args:
        text: a passage's Markdown, as it is shown.
        wanted: the question's terms, corrected ones included.
        idf: how much each of them tells.
    """
    asked = set(wanted)
    words: list[tuple[Span, frozenset[str]]] = []
    for match in _WORD.finditer(text):
        held = asked.intersection(_terms_of(match.group()))
        if held:
            words.append((match.span(), frozenset(held)))
    best: tuple[float, Span] | None = None
    for match in _SENTENCE.finditer(text):
        start = match.start() + _LEADING_MARK.match(match.group()).end()  # type: ignore[union-attr]
        inside = [held for (begin, end), held in words if match.start() <= begin and end <= match.end()]
        told = sum(idf.get(term, 0.0) for term in frozenset().union(*inside))
        if told > 0.0 and (best is None or told > best[0]):
            best = (told, (start, match.end()))
    return Highlights(tuple(span for span, _ in words), None if best is None else best[1])


@lru_cache(maxsize=32_768)
def _terms_of(word: str) -> tuple[str, ...]:
    return tuple(terms(word))
