"""Whether a text wishes to cancel the contract, denies it, only asks, or cancels something else ("cancel the meeting").

The text is cut into clauses. In each, a verb of cancelling counts as a wish unless a negation governs it ("I don't want
to cancel"), a condition does ("what happens if I cancel"), or its object is not the contract. A wish anywhere outweighs
a denial elsewhere, unless it is taken back later ("… but I changed my mind").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tickets.rules import CancellationRules

Kind = Literal["wish", "denied", "asked", "other"]
_STRONGEST: tuple[Kind, ...] = ("wish", "denied", "asked", "other")
# A run of signs is looked at from its beginning only: thousands of them would be looked at from each.
_CLAUSE_END = re.compile(
    r"(?<![.!?;,:()\n])[.!?;,:()\n]+(?=\s|$)|\s(?:but|and|because|so|then|cause|although|though|since)\s", re.IGNORECASE
)
_WORD = re.compile(r"[\w'-]+")
_OBJECT_WORDS = 6
_REACH = 120
"""Characters before and after a verb that can govern it."""


@dataclass(frozen=True)
class Cancellation:
    """What a text says about cancelling: `words` are the customer's own, `at` is where in the text they end."""

    kind: Kind
    words: str
    at: int


@dataclass(frozen=True)
class _Clause:
    """A part of the text in which words govern each other: what stands before it, where it begins, and its own words."""

    before: str
    start: int
    text: str


def read_cancellation(text: str, rules: CancellationRules) -> Cancellation | None:
    """Return what a text says about cancelling, or None if it does not speak of it.

    Args:
        text: what the customer wrote, with plain apostrophes and single spaces (`tickets.triage.plain`).
        rules: the words of cancelling.
    """
    found = [mention for clause in _clauses(text) for mention in _mentions(clause, rules)]
    wishes = [mention for mention in found if mention.kind == "wish"]
    if wishes and (retraction := rules.retractions.search(text, wishes[-1].at)):
        return Cancellation("denied", retraction.group(), retraction.end())
    return min(found, key=lambda mention: (_STRONGEST.index(mention.kind), mention.at), default=None)


def _clauses(text: str) -> Iterator[_Clause]:
    start = 0
    for end in _CLAUSE_END.finditer(text):
        yield _Clause(_last(text, start), start, text[start : end.start()])
        start = end.end()
    yield _Clause(_last(text, start), start, text[start:])


def _mentions(clause: _Clause, rules: CancellationRules) -> Iterator[Cancellation]:
    text = clause.text
    for verb in rules.verbs.finditer(text):
        after = _WORD.findall(text, verb.end(), verb.end() + _REACH)[:_OBJECT_WORDS]
        if after and rules.pronouns.fullmatch(after[0]):
            after = _WORD.findall(clause.before + _last(text, verb.start()))[::-1]
        yield _judge(clause, verb.span(), rules, other=_object_is_other(after, rules))
    for participle in rules.participles.finditer(text):
        reach = max(0, participle.start() - _REACH)
        wanting = list(rules.participle_after.finditer(text, reach, participle.start()))
        if wanting:
            between = _WORD.findall(text, wanting[-1].end(), participle.start())
            span = (wanting[-1].start(), participle.end())
            yield _judge(clause, span, rules, other=_object_is_other(between, rules))
    for wish in rules.wishes.finditer(text):
        yield _judge(clause, wish.span(), rules, other=False)


def _judge(clause: _Clause, span: tuple[int, int], rules: CancellationRules, *, other: bool) -> Cancellation:
    """Decide what the words of a clause from `span[0]` to `span[1]` say, by what stands before them."""
    start, end = span
    at = clause.start + end
    words, lead = clause.text[start:end], _last(clause.text, start)
    if other:
        return Cancellation("other", " ".join(clause.text[start : end + _REACH].split()[:5]), at)
    negation = _governing(lead, rules.negations, rules.between)
    if negation is not None and not rules.not_negating.search(" ".join(lead[:negation].split()[-1:])):
        return Cancellation("denied", lead[negation:] + words, at)
    condition = _governing(lead, rules.conditions, rules.condition_between)
    if condition is not None:
        return Cancellation("asked", lead[condition:] + words, at)
    return Cancellation("wish", " ".join([*lead.split()[-3:], words]), at)


def _last(text: str, end: int) -> str:
    """Return what stands right before `end`, as far as words reach: who writes "cancel" 3,000 times costs little."""
    return text[max(0, end - _REACH) : end]


def _governing(lead: str, cues: re.Pattern[str], between: re.Pattern[str]) -> int | None:
    """Return where the last cue begins that only words of `between` part from the end of `lead`."""
    for cue in reversed(list(cues.finditer(lead))):
        if all(between.fullmatch(word) for word in _WORD.findall(lead, cue.end())):
            return cue.start()
    return None


def _object_is_other(words: Sequence[str], rules: CancellationRules) -> bool:
    for word in words:
        if rules.contract.fullmatch(word):
            return False
        if rules.other_objects.fullmatch(word):
            return True
    return False
