"""A summary made of the customer's own sentences: the few that carry most of what was said, in the order they were said.

Each sentence is weighed by
- centrality: how much of the other sentences' vocabulary it shares, by cosine over TF-IDF (as in LexRank, Erkan and Radev 2004,
  with one step instead of the walk, since a chat has a dozen sentences);
- substance: its rarest terms, numbers, codes and addresses;
- position: what was said first names the matter, what was said last is where it stands (the two places that a reader looks at).

Then sentences are taken greedily, each weight reduced by what those taken have said already (maximal marginal relevance, Carbonell
and Goldstein 1998). Nothing is written that was not said: a long sentence is cut, never rephrased.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.terms import question_terms

LINES = 4
"""Sentences in a summary at most."""
LONGEST = 200
"""Characters of one sentence at most."""
MOST_SENTENCES = 200
"""Sentences that are weighed, the first half and the last of them: what it costs grows with their square."""
MOST_WEIGHED = 1_000
"""Characters of a sentence whose words are weighed: one without an end may be a whole message."""

_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=\S)|\n+")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|no|nr|mr|mrs|ms|dr|approx|incl)|\b[A-Za-z])\.$", re.IGNORECASE)
LONGEST_ABBREVIATION = len("approx.")
_SUBSTANCE = re.compile(r"\d|[A-Z]{2,}|\S@\S|://|_|#|“|\"")
_TROUBLE = re.compile(
    r"\b(?:can'?t|cannot|couldn'?t|won'?t|doesn'?t|didn'?t|isn'?t|not|never|no longer|fail\w*|error\w*|wrong|broken|missing|lost|"
    r"stuck|crash\w*|charged|refund\w*|cancel\w*|urgent\w*|deadline|down|since|need\w*|want\w*)\b",
    re.IGNORECASE,
)
# Longer ones first, and possessive: "best regards" that may be one or two would be read in every way there is.
_COURTESY = re.compile(
    r"^\W*+(?>(?:hi|hello|hey|good (?:morning|afternoon|evening)|thank you|thanks?|thx|cheers|ok|okay|sure|please|yes|no|yep|nope|"
    r"sorry|there|team|all|again|so much|very much|a lot|in advance|for (?:your|the|any) (?:help|reply|answer|time|patience)|"
    r"bye|best regards|regards|best|kind|have a (?:nice|good) day)\b\W*+)++$",
    re.IGNORECASE,
)
_OF_THE_CHAT = re.compile(
    r"\b(?:talk|speak|chat|connect\w*|put|get|give|transfer\w*|pass)\b.{0,30}\b(?:human|person|agent|someone|somebody|representative)\b"
    r"|\b(?:you are|you're|this) (?:useless|a bot|not helping|no help)\b|\bstupid bot\b"
    r"|\b(?:that|this|it) (?:did not|didn'?t|does not|doesn'?t) help\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Sentence:
    text: str
    place: int
    message: int
    terms: frozenset[str]


def summarise(texts: Sequence[str], *, lines: int = LINES) -> list[str]:
    """Return the sentences of `texts` that say most, in their order, each as it was written or cut at a word with `…`.

    Args:
        texts: what the customer wrote, message by message.
        lines: how many sentences at most.
    """
    found = _sentences(texts)
    telling = [one for one in found if not _COURTESY.match(one.text)]
    about_the_matter = [one for one in telling if not _OF_THE_CHAT.search(one.text)]
    sentences = about_the_matter or telling or found
    chosen = _choose(sentences, lines)
    return [_cut(one.text) for one in sorted(chosen, key=lambda one: one.place)]


def split_sentences(text: str) -> list[str]:
    """Split at the ends of sentences and lines; `e.g.`, `no. 7` and `3.5` end none."""
    pieces: list[str] = []
    for line in _END.split(text):
        piece = " ".join(line.split())
        if piece and pieces and _ABBREVIATED.search(pieces[-1], len(pieces[-1]) - LONGEST_ABBREVIATION):
            pieces[-1] += " " + piece
        elif piece:
            pieces.append(piece)
    return pieces


def _sentences(texts: Sequence[str]) -> list[_Sentence]:
    pieces = [(message, piece) for message, text in enumerate(texts) for piece in split_sentences(text)]
    if len(pieces) > MOST_SENTENCES:
        pieces = pieces[: MOST_SENTENCES // 2] + pieces[-MOST_SENTENCES // 2 :]
    seen: dict[str, _Sentence] = {}
    for place, (message, piece) in enumerate(pieces):
        seen.setdefault(
            piece.casefold(), _Sentence(piece, place, message, frozenset(question_terms(piece[:MOST_WEIGHED])))
        )
    return list(seen.values())


def _choose(sentences: Sequence[_Sentence], lines: int) -> list[_Sentence]:
    if len(sentences) <= lines:
        return list(sentences)
    rarity = _rarity(sentences)
    vectors = [_vector(one, rarity) for one in sentences]
    alike = [[_cosine(a, b) for b in vectors] for a in vectors]
    first, last = sentences[0].message, sentences[-1].message
    weights = [
        _weight(one, sum(row) - 1, len(sentences), rarity, first, last)
        for one, row in zip(sentences, alike, strict=True)
    ]
    chosen: list[int] = []
    while len(chosen) < lines:
        left = [index for index in range(len(sentences)) if index not in chosen]
        # What repeats a chosen one says nothing new; of equals the earlier one is taken.
        chosen.append(
            max(left, key=lambda index: weights[index] * (1 - max((alike[index][c] for c in chosen), default=0)))
        )
    return [sentences[index] for index in chosen]


def _weight(one: _Sentence, shared: float, count: int, rarity: dict[str, float], first: int, last: int) -> float:
    telling = sorted((rarity[term] for term in one.terms), reverse=True)[:6]
    substance = sum(telling) / 6 / max(rarity.values(), default=1.0)
    centrality = shared / max(1, count - 1)
    weight = 0.4 * substance + 0.6 * centrality
    weight += 0.25 if _TROUBLE.search(one.text) else 0.0
    weight += 0.2 if _SUBSTANCE.search(one.text) else 0.0
    weight += 0.2 if "?" in one.text else 0.0
    weight += 0.15 if one.message in {first, last} else 0.0
    return weight if len(one.terms) > 1 else weight / 3


def _rarity(sentences: Sequence[_Sentence]) -> dict[str, float]:
    counted = Counter(term for one in sentences for term in one.terms)
    return {term: math.log(1 + len(sentences) / count) for term, count in counted.items()}


def _vector(one: _Sentence, rarity: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(rarity[term] ** 2 for term in one.terms)) or 1.0
    return {term: rarity[term] / length for term in one.terms}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    return sum(weight * b.get(term, 0.0) for term, weight in a.items())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
