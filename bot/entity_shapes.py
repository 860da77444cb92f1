"""What the words of a name tell of it by themselves: where it ends, of what kind it is, and that it is none."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase
from typing import Collection, FrozenSet, Iterator, List, NamedTuple, Optional

import spacy
from spacy.tokens import Doc, Span

from bot.entity_patterns import PLANS, WEEKDAYS

TITLES, TRADES, FORMS = "title", "trade", "form"
"""The parts of data/entities/names.yml that tell what a name is of."""
_NO_NAMES = frozenset({*WEEKDAYS, "sir", "madam"})
_CONNECT = frozenset(
    {"and", "of", "the", "de", "da", "del", "di", "la", "van", "von", "der", "den", "el", "al", "bin", "ibn"}
)
"""Small words that a name may have inside or before it, such as "von Arnim"."""
_SHORT = 2
"""Letters of a legal form that must be written as such: "AS" is one, "as" is none."""
_SHORTEST = 4
"""Letters of "your" and "which", which stand where a plan's name does; three letters are near to too much."""
_ENDING = 5
"""Letters of a trade that may be the end of a word."""
_LONG = 6
"""Letters of a common word from which on a name one mistake away from it is that word mistyped. Short names are near to many words."""


class NameShapes(NamedTuple):
    """Words that tell of what kind a name is, as data/entities/names.yml writes them; of several words the last tells."""

    titles: FrozenSet[str] = frozenset()
    trades: FrozenSet[str] = frozenset()
    forms: FrozenSet[str] = frozenset()

    def kind_of(self, text: str, guessed: str) -> str:
        """Returns what a name is of: what trades or has a legal form is a company, who has a title a person.

        A product may be called like a trade ("Analytics"), so a trade makes a company of a person only.
        """
        first, *_, last = words if len(words := text.split()) > 1 else ["", ""]
        if guessed != "plan" and _is_among(last, self.forms):
            return "company"
        if guessed == "person" and self._is_a_trade(last) and not _is_among(first, self.titles):
            return "company"
        return "person" if guessed in {"company", "product"} and _is_among(first, self.titles) else guessed

    def _is_a_trade(self, word: str) -> bool:
        """Tells whether a word is a trade, or ends as one: "Steelworks"."""
        ends = tuple(trade.lower() for trade in self.trades if len(trade) >= _ENDING)
        return _is_among(word, self.trades) or word.lower().endswith(ends)

    def write(self, path: Path) -> None:
        """Writes the words."""
        path.write_text(json.dumps({name: sorted(words) for name, words in self._asdict().items()}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> NameShapes:
        """Reads them; none where there is no such file, as in a model from before there were such words."""
        if not path.is_file():
            return cls()
        return cls(**{name: frozenset(words) for name, words in json.loads(path.read_text(encoding="utf-8")).items()})


NO_SHAPES = NameShapes()


def _is_among(word: str, listed: FrozenSet[str]) -> bool:
    return word in listed or (len(word) > _SHORT and word.lower() in _in_small_letters(listed))


@lru_cache(maxsize=8)
def _in_small_letters(words: FrozenSet[str]) -> FrozenSet[str]:
    return frozenset(word.lower() for word in words)


def trimmed(name: Span, known: Collection[str]) -> Optional[Span]:
    """Returns a name without the common words at its ends that are written small where the rest is large; None where nothing is left."""
    if not any(token.is_title for token in name):
        return name
    start, end = name.start, name.end
    while start < end and _stands_beside(name.doc, start, known):
        start += 1
    while end > start and _stands_beside(name.doc, end - 1, known):
        end -= 1
    return name.doc[start:end] if start < end else None


def _stands_beside(doc: Doc, place: int, known: Collection[str]) -> bool:
    token = doc[place]
    return token.is_lower and token.is_alpha and token.text in known and token.text not in _CONNECT


def is_no_name(text: str, kind: str, common: Collection[str]) -> bool:
    """Tells whether a found name is none: a day of the week, a word that is only mistyped, "wich" in a plan's place."""
    words: List[str] = text.lower().split()
    if all(word in _NO_NAMES for word in words):
        return True
    if text != text.lower() or len(words) > 1:
        return False
    if kind == "plan":
        likely = get_close_matches(text, PLANS, n=1, cutoff=0.75)
        return not likely and _is_mistyped(text, _small_words(), _SHORTEST)
    return text not in common and _is_mistyped(text, common, _LONG)


def _is_mistyped(text: str, words: Collection[str], shortest: int) -> bool:
    return any(len(word) >= shortest and word in words for word in _one_mistake_away(text))


@lru_cache(maxsize=1)
def _small_words() -> FrozenSet[str]:
    return frozenset(spacy.blank("en").Defaults.stop_words)


def _one_mistake_away(word: str) -> Iterator[str]:
    """Yields what a word is if a letter was left out, doubled or another, or two were swapped."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        if after:
            yield before + after[1:]
        for letter in ascii_lowercase:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
