"""What a customer is told of their own account."""

from __future__ import annotations

import pytest

from handoff.wording import masked_email


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("dana@x.example", "d…@x.example"),
        ("é@x.example", "é…@x.example"),
        ("no address", None),
        ("@x.example", None),
        ("dana@", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_told_by_its_first_character_and_domain(email: str | None, shown: str | None) -> None:
    assert masked_email(email) == shown
