"""Questions that go on from the one before: "and on the free plan?", "for how long?", "how do I apply?".

Such a question says little by itself. Behind the one before it finds that one's article, and so would "who is your CEO?". So the article
has to hold what the question itself asks for. docs/knowledge.md, "Follow-up questions", has figures.
"""

from __future__ import annotations

from knowledge.results import Result, SearchOutcome
from knowledge.spelling import replaced
from knowledge.terms import question_terms

SHARE = 0.75
"""Of the information (sum of IDF) in the question's own words, how much the article has to hold."""
MOST_OWN = 2
"""Telling words of a question that goes on; one with more can be searched for by itself, and what it misses is not in the one before."""
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
    first = found.results[0]
    own = [term for term in question_terms(replaced(question, found.corrections)) if term in first.asked]
    held = sum(first.asked[term] for term in own if term in first.held)
    return len(own) <= MOST_OWN and held >= SHARE * sum(first.asked[term] for term in own)


def with_own_passage(first: Result, alone: SearchOutcome) -> Result:
    """Return an article with the passage that the second question by itself is about, where it found one there."""
    return next((one for one in alone.results if one.article_id == first.article_id), first)
