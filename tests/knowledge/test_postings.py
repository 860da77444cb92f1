"""The words in memory are worth what they are worth one passage at a time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.postings import Postings
from knowledge.scoring import Kept, Statistics, score, spaced

WORDS = st.sampled_from(["card", "cards", "plan", "err402", "seat", "sso"])
FIELD = st.lists(WORDS, max_size=6)
PASSAGES = st.lists(st.tuples(st.integers(0, 2), FIELD, FIELD, FIELD), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(PASSAGES, st.lists(WORDS, min_size=1, max_size=4, unique=True), st.integers(0, 2), st.sets(st.integers(0, 9)))
def test_postings_count_and_score_as_passages_do(
    given_passages: list[tuple[int, list[str], list[str], list[str]]], terms: list[str], viewer: int, near: set[int]
) -> None:
    kept = [
        Kept(number, f"article {number % 3}", level, sum(map(len, fields)), spaced("\n".join(map(" ".join, fields))))
        for number, (level, *fields) in enumerate(given_passages)
    ]
    postings = Postings(reversed(kept))
    seen = [one for one in kept if one.level <= viewer]
    holding = {term: [one for one in seen if f" {term} " in one.terms] for term in terms}
    count, mean = postings.totals(viewer)
    assert count == len(seen)
    assert mean == (sum(one.length for one in seen) / count if count else 1.0)
    frequencies = {term: postings.frequency(term, viewer) for term in terms}
    assert frequencies == {term: len(passages) for term, passages in holding.items()}
    statistics = Statistics(count, mean or 1.0, frequencies)
    weights = {terms[0]: 0.5}
    leading = terms[:2]
    wanted = {one.passage_id for term in leading for one in holding[term]} | near
    expected = score([one for one in seen if one.passage_id in wanted], terms, statistics, weights)
    assert postings.score(terms, statistics, weights, viewer, leading=leading, near=near) == expected
