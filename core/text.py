"""What text from outside must not do to what stands beside it."""

from __future__ import annotations

import re

_OVERRIDES = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def without_overrides(text: str) -> str:
    """Return `text` without the characters that turn the direction of text: U+202A to U+202E and U+2066 to U+2069.

    For a name or subject, shown beside other words that such a character could turn around as well.
    """
    return _OVERRIDES.sub("", text)
