"""Corrects words that nobody knows to words of the training examples: to the encoder a mistyped word is pieces that mean nothing.

Deletions are looked up instead of distances computed against every word (Garbe, "SymSpell", 2012): each word that may be meant is kept
under itself and under itself without one letter; a typed word is looked up without none, one and two. What meets is compared by the
restricted Damerau-Levenshtein distance. `knowledge/spelling.py` does the same for the stems of articles.

`python -m bot.spelling TOKENIZER.json EXAMPLES.json OUT.json` corrects `[["text", "intent"], ...]`, for the tuning of the encoder: it is
tuned on what it will read. Nothing of Rasa is imported here.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any, Collection, Dict, FrozenSet, Iterable, List, Mapping, Match, Optional, Set, Tuple

from rapidfuzz.distance import OSA

from bot.abbreviations import written_out

SHORTEST = 3
"""Letters of a word that is corrected, one of just so many only where letters are swapped or one is missing."""
LONG = 8
"""Letters from which on two mistakes are forgiven instead of one."""
SURELY = 5
"""Letters from which on a word that one example has is taken for a mistake where it is nearly another."""
OFTEN = 3
"""Examples that hold a word from which on it may be meant, though it is not common English: a name, or a word of the trade."""
TWICE = 2
"""Examples that hold a word from which on it is no mistake: few mistakes are made twice."""
MOST_READ = 500
"""Characters that are read; a longer message has enough words that are right."""
_WORD = re.compile(r"(?<![\w@./:'’-])[^\W\d_]+(?:['’][^\W\d_]+)*(?![\w@/:'’-]|\.\w)")
"""A word by itself: what touches digits, dots and the like is a number, an address or a name."""
_CONTRACTED = frozenset(
    [
        "aint", "arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent", "heres", "hows", "isnt", "ive", "lets",
        "shouldnt", "thats", "theres", "theyre", "theyve", "wasnt", "werent", "weve", "whats", "wheres", "whos", "wont", "wouldnt", "youre",
        "youve",
    ]
)  # fmt: skip
"""Written without their apostrophe they are no mistake that another word would mend."""
_ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "ly", "y", "est", "r")
_FURTHER = ("s", "d", "ed", "ing", "er", "rs")


class Speller:
    """Knows the words of common English and of the training examples, and which of those an unknown word was meant to be."""

    def __init__(self, counts: Mapping[str, int], known: Iterable[str]) -> None:
        """Takes words in small letters.

        Args:
            counts: The words that may be meant, with the number of examples that hold them.
            known: All words that are right as they are.
        """
        self.counts = dict(counts)
        self.known: FrozenSet[str] = frozenset(known)
        self._near: Dict[str, List[str]] = {}
        for word in sorted(self.counts):
            for key in {word, *_without_one(word)}:
                self._near.setdefault(key, []).append(word)
        self._longest = max(map(len, self.counts), default=0)

    @classmethod
    def of(cls, texts: Iterable[str], english: Collection[str], names: Iterable[str] = ()) -> Speller:
        """Learns from examples, which may hold mistakes themselves.

        Args:
            texts: The training examples.
            english: Common words, such as the encoder has whole.
            names: Texts that are right whatever they look like: the entities of the examples.
        """
        seen = Counter(word for text in texts for word in set(_words(text)))
        meant = {
            word: count for word, count in seen.items() if len(word) >= SHORTEST and (word in english or count >= OFTEN)
        }
        named = {word for name in names for word in _words(name)}
        trusted = {word for word, count in seen.items() if count >= TWICE or len(word) <= SHORTEST}
        first = cls(meant, named | trusted | _CONTRACTED | set(english))
        return cls(meant, first.known | {word for word in seen if not first._is_examples_mistake(word)})

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Speller:
        """Reads what `to_json` gives."""
        return cls(stored["counts"], stored["known"])

    def to_json(self) -> Dict[str, Any]:
        """Returns all that it knows."""
        return {"counts": self.counts, "known": sorted(self.known)}

    def corrected(self, text: str) -> str:
        """Returns `text` with each unknown word as it was most likely meant; itself where there is none."""
        if len(text) > MOST_READ:
            return text
        return _WORD.sub(self._replaced, text)

    def _replaced(self, found: Match[str]) -> str:
        typed = found.group()
        word = typed.lower()
        if len(word) > 1 or typed == word:  # "R" is a name
            meant = written_out(word, self.counts)
            if meant is not None:
                return meant
        if len(word) < SHORTEST or not word.isalpha() or word in self.known:
            return typed
        if _may_be_a_name(found) or self._is_form_of_known(word):
            return typed
        return self._nearest(word) or typed

    def _is_examples_mistake(self, word: str) -> bool:
        """Tells a mistake from a rare word: it is nearly a word that examples often have, and long enough to be so by no accident."""
        meant = self.corrected(word)
        return len(word) >= SURELY and meant != word and self.counts[meant] >= OFTEN

    def _is_form_of_known(self, word: str) -> bool:
        """Tells whether a word is another's plural, past or the like, or another is its."""
        if any(word + ending in self.known for ending in _FURTHER):
            return True
        stems: Set[str] = {word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)}
        stems |= {stem + "e" for stem in stems} | {stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]}
        if word.endswith("ies"):
            stems.add(word[:-3] + "y")
        return any(len(stem) >= SHORTEST and stem in self.known for stem in stems)

    def _nearest(self, word: str) -> Optional[str]:
        """Returns the nearest word; two mistakes are forgiven in long words that begin alike.

        Of several one is meant of which letters are but swapped or doubled ("helo" is "hello" and not "help"), then the most frequent.
        """
        forgiven = 2 if len(word) >= LONG else 1
        if len(word) > self._longest + forgiven:
            return None  # near nothing; five hundred letters have 125,000 keys
        keys = {word, *_without_one(word)}
        if forgiven == 2:
            keys |= {shorter for key in tuple(keys) for shorter in _without_one(key)}
        best: Optional[Tuple[int, bool, int, str]] = None
        for candidate in {one for key in keys for one in self._near.get(key, ())}:
            away = OSA.distance(word, candidate)
            if away > forgiven or (candidate[0] != word[0] and away > 1):
                continue
            if len(word) == SHORTEST and len(candidate) <= SHORTEST and sorted(candidate) != sorted(word):
                continue
            found = (away, not _is_of_the_same_letters(word, candidate), -self.counts[candidate], candidate)
            best = found if best is None else min(best, found)
        return None if best is None else best[3]


def mistyped(text: str, corrected: str) -> FrozenSet[str]:
    """Returns the words of a text, in small letters, that are no more in what it was corrected to."""
    if text == corrected:
        return frozenset()
    return frozenset(_words(text)) - frozenset(_words(corrected))


def whole_words(tokenizer: Path) -> List[str]:
    """Returns the words that an encoder has whole, for the packaged one about 24,000 common English ones; none if it has no such list.

    Args:
        tokenizer: Its `tokenizer.json`.
    """
    model = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]
    return [piece for piece in model["vocab"] if piece.isalpha()] if model.get("type") == "WordPiece" else []


def _words(text: str) -> List[str]:
    return [found.group().lower() for found in _WORD.finditer(text)]


def _may_be_a_name(found: Match[str]) -> bool:
    """Tells whether a word is written as names and abbreviations are: with a capital, not only at the beginning of the message."""
    word, text = found.group(), found.string
    if not word.islower() and not word.istitle():
        return not text.isupper()
    return word.istitle() and bool(text[: found.start()].strip())


def _is_of_the_same_letters(typed: str, meant: str) -> bool:
    """Tells whether letters of two words are only swapped, or one is doubled in one of them."""
    return sorted(typed) == sorted(meant) or [letter for letter, _ in groupby(typed)] == [
        letter for letter, _ in groupby(meant)
    ]


def _without_one(word: str) -> Set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def main(arguments: List[str]) -> None:
    """Corrects a file of examples."""
    tokenizer, source, target = map(Path, arguments)
    examples = json.loads(source.read_text(encoding="utf-8"))
    speller = Speller.of((text for text, _ in examples), frozenset(whole_words(tokenizer)))
    corrected = [[speller.corrected(text), intent] for text, intent in examples]
    target.write_text(json.dumps(corrected), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
