"""Finds what a message denies, "I don't want a refund, I just want to know why I was charged", by spaCy's token matcher.

A negation denies a topic only before a word of wishing, asking or speaking: "I can't log in" and "I didn't get my invoice" are about
logging in and about the invoice. Its scope ends with its clause. What is denied decides nothing any more; what is left does.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import spacy
from spacy.matcher import Matcher
from spacy.tokens import Doc, Span

from bot.phrases import LONGEST_READ, WORDLIKE, WordTokenizer
from bot.required_words import RequiredWords
from bot.vocabulary import Renewed

CORRECTS, REFUSES = "corrects", "refuses"
"""The customer was taken for something else ("not about invoices"), or names what is not wished ("I don't want a refund")."""

_NOT = [
    "not", "never", "don't", "dont", "didn't", "didnt", "doesn't", "doesnt", "wasn't", "wasnt", "weren't", "isn't", "isnt", "aren't",
    "arent", "haven't", "havent",
]  # fmt: skip
_TOPIC = ["about", "regarding", "concerning"]
_SPEAK = [
    "ask", "asked", "asking", "say", "said", "saying", "mean", "meant", "meaning", "talk", "talked", "talking", "request", "requested",
    "requesting", "inquire", "inquiring", "enquire", "enquiring", "speaking",
]  # fmt: skip
_WISH = ["want", "wanted", "wanting", "need", "needed", "wish", "looking", "trying", "interested", "after"]
_BETWEEN = {"LOWER": {"IN": ["really", "actually", "even", "currently", "necessarily"]}, "OP": "?"}
_SOMEONE = {"LOWER": {"IN": ["i", "we"]}}
_PATTERNS: Dict[str, List[List[Dict[str, Any]]]] = {
    CORRECTS: [
        [{"LOWER": {"IN": _NOT}}, _BETWEEN, {"LOWER": {"IN": [*_TOPIC, *_SPEAK]}}],
        [{"LOWER": "not"}, {"LOWER": "what"}, _SOMEONE, {"LOWER": {"IN": [*_SPEAK, *_WISH]}}],
        [{"LOWER": "nothing"}, {"LOWER": "to"}, {"LOWER": "do"}, {"LOWER": "with"}],
    ],
    REFUSES: [
        [{"LOWER": {"IN": _NOT}}, _BETWEEN, {"LOWER": {"IN": _WISH}}],
        [{"LOWER": "no"}, {"LOWER": "need"}],
        [{"LOWER": "not"}, {"LOWER": {"IN": ["a", "an", "the", "my", "our", "any", "for", "from", "to"]}}],
    ],
}
_NEGATES = re.compile(r"\b(?:not|never|\w+n['\u2019\u2018`]?t|no\s+need|nothing)\b", re.IGNORECASE)
"""One of these has every cue; most messages have none, and are not made tokens of."""
_NOES = frozenset({"no", "nope", "nah", "wrong"})
_BEFORE_CUE = _NOES | frozenset(
    {
        "i", "i'm", "im", "i've", "we", "we're", "we've", "it", "it's", "its", "this", "that", "that's", "thats", "is", "was", "were", "am",
        "are", "have", "has", "had", "do", "did", "my", "our", "question", "message", "request", "well", "sorry", "actually", "really",
        "and", "but", "because", "since", "please", "hi", "hello", "hey", "definitely", "certainly", "to", "be",
        "clear",
    }
)  # fmt: skip
"""What may stand in a clause before the cue: with a subject of its own, "the invoice does not say …", it tells of something else."""
_ENDS = frozenset(".!?;,:()\n—–")
_TURNS = frozenset({"but", "just", "only", "instead"})
_ASKS = frozenset(
    {"please", "can", "could", "how", "why", "where", "what", "when", "which", "i'd", "i'm", "we'd", "we're"}
)
_SUBJECTS = frozenset({"i", "we"})
_AFTER_SUBJECT = frozenset(
    {
        "want",
        "wanted",
        "need",
        "needed",
        "would",
        "am",
        "was",
        "meant",
        "mean",
        "asked",
        "just",
        "only",
        "can't",
        "cannot",
    }
)
_JOINS = frozenset(
    {
        "what", "that", "how", "why", "where", "when", "which", "if", "whether", "because", "while", "about", "for", "with", "to", "of",
        "on", "from", "by", "than", "know",
    }
)  # fmt: skip
"""After these a question or a subject goes on with the clause: "not about how I export"."""
_QUESTIONS = frozenset({"what", "that", "how", "why", "where", "when", "which", "if", "whether"})
_POINTS_BACK = frozenset({"it", "them", "they", "this", "these", "those", "one"})
_SAYS_NOTHING = (
    _BEFORE_CUE
    | _ASKS
    | _JOINS
    | _TURNS
    | frozenset(
        {
            "a", "an", "the", "you", "me", "us", "your", "so", "or", "in", "at", "would", "like", "want", "wanted", "need", "needed",
            "there", "good", "morning", "afternoon", "evening", "day", "thanks", "thank", "thx", "ok", "okay", "yes", "help", "tell",
            "then", "now", "dear", "team", "guys", "all", "again", "else", "anything", "something", "got", "get", "have", "meant", "asked",
        }
    )
)  # fmt: skip
"""Words that name no topic; made of these alone, what is left of a message is no request."""
_GOES_ON = ("ing", "about", "regarding", "concerning", "with")


class Denial(NamedTuple):
    """What a message is not about, and what is left of it."""

    kind: str
    denied: str
    """The topic that is denied; empty where it is not named ("that's not what I asked")."""
    kept: str
    """The rest of the message; empty where it names no topic."""
    corrects_us: bool
    """Whether the whole message only says that it was understood wrongly."""


class _Reading(NamedTuple):
    """All that reads with one vocabulary."""

    tokens: WordTokenizer
    matcher: Matcher
    required: RequiredWords

    @classmethod
    def build(cls) -> _Reading:
        vocab = spacy.blank("en").vocab
        matcher = Matcher(vocab, validate=False)
        for name, patterns in _PATTERNS.items():
            matcher.add(name, patterns)
        every = [pattern for patterns in _PATTERNS.values() for pattern in patterns]
        return cls(WordTokenizer(vocab), matcher, RequiredWords(vocab, every))


class DenialReader:
    """Reads messages for what they deny."""

    def __init__(self) -> None:
        """Compiles the patterns."""
        self._renewed = Renewed(lambda _before: _Reading.build(), lambda reading: reading.tokens.vocab)

    def read(self, text: str) -> Optional[Denial]:
        """Returns what `text` denies, None if that is nothing or what it is about could not be told without it."""
        if len(text) > LONGEST_READ or not _NEGATES.search(text):
            return None
        reading = self._renewed.reader
        tokens = reading.tokens(text)
        if not reading.required.among(tokens.words):
            return None
        doc = tokens.doc
        cues = sorted(reading.matcher(doc, as_spans=True), key=lambda cue: (cue.start, -cue.end))
        clauses = list(_clauses(doc, cues))
        denied = [(clause, cue) for clause in clauses if (cue := _denies(clause, cues, first=clause.start == 0))]
        return _told(doc, clauses, denied) if denied else None


def _told(doc: Doc, clauses: List[Span], denied: List[Tuple[Span, Span]]) -> Optional[Denial]:
    places = {clause.start for clause, _ in denied}
    left = [clause for clause in clauses if clause.start not in places]
    kept = " ".join(filter(None, (_text(clause) for clause in left)))
    words = [word for clause in left for word in _words(clause)]
    if any(word in _POINTS_BACK for word in words):
        return None
    if all(word in _SAYS_NOTHING for word in words):
        kept = ""
    clause, cue = denied[0]
    kind = CORRECTS if any(one.label_ == CORRECTS for _, one in denied) else REFUSES
    topic = _text(doc[cue.end : clause.end]) if cue.end < clause.end else ""
    said_no = any(word in _NOES for word in [*_words(doc[: cue.start])[:1], *words[:1]])
    corrects_us = kind == CORRECTS and not kept and (said_no or cue.text.lower().endswith(_GOES_ON))
    return Denial(kind, topic, kept, corrects_us) if kept or corrects_us else None


def _denies(clause: Span, cues: List[Span], *, first: bool) -> Optional[Span]:
    """Returns the cue that denies a clause: the first in it that only words of no topic precede."""
    for cue in cues:
        if cue.start < clause.start or cue.end > clause.end:
            continue
        before = _words(clause.doc[clause.start : cue.start])
        # "Not a member yet" at the beginning is a statement; "an export, not a refund" is a contrast.
        bare = cue.label_ == REFUSES and cue[0].lower_ == "not" and cue[-1].lower_ not in _WISH
        if bare and (first or before):
            continue
        return cue if all(word in _BEFORE_CUE for word in before) else None
    return None


def _clauses(doc: Doc, cues: List[Span]) -> Iterator[Span]:
    start, denying = 0, False
    # "I didn't ask where I …" is one clause whatever it holds; else a topic has one word at least.
    topics = {cue.end + 1 for cue in cues if cue.end < len(doc) and doc[cue.end].lower_ not in _QUESTIONS}
    inside = {place for cue in cues for place in range(cue.start + 1, cue.end)}
    for token in doc:
        place = token.i
        if token.text[0] in _ENDS and not WORDLIKE.search(token.text):
            if place > start:
                yield doc[start:place]
            start, denying = place + 1, False
            continue
        denying = denying or place in topics
        if place > start and place not in inside and _begins(doc, place, denying):
            yield doc[start:place]
            start, denying = place, False
    if start < len(doc):
        yield doc[start:]


def _begins(doc: Doc, place: int, denying: bool) -> bool:
    """Tells whether a clause begins at a word without a sign before it; one that denies nothing is not cut for a subject."""
    word, before = doc[place].lower_, doc[place - 1].lower_
    after = doc[place + 1].lower_ if place + 1 < len(doc) else ""
    if word == "but":
        return True
    if word == "and":
        return after in _SUBJECTS | _ASKS | {"not", "don't", "no"}
    if not denying or before in _JOINS:
        return False
    return word in _TURNS or word in _ASKS or (word in _SUBJECTS and after in _AFTER_SUBJECT)


def _words(span: Span) -> List[str]:
    return [token.lower_ for token in span if WORDLIKE.search(token.text)]


def _text(span: Span) -> str:
    """Returns a clause as it was written, without what joins it to another."""
    words = [token for token in span if WORDLIKE.search(token.text)]
    while words and words[0].lower_ in {"but", "and", "so", "because", "since", *_NOES}:
        words.pop(0)
    if not words:
        return ""
    offsets, text = span.doc.user_data["offsets"], span.doc.user_data["text"]
    return str(text[offsets[words[0].i][0] : offsets[words[-1].i][1]])
