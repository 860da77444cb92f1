"""Text from outside: a name that somebody can see stays as it is spelt, one of nothing is none."""

from __future__ import annotations

import pytest

from core.text import in_one_line, shown_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (" Dana\n Whitfield ", "Dana Whitfield"),
        ("\u202eanaD\u2066", "anaD"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Zoe\u0308", "Zoe\u0308"),
        ("7", "7"),
        ("🙂", "🙂"),
    ],
)
def test_a_name_that_can_be_seen_keeps_its_spelling_in_one_line(given: str, shown: str) -> None:
    assert shown_name(given) == shown


@pytest.mark.parametrize(
    "given",
    [
        "",
        " \u00a0\u3000",
        "\u200b\u200c\u200d\u2060\ufeff",
        "\u202e\u2066",
        "\u3164\u115f\uffa0\u2800",
        "\u0301",
        "\U000e0041",
    ],
)
def test_a_name_of_which_nothing_can_be_seen_is_none(given: str) -> None:
    assert shown_name(given) == ""


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  a\n\tb  ", "a b"),
        ("a \x1b b\x07", "a b"),
        ("\x9b[31mred", "[31mred"),
        ("a\u202eb\u2066c", "abc"),
        ("a\x85b\x1cc", "a b c"),
        ("\x07 ", ""),
        ("na\u200dme", "na\u200dme"),
    ],
)
def test_a_line_keeps_nothing_that_steers_a_terminal_and_no_blank_where_it_was(given: str, shown: str) -> None:
    assert in_one_line(given) == shown
