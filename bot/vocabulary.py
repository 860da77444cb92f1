"""Bounds what readers built on a spaCy vocabulary keep: each word that is new to it stays in it for good."""

from __future__ import annotations

from typing import Callable, Generic, Optional, TypeVar

from spacy.vocab import Vocab

MOST_NEW = 50_000
"""Strings that customers may add, of some 0.7 kB each. An ordinary word adds none or one, since most of them were read before."""
Reader = TypeVar("Reader")


class Renewed(Generic[Reader]):
    """A reader that is built anew, on a vocabulary of its own, when customers' words have filled the one it has.

    Building takes a few tenths of a second, once in so many words that were never seen before.
    """

    def __init__(
        self, build: Callable[[Optional[Reader]], Reader], vocab_of: Callable[[Reader], Vocab], most_new: int = MOST_NEW
    ) -> None:
        """Builds the first reader.

        Args:
            build: Makes a reader with a new vocabulary; is given the one before, None the first time.
            vocab_of: Returns a reader's vocabulary.
            most_new: How many strings may be added before the reader is replaced.
        """
        self._build = build
        self._vocab_of = vocab_of
        self._most_new = most_new
        self._take(build(None))

    @property
    def reader(self) -> Reader:
        """The reader for the next message; one that is full is replaced first."""
        if len(self._vocab_of(self._reader).strings) > self._full:
            self._take(self._build(self._reader))
        return self._reader

    def _take(self, reader: Reader) -> None:
        self._reader = reader
        self._full = len(self._vocab_of(reader).strings) + self._most_new
