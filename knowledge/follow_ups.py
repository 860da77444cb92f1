"""Questions that go on from the one before: "and on the free plan?", "for how long?", "how do I apply?".

Such a question says little by itself. Behind the one before it finds that one's article, and so would "who is your CEO?". So the article
has to hold what the question itself asks for; less of it where the question has a word that stands for something said before ("how much
is it?"). docs/knowledge.md, "Follow-up questions", has figures.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from knowledge.results import Result, SearchOutcome
from knowledge.spelling import replaced
from knowledge.terms import question_terms

SHARE = 0.75
"""Of the information (sum of IDF) in the question's own words, how much the article has to hold."""
MOST_OWN = 2
"""Telling words of a question that goes on; one with more can be searched for by itself, and what it misses is not in the one before."""
MOST_OWN_POINTING = 3
"""The same of a question that points back."""
COMMON = math.log(50)
"""IDF of a word that stands in one of 50 passages: the article need not hold one so common, if the question points back."""
_POINTS = re.compile(r"\b(?:it|its|them|they|their|these|those|ones?|then)\b", re.IGNORECASE)
_LEANS = re.compile(rf"{_POINTS.pattern}|\b(?:that|this)\b", re.IGNORECASE)
_MEASURE = re.compile(r"\bhow\s+(much|many|long|often|soon|big|far)\b", re.IGNORECASE)
"""Says what kind of answer is asked for, and nothing of what it is about."""
_SLIGHT = re.compile(
    r"\b(later|again|now|already|too|instead|everything|everyone|everybody|anything|anyone|anybody|something|nothing)\b",
    re.IGNORECASE,
)
"""Says when, or how much of it: nothing of what is asked for either ("can I restore it later?", "will they see everything?")."""
_NAMED_BEFORE = re.compile(r"\b(?:that|this|these|those)\s+(\w+)", re.IGNORECASE)
LONGEST_BEFORE = 500
"""Characters of the question before that are taken along, its last ones."""


def together(before: str, question: str) -> str:
    """Return a question put behind the one before."""
    return f"{before[-LONGEST_BEFORE:]} {question}"


def goes_on(question: str, found: SearchOutcome) -> bool:
    """Tell whether what was found for two questions together answers the second.

    A question without a telling word of its own ("how can I do that?") is about the one before altogether.

    Args:
        question: the second, in the customer's words.
        found: for `together`.
    """
    if not found.answered:
        return False
    slight = _terms_of(_SLIGHT.findall(question)) if _POINTS.search(question) else frozenset()
    own = [term for term in _own_words(question, found) if term not in slight]
    first = found.results[0]
    held = sum(first.asked[term] for term in own if term in first.held)
    if len(own) <= MOST_OWN and held >= SHARE * sum(first.asked[term] for term in own):
        return True
    measures = _terms_of(_MEASURE.findall(question))
    # "Coffee" is about something else, "keep" may not be.
    foreign = [term for term in own if term not in first.held | measures and first.asked[term] >= COMMON]
    return bool(_POINTS.search(question)) and len(own) <= MOST_OWN_POINTING and not foreign


def may_lean(question: str) -> bool:
    """Tell whether a question has a word that stands for something said before."""
    return bool(_LEANS.search(question))


def leans(question: str, found: SearchOutcome) -> bool:
    """Tell whether a question is better understood with the one before although it has an answer by itself: "when will it arrive?".

    The article then holds the one telling word that the question has. What "that error" means was said before.

    Args:
        question: the second, in the customer's words; one that `may_lean`.
        found: for `together`.
    """
    if not found.answered:
        return False
    unsaid = _terms_of([*_NAMED_BEFORE.findall(question), *_SLIGHT.findall(question)])
    own = [term for term in _own_words(question, found) if term not in unsaid]
    return len(own) <= 1 and found.results[0].held.issuperset(own)


def _terms_of(words: Iterable[str]) -> frozenset[str]:
    return frozenset(term for word in words for term in question_terms(word))


def _own_words(question: str, found: SearchOutcome) -> list[str]:
    asked = found.results[0].asked
    return [term for term in question_terms(replaced(question, found.corrections)) if term in asked]


def with_own_passage(first: Result, alone: SearchOutcome) -> Result:
    """Return an article with the passage that the second question by itself is about, where it found one there."""
    return next((one for one in alone.results if one.article_id == first.article_id), first)
