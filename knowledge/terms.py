"""From text to the words that full text compares: one analysis for both databases, for articles and for questions.

Words are folded (case, accents, compatibility forms), English ones stemmed with Snowball. A compound such as `ERR_402`, `e-mail`
or `4.1.2` gives its parts and the whole (`err402`, `email`, `412`), so it is found however it is typed. Chinese, Japanese and
Korean runs give overlapping pairs. A term holds letters and digits only, which makes it safe to quote in any query language.
"""

from __future__ import annotations

import itertools
import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

_LONGEST = 48
_COMPOUND = re.compile(r"[^\W_]+(?:[._\-/+:@&'’][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"['’](?:s\b)?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_PLAIN = re.compile(r"[a-z]{3,}")
_PLAIN_WORD = re.compile(r"[a-z]{2,12}")

_STOP = (
    "a about all am an and any are arent as at be been but by can cant could couldnt did didnt do does doesnt doing dont for "
    "from get gets getting got had has hasnt have havent having "
    "he hello help her hi him his how i if im in into is isnt it its ive just know let like may me might must my need "
    "no of ok okay on or our please she should so some someone tell than thank thanks that the their them then there "
    "these they this those to too us want was wasnt we were what when where which who why will with wont would wouldnt yes you "
    "your "
    "youre"
)
STOP_WORDS = frozenset(_STOP.split())
"""Words that say nothing about what is asked for. Questions lose them; articles keep them."""


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order, compounds after their parts."""
    found: list[str] = []
    for compound in _COMPOUND.findall(_fold(text)):
        whole = _APOSTROPHE.sub("", compound)
        parts = _PART.findall(whole)
        for part in parts:
            found.extend(_pairs(part) if _CJK.fullmatch(part) else (_stem(part[:_LONGEST]),))
        if len(parts) > 1:
            found.append(_stem("".join(parts)[:_LONGEST]))
    return found


def question_terms(text: str, *, limit: int = 64) -> list[str]:
    """Return the distinct terms of a question that carry meaning, in order, at most `limit`.

    Stop words are left out unless there is nothing else, so that a question of stop words still finds its title.
    """
    every = list(dict.fromkeys(terms(text)))
    telling = [term for term in every if term not in _STEMMED_STOP_WORDS and (len(term) > 1 or not term.isascii())]
    return (telling or every)[:limit]


def joined_terms(text: str, *, limit: int = 64) -> list[str]:
    """Return neighbouring words written as one: who asks how to `log in` may mean what an article calls `login`."""
    words = [word for word in _PART.findall(_fold(text)) if _PLAIN_WORD.fullmatch(word)]
    pairs = (_stem((first + second)[:_LONGEST]) for first, second in itertools.pairwise(words))
    return list(dict.fromkeys(pairs))[:limit]


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize(
        "NFC", "".join(character for character in decomposed if unicodedata.category(character) != "Mn")
    )


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)]


_stemmer = threading.local()


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    if not _PLAIN.fullmatch(word):
        return word
    if not hasattr(_stemmer, "english"):
        _stemmer.english = snowballstemmer.stemmer("english")
    return str(_stemmer.english.stemWord(word))


_STEMMED_STOP_WORDS = frozenset(_stem(word) for word in STOP_WORDS)
