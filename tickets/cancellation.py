"""Whether a text wishes to cancel the contract, or denies it, or only asks, or cancels something else: "cancel the meeting".

The text is cut into clauses. In each, a verb of cancelling counts as a wish unless a negation governs it ("I don't want to
cancel"), a condition does ("what happens if I cancel"), or its object is not the contract. A wish anywhere outweighs a denial
elsewhere, unless it is taken back later ("… but I changed my mind").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tickets.rules import CancellationRules

Kind = Literal["wish", "denied", "asked", "other"]
_STRONGEST: tuple[Kind, ...] = ("wish", "denied", "asked", "other")
_CLAUSE_END = re.compile(
    r"[.!?;,:()\n]+(?=\s|$)|\s(?:but|and|because|so|then|cause|although|though|since)\s", re.IGNORECASE
)
_WORD = re.compile(r"[\w'-]+")
_OBJECT_WORDS = 6


@dataclass(frozen=True)
class Cancellation:
    """What a text says about cancelling: `words` are the customer's own, `at` is where in the text they end."""

    kind: Kind
    words: str
    at: int


def read_cancellation(text: str, rules: CancellationRules) -> Cancellation | None:
    """Return what a text says about cancelling, or None if it does not speak of it.

    Args:
        text: what the customer wrote, with plain apostrophes and single spaces (`tickets.triage.plain`).
        rules: the words of cancelling.
    """
    found = [mention for start, clause in _clauses(text) for mention in _mentions(text[:start], clause, rules)]
    wishes = [mention for mention in found if mention.kind == "wish"]
    if wishes and (retraction := rules.retractions.search(text, wishes[-1].at)):
        return Cancellation("denied", retraction.group(), retraction.end())
    return min(found, key=lambda mention: (_STRONGEST.index(mention.kind), mention.at), default=None)


def _clauses(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for end in _CLAUSE_END.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    yield start, text[start:]


def _mentions(before: str, clause: str, rules: CancellationRules) -> Iterator[Cancellation]:
    start = len(before)
    for verb in rules.verbs.finditer(clause):
        after = _WORD.findall(clause[verb.end() :])[:_OBJECT_WORDS]
        if after and rules.pronouns.fullmatch(after[0]):
            after = _WORD.findall(before + clause[: verb.start()])[::-1]
        yield _judge(start, clause, verb, rules, _object_is_other(after, rules))
    for participle in rules.participles.finditer(clause):
        wanting = list(rules.participle_after.finditer(clause, 0, participle.start()))
        if wanting:
            between = _WORD.findall(clause[wanting[-1].end() : participle.start()])
            yield _judge(start, clause, wanting[-1], rules, _object_is_other(between, rules), until=participle.end())
    for wish in rules.wishes.finditer(clause):
        yield _judge(start, clause, wish, rules, False)


def _judge(
    start: int, clause: str, verb: re.Match[str], rules: CancellationRules, other: bool, until: int | None = None
) -> Cancellation:
    end = until or verb.end()
    before = clause[: verb.start()]
    if other:
        return Cancellation("other", _shortened(clause[verb.start() :], 5), start + end)
    if cue := _governing(before, rules.negations, rules.between):
        negating = not rules.not_negating.search(" ".join(before[: cue.start()].split()[-1:]))
        if negating:
            return Cancellation("denied", clause[cue.start() : end], start + end)
    if cue := _governing(before, rules.conditions, rules.condition_between):
        return Cancellation("asked", clause[cue.start() : end], start + end)
    lead = " ".join(before.split()[-3:])
    return Cancellation("wish", f"{lead} {clause[verb.start() : end]}".strip(), start + end)


def _governing(before: str, cues: re.Pattern[str], between: re.Pattern[str]) -> re.Match[str] | None:
    for cue in reversed(list(cues.finditer(before))):
        if all(between.fullmatch(word) for word in _WORD.findall(before[cue.end() :])):
            return cue
    return None


def _object_is_other(words: Sequence[str], rules: CancellationRules) -> bool:
    for word in words:
        if rules.contract.fullmatch(word):
            return False
        if rules.other_objects.fullmatch(word):
            return True
    return False


def _shortened(text: str, words: int) -> str:
    return " ".join(text.split()[:words])
