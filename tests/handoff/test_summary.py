"""A summary quotes the customer, and quotes what an agent has to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from handoff.summary import LINES, LONGEST, split_sentences, summarise

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("summaries.yml").read_text(encoding="utf-8"))


def recall(lines: list[str], must: list[str]) -> float:
    return sum(any(line.startswith(wanted) for line in lines) for wanted in must) / len(must)


def beginning_and_end(said: list[str]) -> list[str]:
    """What the package quoted before: the first three messages of more than three words, and the last."""
    telling = [text for text in said if len(text.split()) > 3] or said
    return [*telling[: LINES - 1], telling[-1]]


def test_the_summary_quotes_nine_in_ten_of_the_sentences_that_matter_and_more_than_beginning_and_end_do() -> None:
    ours = [recall(summarise(case["said"]), case["must"]) for case in CASES]
    naive = [recall(beginning_and_end(case["said"]), case["must"]) for case in CASES]
    assert sum(ours) / len(ours) >= 0.9
    assert sum(ours) > sum(naive) + 1.5


@given(st.lists(st.text(max_size=400), max_size=12))
def test_every_line_was_said_in_this_order_and_none_is_longer_than_allowed(texts: list[str]) -> None:
    whole = " ".join(" ".join(text.split()) for text in texts)
    place = 0
    lines = summarise(texts)
    assert len(lines) <= LINES
    assert bool(lines) == bool(whole.strip())
    for line in lines:
        assert len(line) <= LONGEST
        cut = line.removesuffix("…") if len(line) > LONGEST / 2 else line
        found = whole.find(cut, place)
        assert found >= place
        place = found


def test_courtesies_and_words_about_the_chat_are_quoted_only_if_there_is_nothing_else() -> None:
    said = ["Hello, good morning!", "talk to a human please", "my invoice is wrong", "Thanks a lot."]
    assert summarise(said) == ["my invoice is wrong"]
    assert summarise(["Hello!", "let me talk to a person"]) == ["let me talk to a person"]
    assert summarise(["hi", "thanks"]) == ["hi", "thanks"]


def test_the_same_words_twice_are_quoted_once() -> None:
    assert summarise(["it is broken", "It is broken", "it is broken"]) == ["it is broken"]


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    text = "Order no. 7 has 3.5 kg, e.g. of salt. Version 4.1.2 is out! Is it?\nYes"
    assert split_sentences(text) == ["Order no. 7 has 3.5 kg, e.g. of salt.", "Version 4.1.2 is out!", "Is it?", "Yes"]


def test_regards_by_the_hundred_and_initials_by_the_thousand_are_read_in_one_pass() -> None:
    # Read in every way there is, either would still be going on when the test run is over.
    regards = "best regards " * 500 + "and my invoice is wrong"
    assert summarise([regards]) == [regards[: LONGEST - 1].rsplit(" ", 1)[0] + "…"]
    assert split_sentences("a. " * 50_000) == [" ".join(["a."] * 50_000)]
