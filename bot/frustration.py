"""How a message shows that its writer has had enough: wording, capitals, punctuation, stretched and repeated words, signs."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence

from spacy.tokens import Span
from spacy.vocab import Vocab

from bot.phrases import Phrases, Tokens, Words, written

_NEGATION_REACH = 3
_LOUD_WORDS = 3
_LOUD_SHARE = 0.6
"""From so many words in capitals, and such a share of all, a message shouts."""
_SHOUTING = 0.45
_EMPHASIS = 0.2
_STRETCHED = re.compile(r"([a-z])\1{3,}|^(?:so{3,}|no{3,}|wh?y{3,}|a+rg+h+|u+g+h+)$")
_STRETCH = 0.3
_PUNCTUATION = re.compile(r"[!?\u2026\uff01\uff1f]{2,}")
_SAME_AGAIN = 0.6
"""The share of common words from which one question is another again."""
_CONTENT = re.compile(r"[^\W_]{2,}")


class Evidence(NamedTuple):
    """One thing that tells: what kind it is, the customer's own words, and how surely it tells alone, 0 to 1."""

    signal: str
    text: str
    weight: float


class FrustrationReader:
    """Gathers evidence. What is negated ("I am not angry") counts for nothing, and neither do abbreviations in capitals."""

    def __init__(self, vocab: Vocab, rules: Mapping[str, Any]) -> None:
        """Compiles the lists of words."""
        wording = [(float(weight), Phrases(vocab, phrases)) for weight, phrases in rules["wording"].items()]
        self._wording = sorted(wording, key=lambda one: -one[0])
        self._negations = Words(rules["negations"])
        self._capitals = frozenset(map(str, rules["capitals"]))
        self._signs = {str(sign): float(weight) for sign, weight in rules["signs"].items()}

    def read(self, tokens: Tokens) -> List[Evidence]:
        """Returns the evidence in a message, at most one piece for each word."""
        return [
            *self._worded(tokens),
            *self._shouted(tokens),
            *_punctuated(tokens),
            *_stretched(tokens),
            *_repeated(tokens),
            *self._signed(tokens),
        ]

    def _worded(self, tokens: Tokens) -> Iterator[Evidence]:
        taken: List[Span] = []
        for weight, phrases in self._wording:
            for span in phrases.find(tokens):
                free = all(span.end <= other.start or span.start >= other.end for other in taken)
                if free and not self._negated(span):
                    taken.append(span)
                    yield Evidence("wording", written(span)["text"], weight)

    def _negated(self, span: Span) -> bool:
        before = [token.lower_ for token in span.doc[max(0, span.start - _NEGATION_REACH) : span.start]]
        while before and not before[-1].isalnum() and before[-1] not in self._negations:
            before.pop()  # quotation marks and the like
        clause = before[max((place + 1 for place, word in enumerate(before) if word in ".,;:!?"), default=0) :]
        return any(word in self._negations for word in clause)

    def _shouted(self, tokens: Tokens) -> Iterator[Evidence]:
        texts = tokens.texts
        words = [place for place, text in enumerate(texts) if len(text) > 1 and text.replace("'", "").isalpha()]
        loud = [place for place in words if texts[place].isupper() and tokens.words[place] not in self._capitals]
        if len(loud) >= _LOUD_WORDS and len(loud) >= _LOUD_SHARE * len(words):
            yield Evidence("capitals", tokens.written(loud[0], loud[-1] + 1), _SHOUTING)
        elif words and len(loud) < len(words):
            for place in loud[:2]:
                if len(texts[place]) >= 3:
                    yield Evidence("capitals", texts[place], _EMPHASIS)

    def _signed(self, tokens: Tokens) -> Iterator[Evidence]:
        text = tokens.text[:2000]
        for sign, weight in self._signs.items():
            if sign in text:
                yield Evidence("signs", sign, weight)


def _punctuated(tokens: Tokens) -> Iterator[Evidence]:
    runs = (run.replace("…", "") for run in _PUNCTUATION.findall(tokens.text[:2000]))
    found = max(runs, key=len, default="")
    if ("!" in found and "?" in found) or len(found) >= 3:
        yield Evidence("punctuation", found[:10], 0.3)
    elif len(found) == 2:
        yield Evidence("punctuation", found, 0.15)


def _stretched(tokens: Tokens) -> Iterator[Evidence]:
    for text, word in zip(tokens.texts, tokens.words, strict=True):
        if text.isalpha() and _STRETCHED.search(word):
            yield Evidence("stretched", text[:30], _STRETCH)
            return


def _repeated(tokens: Tokens) -> Iterator[Evidence]:
    places = [place for place, text in enumerate(tokens.texts) if text.isalpha()]
    for first, second, third in zip(places, places[1:], places[2:], strict=False):
        if tokens.words[first] == tokens.words[second] == tokens.words[third]:
            yield Evidence("repetition", tokens.written(first, third + 1), 0.35)
            return


def asked_again(text: str, earlier: Sequence[str]) -> List[Evidence]:
    """Returns evidence where a customer asks what they asked in one of their earlier messages, in nearly the same words.

    Two messages are the same where they share 0.6 of their words (Jaccard); each of less than three words is no question.
    """
    words = _content(text)
    same = sum(1 for other in map(_content, earlier) if len(words & other) >= _SAME_AGAIN * len(words | other))
    if len(words) < 3 or not same:
        return []
    return [
        Evidence("repetition", f"asked {same + 1} times: {' '.join(text.split())[:120]}", 0.4 if same == 1 else 0.6)
    ]


def _content(text: str) -> "frozenset[str]":
    return frozenset(_CONTENT.findall(text[:2000].casefold()))


def combined(evidence: Sequence[Evidence]) -> float:
    """Returns how sure the evidence is together, 0 to 1: what is left when each piece is wrong independently, taken from 1."""
    doubt = 1.0
    for piece in evidence:
        doubt *= 1.0 - min(max(piece.weight, 0.0), 0.99)
    return round(1.0 - doubt, 4)


def described(name: str, evidence: Sequence[Evidence], score: float, **more: Any) -> Dict[str, Any]:
    """Returns a signal as the parse data carries it."""
    return {"name": name, "score": round(score, 4), **more, "evidence": [one._asdict() for one in evidence]}
