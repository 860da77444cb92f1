"""The words that full text compares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.terms import question_terms, terms


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("ERR_402", "err 402"),
        ("ERR_402", "err402"),
        ("e-mail", "email"),
        ("sign-in", "signin"),
        ("Invoices", "invoice"),
        ("cancelling", "cancel"),
        ("Café", "cafe"),
        ("ＦＵＬＬ", "full"),
        ("the customer's", "customers"),
        ("东京都", "京都"),
    ],
)
def test_a_word_is_found_however_it_is_typed(written: str, asked: str) -> None:
    assert set(terms(asked)) & set(terms(written))


def test_a_question_keeps_only_the_words_that_tell_something() -> None:
    assert question_terms("Can I get my invoices as PDF?") == ["invoic", "pdf"]


def test_a_question_of_nothing_but_stop_words_keeps_them() -> None:
    assert question_terms("who are you?") == ["who", "are", "you"]


@pytest.mark.parametrize("text", ["", "   ", "?!…", "🙂🙂", "***", "\u202e\u200b"])
def test_punctuation_and_emoji_have_no_terms(text: str) -> None:
    assert question_terms(text) == []


@given(st.text(max_size=200))
def test_terms_are_letters_and_digits_so_that_no_query_language_reads_them_as_its_own(text: str) -> None:
    assert all(term.isalnum() and len(term) <= 64 for term in terms(text))
