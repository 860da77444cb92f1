"""Looks for what ends a word near its end: spaCy searches all of it for each sign taken off, and emoji cost their number squared."""

from __future__ import annotations

import re
from typing import Callable, Optional, Protocol

from spacy.language import Language

LOOKED_AT = 40
"""Characters. What spaCy takes off is shorter, but for a row of dots or the like, for which all of the word is searched once."""


class Searches(Protocol):
    """A compiled pattern."""

    pattern: str
    search: Callable[[str], Optional[re.Match[str]]]


class EndSearch:
    """Finds the same ends as a pattern of which every part ends in `$`."""

    def __init__(self, compiled: Searches) -> None:
        """Keeps the pattern; `pattern` is what spaCy writes into a model."""
        self.pattern = compiled.pattern
        self._search = compiled.search

    def search(self, word: str) -> Optional[re.Match[str]]:
        """Returns the match, of which spaCy reads the length alone; None where nothing is to be taken off."""
        found = self._search(word[-LOOKED_AT:])
        return self._search(word) if found is not None and found.start() == 0 and len(word) > LOOKED_AT else found


def look_at_ends(pipeline: Language) -> None:
    """Has a pipeline's tokenizer search the ends of words only."""
    search = pipeline.tokenizer.suffix_search
    if search is not None and not isinstance(search.__self__, EndSearch):
        pipeline.tokenizer.suffix_search = EndSearch(search.__self__).search
