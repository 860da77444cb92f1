"""Corrects a word that nobody knows to one that the corpus has: only for who may see that word, and always said in the result.

Deletions are looked up instead of distances computed against every word (Garbe, "SymSpell", 2012): each word of the corpus is kept
under itself and under itself without one letter; a typed word is looked up without none, one and two. What meets is compared by the
restricted Damerau-Levenshtein distance. Words are stems (`knowledge.terms`), since that is what the corpus is searched by.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from knowledge.terms import STOP_WORDS, terms

SHORTEST = 4
"""Letters of a word that is corrected, one of just so many only where letters are swapped; shorter ones have too many neighbours."""
LONG = 8
"""Letters from which on two mistakes are forgiven instead of one."""
WEIGHT = 0.8
"""Of a corrected word's score against one that was typed as it stands in the article."""
MOST_SUSPECTS = 5
"""Words of one question that are looked up; a question with more is in another language, not misspelt."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")

Knows = Callable[[str], bool]
"""Tells whether a word is common English, such as the encoder's own list of words does."""


@dataclass(frozen=True)
class Correction:
    """A word as it was typed, and the word of the articles that was searched for instead."""

    typed: str
    used: str


@dataclass(frozen=True)
class Suspect:
    """A word of a question that stands in no article."""

    typed: str
    stem: str
    last: bool
    """Nothing follows it: it may be half typed."""


class Vocabulary:
    """The words that one kind of viewer may see. About 0.5 kB each."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """Take every stem with the number of passages that hold it."""
        self.counts = {word: count for word, count in counts.items() if word.isalpha()}
        self._sorted = sorted(self.counts)
        self._near: dict[str, list[str]] = {}
        for word in self._sorted:
            for key in {word, *_without_one(word)}:
                self._near.setdefault(key, []).append(word)

    def nearest(self, word: str) -> str | None:
        """Return the corpus's word that `word` was most likely meant to be, None if none is near.

        Nearest first, then the more frequent. Two mistakes are forgiven from `LONG` letters on, if the first letter is right.
        """
        if len(word) < SHORTEST or word in self.counts:
            return None
        near = self._nearest(word, swapped=len(word) == SHORTEST)
        # A right word loses its silent e with its ending ("chang"); a mistyped one may keep it ("chnage").
        if near is None and word.endswith("e") and len(word) > SHORTEST:
            near = self._nearest(word[:-1], swapped=False)
        return near

    def _nearest(self, word: str, *, swapped: bool) -> str | None:
        """Look the word up as it stands; `swapped`: only letters that are swapped are forgiven."""
        forgiven = 2 if len(word) >= LONG else 1
        keys = {word, *_without_one(word)}
        if forgiven == 2:
            keys |= {shorter for key in tuple(keys) for shorter in _without_one(key)}
        best: tuple[int, int, str] | None = None
        for candidate in {one for key in keys for one in self._near.get(key, ())}:
            if len(candidate) < SHORTEST - 1:
                continue
            away = OSA.distance(word, candidate)
            if swapped and sorted(candidate) != sorted(word):
                continue
            same_start = candidate[0] == word[0]
            if away > forgiven or (not same_start and away > 1):
                continue
            found = (away, -self.counts[candidate], candidate)
            best = found if best is None else min(best, found)
        return None if best is None else best[2]

    def beginning(self, start: str) -> str | None:
        """Return the most frequent word that begins with `start`, None if none does."""
        found: list[str] = []
        for place in range(bisect_left(self._sorted, start), len(self._sorted)):
            if not self._sorted[place].startswith(start):
                break
            found.append(self._sorted[place])
        return min(found, key=lambda word: (-self.counts[word], word), default=None)


def suspects(question: str, unknown: Iterable[str], knows: Knows) -> list[Suspect]:
    """Return the words of `question` that neither the articles (`unknown` lists what they have not) nor common English have."""
    missing = set(unknown)
    found: dict[str, Suspect] = {}
    words = list(_WORD.finditer(question))
    for match in words:
        typed = match.group()
        stems = terms(typed)
        if len(stems) != 1 or stems[0] not in missing or stems[0] in found:
            continue
        folded = typed.lower()
        if any(knows(form) for form in (folded, stems[0], folded.removesuffix("s"))):
            continue
        found[stems[0]] = Suspect(typed, stems[0], last=match.end() == len(question))
    return list(found.values()) if len(found) <= MOST_SUSPECTS else []


def little_word(typed: str) -> str | None:
    """Return the stop word that a mistyped word was most likely meant to be ("wher"): it tells as little. None if none is near.

    One mistake is forgiven, in words of three letters only that two are swapped ("teh").
    """
    word = typed.lower()
    near = [
        one
        for one in STOP_WORDS
        if one[0] == word[0] and abs(len(one) - len(word)) <= 1 and min(len(one), len(word)) >= SHORTEST - 1
        if OSA.distance(one, word) == 1 and (len(word) >= SHORTEST or sorted(one) == sorted(word))
    ]
    return max(near, key=lambda one: (len(one), one), default=None)


def surface(stem: str, typed: str, texts: Iterable[str]) -> str | None:
    """Return the word of `texts` that has this stem, the one most like `typed`, in small letters unless it is never so."""
    seen: dict[str, None] = {}
    for text in texts:
        for match in _WORD.finditer(text):
            if terms(match.group()) == [stem]:
                seen[match.group()] = None
    return min(
        seen, key=lambda word: (OSA.distance(typed.lower(), word.lower()), word != word.lower(), word), default=None
    )


def replaced(question: str, corrections: Iterable[Correction]) -> str:
    """Return `question` with each mistyped word, wherever it stands, as it was corrected."""
    known = {one.typed.lower(): one.used for one in corrections}
    return _WORD.sub(lambda match: known.get(match.group().lower(), match.group()), question)


def _without_one(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}
