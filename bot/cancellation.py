"""Whether a message wishes to cancel the contract, denies it, only asks, or cancels something else, by spaCy's token matcher.

The words are those of `data/signals.yml`. `tickets/cancellation.py` reads the same words the same way in the service, where
there is no spaCy, for tickets that no assistant has seen; `tests/bot/data/cancellation.yml` holds both to the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, Mapping, Optional

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from bot.phrases import WORDLIKE, Phrases, Tokens, Words

WISH = "wish"
_STRONGEST = (WISH, "denied", "asked", "other")
_CLAUSE_SIGNS = frozenset(".!?;,:()\n")
_CLAUSE_WORDS = frozenset({"but", "and", "because", "so", "then", "cause", "although", "though", "since"})
_SPEAKS_OF_IT = ("verbs", "participles", "wishes")
_OBJECT_WORDS = 6
_BACK = 25
"""Words before a pronoun that it can point back to."""


@dataclass(frozen=True)
class Mention:
    """What a message says about cancelling, and the span that says it."""

    kind: str
    span: Span


class CancellationReader:
    """Reads a message clause by clause: what stands before a verb of cancelling and what is cancelled decide."""

    def __init__(self, vocab: Vocab, rules: Mapping[str, Any]) -> None:
        """Compiles the lists of words."""
        phrases = ("wishes", "verbs", "participles", "participle_after", "negations", "conditions", "retractions")
        words = ("contract", "other_objects", "pronouns", "between", "condition_between", "not_negating")
        self._phrases = {name: Phrases(vocab, rules[name]) for name in phrases}
        self._words = {name: Words(rules[name]) for name in words}

    def read(self, tokens: Tokens) -> Optional[Mention]:
        """Returns the strongest thing said about cancelling, None if nothing is."""
        spans = {name: self._phrases[name].find(tokens) for name in _SPEAKS_OF_IT}
        if not any(spans.values()):
            return None
        spans.update({name: phrases.find(tokens) for name, phrases in self._phrases.items() if name not in spans})
        found = [mention for clause in _clauses(tokens.doc) for mention in self._mentions(clause, spans)]
        wishes = [mention for mention in found if mention.kind == WISH]
        if wishes:
            back = next((span for span in spans["retractions"] if span.start >= wishes[-1].span.end), None)
            if back is not None:
                return Mention("denied", back)
        return min(found, key=lambda one: (_STRONGEST.index(one.kind), one.span.end), default=None)

    def _mentions(self, clause: Span, spans: Mapping[str, List[Span]]) -> Iterator[Mention]:
        doc = clause.doc
        for verb in _within(clause, spans["verbs"]):
            after = _lowered(doc[verb.end : clause.end])[:_OBJECT_WORDS]
            if after and after[0] in self._words["pronouns"]:
                after = _lowered(doc[max(0, verb.start - _BACK) : verb.start])[::-1]
            yield self._judge(clause, verb, spans, other=self._is_other(after))
        for participle in _within(clause, spans["participles"]):
            wanting = [span for span in _within(clause, spans["participle_after"]) if span.end <= participle.start]
            if wanting:
                other = self._is_other(_lowered(doc[wanting[-1].end : participle.start]))
                yield self._judge(clause, doc[wanting[-1].start : participle.end], spans, other=other)
        for wish in _within(clause, spans["wishes"]):
            yield self._judge(clause, wish, spans, other=False)

    def _judge(self, clause: Span, said: Span, spans: Mapping[str, List[Span]], *, other: bool) -> Mention:
        doc = clause.doc
        if other:
            return Mention("other", doc[said.start : min(clause.end, said.end + _OBJECT_WORDS)])
        negation = self._governing(clause, said, spans["negations"], "between")
        if negation is not None and _before(clause, negation) not in self._words["not_negating"]:
            return Mention("denied", doc[negation.start : said.end])
        condition = self._governing(clause, said, spans["conditions"], "condition_between")
        if condition is not None:
            return Mention("asked", doc[condition.start : said.end])
        return Mention(WISH, doc[max(clause.start, said.start - 3) : said.end])

    def _governing(self, clause: Span, said: Span, cues: List[Span], between: str) -> Optional[Span]:
        """Returns the last cue before `said` that only words of a list part from it."""
        for cue in reversed([span for span in _within(clause, cues) if span.end <= said.start]):
            if all(word in self._words[between] for word in _lowered(clause.doc[cue.end : said.start])):
                return cue
        return None

    def _is_other(self, words: List[str]) -> bool:
        for word in words:
            if word in self._words["contract"]:
                return False
            if word in self._words["other_objects"]:
                return True
        return False


def _clauses(doc: Doc) -> Iterator[Span]:
    start = 0
    for token in doc:
        if token.text[0] in _CLAUSE_SIGNS or token.lower_ in _CLAUSE_WORDS:
            yield doc[start : token.i]
            start = token.i + 1
    yield doc[start:]


def _within(clause: Span, spans: List[Span]) -> List[Span]:
    return [span for span in spans if span.start >= clause.start and span.end <= clause.end]


def _lowered(span: Span) -> List[str]:
    return [token.lower_ for token in span if WORDLIKE.search(token.text)]


def _before(clause: Span, span: Span) -> str:
    return str(clause.doc[span.start - 1].lower_) if span.start > clause.start else ""
