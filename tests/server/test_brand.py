"""Whatever colour a brand has, its text and buttons can be read in both schemes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from server.brand import READABLE, brand_css, contrast


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_becomes_one_that_can_be_read_on_page_tint_and_button(number: int) -> None:
    light, dark = brand_css(f"#{number:06x}").split("@media")
    for css, page, card in ((light, "#fbfbf8", "#ffffff"), (dark, "#111513", "#181d1a")):
        named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
        for ground in (page, card, named["accent-soft"]):
            assert contrast(named["accent-text"], ground) >= READABLE
        assert contrast(named["on-accent"], named["accent"]) >= READABLE
        assert contrast(named["on-own"], named["own"]) >= READABLE


def test_a_colour_that_can_be_read_already_stays_as_it_is() -> None:
    assert "--accent: #0c6a51;" in brand_css("#0c6a51").split("@media")[0]


def test_no_colour_changes_nothing() -> None:
    assert brand_css("") == ""
