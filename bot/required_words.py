"""Tells which messages no token pattern can match, by the words that each needs: spaCy's matcher asks each word for each pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Iterable, Optional, Sequence

from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

REMEMBERED = 20_000
"""Words of which is remembered what they are to the patterns."""
_MAY_LACK = frozenset("?*!")
Pattern = Sequence[Dict[str, Any]]


class RequiredWords:
    """A pattern cannot match where a word that it requires is missing, whatever the order of the others.

    Patterns may only ask for what a word has by itself (`LOWER`, `TEXT`, `SHAPE`, `LIKE_URL` and the like).
    """

    def __init__(self, vocab: Vocab, patterns: Iterable[Pattern]) -> None:
        """Gives each kind of word that is required a bit, and each pattern the bits of those it requires."""
        self._vocab = vocab
        self._matcher = Matcher(vocab, validate=False)
        self._bits: Dict[str, int] = {}
        self._listed: Dict[str, int] = {}
        self._required = sorted(
            {sum({self._bit_of(token) for token in pattern if _required(token)}) for pattern in patterns}
        )
        self.bits_of = lru_cache(maxsize=REMEMBERED)(self._bits_of)
        self._suffices = lru_cache(maxsize=REMEMBERED)(self._has_all_of_some)

    def among(self, words: Iterable[str]) -> bool:
        """Tells whether some pattern has all that it requires among these words; if not, none matches."""
        there = 0
        for word in words:
            there |= self.bits_of(word)
        return self._suffices(there)

    def _has_all_of_some(self, there: int) -> bool:
        return any(required & there == required for required in self._required)

    def _bit_of(self, token: Dict[str, Any]) -> int:
        alone = {key: value for key, value in token.items() if key != "OP"}
        name = repr(alone)
        if name not in self._bits:
            self._bits[name] = 1 << len(self._bits)
            words = _listed(alone)
            if words is None:
                self._matcher.add(name, [[alone]])
            for word in words or ():
                self._listed[word] = self._listed.get(word, 0) | self._bits[name]
        return self._bits[name]

    def _bits_of(self, word: str) -> int:
        listed = self._listed.get(word.lower(), 0)
        if not len(self._matcher):
            return listed
        found = self._matcher(Doc(self._vocab, words=[word]))
        return listed | sum({self._bits[self._vocab.strings[name]] for name, _, _ in found})


def _listed(token: Dict[str, Any]) -> Optional[Sequence[str]]:
    """Returns the words in small letters that fit a token; None where it asks for something else than a list of words."""
    wanted = token["LOWER"] if set(token) == {"LOWER"} else None
    if isinstance(wanted, str):
        return [wanted]
    return wanted["IN"] if isinstance(wanted, dict) and set(wanted) == {"IN"} else None


def _required(token: Dict[str, Any]) -> bool:
    return token.get("OP", "1") not in _MAY_LACK
