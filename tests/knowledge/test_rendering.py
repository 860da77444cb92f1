"""What a customer sees of an article is harmless, whatever the article holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.rendering import plain_text, render

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    '<a href="javascript:alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "<iframe src=https://evil.example></iframe>",
    '[a](<https://x" onmouseover="alert(1)>)',
    "<style>*{display:none}</style>",
    "`<script>`",
    "[x]: javascript:alert(1)\n\n[x]",
)


@pytest.mark.parametrize("markdown", HOSTILE)
def test_no_script_gets_through(markdown: str) -> None:
    _assert_harmless(render(markdown))


@given(st.lists(st.sampled_from([*HOSTILE, "\n", "> ", "- ", "| a |\n|---|\n", "**", "&#106;", "\\"]), max_size=8))
def test_no_combination_of_markup_gets_a_script_through(parts: list[str]) -> None:
    _assert_harmless(render("".join(parts), anchors=True))


def test_tables_lists_code_and_links_are_rendered() -> None:
    html = render(
        "| A | B |\n|---|---|\n| 1 | `x` |\n\n3. three\n\n[Billing](/help/billing) and [site](https://a.example)"
    )
    assert "<table>" in html
    assert '<ol start="3">' in html
    assert "<code>x</code>" in html
    assert '<a href="/help/billing" rel="noopener noreferrer">Billing</a>' in html


def test_headings_have_distinct_anchors_on_a_page_of_their_own_and_none_in_a_passage() -> None:
    html = render("## Set up\n\n## Set up\n", anchors=True)
    assert re.findall(r'id="([^"]+)"', html) == ["section-set-up", "section-set-up-2"]
    assert "id=" not in render("## Set up")


def test_plain_text_is_the_words_as_they_are_read() -> None:
    assert plain_text("## A **b**\n\n[c](d) `e`\n\n| f | g |\n|---|---|\n| h | i |\n\n```\nj\n```") == (
        "A b\nc e\nf, g\nh, i\nj"
    )


def _assert_harmless(html: str) -> None:
    assert not re.search(r"<(script|iframe|svg|style|object|embed|form)\b", html, re.IGNORECASE)
    for tag in re.findall(r"<[^>]*>", html):
        assert not re.search(r"\son\w+\s*=", tag, re.IGNORECASE)
        assert not re.search(r"(href|src)\s*=\s*[\"']?\s*(javascript|data|vbscript):", tag, re.IGNORECASE)
