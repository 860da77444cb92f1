"""Which passage of a found article is shown: the one that the question is about, which the cosine alone cannot tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

STEPS = 0.06
"""What numbered steps are worth, in cosine, to who asks how to do something."""
LATER = 0.01
"""What each place further down costs: an article answers the general question first and the special cases after it."""
LATER_IN_SUBJECT = 0.04
"""The same where the title holds all that is asked: the question is about the article's subject as a whole."""
LATEST = 4
UNTITLED = 0.1
"""What holding all the question's words that the title does not hold is worth: they say which part of the article is meant."""
HEADED = 0.05
"""The same again for those that stand in the passage's own heading, where the author says which part it is."""

_NUMBERED = re.compile(r"^[^\S\n]*\d+[.)]\s", re.MULTILINE)
_FACTUAL = re.compile(r"\s*(?:what|why|when|who|which|where|is|are|was|does|do you)\b", re.IGNORECASE)


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
    heading: frozenset[str] = frozenset()
    """The terms of its own heading, whatever was asked."""


def choose(question: str, parts: Sequence[Part], idf: Mapping[str, float]) -> int:
    """Return the place in `parts` of the passage that is shown for its article.

    What the whole article is about stands in its title, so every passage of it is near to a question that the title answers. What tells
    them apart is what the question asks beyond the title, whether it wants steps, and how early the author put it.
    """
    procedural = not _FACTUAL.match(question)
    beyond = {term: value for term, value in idf.items() if term not in parts[0].title}
    whole = sum(beyond.values())
    later = LATER if whole else LATER_IN_SUBJECT

    def share(held: frozenset[str]) -> float:
        return sum(value for term, value in beyond.items() if term in held) / whole if whole else 0.0

    def worth(part: Part) -> float:
        steps = STEPS if procedural and _NUMBERED.search(part.text) else 0.0
        words = UNTITLED * share(part.held) + HEADED * share(part.heading)
        return part.closeness + words + steps - later * min(part.position, LATEST)

    return max(range(len(parts)), key=lambda place: (worth(parts[place]), -parts[place].position))
