"""Matches the phrases of data files on words: `word*` any ending, `one|other` either word, `…` up to three words in between."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Dict, Iterable, List, Tuple

from spacy.matcher import Matcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans
from spacy.vocab import Vocab

from bot.required_words import RequiredWords

GAP = "…"
LONGEST_READ = 2000
"""Characters of a message that are read for signals."""
_TOKEN = re.compile(r"[\w'-]*\w[\w'-]*|\n|[^\w\s]+?(?=\w|\s|$)|[^\w\s]")
_APOSTROPHES = str.maketrans("\u2019\u2018`", "'''")
WORDLIKE = re.compile(r"\w")


class Tokens:
    """A message's tokens. Most messages are read by these alone; spaCy's document of them is made where it is asked for."""

    def __init__(self, vocab: Vocab, text: str, plain: str) -> None:
        """Takes a message apart.

        Args:
            vocab: What the document is made with.
            text: The message as it was written.
            plain: The part of it that is read, each character in its place.
        """
        found = list(_TOKEN.finditer(plain))
        self._vocab = vocab
        self._plain = plain
        self.text = text
        self.offsets = [(one.start(), one.end()) for one in found]
        """Where each token begins and ends in the text, in characters."""
        self.texts = [one.group() for one in found]
        self.words = [token.lower() for token in self.texts]

    @cached_property
    def doc(self) -> Doc:
        """The same tokens as spaCy's matchers read them; in its user data are `offsets` and `text`."""
        spaces = [self._plain[end : end + 1].isspace() for _, end in self.offsets]
        doc = Doc(self._vocab, words=self.texts, spaces=spaces)
        doc.user_data["offsets"] = self.offsets
        doc.user_data["text"] = self.text
        return doc

    def written(self, start: int, end: int) -> str:
        """Returns the tokens from `start` to before `end` as the customer wrote them."""
        return self.text[self.offsets[start][0] : self.offsets[end - 1][1]]


class WordTokenizer:
    """Keeps contractions and hyphened words whole, since lists of words name them so; runs of signs are one token."""

    def __init__(self, vocab: Vocab) -> None:
        """Keeps the vocabulary."""
        self.vocab = vocab

    def __call__(self, text: str) -> Tokens:
        """Returns the tokens of a message's beginning."""
        # A lone half of a surrogate pair is no character that spaCy takes.
        plain = text[:LONGEST_READ].encode("utf-8", "replace").decode("utf-8").translate(_APOSTROPHES)
        return Tokens(self.vocab, text, plain)


def written(span: Span) -> Dict[str, Any]:
    """Returns a span as the customer wrote it: `text`, `start` and `end` in characters."""
    offsets, text = span.doc.user_data["offsets"], span.doc.user_data["text"]
    start, end = offsets[span.start][0], offsets[span.end - 1][1]
    return {"text": text[start:end], "start": start, "end": end}


class Phrases:
    """Finds any of a list of phrases, by spaCy's token matcher."""

    def __init__(self, vocab: Vocab, phrases: Iterable[Any]) -> None:
        """Compiles the phrases."""
        self._matcher = Matcher(vocab, validate=False)
        written_out = [str(phrase) for phrase in phrases]
        patterns = [_pattern(phrase) for phrase in written_out]
        if patterns:
            self._matcher.add("phrase", patterns)
        self._required = RequiredWords(vocab, patterns)

    def find(self, tokens: Tokens) -> List[Span]:
        """Returns what is found, in order; where two overlap, the longer."""
        if not self._required.among(tokens.words):
            return []
        return sorted(filter_spans(self._matcher(tokens.doc, as_spans=True)), key=lambda span: span.start)


class Words:
    """A list of single words to ask whether a word is among them."""

    def __init__(self, words: Iterable[Any]) -> None:
        """Keeps the words, and the beginnings of those that may end anyhow."""
        listed = [str(word) for word in words]
        self._whole = frozenset(word for word in listed if not word.endswith("*"))
        self._beginnings: Tuple[str, ...] = tuple(word[:-1] for word in listed if word.endswith("*"))

    def __contains__(self, word: str) -> bool:
        """Tells whether a word in small letters is listed."""
        return word in self._whole or (bool(self._beginnings) and word.startswith(self._beginnings))


def _choices(part: str) -> str:
    """Returns a regular expression of the words that a part of a phrase stands for."""
    if part == GAP:
        return r"[\s\S]*"
    return "|".join(re.escape(word).replace(r"\*", r"[\w'-]*") for word in part.split("|"))


def _pattern(phrase: str) -> List[Dict[str, Any]]:
    pattern: List[Dict[str, Any]] = []
    for part in phrase.split():
        if part == GAP:
            pattern += [{"LOWER": {"REGEX": r"^[\w'-]+$"}, "OP": "?"}] * 3
        elif "*" in part:
            pattern.append({"LOWER": {"REGEX": f"^(?:{_choices(part)})$"}})
        else:
            pattern.append({"LOWER": {"IN": part.split("|")}})
    return pattern
