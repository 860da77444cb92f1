"""Tells by its form whether something asks: small talk seldom does, and what asks is not left without a word."""

from __future__ import annotations

import re

QUESTION, WISH, TROUBLE, STATEMENT = "question", "wish", "trouble", "statement"
"""The forms of what is said: "where is it?", "show me where it is", "it is gone", "we are 300 people"."""
_COURTESY = r"(?:(?:and|but|so|ok|okay|hi|hey|hello|well|then|also|um|sorry|please|thanks|first|second|secondly|finally)[\s,:]+)*"
_QUESTION = re.compile(
    rf"^{_COURTESY}(?:"
    r"(?:what|how|where|when|who|whom|whose|why|which)(?:['’]?(?:s|re|d|ll))?\b(?!\s+an?\b)|"
    r"(?:is|are|am|was|were|can|could|will|would|shall|should|does|did|may|has)(?:n['’]?t)?\s+"
    r"(?!(?:be|do|not|love|like|have|fine|ok|okay|good|that|all|same)\b)\w|"
    r"(?:do|have)(?:n['’]?t)?\s+(?:i|you|u|we|they|guests?|clients?|people|members|users|your|our)\b)",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:i|we)\s+(?:need|want|wanna|must|have\s+to|wonder|would\s+like)\b|\b(?:i|we)['’]d\s+like\b|\b(?:wondering|how\s+to|please|pls)\b|"
    rf"^{_COURTESY}(?:tell|show|give|send|explain|help|let\s+(?:me|us)\s+know)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:not|never|nothing|no|cannot|cant|dont|doesnt|didnt|wont|isnt|without|fail\w*|errors?|wrong|broken|missing|lost|forgot\w*|"
    r"stuck|crash\w*|stopped|slow|twice|problem\w*|trouble|still)\b|n['’]t\b",
    re.IGNORECASE,
)


def is_question(text: str) -> bool:
    """Tells whether a text has a question's form: its mark, a question word or a verb before its subject at the beginning."""
    plain = text.strip()
    return plain.endswith("?") or bool(_QUESTION.match(plain))


def form_of(text: str) -> str:
    """Returns what a text is by its form: `question`, `wish`, `trouble`, or `statement`, for which nobody waits for an answer."""
    if is_question(text):
        return QUESTION
    if _WISH.search(text):
        return WISH
    return TROUBLE if _TROUBLE.search(text) else STATEMENT
